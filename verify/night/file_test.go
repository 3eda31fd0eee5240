package night

import (
	"bytes"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/verify"
)

func header(checks ...string) Header {
	return Header{Schema: Schema, ID: "n1", Suite: "zoo", Started: time.Unix(1, 0).UTC(), Checks: checks, Machine: Machine{Devices: []Device{}}}
}

func result(check string, verdict verify.Verdict) Result {
	return Result{Check: check, Verdict: verdict, Legs: []Leg{{Name: "state", MaxAbs: verify.Number(math.Inf(1))}}}
}

// begun makes a journal with the results of a and b.
func begun(t *testing.T) (path string, j *Journal) {
	path = filepath.Join(t.TempDir(), "night.jsonl")
	j, err := Create(path, header("a", "b", "c"))
	require.NoError(t, err)
	require.NoError(t, j.Add(result("a", verify.Consistent)))
	require.NoError(t, j.Add(result("b", verify.Inconsistent)))
	return path, j
}

func TestJournalIsReadBack(t *testing.T) {
	path, j := begun(t)
	require.NoError(t, j.Add(result("c", verify.Consistent)))
	require.NoError(t, j.Finish(End{Seconds: 2, Notes: []string{}}))
	require.NoError(t, j.Close())
	n, err := Read(path)
	require.NoError(t, err)
	assert.Equal(t, header("a", "b", "c"), n.Header)
	h, err := ReadHeader(path)
	require.NoError(t, err)
	assert.Equal(t, n.Header, *h)
	assert.Equal(t, []Result{result("a", verify.Consistent), result("b", verify.Inconsistent), result("c", verify.Consistent)}, n.Results)
	assert.Empty(t, n.Missing())
	assert.Equal(t, 1, n.ExitCode())

	var again bytes.Buffer
	require.NoError(t, n.Write(&again))
	same, err := ReadFrom(&again)
	require.NoError(t, err)
	assert.Equal(t, n, same)
}

// A run may be killed at any byte; nothing but the line in the making is lost.
func TestResumeAfterEveryByte(t *testing.T) {
	path, j := begun(t)
	require.NoError(t, j.Close())
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	head := bytes.IndexByte(whole, '\n') + 1
	for size := head; size < len(whole); size++ {
		require.NoError(t, os.WriteFile(path, whole[:size], 0o666))
		n, j, err := Resume(path)
		require.NoError(t, err)
		assert.Len(t, n.Results, bytes.Count(whole[head:size], []byte("\n")))
		for _, missing := range n.Missing() {
			require.NoError(t, j.Add(result(missing, verify.Consistent)))
		}
		require.NoError(t, j.Finish(End{}))
		require.NoError(t, j.Close())
		n, err = Read(path)
		require.NoError(t, err)
		assert.Len(t, n.Results, 3)
		assert.NotNil(t, n.End)
	}
}

func TestSecondWriterIsRefused(t *testing.T) {
	path, j := begun(t)
	_, _, err := Resume(path)
	assert.ErrorIs(t, err, ErrBusy)
	assert.ErrorContains(t, err, "wait for it")
	_, err = Create(path, header())
	assert.ErrorIs(t, err, fs.ErrExist)
	require.NoError(t, j.Close())
	_, j, err = Resume(path)
	require.NoError(t, err)
	require.NoError(t, j.Close())
}

// A run that was killed while it wrote its first line left nothing; what is another
// file stays as it is.
func TestCreateOverNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "night.jsonl")
	for _, text := range []string{"", `{"ni`, `{"night":{"schema":"torch`} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
		_, _, err := Resume(path)
		assert.ErrorIs(t, err, ErrNone)
		j, err := Create(path, header("a"))
		require.NoError(t, err, text)
		require.NoError(t, j.Close())
		n, err := Read(path)
		require.NoError(t, err)
		assert.Equal(t, []string{"a"}, n.Checks)
	}
	for _, text := range []string{"PK\x03\x04", "{}", "text\n"} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
		_, err := Create(path, header("a"))
		assert.ErrorIs(t, err, fs.ErrExist)
		left, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, text, string(left))
	}
}

func TestResumedNightHasNoEnd(t *testing.T) {
	path, j := begun(t)
	require.NoError(t, j.Finish(End{Stopped: "interrupted"}))
	require.NoError(t, j.Close())
	n, j, err := Resume(path)
	require.NoError(t, err)
	assert.Equal(t, []string{"c"}, n.Missing())
	require.NoError(t, j.Add(result("c", verify.Consistent)))
	require.NoError(t, j.Close())
	n, err = Read(path)
	require.NoError(t, err)
	assert.Nil(t, n.End)
}

func TestNightsFollowOneAnother(t *testing.T) {
	var text bytes.Buffer
	nights := []*Night{
		{Header: header("a"), Results: []Result{result("a", verify.Consistent)}, End: &End{Notes: []string{}}},
		{Header: header("a", "b"), Results: []Result{result("b", verify.Unstable)}},
	}
	for _, n := range nights {
		require.NoError(t, n.Write(&text))
	}
	whole := text.String()
	for name, c := range map[string]struct {
		text string
		want []*Night
		err  string
	}{
		"two":         {whole, nights, ""},
		"cut off":     {whole + `{"result"`, nights, ""},
		"damaged":     {whole + "{]\n", nights[:1], "line 6: is not of a night"},
		"empty":       {"", nil, "line 1: no night begins here"},
		"other first": {"{}\n" + whole, nil, "line 1: no night begins here"},
	} {
		t.Run(name, func(t *testing.T) {
			var got []*Night
			var failed error
			for n, err := range Nights(strings.NewReader(c.text)) {
				if failed = err; err == nil {
					got = append(got, n)
				}
			}
			assert.Equal(t, c.want, got)
			if c.err == "" {
				assert.NoError(t, failed)
			} else {
				assert.ErrorContains(t, failed, c.err)
			}
		})
	}
	for n := range Nights(strings.NewReader(whole)) {
		assert.Equal(t, nights[0], n)
		break // must end the reading
	}
}

func TestBadFiles(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"empty":         {"", "line 1: no night begins here"},
		"another file":  {"PK\x03\x04\n", "line 1: is not of a night"},
		"no header":     {`{"result":{"check":"a"}}` + "\n", "line 1: no night begins here"},
		"other schema":  {`{"night":{"schema":"torchgo.verify.night/9"}}` + "\n", "use the verify that wrote it"},
		"two nights":    {strings.Repeat(`{"night":{"schema":"`+Schema+`"}}`+"\n", 2), "line 2: a second night begins"},
		"damaged":       {`{"night":{"schema":"` + Schema + `"}}` + "\n{\"result\":{\n", "line 2: is not of a night"},
		"wrong numbers": {`{"night":{"schema":"` + Schema + `"}}` + "\n" + `{"result":{"legs":[{"max_abs":"much"}]}}` + "\n", "line 2: is not of a night"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ReadFrom(strings.NewReader(c.text))
			assert.ErrorContains(t, err, c.want)
		})
	}
	_, err := Read(filepath.Join(t.TempDir(), "nowhere"))
	assert.ErrorIs(t, err, fs.ErrNotExist)
	_, err = ReadHeader(filepath.Join(t.TempDir(), "nowhere"))
	assert.ErrorIs(t, err, fs.ErrNotExist)
}

func FuzzRead(f *testing.F) {
	var text bytes.Buffer
	n := Night{Header: header("a"), Results: []Result{result("a", verify.Consistent)}, End: &End{}}
	require.NoError(f, n.Write(&text))
	f.Add(text.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		n, err := ReadFrom(bytes.NewReader(data))
		if err == nil {
			_ = n.Missing()
			_ = n.ExitCode()
		}
	})
}
