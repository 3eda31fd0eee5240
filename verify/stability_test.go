package verify

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/torch/dtype"
)

// TestABufferThatACallWritesIsNamed: the first calls agree, the later ones differ
// as they should.
func TestABufferThatACallWritesIsNamed(t *testing.T) {
	torchtest.Require(t)
	file := func(name string) string { return filepath.Join("..", "testdata", "zoo", "buffer_written", name) }
	r, err := Run(t.Context(), Spec{Scripted: file("scripted.pt"), State: file("state.pt"), Expected: file("expected.npy"), Inputs: []string{file("x.npy")}})
	require.NoError(t, err)
	assert.Equal(t, Consistent, r.Verdict, r.Summary)
	var said []Finding
	for _, f := range r.Findings {
		if f.Code == BufferMutated {
			said = append(said, f)
		}
	}
	require.Len(t, said, 1)
	assert.Contains(t, said[0].Text, "writes ")
	assert.False(t, r.Legs[1].Runs[1].Same, "the second call counts on")
}

// compiledSpec checks a module of this source against itself, on ones of [2, 3].
func compiledSpec(t *testing.T, source string) Spec {
	t.Helper()
	torchtest.Require(t)
	m, err := jit.Compile(source)
	require.NoError(t, err)
	defer m.Close()
	dir := t.TempDir()
	model, input := filepath.Join(dir, "m.pt"), filepath.Join(dir, "x.npy")
	require.NoError(t, m.Save(model))
	one := []byte{0, 0, 0x80, 0x3f}
	var data []byte
	for range 6 {
		data = append(data, one...)
	}
	require.NoError(t, checkpoint.WriteNPY(input, dtype.Float32, []int64{2, 3}, data))
	return Spec{Scripted: model, Inputs: []string{input}, Legs: []LegSpec{{Name: "other", Kind: "traced", File: model}}}
}

func TestEachLegRunsOften(t *testing.T) {
	spec := compiledSpec(t, "def forward(self, x: Tensor) -> Tensor:\n    return torch.tanh(x) * 2 + x\n")
	r, err := Run(t.Context(), spec)
	require.NoError(t, err)
	assert.Equal(t, Consistent, r.Verdict, r.Summary)
	for _, l := range r.Legs {
		var modes []string
		for _, run := range l.Runs {
			modes = append(modes, run.Mode)
			assert.True(t, run.Same)
		}
		assert.Equal(t, []string{"first", "repeated", "repeated", "repeated", "unoptimized"}, modes)
	}
	spec.Runs = 1
	r, err = Run(t.Context(), spec)
	require.NoError(t, err)
	assert.Len(t, r.Legs[0].Runs, 2)
	spec.Runs = -1
	_, err = Run(t.Context(), spec)
	assert.ErrorContains(t, err, "-1 runs")
}

func TestDropoutLeftOnIsUnstable(t *testing.T) {
	spec := compiledSpec(t, "def forward(self, x: Tensor) -> Tensor:\n    return torch.dropout(x, 0.5, True)\n")
	r, err := Run(t.Context(), spec)
	require.NoError(t, err)
	assert.Equal(t, Unstable, r.Verdict, r.Summary)
	assert.Equal(t, 2, r.ExitCode())
	require.NotEmpty(t, r.Findings)
	assert.Equal(t, RunsDiffer, r.Findings[0].Code)
	assert.Contains(t, r.Findings[0].Remedy, "the code calls dropout")
	assert.False(t, r.Legs[0].Runs[1].Same && r.Legs[0].Runs[2].Same && r.Legs[0].Runs[3].Same)
}

func TestOtherRandomNumbersAreNamed(t *testing.T) {
	spec := compiledSpec(t, "def forward(self, x: Tensor) -> Tensor:\n    return x + torch.randn_like(x)\n")
	r, err := Run(t.Context(), spec)
	require.NoError(t, err)
	assert.Equal(t, Unstable, r.Verdict, r.Summary)
	assert.Contains(t, r.Findings[0].Remedy, "randn_like, which draws random numbers")
}
