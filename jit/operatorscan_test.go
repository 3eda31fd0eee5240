package jit

import (
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch/checkpoint"
)

func TestOperatorsInCode(t *testing.T) {
	for _, c := range []struct {
		code string
		want []string
	}{
		{"_0 = torch.add(x, ops.customlib.blur(torch.relu(x)))", []string{"aten::add", "aten::relu", "customlib::blur"}},
		{"ops.a.b(ops.a.b(x))", []string{"a::b"}},
		{`print("ops.a.b(x)", 'torch.c(', "\"torch.d(") # torch.e(x)`, nil},
		{`x = "unclosed` + "\nops.a.b(x)", []string{"a::b"}},
		{"_1 = __torch__.torch.nn.functional.relu(x)", nil},
		{"y = self.ops.a.b(x)", nil},
		{"y = self.torch.relu(x)", nil},
		{"y = torch.jit.annotate(int, x)", nil},
		{"y = torch.relu", nil},
	} {
		called := make(map[string]bool)
		operatorsIn(c.code, called)
		assert.Equal(t, c.want, slices.Sorted(maps.Keys(called)), c.code)
	}
}

func TestMissingOperatorsAreToldApart(t *testing.T) {
	later := &MissingOperatorsError{Names: []string{"aten::later"}}
	assert.Contains(t, later.Error(), "later libtorch")
	assert.NotContains(t, later.Error(), "LoadOpLibrary")
	both := &MissingOperatorsError{Names: []string{"aten::later", "customlib::blur"}}
	assert.Contains(t, both.Error(), "later libtorch")
	assert.Contains(t, both.Error(), "LoadOpLibrary")
}

// TestKnownOperatorsAreNotMissing holds that of a file that loads, no operator is
// said to be missing.
func TestKnownOperatorsAreNotMissing(t *testing.T) {
	torchtest.Require(t)
	loaded := 0
	err := filepath.WalkDir(filepath.Join("..", "testdata"), func(path string, d fs.DirEntry, err error) error {
		switch {
		case err == nil && d.Name() == "crashes": // made to end the process
			return fs.SkipDir
		case err != nil || d.IsDir() || filepath.Ext(path) != ".pt":
			return err
		}
		m, err := Load(path)
		if err != nil {
			return nil
		}
		defer m.Close()
		f, err := checkpoint.Open(path)
		require.NoError(t, err)
		defer f.Close()
		assert.Empty(t, unknownOperators(f), path)
		loaded++
		return nil
	})
	require.NoError(t, err)
	assert.Greater(t, loaded, 30)
}
