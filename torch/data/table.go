package data

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/checkpoint"
)

// ReadTable reads a table of numbers into a float32 tensor [rows, columns], which is
// the caller's: comma-separated values, of which a first line without any number is a
// heading, or an .npy file of two dimensions. Errors say the line and the column.
func ReadTable(path string) (*torch.Tensor, error) {
	if strings.EqualFold(filepath.Ext(path), ".npy") {
		return readNPY(path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, &Error{Path: path, Msg: "cannot be read", Err: reason(err)}
	}
	defer f.Close()
	values, width, err := readCSV(f)
	if err != nil {
		return nil, &Error{Path: path, Msg: "is no table of numbers", Err: reason(err), Remedy: "give the same number of numbers in each line, with commas between them"}
	}
	return torch.FromSlice(values, int64(len(values)/width), int64(width))
}

func readNPY(path string) (*torch.Tensor, error) {
	a, err := checkpoint.ReadNPY(path)
	if err != nil {
		return nil, err
	}
	if len(a.Shape()) != 2 {
		return nil, &Error{Path: path, Msg: fmt.Sprintf("an array of shape %v is no table", a.Shape()), Remedy: "give one of two dimensions"}
	}
	if a.DType().IsComplex() {
		return nil, &Error{Path: path, Msg: fmt.Sprintf("an array of %s holds no real numbers", a.DType())}
	}
	x, err := torch.FromArray(a)
	if err != nil {
		return nil, err
	}
	defer x.Close()
	return x.ToDType(torch.Float32)
}

// readCSV gives the numbers in row-major order, and how many are in a row.
func readCSV(r io.Reader) (values []float32, width int, err error) {
	in := bufio.NewReader(r)
	if mark, err := in.Peek(len(byteOrderMark)); err == nil && string(mark) == byteOrderMark {
		_, _ = in.Discard(len(mark)) // it was there
	}
	lines := csv.NewReader(in)
	lines.ReuseRecord = true
	lines.TrimLeadingSpace = true
	for first := true; ; first = false {
		record, err := lines.Read() // refuses rows of another width
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, 0, err
		}
		width = len(record)
		if first && isHeading(record) {
			continue
		}
		for column, field := range record {
			v, err := strconv.ParseFloat(strings.TrimSpace(field), 32)
			if err != nil {
				line, _ := lines.FieldPos(column)
				return nil, 0, fmt.Errorf("line %d, column %d: %q is no number that fits float32", line, column+1, field)
			}
			values = append(values, float32(v))
		}
	}
	if len(values) == 0 {
		return nil, 0, errors.New("it has no rows of numbers")
	}
	return values, width, nil
}

// byteOrderMark is what spreadsheets begin a file of UTF-8 with.
const byteOrderMark = "\ufeff"

// isHeading tells whether none of the fields is a number: a row of which one is missing
// or wrong must not pass for a heading.
func isHeading(fields []string) bool {
	return !slices.ContainsFunc(fields, func(field string) bool {
		_, err := strconv.ParseFloat(strings.TrimSpace(field), 64)
		return err == nil || errors.Is(err, strconv.ErrRange)
	})
}

// reason takes the path out of an error, which says it already.
func reason(err error) error {
	var cause *os.PathError
	if errors.As(err, &cause) {
		return cause.Err
	}
	return err
}
