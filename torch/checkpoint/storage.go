package checkpoint

import (
	"fmt"
	"sync"
	"unsafe"
	"weak"

	"github.com/seed06459138/torchgo/torch/dtype"
)

// Storage is a run of bytes that one or more tensors view. Tensors that share
// memory in Python hold the same *Storage. It is safe for concurrent use.
type Storage struct {
	key     string
	device  string      // where the tensor lived when it was saved: only a label
	element dtype.DType // as the first mention of the storage in the pickle says
	size    int64       // bytes

	// Where the bytes are: in a record of a zip, at a place of a file, or here.
	src     *source
	archive *zipIndex
	record  *record
	start   int64
	swapped bool // big-endian

	plain []byte // handed in

	// What was inflated, read or swapped is shared by all who ask for it while any
	// of them has it, and then let go: a stream of tensors does not hold the file.
	mu    sync.Mutex
	read  weak.Pointer[byte]
	turns map[int]weak.Pointer[byte] // in little-endian, by the width that was swapped
}

// Key returns the name under which the file keeps the storage.
func (s *Storage) Key() string { return s.key }

// Size returns its bytes.
func (s *Storage) Size() int64 { return s.size }

// DType returns the element type of its class; Uint8 when it has none.
func (s *Storage) DType() dtype.DType { return s.element }

// Device returns the label of where it lived, such as "cuda:0".
func (s *Storage) Device() string { return s.device }

// Hold keeps the mapping valid beyond File.Close until release is called, for
// somebody who passes the bytes on, such as a tensor of libtorch. Bytes that lie
// in Go's heap are the garbage collector's: whoever passes them on must pin them.
func (s *Storage) Hold() (release func(), err error) {
	if s.src == nil {
		return func() {}, nil
	}
	return s.src.hold()
}

// Bytes returns the elements in little-endian order. They lie in the mapping
// where the file allows it, without a copy, and are then valid until File.Close.
// Writing to them changes what this process sees, never the file.
func (s *Storage) Bytes() ([]byte, error) { return s.inOrder(s.element) }

// raw returns the bytes as the file has them.
func (s *Storage) raw() ([]byte, error) {
	if s.src == nil {
		return s.plain, nil
	}
	mapped := s.src.data != nil && (s.record == nil || s.record.method == zipStored)
	if mapped {
		return s.src.view(s.start, s.size)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.src.isClosed() {
		return nil, fmt.Errorf("%s: %w", s.src.path, ErrClosed)
	}
	if data := kept(s.read, s.size); data != nil {
		return data, nil
	}
	var data []byte
	err := guard(s.src, func() (err error) {
		if s.record != nil {
			data, err = s.archive.content(s.record)
		} else {
			data, err = s.src.view(s.start, s.size)
		}
		return err
	})
	if err != nil {
		return nil, locate(err, s.src.path, "")
	}
	if len(data) > 0 {
		s.read = weak.Make(unsafe.SliceData(data))
	}
	return data, nil
}

// kept gives the bytes behind a weak pointer, nil when they are gone.
func kept(p weak.Pointer[byte], size int64) []byte {
	first := p.Value()
	if first == nil {
		return nil
	}
	return unsafe.Slice(first, size)
}

// inOrder returns the bytes in little-endian order for elements of this type.
func (s *Storage) inOrder(element dtype.DType) ([]byte, error) {
	data, err := s.raw()
	if err != nil || !s.swapped {
		return data, err
	}
	width := swapWidth(element)
	if width < 2 {
		return data, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if turned := kept(s.turns[width], s.size); turned != nil {
		return turned, nil
	}
	turned := make([]byte, len(data))
	err = guard(s.src, func() error {
		swapInto(turned, data, width)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if s.turns == nil {
		s.turns = make(map[int]weak.Pointer[byte], 1)
	}
	if len(turned) > 0 {
		s.turns[width] = weak.Make(unsafe.SliceData(turned))
	}
	return turned, nil
}

// swapWidth returns the bytes that change places: a complex number swaps each of
// its halves.
func swapWidth(element dtype.DType) int {
	if element.IsComplex() {
		return element.Size() / 2
	}
	return element.Size()
}

// swapInto reverses every group of width bytes of from; a ragged end is copied.
func swapInto(to, from []byte, width int) {
	whole := len(from) / width * width
	for at := 0; at < whole; at += width {
		for i := range width {
			to[at+i] = from[at+width-1-i]
		}
	}
	copy(to[whole:], from[whole:])
}
