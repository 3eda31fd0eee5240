package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/verify/night"
)

// suiteOf writes a suite of checks of the scenario that is consistent, and more, and
// gives its path.
func suiteOf(t *testing.T, consistent int, more string) string {
	t.Helper()
	testdata, err := filepath.Abs("../../testdata")
	require.NoError(t, err)
	var b strings.Builder
	fmt.Fprintf(&b, "suite: zoo\nchecks:\n")
	for i := range consistent {
		fmt.Fprintf(&b, "  model %03d: {scripted: T/m_scripted.pt, state: T/m_state.pt, inputs: T/x.npy, expected: T/expected.npy, tags: [sound, small]}\n", i)
	}
	text := strings.NewReplacer("T/m", "T/scenarios/safe_model_save/model", "T/x.npy, exp", "T/scenarios/safe_model_save/x.npy, exp", "T/expected", "T/scenarios/safe_model_save/expected").Replace(b.String())
	path := filepath.Join(t.TempDir(), "zoo.yaml")
	require.NoError(t, os.WriteFile(path, []byte(strings.ReplaceAll(text+more, "T/", testdata+"/")), 0o666))
	return path
}

// bad are checks that end in every other way.
const bad = `  attribute:
    scripted: T/scenarios/dynamic_model_safe_save/attribute/model_scripted.pt
    state: T/scenarios/dynamic_model_safe_save/attribute/checkpoint.pt
    inputs: T/scenarios/dynamic_model_safe_save/attribute/x.npy
    expected: T/scenarios/dynamic_model_safe_save/attribute/expected.npy
  crashes: {scripted: T/crashes/crashing.pt, state: T/crashes/model_state.pt, inputs: T/crashes/x.npy}
  crashes when loaded: {scripted: T/crashes/crashing_load.pt, expected: T/crashes/expected.npy, inputs: T/crashes/x.npy}
  dropout: {scripted: T/zoo/dropout_in_trace/traced.pt, state: T/zoo/dropout_in_trace/state.pt, inputs: T/zoo/dropout_in_trace/x.npy}
  hangs: {scripted: T/crashes/endless.pt, state: T/crashes/model_state.pt, inputs: T/crashes/x.npy, timeout: 3s}
  hoards: {scripted: T/crashes/hoarding.pt, state: T/crashes/model_state.pt, inputs: T/crashes/x.npy, memory: 700MiB}
  missing: {scripted: nowhere.pt, state: T/crashes/model_state.pt, inputs: T/crashes/x.npy}
  well: {scripted: T/crashes/good.pt, state: T/crashes/model_state.pt, inputs: T/crashes/x.npy, expected: T/crashes/expected.npy}
`

// inFolder runs the built program in a folder.
func inFolder(t *testing.T, folder string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(program(t), args...)
	cmd.Dir = folder
	return cmd
}

// varying is what differs from run to run.
var varying = regexp.MustCompile(`(?m)^(run  .*|machine  .*|time  .*(\n  .*)*)\n| max \|Δ\| [0-9.e-]+`)

// One broken model never stops the night, and what people read says what each is.
func TestSuite(t *testing.T) {
	torchtest.Require(t)
	path := suiteOf(t, 4, bad)
	folder := filepath.Dir(path)
	r := finish(t, inFolder(t, folder, "suite", "zoo.yaml", "-j", "2"))
	assert.Equal(t, 1, r.code, r.stderr)
	testdata, err := filepath.Abs("../../testdata")
	require.NoError(t, err)
	golden(t, "suite/summary.txt", varying.ReplaceAllString(strings.ReplaceAll(r.stdout, testdata, "testdata"), ""))
	for _, line := range lines(r.stdout + r.stderr) {
		assert.LessOrEqual(t, len([]rune(line)), 80, line)
	}
	assert.Len(t, lines(r.stderr), 12, "a line for each check: "+r.stderr)
	assert.NotContains(t, r.stdout+r.stderr, "\x1b", "no terminal")

	n, err := night.Read(filepath.Join(folder, "zoo.night.jsonl"))
	require.NoError(t, err)
	assert.Len(t, n.Results, 12)
	assert.Empty(t, n.Missing())
	assert.NotEmpty(t, n.Machine.Libtorch)
	assert.NotEmpty(t, n.Machine.CPU)
	for _, r := range n.Results {
		assert.Empty(t, r.Attempts, "%s is the files' fault", r.Check)
		if r.Check == "model 000" {
			assert.Equal(t, []string{"sound", "small"}, r.Tags)
			assert.Len(t, r.Files, 4)
			assert.Positive(t, r.Seconds)
			assert.Positive(t, r.Peak)
		}
	}

	// The next run keeps the last one, and a third that is asked to go on has nothing to do.
	r = finish(t, inFolder(t, folder, "suite", "zoo.yaml", "--only", "model*", "--quiet"))
	assert.Equal(t, 0, r.code, r.stderr)
	assert.Equal(t, "exit=0 checks=4 consistent=4 inconsistent=0 unstable=0 unanswered=0 missing=0\n", r.stdout)
	assert.Empty(t, r.stderr)
	n, err = night.Read(filepath.Join(folder, "zoo.previous.jsonl"))
	require.NoError(t, err)
	assert.Len(t, n.Results, 12)
	before, err := os.ReadFile(filepath.Join(folder, "zoo.night.jsonl"))
	require.NoError(t, err)
	r = finish(t, inFolder(t, folder, "suite", "zoo.yaml", "--only", "model*", "--resume", "--quiet"))
	assert.Equal(t, 0, r.code, r.stderr)
	after, err := os.ReadFile(filepath.Join(folder, "zoo.night.jsonl"))
	require.NoError(t, err)
	assert.Equal(t, string(before), string(after))
}

func TestSuiteList(t *testing.T) {
	path := suiteOf(t, 2, bad)
	r := invokeAlone(t, "suite", path, "--list")
	assert.Equal(t, 0, r.code, r.stderr)
	golden(t, "suite/list.txt", r.stdout)
	r = invokeAlone(t, "suite", path, "--list", "--tag", "small", "--skip", "*1")
	assert.Equal(t, "model 000  sound small\n1 of 10 checks of zoo\n", r.stdout)
	first, second := invokeAlone(t, "suite", path, "--list", "--shard", "1/2"), invokeAlone(t, "suite", path, "--list", "--shard", "2/2")
	assert.Equal(t, 10, len(lines(first.stdout))+len(lines(second.stdout))-2)
	assert.Contains(t, first.stdout, ", shard 1/2 of zoo\n")
}

func TestSuiteHelp(t *testing.T) {
	for _, command := range []string{"suite", "merge"} {
		r := invoke(t, command, "-h")
		assert.Equal(t, 0, r.code)
		for _, line := range lines(r.stdout) {
			assert.LessOrEqual(t, len(line), 80, line)
		}
	}
}

// A shard may have nothing to do, and is then a success.
func TestEmptyShard(t *testing.T) {
	torchtest.Require(t)
	path, codes := suiteOf(t, 1, ""), []string{}
	for _, shard := range []string{"1/2", "2/2"} {
		r := finish(t, inFolder(t, filepath.Dir(path), "suite", path, "--shard", shard, "--run", "r", "--journal", shard[:1]+".jsonl", "--quiet"))
		assert.Equal(t, 0, r.code, r.stderr)
		codes = append(codes, strings.Fields(r.stdout)[1])
	}
	assert.ElementsMatch(t, []string{"checks=0", "checks=1"}, codes)
	r := finish(t, inFolder(t, filepath.Dir(path), "merge", "1.jsonl", "2.jsonl"))
	assert.Equal(t, 0, r.code, r.stdout+r.stderr)
}

func TestSuiteRefuses(t *testing.T) {
	torchtest.Require(t)
	path := suiteOf(t, 2, "")
	at := func(name string) string { return filepath.Join(filepath.Dir(path), name) }
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"nowhere.yaml"}, "nowhere.yaml cannot be read: no such file or directory; name a suite.yaml"},
		{[]string{path, "--only", "resnet"}, "--only resnet fits no check of zoo; --list shows them"},
		{[]string{path, "--shard", "3"}, `--shard: the shard "3" is not two numbers`},
		{[]string{path, "--shard", "1/2"}, "--shard needs --run NAME"},
		{[]string{path, "--memory", "much"}, "--memory: "},
		{[]string{path, "--device", "tpu"}, "--device: unknown device"},
		{[]string{path, "--times", "nowhere.jsonl"}, "--times nowhere.jsonl: cannot be read"},
		{[]string{path, "--journal", "/nowhere/n.jsonl"}, "/nowhere/n.jsonl: cannot be made: no such file or directory"},
		{[]string{path, "--gpu-jobs", "0"}, "--gpu-jobs from 1"},
		{[]string{}, "suite"},
	} {
		r := finish(t, inFolder(t, t.TempDir(), append([]string{"suite"}, c.args...)...))
		assert.Equal(t, 2, r.code, c.args)
		assert.Contains(t, r.stderr, c.want)
		assert.Empty(t, r.stdout)
	}
	require.NoError(t, os.WriteFile(at("bad.yaml"), []byte("checks:\n  a: {scriptet: m.pt}\n"), 0o666))
	r := invoke(t, "suite", at("bad.yaml"))
	assert.Equal(t, 2, r.code)
	assert.Contains(t, r.stderr, "bad.yaml: line 2, column 7: unknown key scriptet; docs/suite.schema.json")

	journal := at("n.jsonl")
	require.Equal(t, 0, invoke(t, "suite", path, "--journal", journal, "--resume").code, "a journal that is not there begins")
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "n.jsonl: cannot be made: file already exists; --resume goes on with it"},
		{[]string{"--resume", "--only", "model 000"}, "is of another state of the suite, or of another selection"},
		{[]string{"--resume", "--run", "x"}, "not of x; name another --journal"},
		{[]string{"--resume", "--shard", "1/2", "--run", "x"}, "is of shard 0/0, not of 1/2"},
	} {
		r := invoke(t, append([]string{"suite", path, "--journal", journal}, c.args...)...)
		assert.Equal(t, 2, r.code, c.args)
		assert.Contains(t, r.stderr, c.want)
	}
}

// What was recorded of a suite is held against it, here by the machine that recorded.
func TestSuiteAgainst(t *testing.T) {
	torchtest.Require(t)
	path := suiteOf(t, 2, "")
	folder := filepath.Dir(path)
	r := finish(t, inFolder(t, folder, "record", "--to", "records", "--suite", path, "--only", "model 000"))
	require.Equal(t, 0, r.code, r.stdout+r.stderr)
	r = finish(t, inFolder(t, folder, "suite", path, "--against", "records"))
	assert.Equal(t, 2, r.code, r.stderr)
	assert.Contains(t, r.stdout, "not complete: of 2 checks, 1 without an answer\n")
	n, err := night.Read(filepath.Join(folder, "zoo.night.jsonl"))
	require.NoError(t, err)
	assert.Equal(t, "records", n.Against)
	night.Sort(n.Results)
	kept := slices.IndexFunc(n.Results[0].Legs, func(l night.Leg) bool { return l.Kind == "record" })
	require.GreaterOrEqual(t, kept, 0)
	assert.True(t, *n.Results[0].Legs[kept].Same)
	assert.Equal(t, []string{"cpu"}, n.Results[0].Devices)
}

func TestRequireGPU(t *testing.T) {
	torchtest.Require(t)
	r := invoke(t, "suite", suiteOf(t, 1, ""), "--require-gpu", "--journal", filepath.Join(t.TempDir(), "n.jsonl"))
	if r.code == 0 {
		t.Skip("this machine has a GPU")
	}
	assert.Equal(t, 2, r.code)
	assert.Contains(t, r.stderr, "--require-gpu: no GPU is seen")
}

// lineCount counts the results of a journal as far as they are written.
func lineCount(path string) int {
	data, _ := os.ReadFile(path)
	return bytes.Count(data, []byte(`{"result":`))
}

// comparable gives the results of a night as they should be after every run.
func comparable(t *testing.T, path string) []night.Result {
	t.Helper()
	n, err := night.Read(path)
	require.NoError(t, err)
	require.NotNil(t, n.End)
	for i := range n.Results {
		n.Results[i].Started, n.Results[i].Seconds, n.Results[i].Peak = time.Time{}, 0, 0
	}
	night.Sort(n.Results)
	return n.Results
}

// A run that is killed twenty times, and resumed each time, finds out the same.
func TestSuiteKilled(t *testing.T) {
	torchtest.Require(t)
	path := suiteOf(t, 100, strings.Join(slices.DeleteFunc(strings.SplitAfter(bad, "\n"), func(l string) bool {
		return strings.Contains(l, "hangs") || strings.Contains(l, "hoards") || strings.Contains(l, "dropout") // slow, or random
	}), ""))
	at := func(name string) string { return filepath.Join(filepath.Dir(path), name) }
	r := invoke(t, "suite", path, "--journal", at("whole.jsonl"), "--quiet", "--run", "r")
	require.Equal(t, 1, r.code, r.stderr)

	random := rand.New(rand.NewPCG(1, 2))
	args := []string{"suite", path, "--journal", at("killed.jsonl"), "--resume", "--quiet", "--run", "r"}
	kills := 0
	for ; kills < 20; kills++ {
		cmd := exec.Command(program(t), args...)
		require.NoError(t, cmd.Start())
		written := lineCount(at("killed.jsonl"))
		if kills%2 == 0 { // whatever it is at; but a fast machine must not come to the end
			for end := time.Now().Add(time.Duration(random.IntN(400)) * time.Millisecond); time.Now().Before(end) && lineCount(at("killed.jsonl")) < written+4; {
				time.Sleep(time.Millisecond)
			}
		} else {
			enough := written + 1 + random.IntN(3)
			require.Eventually(t, func() bool { return lineCount(at("killed.jsonl")) >= enough }, 20*time.Second, time.Millisecond)
			time.Sleep(time.Duration(random.IntN(3000)) * time.Microsecond)
		}
		require.NoError(t, cmd.Process.Kill())
		require.Error(t, cmd.Wait())
	}
	assert.Less(t, lineCount(at("killed.jsonl")), 105, "it must have been killed in the middle")
	r = invoke(t, args...)
	assert.Equal(t, 1, r.code, r.stderr)
	assert.Equal(t, comparable(t, at("whole.jsonl")), comparable(t, at("killed.jsonl")))
	n, err := night.Read(at("killed.jsonl"))
	require.NoError(t, err)
	assert.Equal(t, n.LastLine()+"\n", r.stdout)
}

// Ctrl-C lets checks in progress end and reports; a second run on the journal is refused
// meanwhile, and --resume goes on.
func TestSuiteInterrupted(t *testing.T) {
	torchtest.Require(t)
	path := suiteOf(t, 300, "")
	journal := filepath.Join(filepath.Dir(path), "n.jsonl")
	cmd := exec.Command(program(t), "suite", path, "--journal", journal, "-j", "1")
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	require.NoError(t, cmd.Start())
	require.Eventually(t, func() bool { return lineCount(journal) > 3 }, 20*time.Second, time.Millisecond)
	second := invoke(t, "suite", path, "--journal", journal, "--resume")
	assert.Equal(t, 2, second.code)
	assert.Contains(t, second.stderr, "is in use: another run is writing to it; wait for it, or name another journal")
	require.NoError(t, cmd.Process.Signal(syscall.SIGINT))
	_ = cmd.Wait()
	assert.Equal(t, 2, cmd.ProcessState.ExitCode())
	assert.Contains(t, stdout.String(), "note       stopped: interrupted\n")
	n, err := night.Read(journal)
	require.NoError(t, err)
	require.NotNil(t, n.End)
	assert.Equal(t, "interrupted", n.End.Stopped)
	assert.NotEmpty(t, n.Missing())
	first := n.End.Seconds

	// Meanwhile the journal came to another machine.
	moved, err := os.ReadFile(journal)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(journal, bytes.Replace(moved, []byte(`"host":"`), []byte(`"host":"not `), 1), 0o666))
	r := invoke(t, "suite", path, "--journal", journal, "--resume", "--quiet")
	assert.Equal(t, 0, r.code, r.stderr)
	n, err = night.Read(journal)
	require.NoError(t, err)
	assert.Empty(t, n.End.Stopped)
	require.Len(t, n.End.Notes, 1)
	assert.Contains(t, n.End.Notes[0], "it went on on another machine than it began: ")
	assert.Greater(t, n.End.Seconds, first, "both sittings count")
}

// A second signal kills what is in progress, and the report is still written.
func TestSuiteInterruptedTwice(t *testing.T) {
	torchtest.Require(t)
	path := suiteOf(t, 1, "  hangs: {scripted: T/crashes/endless.pt, state: T/crashes/model_state.pt, inputs: T/crashes/x.npy}\n")
	journal := filepath.Join(filepath.Dir(path), "n.jsonl")
	cmd := exec.Command(program(t), "suite", path, "--journal", journal, "-j", "2")
	require.NoError(t, cmd.Start())
	require.Eventually(t, func() bool { return lineCount(journal) == 1 }, 20*time.Second, time.Millisecond)
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	time.Sleep(100 * time.Millisecond)
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	_ = cmd.Wait()
	assert.Equal(t, 2, cmd.ProcessState.ExitCode())
	n, err := night.Read(journal)
	require.NoError(t, err)
	assert.Equal(t, []string{"hangs"}, n.Missing())
	require.NotNil(t, n.End)
}

// workersOf lists the children of a process.
func workersOf(pid int) (all []int) {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, file := range files {
		data, _ := os.ReadFile(file)
		for _, field := range strings.Fields(string(data)) {
			if child, err := strconv.Atoi(field); err == nil {
				all = append(all, child)
			}
		}
	}
	return all
}

// A worker that something else kills is not the fault of the files: the check is tried
// again, and the result says so.
func TestSuiteKilledWorker(t *testing.T) {
	torchtest.Require(t)
	path := suiteOf(t, 1, "  hangs: {scripted: T/crashes/endless.pt, state: T/crashes/model_state.pt, inputs: T/crashes/x.npy, timeout: 3s}\n")
	journal := filepath.Join(filepath.Dir(path), "n.jsonl")
	cmd := exec.Command(program(t), "suite", path, "--journal", journal, "-j", "1")
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	require.NoError(t, cmd.Start())
	require.Eventually(t, func() bool { return lineCount(journal) == 1 }, 20*time.Second, time.Millisecond)
	time.Sleep(200 * time.Millisecond) // the other check is in progress then
	workers := workersOf(cmd.Process.Pid)
	if len(workers) == 0 {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		t.Skip("this kernel lists no children")
	}
	for _, worker := range workers {
		require.NoError(t, syscall.Kill(worker, syscall.SIGKILL))
	}
	_ = cmd.Wait()
	n, err := night.Read(journal)
	require.NoError(t, err)
	require.Len(t, n.Results, 2)
	assert.Equal(t, []string{"killed: SIGKILL"}, n.Results[1].Attempts)
	assert.Equal(t, "timed out after 3s", n.Results[1].Ended)
	assert.Contains(t, stdout.String(), "note       hangs: 1 attempt spoilt by the machine, the last by: killed: SIGKILL\n")
}

func TestMergeCommand(t *testing.T) {
	torchtest.Require(t)
	path := suiteOf(t, 12, "")
	folder := filepath.Dir(path)
	var shards []string
	for i := 1; i <= 3; i++ {
		shards = append(shards, fmt.Sprintf("shard%d.jsonl", i))
		cmd := inFolder(t, folder, "suite", path, "--shard", "auto", "--journal", shards[i-1], "--quiet")
		cmd.Env = append(os.Environ(), fmt.Sprintf("SLURM_ARRAY_TASK_ID=%d", i), "SLURM_ARRAY_TASK_MIN=1", "SLURM_ARRAY_TASK_COUNT=3", "SLURM_ARRAY_JOB_ID=77")
		r := finish(t, cmd)
		require.Equal(t, 0, r.code, r.stderr)
	}
	r := finish(t, inFolder(t, folder, append([]string{"merge", "-o", "night.jsonl"}, shards...)...))
	assert.Equal(t, 0, r.code, r.stderr)
	assert.Contains(t, r.stdout, "consistent: 12 checks\n")
	assert.Contains(t, r.stdout, "run        zoo, slurm-77\n")
	n, err := night.Read(filepath.Join(folder, "night.jsonl"))
	require.NoError(t, err)
	assert.Len(t, n.Results, 12)
	r = finish(t, inFolder(t, folder, "merge", "-o", "part.jsonl", shards[0], shards[2]))
	assert.Equal(t, 2, r.code, r.stderr)
	assert.Contains(t, r.stdout, "note       shard 2 of 3 is missing\n")
	assert.True(t, strings.HasPrefix(r.stdout, "not complete: of 12 checks, "), r.stdout)
	r = finish(t, inFolder(t, folder, "merge", "-o", "-", shards[0], "night.jsonl"))
	assert.Equal(t, 2, r.code)
	assert.Contains(t, r.stderr, "night.jsonl: is of a whole suite, not of a shard")
}
