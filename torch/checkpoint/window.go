package checkpoint

// window reads small pieces of a file in rising order. Where the pieces lie far
// apart it reads them instead of touching the mapping: the fault for a page maps
// its neighbours too, which costs more than a read. The descriptor behind one
// record and the header of the next come in one read.
type window struct {
	src  *source
	buf  []byte // nil: the pieces lie close, look at the mapping
	at   int64
	size int64
}

// newWindow prepares to read so many pieces.
func newWindow(src *source, pieces int) *window {
	const far, room = 64 << 10, 512
	w := &window{src: src}
	if src.r != nil && (src.data == nil || src.size/int64(max(1, pieces)) >= far) {
		w.buf = make([]byte, room)
	}
	return w
}

// view returns n bytes at off, valid until the next view.
func (w *window) view(off, n int64) ([]byte, error) {
	if n > int64(len(w.buf)) || off < 0 || off > w.src.size-n {
		return w.src.view(off, n)
	}
	if off < w.at || off+n > w.at+w.size {
		w.at, w.size = off, min(int64(len(w.buf)), w.src.size-off)
		if got, err := w.src.r.ReadAt(w.buf[:w.size], off); int64(got) < w.size {
			w.size = 0
			return nil, &FormatError{Class: ErrTruncated, Msg: "its headers could not be read", Err: err}
		}
	}
	return w.buf[off-w.at : off-w.at+n], nil
}
