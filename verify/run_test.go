package verify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/aten"
	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/torch/nn"
	"github.com/seed06459138/torchgo/verify/compare"
)

const scenarios = "../testdata/scenarios"

func sha256Of(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// scenario puts the question of a folder of files.
func scenario(folder, state string) Spec {
	at := func(name string) string { return filepath.Join(scenarios, folder, name) }
	return Spec{Scripted: at("model_scripted.pt"), State: at(state), Expected: at("expected.npy"), Inputs: []string{at("x.npy")}}
}

// TestScenarios holds what is printed of each saving scenario.
func TestScenarios(t *testing.T) {
	torchtest.Require(t)
	traced := func(s Spec) Spec {
		s.Scripted = strings.Replace(s.Scripted, "scripted", "traced", 1)
		return s
	}
	buffer, attribute := scenario("dynamic_model_safe_save/buffer", "checkpoint.pt"), scenario("dynamic_model_safe_save/attribute", "checkpoint.pt")
	for _, c := range []struct {
		name  string
		spec  Spec
		exit  int
		lines []string // must be there
	}{
		{"train-and-save", scenario("train_and_save", "checkpoint.pt"), 0, []string{"SAME? state_dict: True ", "SAME? TorchScript: True "}},
		{"safe-model-save", scenario("safe_model_save", "model_state.pt"), 0, []string{"SAME? state_dict: True ", "SAME? TorchScript: True "}},
		{"safe-model-save-traced", traced(scenario("safe_model_save", "model_state.pt")), 0, []string{"SAME? state_dict: True "}},
		{"dynamic-buffer", buffer, 0, []string{"SAME? state_dict: True ", "SAME? TorchScript: True "}},
		{"dynamic-buffer-traced", traced(buffer), 0, []string{"SAME? state_dict: True ", "SAME? TorchScript: True "}},
		{"dynamic-attribute", attribute, 1, []string{"SAME? state_dict: False ", "SAME? TorchScript: True ", "my_embed is used by forward but is not in the state: register it as a buffer"}},
		{"dynamic-attribute-traced", traced(attribute), 1, []string{"SAME? state_dict: False", "CONSTANTS.c0 is used by forward"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			report, err := Run(context.Background(), c.spec)
			require.NoError(t, err)
			assert.Equal(t, c.exit, report.ExitCode())
			var text strings.Builder
			require.NoError(t, report.WriteText(&text, TextOptions{}))
			for _, line := range c.lines {
				assert.Contains(t, text.String(), line)
			}
			// Which libtorch it was is of no interest here.
			golden(t, "scenario-"+c.name+".txt", regexp.MustCompile(`(?m)^libtorch .*`).ReplaceAllString(text.String(), "libtorch   …"))
			checkSchema(t, report)
		})
	}
}

func TestReportSaysWhatRan(t *testing.T) {
	torchtest.Require(t)
	spec := scenario("safe_model_save", "model_state.pt")
	spec.Threads = 1
	spec.Tolerance = &compare.Tolerance{RTol: 0.5, EqualNaN: true}
	r, err := Run(context.Background(), spec)
	require.NoError(t, err)
	assert.Equal(t, "expected", r.Reference)
	var roles []string
	for _, f := range r.Files {
		roles = append(roles, f.Role)
		data, err := os.ReadFile(f.Path)
		require.NoError(t, err)
		assert.EqualValues(t, len(data), f.Bytes)
		assert.Equal(t, sha256Of(data), f.SHA256)
	}
	assert.Equal(t, []string{"scripted", "state", "expected", "input"}, roles)
	assert.Equal(t, Settings{Method: "forward", Device: "cpu", Threads: 1, RTol: 0.5, EqualNaN: true, AcceptUncovered: []string{}, NonPersistent: []string{},
		Tolerance: "rtol 0.5, atol 0, NaN equals NaN", Tolerances: []string{}, Metrics: []string{}, Ranges: []string{}, Libtorchs: []string{}}, r.Settings)
	build, err := torch.Version()
	require.NoError(t, err)
	assert.Equal(t, build.Libtorch, r.Versions.Libtorch)
	assert.Equal(t, build.ShimPath, r.Versions.Shim)
	assert.NotEmpty(t, r.Versions.Go)
	assert.Positive(t, r.Seconds)
	assert.False(t, r.Started.IsZero())
}

func TestRunWithoutExpected(t *testing.T) {
	torchtest.Require(t)
	spec := scenario("safe_model_save", "model_state.pt")
	spec.Expected = ""
	r, err := Run(context.Background(), spec)
	require.NoError(t, err)
	assert.Equal(t, "scripted", r.Reference)
	require.Len(t, r.Comparisons, 1)
	assert.Equal(t, "consistent: state_dict computes what TorchScript computes", r.Summary)

	spec.Expected, spec.State = scenario("safe_model_save", "").Expected, ""
	r, err = Run(context.Background(), spec)
	require.NoError(t, err)
	assert.Nil(t, r.Weights)
	assert.Equal(t, "consistent: TorchScript computes what was expected", r.Summary)
}

func TestRunEnds(t *testing.T) {
	torchtest.Require(t)
	done, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := Run(done, scenario("safe_model_save", "model_state.pt"))
	assert.ErrorIs(t, err, context.Canceled)
}

func TestRunsAtOnce(t *testing.T) {
	torchtest.Require(t)
	var all sync.WaitGroup
	for range 4 {
		for folder, want := range map[string]Verdict{"buffer": Consistent, "attribute": Inconsistent} {
			all.Go(func() {
				r, err := Run(context.Background(), scenario("dynamic_model_safe_save/"+folder, "checkpoint.pt"))
				if assert.NoError(t, err) {
					assert.Equal(t, want, r.Verdict)
				}
			})
		}
	}
	all.Wait()
}

// perceptron is scenario 1's structure in Go.
type perceptron struct {
	Net    *nn.Sequential
	offset float64 // added to every output, to be another model
}

func (p *perceptron) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	return nn.Pipe(x, p.Net.Forward, func(y *torch.Tensor) (*torch.Tensor, error) {
		return aten.AddScalar(y, torch.Float(p.offset), nil)
	})
}

type perceptronHyper struct{ InputDim, HiddenDim, OutputDim int64 }

// TestGoStructure fills a registered structure from scenario 1's checkpoint,
// which names it.
func TestGoStructure(t *testing.T) {
	torchtest.Require(t)
	offset, hidden, broken := 0.0, int64(0), error(nil)
	require.NoError(t, nn.Register("mymodel", "v1", func(h perceptronHyper) (*perceptron, error) {
		hidden = h.HiddenDim
		return &perceptron{nn.NewSequential(nn.NewLinear(h.InputDim, h.HiddenDim), nn.ReLU{}, nn.NewLinear(h.HiddenDim, h.OutputDim)), offset}, broken
	}))
	full := scenario("train_and_save", "checkpoint.pt")
	alone := full
	alone.Scripted = ""
	for _, spec := range []Spec{full, alone} {
		offset, hidden = 0, 0
		r, err := Run(context.Background(), spec)
		require.NoError(t, err)
		assert.Equal(t, Consistent, r.Verdict, r.Summary)
		assert.EqualValues(t, 8, hidden, "it is built from the checkpoint's hyperparams")
		assert.Equal(t, "Go structure mymodel v1", r.Legs[len(r.Legs)-1].Structure)
		assert.Empty(t, r.Uncovered)

		offset = 0.25
		r, err = Run(context.Background(), spec)
		require.NoError(t, err)
		assert.Equal(t, Inconsistent, r.Verdict)
		assert.Contains(t, r.Summary, "max |Δ| 0.25, 20 of 20 elements")
		assert.Contains(t, r.Findings[0].Remedy, "not in the state")
	}
	broken = errors.New("hidden_dim is odd")
	_, err := Run(context.Background(), full)
	assert.ErrorContains(t, err, "does not fill the Go structure mymodel v1")
	assert.ErrorContains(t, err, "hidden_dim is odd")
}

// drawing is a structure that computes with numbers that it draws, which no state has.
type drawing struct {
	Linear *nn.Linear
	drawn  float64
}

func (d *drawing) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	return nn.Pipe(x, d.Linear.Forward, func(y *torch.Tensor) (*torch.Tensor, error) {
		return aten.AddScalar(y, torch.Float(d.drawn), nil)
	})
}

// TestGoStructureThatDraws finds out what a Go structure does not take from the state;
// the structure's arguments are those under model_args.
func TestGoStructureThatDraws(t *testing.T) {
	torchtest.Require(t)
	type arguments struct{ InputSize, HiddenSize int64 }
	draws, draw := 0, 0.0
	require.NoError(t, nn.Register("drawing", "v1", func(a arguments) (*drawing, error) {
		draws++
		return &drawing{nn.NewLinear(a.InputSize, a.HiddenSize), draw * float64(draws)}, nil
	}))
	spec := scenario("dynamic_model_safe_save/buffer", "checkpoint.pt")
	spec.Scripted = ""
	f, err := checkpoint.Open(spec.State)
	require.NoError(t, err)
	defer f.Close()
	saved, err := f.Checkpoint()
	require.NoError(t, err)
	state := checkpoint.NewState()
	for _, name := range []string{"linear.weight", "linear.bias"} {
		tensor, ok := saved.Model.Tensor(name)
		require.True(t, ok)
		require.NoError(t, state.Add(name, tensor))
	}
	dict := checkpoint.NewDict(
		checkpoint.Entry{Key: checkpoint.String("model_name"), Value: checkpoint.String("drawing")},
		checkpoint.Entry{Key: checkpoint.String("model_version"), Value: checkpoint.String("v1")},
		checkpoint.Entry{Key: checkpoint.String("model_args"), Value: saved.Hyperparams},
		checkpoint.Entry{Key: checkpoint.String("state_dict"), Value: state.Dict()})
	spec.State = filepath.Join(t.TempDir(), "checkpoint.pt")
	require.NoError(t, checkpoint.Save(spec.State, dict))

	for _, c := range []struct {
		draw float64
		code Code
		text string
	}{
		{0, OutputValues, "max |Δ|"},
		{0.5, StateIncomplete, "Go structure drawing v1 computes something else each time it is filled from the state"},
	} {
		draw = c.draw
		r, err := Run(context.Background(), spec)
		require.NoError(t, err)
		assert.Equal(t, Inconsistent, r.Verdict)
		require.NotEmpty(t, r.Findings)
		assert.Equal(t, c.code, r.Findings[0].Code)
		assert.Contains(t, r.Summary, c.text)
		assert.False(t, *r.Comparisons[0].Same)
	}
}

// single is scenario 2's structure, whose file is a state_dict alone.
type single struct{ FC *nn.Linear }

func (s *single) Forward(x *torch.Tensor) (*torch.Tensor, error) { return s.FC.Forward(x) }

// double is another.
type double struct{ FC, FC2 *nn.Linear }

func (d *double) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	return nn.Pipe(x, d.FC.Forward, d.FC2.Forward)
}

func TestStateWithoutStructure(t *testing.T) {
	torchtest.Require(t)
	spec := scenario("safe_model_save", "model_state.pt")
	scripted := spec.Scripted
	spec.Scripted = ""
	_, err := Run(context.Background(), spec)
	assert.ErrorContains(t, err, "holds no structure")
	assert.ErrorContains(t, err, "--scripted")

	spec.Structure = nn.Key{Name: "single", Version: "v1"}
	for _, spec.Scripted = range []string{"", scripted} {
		_, err = Run(context.Background(), spec)
		require.ErrorIs(t, err, nn.ErrUnknown, "another is not taken for the one that is asked for")
	}
	require.NoError(t, nn.Register("single", "v1", func(struct{}) (*single, error) { return &single{nn.NewLinear(4, 2)}, nil }))
	for _, spec.Scripted = range []string{"", scripted} {
		r, err := Run(context.Background(), spec)
		require.NoError(t, err)
		assert.Equal(t, Consistent, r.Verdict, r.Summary)
		assert.Equal(t, "Go structure single v1", r.Legs[len(r.Legs)-1].Structure)
	}
	require.NoError(t, nn.Register("double", "v1", func(struct{}) (*double, error) { return &double{nn.NewLinear(4, 3), nn.NewLinear(3, 2)}, nil }))
	other := spec
	other.Structure.Name = "double"
	_, err = Run(context.Background(), other)
	require.ErrorIs(t, err, nn.ErrState)
	assert.ErrorContains(t, err, "does not fill the Go structure double v1: the state_dict does not fit the module: missing: fc2.weight, fc2.bias, fc.weight has the shape [2 4], not [3 4], fc.bias has the shape [2], not [3]")

	spec.Method = "encode"
	_, err = Run(context.Background(), spec)
	assert.Error(t, err)
	spec.Scripted = ""
	_, err = Run(context.Background(), spec)
	assert.ErrorContains(t, err, "the Go structure single v1 has no method encode")
}
