package checkpoint

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The fuzz targets start from the good and the hostile corpora. What they found
// is kept under testdata/fuzz.

// seed adds the files of both corpora whose format the target reads.
func seed(f *testing.F, formats ...string) {
	f.Helper()
	for _, c := range []corpus{goodCorpus(f), hostileCorpus(f)} {
		for _, file := range c.Files {
			if !strings.Contains(strings.Join(formats, " "), file.Format) {
				continue
			}
			raw, err := os.ReadFile(filepath.Join(c.Dir, file.Name))
			require.NoError(f, err)
			if len(raw) <= 1<<17 {
				f.Add(raw)
			}
		}
	}
}

// mostFuzzBytes bounds the copies that a fuzzed file may ask for.
const mostFuzzBytes = 32 << 20

// exercise opens bytes as a file and uses everything that opened. Whatever is
// in them, it must return: an error or values that can be walked and written.
func exercise(t *testing.T, raw []byte, options ...Option) {
	f, err := OpenReader("fuzz", bytes.NewReader(raw), int64(len(raw)), append(options, MemoryLimit(mostFuzzBytes))...)
	if err != nil {
		var format *FormatError
		require.ErrorAs(t, err, &format)
		return
	}
	_ = f.CheckCRC()
	_, _ = f.State("")
	_, _ = f.Checkpoint()
	_, _ = f.ScriptTensors()
	_ = visit(f.Value(), func(v Value, _ int) error {
		for _, inner := range everyTensor(v) {
			if data, err := inner.Bytes(); err == nil {
				require.Len(t, data, int(inner.ByteSize()))
			}
		}
		return nil
	})
	var out bytes.Buffer
	if err := SaveTo(&out, f.Value()); err == nil && f.Kind() != KindScript {
		again, err := OpenReader("again", bytes.NewReader(out.Bytes()), int64(out.Len()))
		require.NoError(t, err, "what was written must be readable")
		require.NoError(t, again.CheckCRC())
		var second bytes.Buffer
		require.NoError(t, SaveTo(&second, again.Value()))
		require.Equal(t, out.Bytes(), second.Bytes(), "writing again must not change the file")
	}
	require.NoError(t, f.Close())
}

// everyTensor returns the tensors that a container holds directly.
func everyTensor(v Value) []*Tensor {
	var out []*Tensor
	add := func(v Value) {
		if t, ok := v.(*Tensor); ok {
			out = append(out, t)
		}
	}
	switch v := v.(type) {
	case *List:
		for _, item := range v.Items {
			add(item)
		}
	case *Tuple:
		for _, item := range v.Items {
			add(item)
		}
	case *Dict:
		for _, item := range v.All() {
			add(item)
		}
	}
	return out
}

func FuzzOpen(f *testing.F) {
	seed(f, "torch-zip torchscript npz")
	f.Fuzz(func(t *testing.T, raw []byte) { exercise(t, raw) })
}

func FuzzLegacy(f *testing.F) {
	seed(f, "torch-legacy")
	f.Fuzz(func(t *testing.T, raw []byte) { exercise(t, raw, Inert()) })
}

func FuzzSafetensors(f *testing.F) {
	seed(f, "safetensors")
	f.Fuzz(func(t *testing.T, raw []byte) { exercise(t, raw) })
}

func FuzzNPY(f *testing.F) {
	seed(f, "npy")
	f.Fuzz(func(t *testing.T, raw []byte) { exercise(t, raw) })
}

// FuzzPickle puts bytes as data.pkl into an archive that is right otherwise, so
// that checksums do not stand in the way.
func FuzzPickle(f *testing.F) {
	for _, c := range []corpus{goodCorpus(f), hostileCorpus(f)} {
		for _, file := range c.Files {
			if file.Format != "torch-zip" && file.Format != "torchscript" {
				continue
			}
			if data := pickleOf(filepath.Join(c.Dir, file.Name)); len(data) > 0 && len(data) <= 1<<16 {
				f.Add(data, false)
				f.Add(data, true)
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, script bool) {
		exercise(t, wrapPickle(t, data, script), Inert())
		exercise(t, wrapPickle(t, data, script), WeightsOnly())
	})
}

// pickleOf returns the data.pkl of a file, nil when it has no readable one.
func pickleOf(path string) []byte {
	src, err := openSource(path)
	if err != nil {
		return nil
	}
	defer func() { _ = src.close() }()
	z, err := readZip(src)
	if err != nil || z.enterRoot() != nil || z.inRoot("data.pkl") == nil {
		return nil
	}
	data, err := z.content(z.inRoot("data.pkl"))
	if err != nil {
		return nil
	}
	return bytes.Clone(data)
}

// wrapPickle makes a torch archive, or with script a TorchScript one, whose
// storages "0" to "2" have 16, 32 and 4 bytes.
func wrapPickle(t testing.TB, data []byte, script bool) []byte {
	var out bytes.Buffer
	w := newFileWriter(&out)
	z := &zipWriter{to: w, root: "archive/", align: 64}
	require.NoError(t, z.bytes("data.pkl", data))
	if script {
		require.NoError(t, z.bytes("constants.pkl", []byte("\x80\x02).")))
	}
	require.NoError(t, z.bytes("byteorder", []byte("little")))
	for i, size := range []int{16, 32, 4} {
		require.NoError(t, z.bytes("data/"+string(rune('0'+i)), make([]byte, size)))
	}
	require.NoError(t, z.bytes("version", []byte("3\n")))
	require.NoError(t, z.finish())
	require.NoError(t, w.out.Flush())
	return out.Bytes()
}
