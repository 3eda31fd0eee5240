package data

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/torch/dtype"
)

func written(t *testing.T, name string, data []byte) string {
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, data, 0o666))
	return path
}

func packed(t testing.TB, data []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write(data)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return out.Bytes()
}

var digits = []byte{0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 255}

func TestReadIDX(t *testing.T) {
	torchtest.Require(t)
	for name, data := range map[string][]byte{"plain": digits, "gzip": packed(t, digits)} {
		t.Run(name, func(t *testing.T) {
			x, err := ReadIDX(written(t, "images", data))
			require.NoError(t, err)
			defer x.Close()
			assert.Equal(t, []int64{2, 1, 2}, x.Shape())
			values, err := torch.Slice[uint8](x)
			require.NoError(t, err)
			assert.Equal(t, []uint8{1, 2, 3, 255}, values)
		})
	}
	x, err := ReadIDX(written(t, "shorts", []byte{0, 0, 0x0b, 1, 0, 0, 0, 2, 0x01, 0x02, 0xff, 0xfe}))
	require.NoError(t, err)
	defer x.Close()
	values, err := torch.Slice[int16](x)
	require.NoError(t, err)
	assert.Equal(t, []int16{258, -2}, values)
}

func TestReadMNIST(t *testing.T) {
	torchtest.Require(t)
	dir := t.TempDir()
	write := func(name string, data []byte) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, 0o666))
	}
	write("train-images-idx3-ubyte", digits)
	_, err := ReadMNIST(dir, "train")
	require.ErrorIs(t, err, os.ErrNotExist)
	assert.ErrorContains(t, err, "train-labels-idx1-ubyte: cannot be read: no such file or directory; give the folder")
	write("train-labels-idx1-ubyte.gz", packed(t, []byte{0, 0, 8, 1, 0, 0, 0, 2, 7, 9}))
	d, err := ReadMNIST(dir, "train")
	require.NoError(t, err)
	defer d.Close()
	assert.Equal(t, 2, d.Len())
	labels, err := torch.Slice[int64](d.Y)
	require.NoError(t, err)
	assert.Equal(t, []int64{7, 9}, labels)
}

func TestBadIDX(t *testing.T) {
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"empty":         {nil, "its head is cut off"},
		"another file":  {[]byte("PK\x03\x04more"), "it begins with 50 4b 03 04"},
		"unknown type":  {[]byte{0, 0, 7, 1, 0, 0, 0, 0}, "it begins with"},
		"no sizes":      {digits[:9], "its sizes are cut off"},
		"cut off":       {digits[:len(digits)-1], "it holds 3 bytes of elements, not the 4 of [2 1 2]"},
		"too long":      {append(bytes.Clone(digits), 0), "more follows"},
		"wild sizes":    {[]byte{0, 0, 8, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}, "more than 4 GiB"},
		"large promise": {[]byte{0, 0, 8, 1, 255, 255, 255, 255, 1}, "it holds 1 bytes"},
		"broken gzip":   {packed(t, digits)[:20], "unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ReadIDX(written(t, "images", c.data))
			assert.ErrorContains(t, err, c.want)
			assert.ErrorContains(t, err, "train-images")
		})
	}
	_, err := ReadIDX(filepath.Join(t.TempDir(), "nowhere"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func FuzzIDX(f *testing.F) {
	f.Add(digits)
	f.Add(packed(f, digits))
	f.Fuzz(func(t *testing.T, data []byte) {
		element, shape, elements, err := readIDX(bytes.NewReader(data))
		if err != nil {
			return
		}
		n := int64(element.Size())
		for _, size := range shape {
			n *= size
		}
		assert.Equal(t, n, int64(len(elements)))
	})
}

func TestReadTable(t *testing.T) {
	torchtest.Require(t)
	for name, text := range map[string]string{"heading": "a,b\n1,2\n3,4.5\n", "none": "1,2\n3,4.5", "spaces": "1, \"2\"\n3 ,\t4.5\r\n", "a spreadsheet's": "\ufeff1,2\n3,4.5\n", "its heading": "\ufeffa,b\n1,2\n3,4.5\n"} {
		t.Run(name, func(t *testing.T) {
			x, err := ReadTable(written(t, "t.csv", []byte(text)))
			require.NoError(t, err)
			defer x.Close()
			assert.Equal(t, []int64{2, 2}, x.Shape())
			values, err := torch.Slice[float32](x)
			require.NoError(t, err)
			assert.Equal(t, []float32{1, 2, 3, 4.5}, values)
		})
	}
}

func TestBadTables(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"empty":        {"", "it has no rows"},
		"heading only": {"a,b\n", "it has no rows"},
		"no number":    {"a,b\n1,2\n3,x\n", `line 3, column 2: "x" is no number`},
		"first row":    {"1,x\n3,4\n", `line 1, column 2: "x" is no number`},
		"a gap":        {"1,\n3,4\n", `line 1, column 2: "" is no number`},
		"too large":    {"1e40\n", `line 1, column 1: "1e40" is no number that fits float32`},
		"uneven":       {"1,2\n3\n", "wrong number of fields"},
		"semicolons":   {"1;2\n3;4\n", "line 2, column 1: \"3;4\" is no number that fits float32; give the same number of numbers in each line, with commas"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ReadTable(written(t, "t.csv", []byte(c.text)))
			assert.ErrorContains(t, err, c.want)
		})
	}
	path := filepath.Join(t.TempDir(), "c.npy")
	require.NoError(t, checkpoint.WriteNPY(path, dtype.Complex64, []int64{1, 1}, make([]byte, 8)))
	_, err := ReadTable(path)
	assert.ErrorContains(t, err, "no real numbers")
	_, err = ReadTable(filepath.Join(t.TempDir(), "nowhere.csv"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}
