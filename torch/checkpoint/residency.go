package checkpoint

// A pass over a whole mapping leaves all of it in the process's memory. Files
// that are larger than fewResident are let go of on the way, a stride at a time.
const (
	fewResident = 128 << 20
	stride      = 8 << 20
)

// passed says that a long pass over a mapping is done with data.
func (s *source) passed(data []byte) {
	if s.data != nil && s.size > fewResident {
		pageOut(data)
	}
}

// PageOut says that the bytes will not be needed soon: those that lie in the
// mapping leave the process's memory, and come back from the file when somebody
// reads them. Nothing that was written to them is lost. It is for those who go
// through files that are larger than the memory; on systems other than Linux it
// does nothing.
func (s *Storage) PageOut() {
	if s.src == nil || s.src.data == nil || s.record != nil && s.record.method != zipStored {
		return
	}
	release, err := s.src.hold()
	if err != nil {
		return // closed: there is nothing to let go of
	}
	defer release()
	s.src.passed(s.src.data[s.start : s.start+s.size])
}
