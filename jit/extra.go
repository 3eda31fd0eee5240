package jit

import (
	"github.com/seed06459138/torchgo/internal/ctorch"
	"github.com/seed06459138/torchgo/torch"
)

// ExtraFiles gives the files that lie beside the module in its archive, by name,
// as _extra_files of torch.jit.load in Python: labels, a vocabulary, a version.
// Clone, Freeze and OptimizeForInference hand them on, and Save writes them.
func (m *Module) ExtraFiles() (map[string][]byte, error) {
	var values *ctorch.Values
	if err := m.with("read the extra files", func(p *ctorch.Module) *ctorch.Error { return ctorch.ModuleExtraFiles(p, &values) }); err != nil {
		return nil, err
	}
	files := make(map[string][]byte)
	for _, e := range torch.DecodeValues(values).(*torch.Dict).Entries {
		files[string(e.Key.(torch.String))] = []byte(e.Value.(torch.String))
	}
	return files, nil
}

// SetExtraFiles replaces the extra files, for the next Save. It must not run
// beside Save or ExtraFiles.
func (m *Module) SetExtraFiles(files map[string][]byte) error {
	const op = "set the extra files"
	dict := &torch.Dict{}
	for name, data := range files {
		if name == "" || ctorch.HasNUL(name) {
			return &torch.Error{Op: op, Code: torch.CodeArgument, Msg: "a file needs a name, without a NUL byte"}
		}
		dict.Entries = append(dict.Entries, torch.Entry{Key: torch.String(name), Value: torch.String(data)})
	}
	return m.give(op, dict, ctorch.ModuleSetExtraFiles)
}
