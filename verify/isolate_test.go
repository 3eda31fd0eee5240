package verify

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch/dtype"
	generated "github.com/seed06459138/torchgo/verify/inputs"
)

// timeless gives the JSON of a report without what may differ from run to run, and
// without that it was isolated.
func timeless(t *testing.T, r *Report) string {
	t.Helper()
	r.Started, r.Seconds = time.Time{}, 0
	for i := range r.Legs {
		r.Legs[i].Seconds = 0
		r.Legs[i].Detail, _, _ = strings.Cut(r.Legs[i].Detail, "frame #") // addresses
		for j := range r.Legs[i].Runs {
			r.Legs[i].Runs[j].Seconds = 0
			if r.Verdict == Unstable {
				r.Legs[i].Runs[j].MaxAbs = 0 // of random numbers
			}
		}
	}
	if r.Verdict == Unstable {
		r.Comparisons = nil
		for i, f := range r.Findings {
			r.Findings[i].Text, _, _ = strings.Cut(f.Text, "max |Δ|")
		}
		r.Summary, _, _ = strings.Cut(r.Summary, "max |Δ|")
	}
	r.Settings.Isolated = false
	var text strings.Builder
	require.NoError(t, r.WriteJSON(&text))
	return text.String()
}

// checkIsolated compares the report of a question with the one that legs in child
// processes lead to.
func checkIsolated(t *testing.T, spec Spec) {
	t.Helper()
	want, failed := Run(context.Background(), spec)
	spec.Isolate = true
	got, err := Run(context.Background(), spec)
	if failed != nil {
		require.EqualError(t, err, failed.Error())
		return
	}
	require.NoError(t, err)
	assert.JSONEq(t, timeless(t, want), timeless(t, got))
}

func TestIsolatedZoo(t *testing.T) {
	torchtest.Require(t)
	zoo := readZoo(t)
	for i := 0; i < len(zoo); i += len(zoo) / torchtest.Repetitions(len(zoo)) {
		c := zoo[i]
		t.Run(c.Name, func(t *testing.T) { checkIsolated(t, c.spec()) })
	}
}

func TestIsolatedFaults(t *testing.T) {
	torchtest.Require(t)
	for _, f := range readFaults(t) {
		t.Run(f.Name, func(t *testing.T) { checkIsolated(t, f.spec(t)) })
	}
}

const crashes = "../testdata/crashes"

// planted is a kind of leg that ends its process as its file says.
func init() {
	RegisterKind(Kind{Name: "planted", Label: "planted", Open: func(_ context.Context, leg LegSpec) (Runner, error) {
		how, err := os.ReadFile(leg.File)
		return planted(how), err
	}})
}

type planted string

func (p planted) Run(context.Context, []Array) ([]Array, error) {
	switch p {
	case "abort":
		return nil, syscall.Kill(os.Getpid(), syscall.SIGABRT)
	case "kill":
		return nil, syscall.Kill(os.Getpid(), syscall.SIGKILL)
	case "nil":
		var nothing *Array
		return []Array{*nothing}, nil
	case "panic":
		panic("planted")
	case "print":
		os.Stdout.WriteString("tgw1 all over\nthe standard output\n")
		os.Stderr.WriteString("tgw1\n")
	case "exit":
		os.Exit(3)
	}
	return nil, os.ErrInvalid
}

func (p planted) Describe() map[string]string { return nil }
func (p planted) Close() error                { return nil }

// TestEndedProcesses has legs end their processes, each beside one that does not.
func TestEndedProcesses(t *testing.T) {
	torchtest.Require(t)
	at := func(name string) string { return filepath.Join(crashes, name) }
	for _, c := range []struct {
		name   string
		leg    LegSpec
		memory int64
		wait   time.Duration
		ended  Ended
		error  string
	}{
		{"writing outside", LegSpec{Kind: "scripted", File: at("crashing.pt")}, 0, 0, Ended{"crash", "SIGSEGV", "crashed: SIGSEGV", "running"}, ""},
		{"the same in an optimised copy", LegSpec{Kind: "frozen", File: at("crashing.pt")}, 0, 0, Ended{"crash", "SIGSEGV", "crashed: SIGSEGV", "running"}, ""},
		{"the same while it is loaded", LegSpec{Kind: "scripted", File: at("crashing_load.pt")}, 0, 0, Ended{"crash", "SIGSEGV", "crashed: SIGSEGV", "loading"}, ""},
		{"too much memory", LegSpec{Kind: "scripted", File: at("hoarding.pt")}, 700 << 20, 0, Ended{"memory", "SIGKILL", "killed: it took more memory than 700 MiB", "running"}, ""},
		{"no end", LegSpec{Kind: "scripted", File: at("endless.pt")}, 0, 8 * time.Second, Ended{"timeout", "SIGKILL", "timed out after 8s", "running"}, ""},
		{"abort", LegSpec{Kind: "planted", File: "abort"}, 0, 0, Ended{"crash", "SIGABRT", "crashed: SIGABRT", "running"}, ""},
		{"kill", LegSpec{Kind: "planted", File: "kill"}, 0, 0, Ended{"killed", "SIGKILL", "killed: SIGKILL", "running"}, ""},
		{"a fault of Go", LegSpec{Kind: "planted", File: "nil"}, 0, 0, Ended{"crash", "SIGSEGV", "crashed: SIGSEGV", "running"}, ""},
		{"a panic", LegSpec{Kind: "planted", File: "panic"}, 0, 0, Ended{"exit", "", "exit code 2", "running"}, ""},
		{"an exit", LegSpec{Kind: "planted", File: "exit"}, 0, 0, Ended{"exit", "", "exit code 3", "running"}, ""},
		{"an error beside noise", LegSpec{Kind: "planted", File: "print"}, 0, 0, Ended{}, "invalid argument"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.leg.Name = "bad"; c.leg.Kind == "planted" {
				how := filepath.Join(t.TempDir(), "how")
				require.NoError(t, os.WriteFile(how, []byte(c.leg.File), 0o600))
				c.leg.File = how
			}
			r, err := Run(t.Context(), Spec{Expected: at("expected.npy"), Scripted: at("good.pt"), Inputs: []string{at("x.npy")},
				Legs: []LegSpec{c.leg}, Isolate: true, Memory: c.memory, Timeout: c.wait})
			require.NoError(t, err)
			assert.Equal(t, Unanswered, r.Verdict)
			assert.Equal(t, 2, r.ExitCode())
			checkSchema(t, r)
			bad := r.legOf("bad")
			if c.error != "" {
				assert.Nil(t, bad.Ended)
				assert.Contains(t, bad.Error, c.error)
			} else if assert.NotNil(t, bad.Ended) {
				assert.Equal(t, c.ended, *bad.Ended)
				assert.True(t, strings.HasPrefix(bad.Error, c.ended.Text), bad.Error)
				assert.True(t, strings.HasSuffix(bad.Error, " while "+c.ended.Step), bad.Error)
			}
			good := r.legOf("scripted")
			assert.Empty(t, good.Error)
			assert.Len(t, good.Runs, 5)
			require.Len(t, r.Comparisons, 2)
			assert.Nil(t, r.Comparisons[0].Same)
			assert.True(t, *r.Comparisons[1].Same)
		})
	}
}

// Of two legs that both end there is a report, and no answer.
func TestAllProcessesEnd(t *testing.T) {
	torchtest.Require(t)
	at := func(name string) string { return filepath.Join(crashes, name) }
	for _, file := range []string{"crashing.pt", "crashing_load.pt"} {
		r, err := Run(t.Context(), Spec{Scripted: at(file), State: at("model_state.pt"), Inputs: []string{at("x.npy")}, Isolate: true})
		require.NoError(t, err)
		assert.Equal(t, 2, r.ExitCode())
		assert.Contains(t, r.Summary, "could not be run: ")
		assert.Contains(t, r.legOf("scripted").Error, "crashed: SIGSEGV")
		assert.Contains(t, r.legOf("state").Error, "crashed: SIGSEGV")
		checkSchema(t, r)
	}
}

// What legs compute of several sets of inputs is the same as in one process, and
// what differs is explained.
func TestIsolatedSets(t *testing.T) {
	torchtest.Require(t)
	at := func(name string) string { return filepath.Join("../testdata/branch", name) }
	spec := Spec{Scripted: at("model_scripted.pt"), State: at("model_state.pt"), Inputs: []string{at("x.npy")}, Bisect: true,
		Generate: &generated.Plan{Random: 6, Seed: 1}, Legs: []LegSpec{{Kind: "traced", File: at("model_traced.pt")}, {Name: "half", Kind: "scripted", File: at("model_scripted.pt"), DType: &half}}}
	checkIsolated(t, spec)
}

var half = dtype.Float16

// A worker puts one question after the other, and outlives those that fail.
func TestWorker(t *testing.T) {
	torchtest.Require(t)
	w, err := StartWorker(WorkerOptions{Timeout: time.Minute})
	require.NoError(t, err)
	defer w.Close()
	for _, c := range readZoo(t)[:6] {
		want, failed := Run(t.Context(), c.spec())
		got, err := w.Run(t.Context(), c.spec())
		if failed != nil {
			require.EqualError(t, err, failed.Error())
			continue
		}
		require.NoError(t, err)
		assert.JSONEq(t, timeless(t, want), timeless(t, got))
	}
	_, err = w.Run(t.Context(), Spec{Scripted: "nowhere.pt", State: "nowhere.pt"})
	var own *Error
	require.ErrorAs(t, err, &own)
	assert.Equal(t, "nowhere.pt", own.Path)

	at := func(name string) string { return filepath.Join(crashes, name) }
	crash := Spec{Scripted: at("crashing.pt"), State: at("model_state.pt"), Inputs: []string{at("x.npy")}}
	for range 2 { // it stays dead
		_, err = w.Run(t.Context(), crash)
		var died *WorkerError
		require.ErrorAs(t, err, &died)
		assert.Equal(t, Ended{"crash", "SIGSEGV", "crashed: SIGSEGV", ""}, died.Ended())
	}
}

// Who no longer waits ends the worker.
func TestWorkerIsCancelled(t *testing.T) {
	torchtest.Require(t)
	at := func(name string) string { return filepath.Join(crashes, name) }
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(2*time.Second, cancel)
	_, err := Run(ctx, Spec{Scripted: at("endless.pt"), State: at("model_state.pt"), Inputs: []string{at("x.npy")}, Isolate: true})
	assert.ErrorIs(t, err, context.Canceled)
}
