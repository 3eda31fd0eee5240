package checkpoint

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/seed06459138/torchgo/torch/dtype"
)

// ReadNPY reads an npy file of version 1 to 3 into memory. Fortran order and
// big-endian elements come out row-major and little-endian. Arrays of objects,
// text or records are refused.
func ReadNPY(path string) (*Array, error) {
	src, err := openSource(path)
	if err != nil {
		return nil, err
	}
	var a *Array
	err = guard(src, func() (err error) {
		a, err = src.readNPY()
		return err
	})
	if err != nil {
		_ = src.close()
		return nil, locate(err, path, "")
	}
	return a, src.close()
}

// readNPY reads the whole source as one array, which it copies.
func (s *source) readNPY() (*Array, error) {
	h, err := s.npyHeader()
	if err != nil {
		return nil, err
	}
	raw, err := s.view(h.start, h.size)
	if err != nil {
		return nil, err
	}
	return newArray(h.element, h.shape, h.fortran, append(make([]byte, 0, len(raw)), raw...))
}

func (s *source) npyHeader() (npyHeader, error) {
	head, err := s.view(0, min(s.size, longestNPYHeader+12))
	if err != nil {
		return npyHeader{}, err
	}
	kind, err := sniff(s)
	if err == nil && kind != KindNPY {
		err = fail(ErrKind, "is %s, not an npy file", kind)
	}
	if err != nil {
		return npyHeader{}, err
	}
	return parseNPY(head, s.size)
}

// WriteNPY writes an array of row-major little-endian bytes as npy version 1,
// the same bytes for the same array. It replaces the file at once or not at all.
// Types that numpy lacks, such as bfloat16, are ErrUnsupported.
func WriteNPY(path string, element dtype.DType, shape []int64, raw []byte) error {
	header, err := npyHeaderBytes(element, shape, int64(len(raw)))
	if err != nil {
		return locate(err, path, "")
	}
	return writeFile(path, func(w *fileWriter) error {
		w.write(header)
		w.write(raw)
		return w.err
	})
}

// npyHeaderBytes returns the magic, the version and the header, padded so that
// the data is aligned to 64 bytes.
func npyHeaderBytes(element dtype.DType, shape []int64, size int64) ([]byte, error) {
	descr := numpyDescr(element)
	if descr == "" {
		return nil, fail(ErrUnsupported, "numpy has no %s; convert the tensor first, for example to float32", element)
	}
	numel, err := countElements(shape)
	if err != nil {
		return nil, err
	}
	if numel > math.MaxInt64/16 || numel*int64(element.Size()) != size {
		return nil, fail(ErrTensor, "shape %v of %s takes %d bytes, %d were given", shape, element, numel*int64(element.Size()), size)
	}
	dims := make([]string, len(shape))
	for i, n := range shape {
		dims[i] = strconv.FormatInt(n, 10)
	}
	tuple := strings.Join(dims, ", ")
	if len(dims) == 1 {
		tuple += ","
	}
	dict := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, tuple)
	const prefix, align = 10, 64
	total := (prefix + len(dict) + 1 + align - 1) / align * align
	header := make([]byte, 0, total)
	header = append(header, npyMagic...)
	header = append(header, 1, 0, byte(total-prefix), byte((total-prefix)>>8))
	header = append(header, dict...)
	for len(header) < total-1 {
		header = append(header, ' ')
	}
	return append(header, '\n'), nil
}

// readNPY makes the one array of an npy file the value of the file. Arrays that
// are row-major and little-endian stay in the mapping.
func (f *File) readNPY() error {
	h, err := f.src.npyHeader()
	if err != nil {
		return err
	}
	if h.fortran || h.element.big {
		if h.size > f.settings.limit {
			return fail(ErrLimit, "reordering the array takes %d bytes, the limit is %d", h.size, f.settings.limit)
		}
		a, err := f.src.readNPY()
		if err != nil {
			return err
		}
		f.value, err = a.Tensor()
		return err
	}
	s := &Storage{device: "cpu", element: h.element.dtype, size: h.size, src: f.src, start: h.start}
	f.value, err = newView(s, h.element.dtype, h.shape, rowMajor(h.shape), 0, f.settings.limit)
	return err
}
