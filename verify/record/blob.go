package record

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/torch/dtype"
	"github.com/seed06459138/torchgo/verify"
)

// The metadata of a blob. A tensor is called by its place among the arrays, since
// names of outputs may be empty or equal.
const (
	namesKey = "names" // of all arrays, a list
	textsKey = "texts" // of those that are no numbers, by their place
)

// writeBlob keeps arrays, with metadata besides, and gives the name of the blob.
func (f Folder) writeBlob(arrays []verify.Array, metadata map[string]string) (sum string, err error) {
	state := checkpoint.NewState()
	names, texts := make([]string, len(arrays)), make(map[string]string)
	for i, a := range arrays {
		names[i] = a.Name
		if a.DType == dtype.Invalid {
			texts[strconv.Itoa(i)] = a.Text
			continue
		}
		t, err := checkpoint.TensorFromBytes(a.DType, a.Shape, a.Data)
		if err != nil {
			return "", err
		}
		if err := state.Add(strconv.Itoa(i), t); err != nil {
			return "", err
		}
	}
	about := map[string]string{"format": "pt"}
	for key, value := range metadata {
		about[key] = value
	}
	if about[namesKey], err = asJSON(names); err != nil {
		return "", err
	}
	if about[textsKey], err = asJSON(texts); err != nil {
		return "", err
	}
	file, err := os.CreateTemp(filepath.Join(f.path, "blobs"), ".*.tmp")
	if err != nil {
		return "", err
	}
	making := file.Name()
	defer func() { err = errors.Join(err, gone(os.Remove(making))) }()
	if err := errors.Join(file.Chmod(0o644), file.Close(), checkpoint.SaveSafetensors(making, state, about)); err != nil {
		return "", err
	}
	if sum, err = checkpoint.HashFile(making); err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(f.blob(sum)), 0o777); err != nil {
		return "", err
	}
	return sum, os.Rename(making, f.blob(sum)) // over one that is there: it may be damaged
}

// gone takes what is not there for removed.
func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func asJSON(v any) (string, error) {
	text, err := json.Marshal(v)
	return string(text), err
}

// readBlob reads arrays, and refuses what is not what its name says.
func (f Folder) readBlob(sum string) ([]verify.Array, error) {
	path := f.blob(sum)
	found, err := checkpoint.HashFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, damaged(path, "what was recorded is missing")
	case err != nil:
		return nil, &verify.Error{Path: path, Msg: "cannot be read", Err: reason(err)}
	case found != sum:
		return nil, damaged(path, "is damaged: its SHA-256 is %s", found)
	}
	file, err := checkpoint.Open(path)
	if err != nil {
		return nil, &verify.Error{Err: err}
	}
	defer func() { _ = file.Close() }() // unmapping what was only read loses nothing
	var names []string
	texts := make(map[string]string)
	if err := errors.Join(json.Unmarshal([]byte(file.Metadata()[namesKey]), &names), json.Unmarshal([]byte(file.Metadata()[textsKey]), &texts)); err != nil {
		return nil, damaged(path, "is no blob of records: %v", err)
	}
	state, err := file.State("")
	if err != nil {
		return nil, &verify.Error{Err: err}
	}
	arrays := make([]verify.Array, len(names))
	for i, name := range names {
		arrays[i] = verify.Array{Name: name, DType: dtype.Invalid}
		key := strconv.Itoa(i)
		if text, ok := texts[key]; ok {
			arrays[i].Text = text
			continue
		}
		t, ok := state.Tensor(key)
		if !ok {
			return nil, damaged(path, "lacks the array %d", i)
		}
		data, err := t.Bytes()
		if err != nil {
			return nil, &verify.Error{Path: path, Err: err}
		}
		arrays[i].DType, arrays[i].Shape, arrays[i].Data = t.DType(), t.Shape(), append([]byte(nil), data...)
	}
	return arrays, nil
}

// digest tells inputs apart by their bytes, whatever they are called.
func digest(arrays []verify.Array) string {
	h := sha256.New()
	for _, a := range arrays {
		fmt.Fprintf(h, "%s %v %q %d\n", a.DType, a.Shape, a.Text, len(a.Data))
		h.Write(a.Data)
	}
	return hex.EncodeToString(h.Sum(nil))
}
