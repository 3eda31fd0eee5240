package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"time"

	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/night"
)

// Schema names the format of a record's file. A field may be added under the same
// number; any other change raises it.
const Schema = "torchgo.verify.record/1"

// Record is what was recorded of a check.
type Record struct {
	Schema    string        `json:"schema"`
	Check     string        `json:"check"`
	Recorded  time.Time     `json:"recorded"`
	Machine   night.Machine `json:"machine"`
	Leg       string        `json:"leg"`    // whose outputs they are
	Device    string        `json:"device"` // where it computed
	Method    string        `json:"method"`
	Seed      uint64        `json:"seed"`      // of the inputs that were made
	Tolerance string        `json:"tolerance"` // that the check was judged by, in words
	Files     []verify.File `json:"files"`     // that the check was made of
	Sets      []Set         `json:"sets"`
}

// Set is one set of inputs, and what was computed of it.
type Set struct {
	Name    string   `json:"name"`
	Digest  string   `json:"digest"`  // of the bytes of the inputs
	Inputs  string   `json:"inputs"`  // blob
	Outputs string   `json:"outputs"` // blob
	Of      []Output `json:"of"`      // statistics of the outputs
}

// Output has the statistics of an output, of its finite elements.
type Output struct {
	Name     string        `json:"name"`
	DType    string        `json:"dtype"`
	Shape    []int64       `json:"shape"`
	Min      verify.Number `json:"min"` // NaN without finite elements, as are Max, Mean and Std
	Max      verify.Number `json:"max"`
	Mean     verify.Number `json:"mean"`
	Std      verify.Number `json:"std"` // of the elements themselves: divided by their number
	NaN      int64         `json:"nan"` // how many elements are
	Infinite int64         `json:"infinite"`
}

// mostIndex bounds a record's file; one of a hundred sets has some 100 kB.
const mostIndex = 64 << 20

var sha = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Read reads the record of a check. Errors are of type *verify.Error.
func Read(path string) (*Record, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, &verify.Error{Path: path, Msg: "cannot be read", Err: reason(err), Remedy: "record the check with verify record"}
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, mostIndex+1))
	switch {
	case err != nil:
		return nil, &verify.Error{Path: path, Msg: "cannot be read", Err: reason(err)}
	case len(data) > mostIndex:
		return nil, &verify.Error{Path: path, Msg: fmt.Sprintf("is no record: it has more than %d MiB", mostIndex>>20)}
	}
	r, err := parse(data)
	if err != nil {
		return nil, &verify.Error{Path: path, Msg: "is no record", Err: err, Remedy: "give a file that verify record wrote, in checks/"}
	}
	return r, nil
}

// parse reads a record, whose blobs may be called by nothing but hashes: they become
// file names.
func parse(data []byte) (*Record, error) {
	var r Record
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, err
	}
	if r.Schema != Schema {
		return nil, fmt.Errorf("its format is %q, not %s", r.Schema, Schema)
	}
	for _, s := range r.Sets {
		for _, blob := range []string{s.Inputs, s.Outputs} {
			if !sha.MatchString(blob) {
				return nil, fmt.Errorf("the blob %.80q is called by no SHA-256", blob)
			}
		}
	}
	return &r, nil
}

// write puts the record in place, behind its blobs.
func (f Folder) write(r *Record) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := writeFile(f.Path(r.Check), append(text, '\n')); err != nil {
		return &verify.Error{Path: f.Path(r.Check), Msg: "cannot be written", Err: reason(err)}
	}
	return nil
}

// errUnset says that nothing was computed.
var errUnset = errors.New("no leg computed anything that could be recorded")
