package jit

import (
	"strings"

	"github.com/seed06459138/torchgo/internal/ctorch"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/checkpoint"
)

// Mapped leaves the tensors of a file where they are, in a mapping of it that is
// private to the module: loading neither reads nor copies them, processes and
// modules that load one file share its memory, and what is never used is never
// read. What a call writes stays in the module. The file must not be shortened
// while the module or a tensor of it is in use: that ends the process.
//
// It is for files on the CPU; modules for other devices, from memory, or of a form
// that cannot be loaded so (compressed, of an old format, with constants of custom
// classes) are loaded as without it.
func Mapped() Option { return func(o *options) { o.mapped = true } }

// mapModule loads a file in its place, and gives the file that lies there. nil when
// that cannot be done: why, or what is wrong with the file, loading it otherwise says.
func mapModule(path string, out **ctorch.Module) *checkpoint.File {
	file, err := checkpoint.Open(path)
	if err != nil {
		return nil
	}
	records, ok := lentRecords(file)
	if ok {
		ok = torch.WrapError("load", ctorch.MapModule(path, records, func() { _ = file.Close() }, out)) == nil
	}
	if !ok {
		_ = file.Close() // nothing was written to it
		return nil
	}
	return file
}

// lentRecords lists the tensors of a TorchScript archive where they lie.
func lentRecords(file *checkpoint.File) (all []ctorch.Lent, ok bool) {
	if file.Kind() != checkpoint.KindScript {
		return nil, false
	}
	for _, name := range file.Records() {
		key, found := strings.CutPrefix(name, "data/")
		if !found || key == "" || strings.Contains(key, "/") {
			continue
		}
		data := file.Stored(name)
		if data == nil || ctorch.HasNUL(key) {
			return nil, false
		}
		all = append(all, ctorch.Lent{Name: key, Data: data})
	}
	order, err := file.Record("byteorder")
	return all, err != nil || string(order) != "big"
}

// Discard lets go of the memory that the tensors of a Mapped module take, until they
// are used again. What was written to them is lost: it is for whoever goes through
// models as large as the memory, one after the other. Of a module that is not mapped,
// or from a small file, nothing is let go. Not safe beside other uses of m.
func (m *Module) Discard() {
	if m.file != nil {
		m.file.Discard()
	}
}
