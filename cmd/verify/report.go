package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"github.com/seed06459138/torchgo/verify"
)

// format is one way to write a report, and where to.
type format struct {
	flag  string // "--json"
	path  string // "" writes nothing, "-" is standard output
	write func(*verify.Report, io.Writer) error
}

// reportFiles are the reports that were asked for.
type reportFiles []reportFile

// reportFile is an open file that a report goes to.
type reportFile struct {
	*format
	w    io.Writer
	file *os.File // to be cut to length and closed; nil for standard output
}

// openReports opens files without losing what is in them, which stays until there
// is a report to write.
func openReports(formats []*format, stdout io.Writer) (all reportFiles, err error) {
	defer func() {
		if err != nil {
			all.close()
		}
	}()
	taken := make(map[string]string)
	for _, f := range formats {
		if f.path == "" {
			continue
		}
		if other, twice := taken[f.path]; twice {
			return all, fmt.Errorf("%s and %s both write to %s; name a file for each", other, f.flag, f.path)
		}
		taken[f.path] = f.flag
		if f.path == "-" {
			all = append(all, reportFile{format: f, w: stdout})
			continue
		}
		file, err := os.OpenFile(f.path, os.O_WRONLY|os.O_CREATE, 0o666)
		if err != nil {
			var path *os.PathError
			if errors.As(err, &path) {
				err = path.Err
			}
			return all, fmt.Errorf("%s %s cannot be written: %w; name a file in a folder that you may write to", f.flag, f.path, err)
		}
		all = append(all, reportFile{f, file, file})
	}
	return all, nil
}

// toStandardOutput tells whether a report takes standard output.
func (all reportFiles) toStandardOutput() bool {
	for _, r := range all {
		if r.file == nil {
			return true
		}
	}
	return false
}

// write writes the report to every file and closes them.
func (all reportFiles) write(report *verify.Report) error {
	defer all.close()
	var errs []error
	for _, r := range all {
		if err := r.put(report); err != nil {
			errs = append(errs, fmt.Errorf("%s %s: %w", r.flag, r.path, err))
		}
	}
	return errors.Join(errs...)
}

func (all reportFiles) close() {
	for _, r := range all {
		if r.file != nil {
			_ = r.file.Close() // put has closed what was written
		}
	}
}

func (r reportFile) put(report *verify.Report) (err error) {
	if r.file == nil {
		return r.format.write(report, r.w)
	}
	defer func() { err = errors.Join(err, r.file.Close()) }()
	if info, err := r.file.Stat(); err == nil && info.Mode().IsRegular() {
		if err := r.file.Truncate(0); err != nil {
			return err
		}
	}
	return r.format.write(report, r.w)
}

// textOptions tells how to write for people: with check marks and colours on a
// terminal, without colours where NO_COLOR asks for that.
func textOptions(w io.Writer) verify.TextOptions {
	f, ok := isFile(w)
	terminal := ok && term.IsTerminal(int(f.Fd()))
	return verify.TextOptions{Terminal: terminal, Color: terminal && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}
