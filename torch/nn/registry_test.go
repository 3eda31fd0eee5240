package nn_test

import (
	"errors"
	"fmt"
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
type myModel struct {
	parameters map[string]*torch.Tensor
}

var myModelNames = []string{"net.0.weight", "net.0.bias", "net.2.weight", "net.2.bias"}

func (m *myModel) LoadState(state *checkpoint.State) error {
	m.parameters = make(map[string]*torch.Tensor)
	for _, name := range myModelNames {
		stored, ok := state.Tensor(name)
		if !ok {
			return fmt.Errorf("the state lacks %s", name)
		}
		x, err := torch.FromCheckpoint(stored)
		if err != nil {
			return err
		}
		m.parameters[name] = x
	}
	return nil
}

func (m *myModel) Forward(args ...torch.Value) (torch.Value, error) {
	if len(args) != 1 {
		return nil, errors.New("MyModel takes one tensor")
	}
	s := torch.NewScope()
	defer s.Close()
	x := args[0]
	for _, layer := range []string{"net.0", "net.2"} {
		y, err := torch.Call("aten::linear", x, m.parameters[layer+".weight"], m.parameters[layer+".bias"])
		if err != nil {
			return nil, err
		}
		s.Add(y.(*torch.Tensor))
		if x = y; layer == "net.0" {
			if x, err = torch.Call("aten::relu", y); err != nil {
				return nil, err
			}
		}
	}
	out := x.(*torch.Tensor)
	s.Keep(out)
	return out, nil
}

func (m *myModel) Close() error {
	for _, p := range m.parameters {
		p.Close()
	}
	return nil
}

func TestAStructureInGoComputesWhatPythonDid(t *testing.T) {
	torchtest.Require(t)
	require.NoError(t, nn.Register("mymodel", "v1", func(checkpoint.Value) (nn.Module, error) { return &myModel{}, nil }))
	err := nn.Register("mymodel", "v1", nil)
	require.ErrorIs(t, err, nn.ErrDuplicate)

	dir := filepath.Join("..", "..", "testdata", "scenarios", "train_and_save")
	f, err := checkpoint.Open(filepath.Join(dir, "checkpoint.pt"))
	require.NoError(t, err)
	defer f.Close()
	state, err := f.State("")
	require.NoError(t, err)
	build, err := nn.Lookup("mymodel", "v1")
	require.NoError(t, err)
	model, err := build(checkpoint.None{})
	require.NoError(t, err)
	defer func() { require.NoError(t, model.Close()) }()
	require.NoError(t, model.LoadState(state))

	array := func(name string) *torch.Tensor {
		a, err := checkpoint.ReadNPY(filepath.Join(dir, name))
		require.NoError(t, err)
		x, err := torch.FromArray(a)
		require.NoError(t, err)
		t.Cleanup(x.Close)
		return x
	}
	y, err := model.Forward(array("x.npy"))
	require.NoError(t, err)
	defer torch.CloseAll(y)
	near, err := y.(*torch.Tensor).AllClose(array("expected.npy"), 1e-5, 1e-8, false)
	require.NoError(t, err)
	assert.True(t, near)
}

func TestLookupNamesWhatIsThere(t *testing.T) {
	require.NoError(t, nn.Register("known", "v2", nil))
	_, err := nn.Lookup("known", "v3")
	require.ErrorIs(t, err, nn.ErrUnknown)
	assert.Contains(t, err.Error(), "known v2")
	assert.Contains(t, err.Error(), "known v3")
}
