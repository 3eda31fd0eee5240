package record

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/seed06459138/torchgo/internal/layout"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/verify"
)

// kind is that of legs that look up what was recorded.
const kind = "record"

func init() {
	verify.RegisterKind(verify.Kind{Name: kind, Label: kind, Recorded: true, Open: open})
}

// runner looks outputs up.
type runner struct {
	path   string
	folder Folder
	record *Record
}

func open(_ context.Context, leg verify.LegSpec) (verify.Runner, error) {
	r, err := Read(leg.File)
	if err != nil {
		return nil, err
	}
	return &runner{leg.File, folderOf(leg.File), r}, nil
}

// Run gives what was recorded for the same inputs.
func (r *runner) Run(_ context.Context, in []verify.Array) ([]verify.Array, error) {
	wanted := digest(in)
	for _, s := range r.record.Sets {
		if s.Digest == wanted {
			return r.folder.readBlob(s.Outputs)
		}
	}
	var names, given []string
	for _, s := range r.record.Sets {
		names = append(names, s.Name)
	}
	for _, a := range in {
		given = append(given, fmt.Sprintf("%s %s %s", a.Name, a.DType, layout.Shape(a.Shape)))
	}
	return nil, &verify.Error{Path: r.path, Msg: fmt.Sprintf("nothing was recorded for these inputs (%s), but for others: %s", strings.Join(given, ", "), strings.Join(names, ", ")),
		Remedy: "give the inputs that were recorded, or record the check again"}
}

// Device gives the device on which the outputs were computed.
func (r *runner) Device() torch.Device {
	d, err := torch.ParseDevice(r.record.Device)
	if err != nil {
		return torch.CPU
	}
	return d
}

// Comment tells which files are others than those that the outputs were recorded of.
// They are judged all the same: that is what the record is for.
func (r *runner) Comment(files []verify.File) []verify.Finding {
	var all []verify.Finding
	for _, now := range files {
		i := slices.IndexFunc(r.record.Files, func(f verify.File) bool { return f.Role == now.Role && f.Kind == now.Kind })
		if i < 0 || r.record.Files[i].SHA256 == now.SHA256 || now.Role == "input" {
			continue
		}
		all = append(all, verify.Finding{Code: verify.FileChanged, Weight: verify.Note, Subject: now.Path,
			Text: fmt.Sprintf("%s is another file than on %s, when outputs were recorded: SHA-256 %.12s…, then %.12s…", now.Path,
				r.record.Recorded.Format("2006-01-02"), now.SHA256, r.record.Files[i].SHA256)})
	}
	return all
}

// Describe says where and when the outputs were recorded.
func (r *runner) Describe() map[string]string {
	m := r.record.Machine
	return map[string]string{"on": m.Host, "device": r.record.Device, "libtorch": m.Libtorch, "at": r.record.Recorded.Format("2006-01-02 15:04")}
}

// Close has nothing to free.
func (r *runner) Close() error { return nil }
