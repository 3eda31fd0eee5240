package scripts

import (
	"cmp"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
)

// pretended is a verify that notes how it was called, and does what the files say that
// are called after its commands.
const pretended = `#!/usr/bin/env bash
echo "$*" >>"$STUB/calls"
name=$1
if [[ $1 == history ]]; then name=$2; fi
for ((i = 1; i <= $#; i++)); do
  if [[ ${!i} == --journal ]]; then j=$((i + 1)); JOURNAL=${!j}; fi
done
if [[ -e $STUB/$name ]]; then . "$STUB/$name"; fi
`

const header = `{"night":{"schema":"torchgo.verify.night/1","id":"n1","suite":"zoo","shard":{}}}`

// nightly is a machine on which nightly.sh runs.
type nightly struct {
	t      *testing.T
	folder string
	env    []string
}

func newNightly(t *testing.T) *nightly {
	n := &nightly{t: t, folder: t.TempDir()}
	n.write("stub/verify", pretended)
	require.NoError(t, os.Chmod(n.at("stub/verify"), 0o755))
	n.does("suite", header+"\n"+`{"result":{}}`+"\n"+`{"end":{"ended":"","seconds":1,"stopped":""}}`, "2 checks: 2 consistent", 0)
	n.env = append(os.Environ(), "VERIFY="+n.at("stub/verify"), "STUB="+n.at("stub"), "NIGHTLY_STATE="+n.at("state"))
	return n
}

func (n *nightly) at(name string) string { return filepath.Join(n.folder, name) }

func (n *nightly) write(name, text string) {
	n.t.Helper()
	require.NoError(n.t, os.MkdirAll(filepath.Dir(n.at(name)), 0o755))
	require.NoError(n.t, os.WriteFile(n.at(name), []byte(text), 0o644))
}

func (n *nightly) read(name string) string {
	n.t.Helper()
	text, err := os.ReadFile(n.at(name))
	require.NoError(n.t, err)
	return string(text)
}

// does says what verify suite writes into the journal, its last line and its code.
func (n *nightly) does(command, journal, says string, code int) {
	text := "echo '" + says + "'\nexit " + string(rune('0'+code)) + "\n"
	if journal != "" {
		text = "cat >>\"$JOURNAL\" <<'E'\n" + journal + "\nE\n" + text
	}
	n.write("stub/"+command, text)
}

// run runs the script, and gives its only line and its code.
func (n *nightly) run(args ...string) (line string, code int) {
	n.t.Helper()
	return n.runSuite("/models/zoo.yaml", args...)
}

func (n *nightly) runSuite(suite string, args ...string) (line string, code int) {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(n.t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "./nightly.sh", append([]string{suite}, args...)...)
	cmd.Env = n.env
	out, err := cmd.Output()
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		n.t.Logf("%s", ended.Stderr)
		err = nil
	}
	require.NoError(n.t, err)
	line = string(out)
	assert.Equal(n.t, 1, strings.Count(line, "\n"), line)
	return strings.TrimSuffix(line, "\n"), cmd.ProcessState.ExitCode()
}

func (n *nightly) nights() []string {
	found, err := filepath.Glob(n.at("state/zoo/nights/*.jsonl"))
	require.NoError(n.t, err)
	return found
}

func TestNightly(t *testing.T) {
	n := newNightly(t)
	n.env = append(n.env, "NIGHTLY_SLACK=@/etc/slack", "NIGHTLY_METRICS=/m.prom", "NIGHTLY_RECORDS=/records")
	n.does("check", "", `{"schema":"x"}`, 0)
	line, code := n.run("-j", "2")
	assert.Equal(t, 0, code, line)
	assert.Regexp(t, `^nightly: exit=0 suite=zoo night=n1 log=\S+\.log: 2 checks: 2 consistent$`, line)
	state := n.at("state/zoo")
	calls := strings.Split(strings.TrimSpace(n.read("stub/calls")), "\n")
	require.Len(t, calls, 4)
	logs, err := filepath.Glob(state + "/logs/*.log")
	require.NoError(t, err)
	require.Len(t, logs, 1)
	assert.Equal(t, "suite /models/zoo.yaml --journal "+state+"/night.jsonl --resume --quiet --against /records -j 2 --run "+strings.TrimSuffix(filepath.Base(logs[0]), ".log"), calls[0])
	assert.Equal(t, "history import --db "+state+"/history.db "+state+"/night.jsonl", calls[1])
	assert.Equal(t, "history check --db "+state+"/history.db --suite zoo --night n1 --json", calls[2])
	assert.Equal(t, "tell "+state+"/night.jsonl --markdown "+state+"/summary.md --junit "+state+"/junit.xml --spool "+state+"/spool --changes "+state+"/changes.json --slack @/etc/slack --metrics /m.prom", calls[3])
	require.Len(t, n.nights(), 1)
	assert.NoFileExists(t, state+"/night.jsonl")

	line, code = n.run()
	assert.Equal(t, 0, code, line)
	assert.Contains(t, n.read("stub/calls"), "--times "+state+"/nights/")
}

func TestNightlyExitCodes(t *testing.T) {
	for name, c := range map[string]struct {
		suite, check, told, want int
		says                     string
	}{
		"inconsistent":             {1, 0, 0, 1, "all is said"},
		"no answer":                {2, 0, 0, 2, "all is said"},
		"newly worse":              {0, 1, 0, 1, "something is newly worse"},
		"no answer, newly worse":   {2, 1, 0, 1, "something is newly worse"},
		"inconsistent, no history": {1, 2, 0, 1, "what changed cannot be told"},
		"nobody could be told":     {0, 0, 2, 2, "not everybody could be told"},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNightly(t)
			n.does("suite", header+"\n"+`{"end":{"stopped":""}}`, "all is said", c.suite)
			n.does("check", "", "{}", c.check)
			n.does("tell", "", "all is said", c.told)
			line, code := n.run()
			assert.Equal(t, c.want, code, line)
			assert.Contains(t, line, c.says)
		})
	}
}

// What a machine that went down has left is gone on with.
func TestNightlyGoesOn(t *testing.T) {
	n := newNightly(t)
	n.write("state/zoo/night.jsonl", header+"\n")
	line, code := n.run()
	assert.Equal(t, 0, code, line)
	require.Len(t, n.nights(), 1)
	assert.Equal(t, 4, len(strings.Split(strings.TrimSpace(n.read("stub/calls")), "\n")))

	// A whole night whose job was killed before it told of it does not stand for tonight's.
	n.write("state/zoo/night.jsonl", header+"\n"+`{"end":{"ended":"x","seconds":1,"stopped":"","notes":[]}}`+"\n")
	line, code = n.run()
	assert.Equal(t, 0, code, line)
	assert.Len(t, n.nights(), 3)

	// Nor does one of a suite that has changed.
	n.write("state/zoo/night.jsonl", header+"\n")
	n.write("stub/suite", `if [[ -e $JOURNAL ]]; then echo "verify: $JOURNAL is of another state of the suite; name another --journal"; exit 2; fi
echo '`+header+`' >"$JOURNAL"; echo anew`)
	line, code = n.run()
	assert.Equal(t, 0, code, line)
	assert.Contains(t, line, ": anew")
	assert.Len(t, n.nights(), 5)
}

func TestNightlyThatCannotRun(t *testing.T) {
	n := newNightly(t)
	n.does("suite", "", "verify: zoo.yaml: line 3, column 5: unknown key", 2)
	line, code := n.run()
	assert.Equal(t, 2, code)
	assert.Contains(t, line, ": the suite did not run: verify: zoo.yaml: line 3, column 5: unknown key")
	assert.Empty(t, n.nights())
	assert.Equal(t, 1, strings.Count(n.read("stub/calls"), "\n"), "nothing is told of a night that was not")

	n.env = append(n.env, "VERIFY=/nowhere/verify")
	line, code = n.run()
	assert.Equal(t, 2, code)
	assert.Contains(t, line, "there is no program /nowhere/verify")
}

func TestNightlyIsAlone(t *testing.T) {
	n := newNightly(t)
	require.NoError(t, os.MkdirAll(n.at("state/zoo"), 0o755))
	lock, err := os.Create(n.at("state/zoo/lock"))
	require.NoError(t, err)
	defer lock.Close()
	require.NoError(t, syscall.Flock(int(lock.Fd()), syscall.LOCK_EX))
	line, code := n.run()
	assert.Equal(t, 75, code)
	assert.Contains(t, line, "another run has the lock")
	assert.NoFileExists(t, n.at("stub/calls"))
}

// SIGTERM reaches the whole group, as systemd sends it: verify ends with what ran, and
// the job ends behind it, without losing the journal.
func TestNightlyIsStopped(t *testing.T) {
	n := newNightly(t)
	n.write("stub/suite", `trap 'echo "1 check: 1 consistent, interrupted"; exit 2' TERM
echo '`+header+`' >"$JOURNAL"
touch "$STUB/running"
for ((i = 0; i < 300; i++)); do sleep 0.1; done`)
	cmd := exec.Command("./nightly.sh", "/models/zoo.yaml")
	cmd.Env = n.env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out := &strings.Builder{}
	cmd.Stdout = out
	require.NoError(t, cmd.Start())
	for i := 0; ; i++ {
		if _, err := os.Stat(n.at("stub/running")); err == nil {
			break
		}
		require.Less(t, i, 300, "the suite has to begin")
		time.Sleep(100 * time.Millisecond)
	}
	require.NoError(t, syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM))
	assert.Error(t, cmd.Wait())
	assert.Equal(t, 2, cmd.ProcessState.ExitCode())
	assert.Contains(t, out.String(), ": ended early, and to be gone on with: 1 check: 1 consistent, interrupted")
	assert.FileExists(t, n.at("state/zoo/night.jsonl"))
	assert.Equal(t, 1, strings.Count(n.read("stub/calls"), "\n"))
}

func TestNightlyForgets(t *testing.T) {
	n := newNightly(t)
	for _, name := range []string{"nights/old.jsonl", "logs/old.log", "nights/young.jsonl"} {
		n.write("state/zoo/"+name, "")
		if strings.Contains(name, "old") {
			when := time.Now().Add(-91 * 24 * time.Hour)
			require.NoError(t, os.Chtimes(n.at("state/zoo/"+name), when, when))
		}
	}
	_, code := n.run()
	assert.Equal(t, 0, code)
	assert.Len(t, n.nights(), 2)
	assert.NoFileExists(t, n.at("state/zoo/logs/old.log"))
}

func TestUnits(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("systemd-analyze is not installed")
	}
	units, err := filepath.Glob("../deploy/systemd/*")
	require.NoError(t, err)
	require.Len(t, units, 2)
	out, err := exec.Command("systemd-analyze", append([]string{"verify", "--man=no"}, units...)...).CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if !strings.Contains(line, "/opt/torchgo/scripts/nightly.sh is not executable") {
			t.Errorf("%s(%v)", line, err)
		}
	}
}

// TestNightlyWithVerify runs three nights of the program itself: all is well, a model
// is saved anew with a tensor that is no buffer, and nothing has changed since.
func TestNightlyWithVerify(t *testing.T) {
	torchtest.Require(t)
	n := newNightly(t)
	build := exec.Command("go", "build", "-o", n.at("verify"), "../cmd/verify")
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	shim := os.Getenv("TORCHGO_SHIM")
	if shim == "" {
		shim, err = filepath.Abs("../build/libtorchgo.so")
		require.NoError(t, err)
	}
	n.env = append(n.env, "VERIFY="+n.at("verify"), "TORCHGO_SHIM="+shim)
	copied := func(from, to string) {
		data, err := os.ReadFile("../testdata/scenarios/" + from)
		require.NoError(t, err)
		n.write("zoo/"+to, string(data))
	}
	for _, model := range []string{"good", "bad"} {
		copied("dynamic_model_safe_save/buffer/model_scripted.pt", model+"_scripted.pt")
		copied("dynamic_model_safe_save/buffer/checkpoint.pt", model+"_state.pt")
		copied("dynamic_model_safe_save/buffer/x.npy", model+"_x.npy")
	}
	suite := n.at("zoo")
	line, code := n.runSuite(suite)
	assert.Equal(t, 0, code, line)
	assert.Contains(t, line, ": zoo: all 2 checks are consistent")

	for _, file := range []string{"checkpoint.pt", "model_scripted.pt", "x.npy"} {
		name := map[string]string{"checkpoint.pt": "state.pt", "model_scripted.pt": "scripted.pt"}[file]
		copied("dynamic_model_safe_save/attribute/"+file, "bad_"+cmp.Or(name, file))
	}
	line, code = n.runSuite(suite)
	assert.Equal(t, 1, code, line)
	assert.Contains(t, line, ": zoo: of 2 checks 1 is inconsistent; something is newly worse")
	assert.Contains(t, n.read("state/zoo/summary.md"), "### New since the night before\n\n- ❌ `bad`: consistent → inconsistent")
	assert.Contains(t, n.read("state/zoo/junit.xml"), `<testsuite name="zoo" timestamp=`)

	line, code = n.runSuite(suite)
	assert.Equal(t, 1, code, line)
	assert.NotContains(t, line, "newly worse")
	assert.Contains(t, n.read("state/zoo/summary.md"), "### As in earlier nights")
	assert.Len(t, n.nights(), 3)
}
