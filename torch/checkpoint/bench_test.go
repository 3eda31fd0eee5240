package checkpoint

import (
	"bytes"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// benchFile saves a state_dict of so many float32 tensors of so many elements.
func benchFile(b *testing.B, tensors, elements int) string {
	b.Helper()
	s := NewState()
	for i := range tensors {
		t, err := NewTensor(make([]float32, elements), int64(elements))
		require.NoError(b, err)
		require.NoError(b, s.Add(fmt.Sprintf("layers.%d.weight", i), t))
	}
	path := filepath.Join(b.TempDir(), "bench.pt")
	require.NoError(b, Save(path, s.Dict()))
	return path
}

func benchOpen(b *testing.B, tensors, elements int) {
	path := benchFile(b, tensors, elements)
	b.ReportAllocs()
	for b.Loop() {
		f, err := Open(path)
		if err != nil {
			b.Fatal(err)
		}
		if s, err := f.State(""); err != nil || s.Len() != tensors {
			b.Fatal(err)
		}
		if err := f.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// The ratios to torch.load are measured by bench/checkpoint.

func BenchmarkOpen500MB(b *testing.B)        { benchOpen(b, 500, 250_000) }
func BenchmarkOpen20000Tensors(b *testing.B) { benchOpen(b, 20_000, 64) }

func BenchmarkCheckCRC(b *testing.B) {
	f, err := Open(benchFile(b, 100, 1<<18))
	require.NoError(b, err)
	defer func() { require.NoError(b, f.Close()) }()
	b.SetBytes(f.Size())
	for b.Loop() {
		if err := f.CheckCRC(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSaveTo(b *testing.B) {
	f, err := Open(benchFile(b, 100, 1<<16))
	require.NoError(b, err)
	defer func() { require.NoError(b, f.Close()) }()
	var out bytes.Buffer
	b.SetBytes(f.Size())
	b.ReportAllocs()
	for b.Loop() {
		out.Reset()
		if err := SaveTo(&out, f.Value()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGather(b *testing.B) {
	t, err := NewTensor(make([]float32, 1<<20), 1<<10, 1<<10)
	require.NoError(b, err)
	turned := *t
	turned.strides = []int64{1, 1 << 10}
	b.SetBytes(t.ByteSize())
	for b.Loop() {
		if _, err := turned.Bytes(); err != nil {
			b.Fatal(err)
		}
	}
}
