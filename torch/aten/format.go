package aten

import "github.com/seed06459138/torchgo/torch"

// MemoryFormat is an order of elements in memory.
type MemoryFormat int8

// The memory formats. DefaultFormat is what the schema says: mostly that of the
// arguments.
const (
	DefaultFormat MemoryFormat = iota
	ContiguousFormat
	PreserveFormat
	ChannelsLast
	ChannelsLast3d
)

// add passes the format; libtorch counts from ContiguousFormat.
func (m MemoryFormat) add(args *torch.Arguments) {
	if m == DefaultFormat {
		args.Default()
		return
	}
	args.Int(int64(m) - int64(ContiguousFormat))
}
