package night

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/verify"
)

var update = flag.Bool("update", false, "write the golden files again")

func said(check string, v verify.Verdict, summary string, seconds float64) Result {
	return Result{Check: check, Verdict: v, Summary: summary, Seconds: seconds}
}

func TestWriteText(t *testing.T) {
	machine := Machine{Host: "node7", CPU: "AMD EPYC 9654", Processors: 16, Memory: 128e9, Libtorch: "2.15.0", Devices: []Device{
		{Name: "cuda:0", Model: "NVIDIA H100 80GB HBM3", Driver: "550.54.15"}, {Name: "cuda:1", Model: "NVIDIA H100 80GB HBM3", Driver: "550.54.15"}}}
	node8 := machine
	node8.Host = "node8"
	long := said("a/very/long/name/of/a/model/that/nobody/would/type_v1", verify.Unanswered, "can't answer: m.pt: "+strings.Repeat("it goes on ", 12), 7322)
	retried := said("busy", verify.Consistent, "consistent: both", 61)
	retried.Attempts = []string{"CUDA out of memory", "CUDA out of memory"}
	many := []Result{}
	for i := range mostListed + 2 {
		many = append(many, said(fmt.Sprintf("m%03d", i), verify.Inconsistent, fmt.Sprintf("inconsistent: output %d differs", i%50), 0.001))
	}
	lost := []Result{said("z", verify.Unanswered, "can't answer: other", 1)}
	for i := range 12 {
		lost = append(lost, said(fmt.Sprintf("m%03d", i), verify.Unanswered, "can't answer: libtorch cannot be opened: there is none; make shim", 0.001))
	}
	for name, n := range map[string]*Night{
		"consistent": {Header: Header{Suite: "zoo", ID: "n1", Commit: "0123456789abcdef", Checks: []string{"a", "b"}, Total: 2, Machine: machine},
			Results: []Result{said("a", verify.Consistent, "consistent: both", 0.0123), said("b", verify.Consistent, "consistent: both", 12.34)}, End: &End{Seconds: 12.5}},
		"inconsistent": {Header: Header{Suite: "zoo", ID: "n1", Shard: Shard{2, 3}, Checks: []string{"bad", "busy", "drop", long.Check, "left", "more"}, Total: 20, Machine: machine},
			Results: []Result{retried, said("bad", verify.Inconsistent, "inconsistent: my_embed is used by forward but is not in the state", 1), long,
				said("drop", verify.Unstable, "unstable: two runs differ", 0.2)},
			End: &End{Seconds: 8000, Stopped: "interrupted", Notes: []string{"the clock of the machine went ahead by 1h0m0s more than time went by: it was set, or the machine slept"}}},
		"not complete": {Header: Header{Suite: "zoo", ID: "n1", Checks: []string{"a", "b"}, Total: 5, Machine: Machine{Host: "one"}, Others: []Machine{machine, node8}},
			Results: []Result{said("a", verify.Consistent, "consistent: both", 1)}, End: &End{Stopped: "4 of 5 checks have no result", Notes: []string{"shard 2 of 3 is missing"}}},
		"killed": {Header: Header{Suite: "zoo", ID: "n1", Checks: []string{"a"}, Total: 1, Machine: Machine{Host: "one"}}, Results: []Result{said("a", verify.Consistent, "consistent: both", 1)}},
		"lost":   {Header: Header{Suite: "zoo", ID: "n1", Machine: Machine{Host: "one"}}, Results: lost, End: &End{}},
		"many":   {Header: Header{Suite: "zoo", ID: "n1", Checks: nil, Machine: Machine{Host: "one"}}, Results: many, End: &End{Ended: time.Unix(1, 0)}},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			require.NoError(t, n.WriteText(&b, verify.TextOptions{}))
			path := filepath.Join("testdata", strings.ReplaceAll(name, " ", "-")+".txt")
			if *update {
				require.NoError(t, os.MkdirAll("testdata", 0o755))
				require.NoError(t, os.WriteFile(path, b.Bytes(), 0o644))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, string(want), b.String())
			for line := range strings.Lines(b.String()) {
				assert.LessOrEqual(t, len([]rune(line)), 81, line)
			}
			b.Reset()
			require.NoError(t, n.WriteText(&b, verify.TextOptions{Color: true}))
			assert.True(t, strings.HasPrefix(b.String(), "\x1b["), "the verdict has a colour")
		})
	}
	assert.Error(t, (&Night{}).WriteText(failing{}, verify.TextOptions{}))
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestDuration(t *testing.T) {
	for seconds, want := range map[float64]string{0: "0 ms", 0.0123: "12 ms", 1: "1.0 s", 59.9: "59.9 s", 59.97: "1 m 00 s", 61: "1 m 01 s", 3599.7: "1 h 00 m", 7322: "2 h 02 m"} {
		assert.Equal(t, want, Duration(seconds))
	}
}
