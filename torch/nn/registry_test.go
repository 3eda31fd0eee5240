package nn_test

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/torch/nn"
)

func TestMain(m *testing.M) { torchtest.Main(m) }

// myModel is MyModel of the scenario train_and_save: Linear, ReLU, Linear.
type myModel struct{ Net *nn.Sequential }

func (m *myModel) Forward(x *torch.Tensor) (*torch.Tensor, error) { return m.Net.Forward(x) }

type myHyper struct {
	InputDim, HiddenDim, OutputDim int64
	LR                             float64
}

func newMyModel(h myHyper) (*myModel, error) {
	if h.HiddenDim < 1 {
		return nil, errors.New("hidden_dim must be positive")
	}
	return &myModel{nn.NewSequential(nn.NewLinear(h.InputDim, h.HiddenDim), nn.ReLU{}, nn.NewLinear(h.HiddenDim, h.OutputDim))}, nil
}

func readNPY(t *testing.T, path ...string) *torch.Tensor {
	t.Helper()
	a, err := checkpoint.ReadNPY(filepath.Join(path...))
	require.NoError(t, err)
	x, err := torch.FromArray(a)
	require.NoError(t, err)
	t.Cleanup(x.Close)
	return x
}

func TestAStructureInGoComputesWhatPythonDid(t *testing.T) {
	torchtest.Require(t)
	require.NoError(t, nn.Register("mymodel", "v1", newMyModel))
	require.ErrorIs(t, nn.Register("mymodel", "v1", newMyModel), nn.ErrDuplicate)

	dir := filepath.Join("..", "..", "testdata", "scenarios", "train_and_save")
	f, err := checkpoint.Open(filepath.Join(dir, "checkpoint.pt"))
	require.NoError(t, err)
	defer f.Close()
	c, err := f.Checkpoint()
	require.NoError(t, err)
	build, err := nn.Lookup(c.ModelName, c.ModelVersion)
	require.NoError(t, err)
	model, err := build(c.Hyperparams)
	require.NoError(t, err)
	defer model.Close()
	assert.Equal(t, myHyper{4, 8, 2, 1e-3}, model.Hyper)
	require.NoError(t, model.LoadState(c.Model))

	x := readNPY(t, dir, "x.npy")
	y, err := model.Forward(x)
	require.NoError(t, err)
	defer torch.CloseAll(y)
	assert.False(t, y.(*torch.Tensor).RequiresGrad())
	near, err := y.(*torch.Tensor).AllClose(readNPY(t, dir, "expected.npy"), 1e-5, 1e-8, false)
	require.NoError(t, err)
	assert.True(t, near)

	_, err = model.Forward(x, x)
	require.ErrorIs(t, err, nn.ErrForward)
	_, err = model.Forward(torch.Int(1))
	require.ErrorIs(t, err, nn.ErrForward)
	none := &nn.Structure{Module: &struct{}{}}
	_, err = none.Forward(x)
	require.ErrorIs(t, err, nn.ErrForward)
}

func TestLookupNamesWhatIsThere(t *testing.T) {
	require.NoError(t, nn.Register("known", "v2", newMyModel))
	_, err := nn.Lookup("known", "v3")
	require.ErrorIs(t, err, nn.ErrUnknown)
	assert.ErrorContains(t, err, "known v3; registered are")
	assert.ErrorContains(t, err, "is known v2 meant?")
	_, err = nn.Lookup("something else entirely", "v3")
	assert.NotContains(t, err.Error(), "meant")
}

func TestDecodeHyper(t *testing.T) {
	dict := func(entries ...any) *checkpoint.Dict {
		d := checkpoint.NewDict()
		for i := 0; i < len(entries); i += 2 {
			require.NoError(t, d.Set(checkpoint.String(entries[i].(string)), entries[i+1].(checkpoint.Value)))
		}
		return d
	}
	type inner struct{ Depth int }
	type hyper struct {
		Width   int64
		LR      float32
		Name    string
		Bias    bool
		Sizes   []uint8
		Dropout *float64
		Inner   *inner
		Rate    float64 `nn:"p"`
	}
	full := dict("width", checkpoint.Int(3), "lr", checkpoint.Int(1), "name", checkpoint.String("x"), "bias", checkpoint.Bool(true),
		"sizes", &checkpoint.Tuple{Items: []checkpoint.Value{checkpoint.Int(1), checkpoint.Int(2)}}, "dropout", checkpoint.None{},
		"inner", dict("depth", checkpoint.Float(2)), "p", checkpoint.Float(0.5), "other", checkpoint.Int(1))
	got, err := nn.DecodeHyper[hyper](full)
	require.NoError(t, err)
	want := hyper{Width: 3, LR: 1, Name: "x", Bias: true, Sizes: []uint8{1, 2}, Inner: &inner{2}, Rate: 0.5}
	assert.Equal(t, want, got)

	again, err := nn.EncodeHyper(want)
	require.NoError(t, err)
	back, err := nn.DecodeHyper[hyper](again)
	require.NoError(t, err)
	assert.Equal(t, want, back)

	for text, d := range map[string]*checkpoint.Dict{
		"width (int64) is missing; there is hidden, which nn_test.hyper does not know": dict("hidden", checkpoint.Int(3), "lr", checkpoint.Int(1), "name", checkpoint.String("x"), "bias", checkpoint.Bool(true), "sizes", &checkpoint.List{}, "p", checkpoint.Float(1)),
		"width is 1.5, not int64":                  dict("width", checkpoint.Float(1.5)),
		"bias is 1, not bool":                      dict("bias", checkpoint.Int(1)),
		"sizes[0] is 256, not uint8":               dict("sizes", &checkpoint.List{Items: []checkpoint.Value{checkpoint.Int(256)}}),
		"sizes is None, not a list":                dict("sizes", checkpoint.None{}),
		"inner.depth is the str \"deep\", not int": dict("inner", dict("depth", checkpoint.String("deep"))),
	} {
		_, err := nn.DecodeHyper[hyper](d)
		require.ErrorIs(t, err, nn.ErrHyper)
		assert.ErrorContains(t, err, text)
	}
	_, err = nn.EncodeHyper(3)
	require.ErrorIs(t, err, nn.ErrHyper)
	_, err = nn.EncodeHyper(struct{ C chan int }{})
	require.ErrorIs(t, err, nn.ErrHyper)
}
