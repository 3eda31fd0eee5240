package command

import (
	"context"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/process"
	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/torch/dtype"
	"github.com/seed06459138/torchgo/verify"
)

func TestMain(m *testing.M) { torchtest.Main(m) }

// program writes a shell script.
func program(t *testing.T, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o755))
	return path
}

func floats(name string, values ...float32) verify.Array {
	a := verify.Array{Name: name, DType: dtype.Float32, Shape: []int64{int64(len(values))}}
	for _, v := range values {
		a.Data = binary.LittleEndian.AppendUint32(a.Data, math.Float32bits(v))
	}
	return a
}

// run runs a script as a leg.
func run(t *testing.T, ctx context.Context, script string, options map[string]string, in ...verify.Array) ([]verify.Array, error) {
	t.Helper()
	device := torch.CUDA(1)
	r, err := open(ctx, verify.LegSpec{File: program(t, script), Device: &device, Options: options})
	require.NoError(t, err)
	defer r.Close()
	return r.Run(ctx, in)
}

func TestOutputs(t *testing.T) {
	x, y := floats("x", 1, 2), floats("y", 3)
	as := func(name string, a verify.Array) verify.Array { a.Name = name; return a }
	npz := filepath.Join(t.TempDir(), "both.npz")
	tensor, err := checkpoint.TensorFromBytes(x.DType, x.Shape, x.Data)
	require.NoError(t, err)
	require.NoError(t, checkpoint.WriteNPZ(npz, []checkpoint.NamedTensor{{Name: "logits", Tensor: tensor}}))
	for _, c := range []struct {
		name, script, args string
		want               []verify.Array
	}{
		{"folders", `cp "$1/x.npy" "$2/output.npy"`, "", []verify.Array{as("", x)}},
		{"by name", `cp "$1"/*.npy "$2"`, "", []verify.Array{x, y}},
		{"by number", `cp "$1/x.npy" "$2/10.npy"; cp "$1/y.npy" "$2/9.npy"`, "", []verify.Array{as("[9]", y), as("[10]", x)}},
		{"npz", "cp " + npz + ` "$2"`, "", []verify.Array{as("logits", x)}},
		{"files", `cp "$2" "$3/0.npy"; cp "$1" "$3/1.npy"`, "{inputs} {output}", []verify.Array{as("[0]", y), as("[1]", x)}},
		{"one file", `[ "$1" = --device=cuda:1 ] && cp "$2" "$3"/output.npy`, "--device={device} {input:y} {output}", []verify.Array{as("", y)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			options := map[string]string{}
			if c.args != "" {
				options["args"] = c.args
			}
			got, err := run(t, t.Context(), c.script, options, x, y)
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
}

func TestInputsWithoutNames(t *testing.T) {
	got, err := run(t, t.Context(), `cp "$1"/*.npy "$2"`, nil, floats("", 1), floats("", 2))
	require.NoError(t, err)
	assert.Equal(t, []verify.Array{floats("[0]", 1), floats("[1]", 2)}, got)
}

func TestRunsThatFail(t *testing.T) {
	bfloat := verify.Array{Name: "x", DType: dtype.BFloat16, Shape: []int64{1}, Data: []byte{0, 0}}
	for _, c := range []struct {
		name, script, args string
		in                 verify.Array
		want               string
	}{
		{"a code", "echo no such model >&2; exit 1", "", floats("x", 1), "/program: exit code 1: no such model"},
		{"a crash", "kill -SEGV $$", "", floats("x", 1), "/program: crashed: SIGSEGV"},
		{"no outputs", "true", "", floats("x", 1), "left no outputs that can be read: it left neither npy nor npz"},
		{"outputs that are none", `echo 1 >"$2/output.npy"`, "", floats("x", 1), "left no outputs that can be read"},
		{"a place that is not known", "true", "{model}", floats("x", 1), "the argument {model} of a command has a place that is not known; write {input}"},
		{"an input that numpy lacks", "true", "", bfloat, "numpy has no bfloat16"},
	} {
		t.Run(c.name, func(t *testing.T) {
			options := map[string]string{}
			if c.args != "" {
				options["args"] = c.args
			}
			_, err := run(t, t.Context(), c.script, options, c.in)
			require.Error(t, err)
			assert.Contains(t, strings.Join(strings.Fields(err.Error()), " "), c.want)
		})
	}
}

func TestTimeIsUp(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := run(t, ctx, "sleep 60", nil)
	var ended *process.Ended
	require.ErrorAs(t, err, &ended)
	assert.ErrorContains(t, err, "timed out after")
}

func TestProgramsThatAreNone(t *testing.T) {
	folder := t.TempDir()
	plain := filepath.Join(folder, "plain.py")
	require.NoError(t, os.WriteFile(plain, []byte("print(1)"), 0o644))
	_, err := open(t.Context(), verify.LegSpec{File: plain})
	assert.ErrorContains(t, err, "plain.py: is not executable; begin it with")

	orphan := filepath.Join(folder, "orphan")
	require.NoError(t, os.WriteFile(orphan, []byte("#!/nowhere/python\n"), 0o755))
	r, err := open(t.Context(), verify.LegSpec{File: orphan})
	require.NoError(t, err)
	_, err = r.Run(t.Context(), nil)
	assert.ErrorContains(t, err, "check that what its first line names is installed")
}

func TestNothingIsLeftBehind(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	_, err := run(t, t.Context(), `cp "$1/x.npy" "$2/output.npy"`, nil, floats("x", 1))
	require.NoError(t, err)
	left, err := filepath.Glob(filepath.Join(folder, "verify-command-*"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestLegOfVerify(t *testing.T) {
	torchtest.Require(t)
	recorded := filepath.Join(t.TempDir(), "y.npy")
	y := floats("", 1, 2, 3)
	require.NoError(t, checkpoint.WriteNPY(recorded, y.DType, y.Shape, y.Data))
	for _, c := range []struct {
		script string
		want   verify.Verdict
	}{
		{`cp "$1"/*.npy "$2/output.npy"`, verify.Consistent},
		{"exit 1", verify.Unanswered},
	} {
		leg, err := verify.ParseLeg("original=command:" + program(t, c.script))
		require.NoError(t, err)
		report, err := verify.Run(t.Context(), verify.Spec{
			Legs:   []verify.LegSpec{{Name: "expected", Kind: "expected", File: recorded}, leg},
			Inputs: []string{recorded},
		})
		require.NoError(t, err)
		assert.Equal(t, c.want, report.Verdict, report.Summary)
	}
}
