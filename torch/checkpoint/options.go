package checkpoint

// Option changes how Open reads a file.
type Option func(*settings)

type settings struct {
	inert  bool
	narrow bool
	limit  int64
	only   []Kind
}

// Inert reads objects of unknown classes as inert *Object records instead of
// refusing the file: their names, arguments and attributes become readable,
// nothing is executed. It is for looking into files, not for loading weights.
func Inert() Option { return func(s *settings) { s.inert = true } }

// WeightsOnly refuses everything that torch.load(weights_only=True) refuses by
// default although it is plain data: numpy values, frozensets, Namespaces, and
// what pickle protocols above 2 spell differently.
func WeightsOnly() Option { return func(s *settings) { s.narrow = true } }

// MemoryLimit bounds the bytes of any one copy that is made of a tensor or a
// compressed record. Without it the limit is 256 MiB or four times the size of
// the file, whichever is more.
func MemoryLimit(bytes int64) Option { return func(s *settings) { s.limit = bytes } }

// Only refuses files of other kinds as ErrKind, whatever their names say. Use it
// where a format is promised to be safe: a zip named model.safetensors is not
// one.
func Only(kinds ...Kind) Option { return func(s *settings) { s.only = kinds } }

func newSettings(size int64, options []Option) settings {
	s := settings{limit: max(256<<20, 4*min(size, 1<<60))}
	for _, option := range options {
		option(&s)
	}
	return s
}
