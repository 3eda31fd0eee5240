package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"github.com/seed06459138/torchgo/verify"
)

// reportFile is where the JSON goes; nil writes nothing.
type reportFile struct {
	w    io.Writer
	file *os.File // to be cut to length and closed; nil for standard output
}

// openReport opens a file without losing what is in it, which stays until there
// is a report to write.
func openReport(name string, stdout io.Writer) (*reportFile, error) {
	switch name {
	case "":
		return nil, nil
	case "-":
		return &reportFile{w: stdout}, nil
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE, 0o666)
	if err != nil {
		var path *os.PathError
		if errors.As(err, &path) {
			err = path.Err
		}
		return nil, fmt.Errorf("--json %s cannot be written: %w; name a file in a folder that you may write to", name, err)
	}
	return &reportFile{w: f, file: f}, nil
}

// write writes the report and closes the file.
func (r *reportFile) write(report *verify.Report) (err error) {
	if r == nil {
		return nil
	}
	if r.file != nil {
		defer func() { err = errors.Join(err, r.file.Close()) }()
		if info, err := r.file.Stat(); err == nil && info.Mode().IsRegular() {
			if err := r.file.Truncate(0); err != nil {
				return err
			}
		}
	}
	return report.WriteJSON(r.w)
}

// textOptions tells how to write for people: with check marks and colours on a
// terminal, without colours where NO_COLOR asks for that.
func textOptions(w io.Writer) verify.TextOptions {
	f, ok := isFile(w)
	terminal := ok && term.IsTerminal(int(f.Fd()))
	return verify.TextOptions{Terminal: terminal, Color: terminal && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}
