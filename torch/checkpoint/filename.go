package checkpoint

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
)

// FileName is what the name of a file says about it: model_v1_scripted.pt,
// resnet18-f37072fd.pth, net_v2.1_state-3a7bd3e2….safetensors.
type FileName struct {
	Model   string // what is left: "model", "resnet18"
	Version string // "v1", "v2.1", or ""
	Role    string // "scripted", "traced", "state", "checkpoint", "expected", or ""
	Hash    string // at least 8 hexadecimal digits that the content's hash starts with, or ""
}

var (
	nameVersion = regexp.MustCompile(`^v[0-9]+(\.[0-9]+)*$`)
	nameHash    = regexp.MustCompile(`^[0-9a-f]{8,64}$`)
)

var nameRoles = map[string]string{
	"scripted": "scripted", "script": "scripted", "traced": "traced", "state": "state", "weights": "state",
	"checkpoint": "checkpoint", "ckpt": "checkpoint", "expected": "expected",
}

// ParseFileName reads the parts of a name between "-" and "_". A part is a hash
// when it is of 8 to 64 hexadecimal digits with a letter among them: all digits
// are more often a date.
func ParseFileName(path string) FileName {
	var n FileName
	base := filepath.Base(path)
	base = strings.TrimSuffix(base, filepath.Ext(base))
	var rest []string
	for _, part := range strings.FieldsFunc(base, func(r rune) bool { return r == '-' || r == '_' }) {
		role, isRole := nameRoles[part]
		switch {
		case n.Version == "" && nameVersion.MatchString(part):
			n.Version = part
		case n.Hash == "" && nameHash.MatchString(part) && strings.ContainsAny(part, "abcdef"):
			n.Hash = part
		case n.Role == "" && isRole && len(rest) > 0:
			n.Role = role
		default:
			rest = append(rest, part)
		}
	}
	n.Model = strings.Join(rest, "_")
	return n
}

// CheckName compares the hash and the version that a file's name carries with
// its content. The hash may be that of the file, as torch.hub names them, or the
// content hash of its state_dict. The version is compared with model_version
// where the file has one. A name without either is right; a contradiction is
// ErrCRC for the hash and ErrVersion for the version.
func (f *File) CheckName() error {
	n := ParseFileName(f.src.path)
	if n.Version != "" {
		if root, ok := f.value.(*Dict); ok {
			if version, ok := root.Get("model_version"); ok && version != Value(String(n.Version)) {
				return &FormatError{Path: f.src.path, Class: ErrVersion, Msg: fmt.Sprintf("its name says %s, its model_version another", n.Version)}
			}
		}
	}
	if n.Hash == "" {
		return nil
	}
	sum, err := f.SHA256()
	if err != nil || strings.HasPrefix(sum, n.Hash) {
		return err
	}
	if state, err := f.State(""); err == nil {
		content, err := state.Hash()
		if err != nil {
			return err
		}
		if strings.HasPrefix(content.String(), n.Hash) {
			return nil
		}
	}
	return &FormatError{Path: f.src.path, Class: ErrCRC, Msg: fmt.Sprintf("its name carries the hash %s, its content has %s: it is damaged or misnamed", n.Hash, sum[:len(n.Hash)])}
}
