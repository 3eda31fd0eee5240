package onnx

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseModel(t *testing.T) {
	for _, c := range []struct {
		file, inputs, outputs, opsets string
	}{
		{"mixed.onnx", "(ids int64 [batch, 3], mask bool [batch, 3], x float32 [batch, 4])",
			"(scores float32 [batch, 4], best int64 [batch], unseen bool [batch, 3], mean float32 [])", "20"},
		{"opset7.onnx", "(x float32 [batch, 2])", "(y float32 [batch, 2])", "7"},
		{"no_operator.onnx", "(x float32 [2])", "(y float32 [2])", "21, of 1"},
		{"casts.onnx", "(n int64 [], x float32 of any shape)",
			"(twice int64 [], brain bfloat16 of any shape, half float16 of any shape, eighth float8_e4m3fn of any shape, text text [], byte uint8 of any shape)", "21"},
	} {
		t.Run(c.file, func(t *testing.T) {
			file, err := os.ReadFile(filepath.Join("testdata", c.file))
			require.NoError(t, err)
			m, err := parseModel(file)
			require.NoError(t, err)
			assert.Equal(t, c.inputs, signature(m.inputs))
			assert.Equal(t, c.outputs, signature(m.outputs))
			assert.Equal(t, c.opsets, m.opsetText())

			// What fetch adds is part of the model when it follows it.
			suffix, names := m.fetch()
			more, err := parseModel(append(file, suffix...))
			require.NoError(t, err)
			require.Len(t, more.outputs, 3*len(m.outputs))
			for i, name := range names {
				assert.Equal(t, name, more.outputs[len(m.outputs)+i].name)
			}
		})
	}
}

func FuzzParseModel(f *testing.F) {
	files, err := filepath.Glob("testdata/*.onnx")
	require.NoError(f, err)
	for _, name := range files {
		file, err := os.ReadFile(name)
		require.NoError(f, err)
		f.Add(file)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		m, err := parseModel(file)
		if err != nil {
			return
		}
		// A model that was understood is understood with what is put behind it.
		suffix, names := m.fetch()
		more, err := parseModel(append(file, suffix...))
		require.NoError(t, err)
		assert.Len(t, more.outputs, len(m.outputs)+len(names))
		_ = signature(m.inputs) + m.opsetText()
	})
}
