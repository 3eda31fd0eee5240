package checkpoint

import "os"

// A pass over a whole mapping leaves all of it in the process's memory. Files
// that are larger than fewResident are gone through in windows of their own.
const (
	fewResident = 128 << 20
	stride      = 16 << 20
)

// pass gives body n bytes at off, a stretch at a time. It runs within a guard,
// since reading a mapping may fault.
func (s *source) pass(off, n int64, body func([]byte)) error {
	if s.again == nil {
		data, err := s.view(off, n)
		if err != nil {
			return err
		}
		body(data)
		return nil
	}
	if off < 0 || n < 0 || off > s.size || n > s.size-off {
		return fail(ErrTruncated, "needs bytes %d to %d of %d; copy the file again", off, off+n, s.size)
	}
	for n > 0 {
		skip := off % int64(os.Getpagesize())
		length := min(stride, skip+n)
		if err := s.window(off-skip, length, func(data []byte) { body(data[skip:]) }); err != nil {
			return err
		}
		off, n = off+length-skip, n-(length-skip)
	}
	return nil
}

// window maps a piece of the file while body looks at it.
func (s *source) window(off, n int64, body func([]byte)) error {
	data, err := mapWindow(s.again, off, n)
	if err != nil {
		return &FormatError{Class: ErrTruncated, Msg: "could not be mapped", Err: err}
	}
	defer func() { _ = unmapFile(data) }() // of what was only read; a fault passes here too
	body(data)
	return nil
}

// Discard lets go of the memory that the bytes take: those that lie in the mapping
// come back from the file when somebody reads them. What was written to them in
// this process is lost. It is for those who go once through files that are as
// large as the memory; on systems other than Linux it does nothing.
func (s *Storage) Discard() {
	if s.src != nil && (s.record == nil || s.record.method == zipStored) {
		s.src.discard(s.start, s.size)
	}
}

// Discard does it for the whole file.
func (f *File) Discard() { f.src.discard(0, f.src.size) }

func (s *source) discard(start, size int64) {
	if s.data == nil || s.size <= fewResident {
		return
	}
	release, err := s.hold()
	if err != nil {
		return // closed: there is nothing to let go of
	}
	defer release()
	page := int64(os.Getpagesize())
	first, end := (start+page-1)/page*page, (start+size)/page*page
	if first < end {
		discard(s.data[first:end])
	}
}
