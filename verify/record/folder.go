package record

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"syscall"

	"github.com/seed06459138/torchgo/verify"
)

// Folder is a folder of records.
type Folder struct{ path string }

// At gives the folder of records at a path, which need not be there before something
// is recorded.
func At(path string) Folder { return Folder{path} }

// Path gives the file of a check's record, for a leg of the kind record.
func (f Folder) Path(check string) string {
	const most = 150 // of 255 bytes that a file name may have
	name := url.PathEscape(check)
	if len(name) > most {
		sum := sha256.Sum256([]byte(check))
		name = name[:most] + "~" + hex.EncodeToString(sum[:8])
	}
	return filepath.Join(f.path, "checks", name+".json")
}

// Leg gives a leg that looks up what was recorded of a check.
func (f Folder) Leg(check string) verify.LegSpec {
	return verify.LegSpec{Name: kind, Kind: kind, File: f.Path(check)}
}

// blob gives the place of a blob.
func (f Folder) blob(sum string) string {
	return filepath.Join(f.path, "blobs", sum[:2], sum+".safetensors")
}

// folderOf gives the folder that the record of a check lies in.
func folderOf(record string) Folder { return Folder{filepath.Dir(filepath.Dir(record))} }

// lock makes the folder and holds it: shared by those who record, alone for who
// removes what nothing names.
func (f Folder) lock(how int) (release func(), err error) {
	for _, part := range []string{"checks", "blobs"} {
		if err := os.MkdirAll(filepath.Join(f.path, part), 0o777); err != nil {
			return nil, &verify.Error{Path: f.path, Msg: "cannot be made", Err: reason(err)}
		}
	}
	file, err := os.OpenFile(filepath.Join(f.path, "lock"), os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, &verify.Error{Path: f.path, Msg: "cannot be written to", Err: reason(err)}
	}
	if err := syscall.Flock(int(file.Fd()), how|syscall.LOCK_NB); err != nil {
		_ = file.Close() // the first error is the one to tell
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, &verify.Error{Path: f.path, Msg: "is in use by another verify record", Remedy: "wait for it"}
		}
		return nil, &verify.Error{Path: f.path, Msg: "cannot be locked", Err: err}
	}
	return func() { _ = file.Close() }, nil
}

// writeFile replaces a file at once or not at all.
func writeFile(path string, data []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".*.tmp")
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	err = errors.Join(err, file.Chmod(0o644), file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}

// reason takes the path out of an error, which says it already.
func reason(err error) error {
	var cause *fs.PathError
	if errors.As(err, &cause) {
		return cause.Err
	}
	return err
}

// damaged words an error of a blob that is not what its name says.
func damaged(path, format string, args ...any) error {
	return &verify.Error{Path: path, Msg: fmt.Sprintf(format, args...), Remedy: "copy the folder of records again, or record the check again"}
}
