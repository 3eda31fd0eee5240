package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const root = "../../.."

func TestDocumentIsCurrent(t *testing.T) {
	want, err := render(root)
	require.NoError(t, err)
	got, err := os.ReadFile(filepath.Join(root, document))
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got), "make generate writes it")
}

func TestEveryNameIsToldOfOnce(t *testing.T) {
	entries, err := parse(api)
	require.NoError(t, err)
	assert.Len(t, entries, 211)
	seen := make(map[string]bool)
	for _, e := range entries {
		full := e.pkg + " " + e.name
		assert.False(t, seen[full], full)
		seen[full] = true
	}
}

func TestOurProgramIsNoLonger(t *testing.T) {
	ours, err := lines(filepath.Join(root, ourProgram))
	require.NoError(t, err)
	assert.LessOrEqual(t, ours, theirLines)
}

func TestNamesThatAreNotThere(t *testing.T) {
	for name, there := range map[string]bool{
		"torch.Tensor.Shape": true, "torch.CPU": true, "data.Options.Pin": true, "data.Loader.Epoch": true, "optim.Optimizer.Step": true,
		"nn.Mode.Training": true, "torch.Tensor.Shapes": false, "torch.Nothing": false, "nn.Mode.setTraining": false, "numpy.Array": false,
	} {
		err := check(root, []entry{{name: "it", ours: []string{name}}})
		assert.Equal(t, there, err == nil, "%s: %v", name, err)
		err = check(root, []entry{{name: "it", note: "see " + name + ", too"}})
		assert.Equal(t, there || name == "nn.Mode.setTraining", err == nil, "%s: %v", name, err)
	}
}

func TestLinesThatSayNothing(t *testing.T) {
	for _, line := range []string{". Name", ". Name\t-", "Name\ttorch.Tensor", ". Name\ta\tb\tc"} {
		_, err := parse(line)
		assert.Error(t, err, line)
	}
}
