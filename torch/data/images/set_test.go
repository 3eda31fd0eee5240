package images

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/data"
)

func encoded(t *testing.T, m image.Image) []byte {
	var out bytes.Buffer
	require.NoError(t, png.Encode(&out, m))
	return out.Bytes()
}

// files are those of a small set, in another order than that of their names.
func files(t *testing.T) (names []string, contents map[string][]byte) {
	contents = map[string][]byte{
		"dog/b.png": encoded(t, numbered(4, 3)), "dog/a.PNG": encoded(t, numbered(2, 3)), "cat/deep/c.png": encoded(t, numbered(3, 3)), "cat/notes.txt": []byte("no image"),
	}
	return []string{"dog/b.png", "cat/notes.txt", "cat/deep/c.png", "dog/a.PNG"}, contents
}

func folder(t *testing.T) string {
	root := t.TempDir()
	names, contents := files(t)
	for _, name := range names {
		path := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
		require.NoError(t, os.WriteFile(path, contents[name], 0o666))
	}
	return root
}

func archive(t *testing.T) []byte {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	names, contents := files(t)
	for _, name := range names {
		require.NoError(t, w.WriteHeader(&tar.Header{Name: "./set/" + name, Mode: 0o644, Size: int64(len(contents[name]))}))
		_, err := w.Write(contents[name])
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return out.Bytes()
}

func written(t *testing.T, name string, data []byte) string {
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, data, 0o666))
	return path
}

func packed(t *testing.T, data []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write(data)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return out.Bytes()
}

func TestOpen(t *testing.T) {
	for name, c := range map[string]struct {
		path   string
		first  string
		labels []string
	}{
		"folder":     {folder(t), "cat/deep/c.png", []string{"cat", "dog", "dog"}},
		"archive":    {written(t, "set.tar", archive(t)), "set/cat/deep/c.png", []string{"deep", "dog", "dog"}},
		"compressed": {written(t, "set.tgz", packed(t, archive(t))), "set/cat/deep/c.png", []string{"deep", "dog", "dog"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := Open(c.path)
			require.NoError(t, err)
			defer s.Close()
			var labels []string
			for i := range s.Len() {
				labels = append(labels, s.Classes[s.Label(i)])
			}
			assert.Equal(t, c.labels, labels)
			assert.Equal(t, c.first, s.Name(0))
			for i, width := range []int{3, 2, 4} {
				m, err := s.Image(i)
				require.NoError(t, err)
				assert.Equal(t, reds(numbered(width, 3)), reds(m), s.Name(i))
			}
		})
	}
}

func TestBadSets(t *testing.T) {
	empty := folder(t)
	require.NoError(t, os.Mkdir(filepath.Join(empty, "eel"), 0o777))
	var flat bytes.Buffer
	w := tar.NewWriter(&flat)
	require.NoError(t, w.WriteHeader(&tar.Header{Name: "a.png", Size: 1}))
	_, err := w.Write([]byte{0})
	require.NoError(t, err)
	require.NoError(t, w.Close())
	for name, c := range map[string]struct{ path, want string }{
		"nowhere":           {filepath.Join(t.TempDir(), "x"), "cannot be read"},
		"a class of none":   {empty, "the class eel has none"},
		"empty":             {t.TempDir(), "there are no images in it"},
		"no archive":        {written(t, "x.tar", []byte("PK\x03\x04")), "it is no tar archive, neither as it is nor compressed by gzip"},
		"no class":          {written(t, "x.tar", flat.Bytes()), "a.png is in no folder"},
		"cut off":           {written(t, "x.tar", archive(t)[:550]), "cut off"},
		"cut off, unpacked": {written(t, "x.tgz", packed(t, archive(t)[:550])), "unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Open(c.path)
			assert.ErrorContains(t, err, c.want)
		})
	}
}

// TestLinks has a class and an image that are links, which a set without them would
// number otherwise, and a link to what it lies in.
func TestLinks(t *testing.T) {
	root, elsewhere := folder(t), folder(t)
	require.NoError(t, os.Symlink(filepath.Join(elsewhere, "dog"), filepath.Join(root, "bat")))
	require.NoError(t, os.Symlink(filepath.Join(elsewhere, "dog", "b.png"), filepath.Join(root, "cat", "z.png")))
	require.NoError(t, os.Symlink("..", filepath.Join(root, "cat", "deep", "loop")))
	require.NoError(t, os.WriteFile(filepath.Join(root, "cat", "._c.png"), []byte("of macOS"), 0o666))
	s, err := Open(root)
	require.NoError(t, err)
	assert.Equal(t, []string{"bat", "cat", "dog"}, s.Classes)
	var names []string
	for i := range s.Len() {
		names = append(names, s.Name(i))
		_, err := s.Image(i)
		assert.NoError(t, err)
	}
	assert.Equal(t, []string{"bat/a.PNG", "bat/b.png", "cat/deep/c.png", "cat/z.png", "dog/a.PNG", "dog/b.png"}, names)

	require.NoError(t, os.Symlink("nowhere", filepath.Join(root, "cat", "lost.png")))
	_, err = Open(root)
	assert.ErrorContains(t, err, "cat/lost.png: no such file")
}

func TestFiles(t *testing.T) {
	torchtest.Require(t)
	root := folder(t)
	one := written(t, "one.png", encoded(t, numbered(5, 3)))
	s, err := Files(one, filepath.Join(root, "dog"))
	require.NoError(t, err)
	defer s.Close()
	require.Equal(t, 3, s.Len())
	assert.Equal(t, []string{one, filepath.Join(root, "dog", "a.PNG")}, []string{s.Name(0), s.Name(1)})
	batch, err := (&Dataset{Set: s}).Batch(t.Context(), data.Request{Indices: []int{0}})
	require.NoError(t, err)
	defer batch.X.Close()
	defer batch.Y.Close()
	assert.Equal(t, []int64{1, 3, 3, 5}, batch.X.Shape())
	label, err := batch.Y.Item()
	require.NoError(t, err)
	assert.Equal(t, torch.Int(-1), label)

	require.NoError(t, os.Remove(one))
	_, err = s.Image(0)
	assert.EqualError(t, err, one+" is not an image that can be read: no such file or directory")
	_, err = Files(one)
	assert.ErrorIs(t, err, os.ErrNotExist)
	_, err = Files(root)
	assert.ErrorContains(t, err, "there are no images in it")
}

func TestDamagedImage(t *testing.T) {
	root := folder(t)
	require.NoError(t, os.WriteFile(filepath.Join(root, "dog", "a.PNG"), []byte("no png"), 0o666))
	s, err := Open(root)
	require.NoError(t, err)
	_, err = s.Image(1)
	assert.ErrorContains(t, err, "dog/a.PNG is not an image")

	large := encoded(t, numbered(4, 3))
	copy(large[16:], []byte{0, 1, 0, 0, 0, 1, 0, 0}) // 65536 × 65536, with a wrong checksum of it
	_, err = (&Set{samples: []sample{{name: "large", data: large}}}).Image(0)
	assert.Error(t, err)
}

// Decoders round in their own ways; colours that are not spread as PIL's are, or of
// another range, are off by more.
func TestColoursArePILs(t *testing.T) {
	for name, most := range map[string]int{"half.jpg": 3, "quarter.jpg": 3, "narrow.jpg": 3, "lossy.webp": 3, "palette.png": 0} {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join("testdata", name))
			require.NoError(t, err)
			got, err := (&Set{samples: []sample{{name: name, data: data}}}).Image(0)
			require.NoError(t, err)
			want := testImage(t, name+".png")
			require.Equal(t, want.Rect, got.Rect)
			for i := range want.Pix {
				require.InDelta(t, want.Pix[i], got.Pix[i], float64(most), "byte %d", i)
			}
		})
	}
}

func TestGrayIsPILs(t *testing.T) {
	m, want := testImage(t, "pattern.png"), testImage(t, "gray.png")
	got := (&Dataset{Gray: true}).append(nil, m)
	for i, v := range got {
		assert.Equal(t, float32(want.Pix[4*i])/255, v, "pixel %d", i)
	}
}

func TestDataset(t *testing.T) {
	torchtest.Require(t)
	s, err := Open(folder(t))
	require.NoError(t, err)
	d := &Dataset{Set: s, Transforms: []Transform{CenterCrop(2, 2)}, Mean: []float32{0.5, 0, 0}, Std: []float32{2, 1, 1}}
	loader, err := data.NewLoader(d, data.Options{Batch: 3})
	require.NoError(t, err)
	for batch, err := range loader.Epoch(t.Context(), 0) {
		require.NoError(t, err)
		assert.Equal(t, []int64{3, 3, 2, 2}, batch.X.Shape())
		labels, err := torch.Slice[int64](batch.Y)
		require.NoError(t, err)
		assert.Equal(t, []int64{0, 1, 1}, labels)
		x, err := torch.Slice[float32](batch.X)
		require.NoError(t, err)
		assert.Equal(t, []float32{(1.0/255 - 0.5) / 2, (2.0/255 - 0.5) / 2, (4.0/255 - 0.5) / 2, (5.0/255 - 0.5) / 2, 0, 0, 0, 0, 0, 0, 0, 0}, x[:12])
	}

	d.Transforms = nil
	_, err = d.Batch(t.Context(), data.Request{Indices: []int{0, 1}})
	assert.ErrorContains(t, err, "dog/a.PNG cannot be used: it is of (2,3) pixels, others of the batch of (3,3)")
	d.Std = nil
	_, err = d.Batch(t.Context(), data.Request{Indices: []int{0}})
	assert.ErrorContains(t, err, "give one of each")
}
