package checkpoint

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/torch/dtype"
)

func TestCloseAndHold(t *testing.T) {
	f, err := Open(filepath.Join("testdata", "good", "views.pt"))
	require.NoError(t, err)
	state, err := f.State("")
	require.NoError(t, err)
	base, _ := state.Tensor("base")
	row, _ := state.Tensor("row")
	same, _ := state.Tensor("same")
	assert.Same(t, base, same)
	assert.Same(t, base.Storage(), row.Storage())
	release, err := base.Storage().Hold()
	require.NoError(t, err)
	data, err := base.Bytes()
	require.NoError(t, err)
	before := bytes.Clone(data)
	require.NoError(t, f.Close())
	require.NoError(t, f.Close(), "closing again does nothing")
	assert.Equal(t, before, data, "held memory stays")
	_, err = base.Bytes()
	assert.ErrorIs(t, err, ErrClosed)
	_, err = f.SHA256()
	assert.ErrorIs(t, err, ErrClosed)
	assert.ErrorIs(t, f.CheckCRC(), ErrClosed)
	_, err = base.Storage().Hold()
	assert.ErrorIs(t, err, ErrClosed)
	release()
	release()
}

func TestWritesStayPrivate(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("testdata", "good", "state_dict.pt"))
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "x.pt")
	require.NoError(t, os.WriteFile(path, raw, 0o600))
	f, err := Open(path)
	require.NoError(t, err)
	state, err := f.State("")
	require.NoError(t, err)
	w, _ := state.Tensor("fc.weight")
	values, err := Slice[float32](w)
	require.NoError(t, err)
	values[0] = 42
	again, err := Slice[float32](w)
	require.NoError(t, err)
	assert.Equal(t, float32(42), again[0])
	require.NoError(t, f.Close())
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, raw, after)
	_, err = Slice[float64](w)
	assert.ErrorIs(t, err, ErrTensor)
}

// TestEveryFlippedByte flips each byte of a file: it is refused, or its
// checksums are, or it reads to the very same values.
func TestEveryFlippedByte(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("testdata", "good", "zip_renamed_root.pt"))
	require.NoError(t, err)
	tag := func(raw []byte) (any, error) {
		f, err := OpenReader("x.pt", bytes.NewReader(raw), int64(len(raw)))
		if err != nil {
			return nil, err
		}
		if err := f.CheckCRC(); err != nil {
			return nil, err
		}
		g := newTagger()
		v := g.tag(f.Value(), "$")
		return []any{v, g.tensors}, g.err
	}
	want, err := tag(raw)
	require.NoError(t, err)
	refused, same := 0, 0
	for i := range raw {
		flipped := bytes.Clone(raw)
		flipped[i] ^= 0x10
		got, err := tag(flipped)
		if err != nil {
			refused++
			continue
		}
		same++
		require.Equal(t, want, got, "byte %d", i)
	}
	assert.Greater(t, refused, 500)
	t.Logf("%d refused, %d in padding and dates", refused, same)
}

func TestCRCNamesTheRecord(t *testing.T) {
	path := filepath.Join("testdata", "good", "state_dict.pt")
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	f, err := Open(path)
	require.NoError(t, err)
	state, err := f.State("")
	require.NoError(t, err)
	w, _ := state.Tensor("bn.bias")
	at, record := w.Storage().start, w.Storage().record.name
	require.NoError(t, f.CheckCRC())
	require.NoError(t, f.Close())
	raw[at] ^= 1
	damaged := filepath.Join(t.TempDir(), "x.pt")
	require.NoError(t, os.WriteFile(damaged, raw, 0o600))
	f, err = Open(damaged)
	require.NoError(t, err, "storages are not read before they are asked for")
	defer func() { assert.NoError(t, f.Close()) }()
	err = f.CheckCRC()
	require.ErrorIs(t, err, ErrCRC)
	var format *FormatError
	require.ErrorAs(t, err, &format)
	assert.Equal(t, damaged, format.Path)
	assert.Equal(t, record, format.Record)
}

// TestShortenedWhileMapped would die of SIGBUS if the fault were not caught.
func TestShortenedWhileMapped(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.pt")
	require.NoError(t, Save(path, stateOf(t, NamedTensor{"w", tensorOf(t, make([]float32, 1<<18), 1<<18)}).Dict()))
	f, err := Open(path)
	require.NoError(t, err)
	defer func() { assert.NoError(t, f.Close()) }()
	require.NoError(t, os.Truncate(path, 1<<12))
	assert.ErrorIs(t, f.CheckCRC(), ErrTruncated)
	_, err = f.SHA256()
	assert.ErrorIs(t, err, ErrTruncated)
	state, err := f.State("")
	require.NoError(t, err)
	_, err = state.Hash()
	assert.ErrorIs(t, err, ErrTruncated)
	_, err = state.Load()
	assert.ErrorIs(t, err, ErrTruncated)
	assert.ErrorIs(t, Save(filepath.Join(t.TempDir(), "y.pt"), f.Value()), ErrTruncated)
}

func TestConcurrentReading(t *testing.T) {
	for _, name := range []string{"big_endian.pt", "zip_deflated.pt", "views.pt"} {
		f, err := Open(filepath.Join("testdata", "good", name))
		require.NoError(t, err)
		state, err := f.State("")
		require.NoError(t, err)
		want, err := state.Hash()
		require.NoError(t, err)
		again, err := Open(f.Path())
		require.NoError(t, err)
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				state, err := again.State("")
				if !assert.NoError(t, err) {
					return
				}
				got, err := state.Hash()
				assert.NoError(t, err)
				assert.Equal(t, want, got)
				assert.NoError(t, again.CheckCRC())
			})
		}
		group.Wait()
		require.NoError(t, f.Close())
		require.NoError(t, again.Close())
	}
}

func TestLoadOutlivesTheFile(t *testing.T) {
	for _, name := range []string{"views.pt", "big_endian.pt", "strided.pt"} {
		f, err := Open(filepath.Join("testdata", "good", name))
		require.NoError(t, err)
		state, err := f.State("")
		require.NoError(t, err)
		want, err := state.Hash()
		require.NoError(t, err)
		loaded, err := state.Load()
		require.NoError(t, err)
		require.NoError(t, f.Close())
		got, err := loaded.Hash()
		require.NoError(t, err)
		assert.Equal(t, want, got, name)
	}
}

func TestSniff(t *testing.T) {
	folder := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	good := func(name string) string { return filepath.Join("testdata", "good", name) }
	tests := map[string]Kind{
		good("state_dict.pt"): KindTorch, good("ts_traced.pt"): KindScript, good("legacy_dtypes.pt"): KindLegacy,
		good("basic.safetensors"): KindSafetensors, good("npy_f4.npy"): KindNPY, good("npz_stored.npz"): KindNPZ,
		good("whole_module.pt"): KindModule, good("legacy_tar.pt"): KindTar, good("npy_struct.npy"): KindNPY,
		good("subclass.pt"): KindTorch,
		folder:              KindFolder, filepath.Join(folder, "missing"): KindMissing,
		write("empty", ""): KindEmpty,
		write("m.onnx", "\x08\x08\x12\x07pytorch\x1a\x052.15.0"):     KindONNX,
		write("m.h5", "\x89HDF\r\n\x1a\n\x00\x00"):                   KindHDF5,
		write("m.gguf", "GGUF\x03\x00\x00\x00"):                      KindGGUF,
		write("m.gz", "\x1f\x8b\x08\x00"):                            KindGzip,
		write("lfs", "version https://git-lfs.github.com/spec/v1\n"): KindText,
		write("p.pkl", "\x80\x04N."):                                 KindPickle,
		write("junk", "\x00\x01\x02\xff\xfe"):                        KindUnknown,
	}
	for path, want := range tests {
		assert.Equal(t, want, Sniff(path), path)
		kind, err := Describe(path)
		assert.Equal(t, want, kind, path)
		if !want.Readable() {
			require.Error(t, err, path)
		}
	}
	_, err := Describe(good("whole_module.pt"))
	assert.ErrorContains(t, err, "goodmod.Net")
	assert.ErrorContains(t, err, "state_dict")
	assert.Equal(t, "TorchScript archive", KindScript.String())
	assert.Equal(t, "unknown format", Kind(200).String())
}

// TestReaderAndMappingAgree reads every good file both ways.
func TestReaderAndMappingAgree(t *testing.T) {
	c := goodCorpus(t)
	for _, file := range c.Files {
		path := filepath.Join(c.Dir, file.Name)
		mapped, err := Open(path, Inert())
		if err != nil {
			continue
		}
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		read, err := OpenReader(file.Name, bytes.NewReader(raw), int64(len(raw)), Inert())
		require.NoError(t, err, file.Name)
		a, b := newTagger(), newTagger()
		if mapped.Kind() != KindScript {
			assert.Equal(t, a.tag(mapped.Value(), "$"), b.tag(read.Value(), "$"), file.Name)
			assert.Equal(t, a.tensors, b.tensors, file.Name)
		}
		require.NoError(t, read.CheckCRC())
		first, err := mapped.SHA256()
		require.NoError(t, err)
		second, err := read.SHA256()
		require.NoError(t, err)
		assert.Equal(t, first, second)
		require.NoError(t, errors.Join(mapped.Close(), read.Close()))
	}
}

func TestMemoryLimit(t *testing.T) {
	wide := *tensorOf(t, []float32{1}, 1)
	wide.shape, wide.strides, wide.numel = []int64{1 << 30}, []int64{0}, 1<<30
	f := openValue(t, "x.pt", NewDict(Entry{String("w"), &wide}))
	state, err := f.State("")
	require.NoError(t, err)
	w, _ := state.Tensor("w")
	_, err = w.Bytes()
	assert.ErrorIs(t, err, ErrLimit)
	_, err = TensorFromBytes(dtype.Float32, []int64{3}, make([]byte, 8))
	assert.ErrorIs(t, err, ErrTensor)
}

// killedPath is set in the child of TestKilledWhileSaving.
const killedPath = "CHECKPOINT_TEST_SAVE_TO"

// TestKilledWhileSaving kills a process that saves over a file again and again.
// Each time the file must be whole and all of one save.
func TestKilledWhileSaving(t *testing.T) {
	if path := os.Getenv(killedPath); path != "" {
		saveForever(t, path)
	}
	if testing.Short() {
		t.Skip("takes seconds")
	}
	path := filepath.Join(t.TempDir(), "x.pt")
	require.NoError(t, Save(path, uniform(t, 0)))
	seen := map[float32]bool{}
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 200 {
		child := exec.Command(os.Args[0], "-test.run", "^TestKilledWhileSaving$")
		child.Env = append(os.Environ(), killedPath+"="+path)
		out, err := child.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, child.Start())
		for range 1 + i%3 { // it is about to save for the first, second or third time
			_, err = out.Read(make([]byte, 1))
			require.NoError(t, err)
		}
		time.Sleep(time.Duration(random.IntN(20_000)) * time.Microsecond)
		require.NoError(t, child.Process.Kill())
		_ = child.Wait() // it was killed

		f, err := Open(path)
		require.NoError(t, err)
		require.NoError(t, f.CheckCRC())
		state, err := f.State("")
		require.NoError(t, err)
		require.Equal(t, 4, state.Len())
		var all []float32
		for _, name := range state.Names() {
			w, _ := state.Tensor(name)
			values, err := Slice[float32](w)
			require.NoError(t, err)
			all = append(all, values...)
		}
		for _, v := range all {
			if v != all[0] {
				require.Equal(t, all[0], v, "the file mixes two saves")
			}
		}
		seen[all[0]] = true
		require.NoError(t, f.Close())
	}
	assert.GreaterOrEqual(t, len(seen), 2, "saves did go through between the kills")
}

// uniform is a state_dict of which every element is v.
func uniform(t testing.TB, v float32) Value {
	s := NewState()
	for i := range 4 {
		data := make([]float32, 1<<16)
		for j := range data {
			data[j] = v
		}
		require.NoError(t, s.Add(fmt.Sprintf("w%d", i), tensorOf(t, data, 1<<16)))
	}
	return s.Dict()
}

func saveForever(t *testing.T, path string) {
	for i := range 1 << 20 {
		if _, err := os.Stdout.WriteString("s"); err != nil {
			t.Fatal(err)
		}
		if err := Save(path, uniform(t, float32(i+1))); err != nil {
			t.Fatal(err)
		}
	}
}
