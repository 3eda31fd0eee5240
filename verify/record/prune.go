package record

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/seed06459138/torchgo/verify"
)

// Pruned says what Prune found.
type Pruned struct {
	Records int   // checks
	Kept    int   // blobs that they name
	Removed int   // blobs and leftovers that nothing names
	Bytes   int64 // that those took
	Missing int   // blobs that are named and not there
}

// Prune removes blobs that no record names, and what was left of recording that was
// killed. A record that cannot be read ends it before anything is removed. It is
// refused while somebody records.
func (f Folder) Prune() (Pruned, error) {
	var p Pruned
	if _, err := os.Stat(f.path); err != nil {
		return p, &verify.Error{Path: f.path, Msg: "cannot be read", Err: reason(err)}
	}
	release, err := f.lock(syscall.LOCK_EX)
	if err != nil {
		return p, err
	}
	defer release()
	named, err := f.named(&p)
	if err != nil {
		return p, err
	}
	found := make(map[string]bool)
	err = filepath.WalkDir(filepath.Join(f.path, "blobs"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		sum := strings.TrimSuffix(d.Name(), ".safetensors")
		if named[sum] && path == f.blob(sum) {
			found[sum] = true
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		p.Removed++
		p.Bytes += info.Size()
		return os.Remove(path)
	})
	p.Kept, p.Missing = len(found), len(named)-len(found)
	if err != nil {
		return p, &verify.Error{Path: f.path, Msg: "cannot be tidied", Err: reason(err)}
	}
	return p, nil
}

// named gives all blobs that records name.
func (f Folder) named(p *Pruned) (map[string]bool, error) {
	named := make(map[string]bool)
	entries, err := os.ReadDir(filepath.Join(f.path, "checks"))
	if err != nil {
		return nil, &verify.Error{Path: f.path, Msg: "cannot be read", Err: reason(err)}
	}
	for _, e := range entries {
		path := filepath.Join(f.path, "checks", e.Name())
		if strings.HasPrefix(e.Name(), ".") && strings.HasSuffix(e.Name(), ".tmp") {
			if err := os.Remove(path); err != nil {
				return nil, &verify.Error{Path: path, Msg: "cannot be removed", Err: reason(err)}
			}
			p.Removed++
			continue
		}
		r, err := Read(path)
		if err != nil {
			return nil, err
		}
		p.Records++
		for _, s := range r.Sets {
			named[s.Inputs], named[s.Outputs] = true, true
		}
	}
	return named, nil
}
