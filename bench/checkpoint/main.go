// Command checkpoint measures package checkpoint on a state_dict of 500 tensors
// and 500 MB and on one of 20,000 small tensors and, with -python, torch.load and
// torch.save on the same files in the same rounds. It prints the median of each
// and the ratios.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed06459138/torchgo/torch/checkpoint"
)

func main() {
	python := flag.String("python", "", "a Python with torch to compare with")
	script := flag.String("script", filepath.Join("bench", "checkpoint", "torch_files.py"), "the Python side")
	rounds := flag.Int("rounds", 7, "rounds to take the median of")
	flag.Parse()
	if err := run(*python, *script, *rounds); err != nil {
		fmt.Fprintln(os.Stderr, "checkpoint:", err)
		os.Exit(1)
	}
}

// A measure is one thing that is timed, and what Python does for it.
type measure struct {
	name   string
	bytes  int64 // for a rate, or 0
	ours   func() error
	python string  // the line to send, or ""
	most   float64 // the ratio to Python that is promised, or 0
}

func run(python, script string, rounds int) error {
	folder, err := os.MkdirTemp("", "checkpoint-bench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	const many, size = 500, 250_000
	large, small, written := filepath.Join(folder, "large.pt"), filepath.Join(folder, "small.pt"), filepath.Join(folder, "written.pt")
	if err := makeFile(large, many, size); err != nil {
		return err
	}
	if err := makeFile(small, 20_000, 64); err != nil {
		return err
	}
	kept, err := checkpoint.Open(large)
	if err != nil {
		return err
	}
	defer func() { _ = kept.Close() }()
	const total = many * size * 4
	measures := []measure{
		{"open and list 500 MB in 500 tensors", 0, func() error { return names(large) }, "names " + large, 0.1},
		{"load the same into memory", total, func() error { return load(large) }, "load " + large, 1},
		{"write the same to disk, forced", total, func() error { return checkpoint.Save(written, kept.Value()) }, "save " + large + " " + written, 1},
		{"write the same to a file, not forced", total, func() error { return stream(written, kept.Value()) }, "save " + large + " " + written, 1},
		{"open and list 20,000 small tensors", 0, func() error { return names(small) }, "load " + small, 0.05},
		{"check all checksums of 500 MB", total, func() error { return kept.CheckCRC() }, "", 0},
		{"hash the content of 500 MB", total, func() error { return hash(kept) }, "", 0},
	}
	other, err := start(python, script)
	if err != nil {
		return err
	}
	defer func() { _ = other.close() }()
	fmt.Printf("%s, %d processors, torch %s, median of %d rounds\n\n", runtime.Version(), runtime.NumCPU(), other.version, rounds)
	fmt.Printf("%-40s %12s %12s %8s %10s\n", "", "torchgo", "torch", "ratio", "promised")
	for _, m := range measures {
		if err := m.run(other, rounds); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	bytes, allocations, err := heap(large)
	fmt.Printf("\nopening 500 MB takes %.2f MB of heap in %d allocations (promised: under 5 MB)\n", float64(bytes)/1e6, allocations)
	return err
}

func (m measure) run(other *reference, rounds int) error {
	var ours, theirs []float64
	for range rounds {
		began := time.Now()
		if err := m.ours(); err != nil {
			return err
		}
		ours = append(ours, time.Since(began).Seconds())
		if m.python != "" && other.out != nil {
			seconds, err := other.time(m.python)
			if err != nil {
				return err
			}
			theirs = append(theirs, seconds)
		}
	}
	mine := median(ours)
	line := fmt.Sprintf("%-40s %9.2f ms", m.name, 1e3*mine)
	if len(theirs) > 0 {
		line += fmt.Sprintf(" %9.2f ms %8.3f %10.3f", 1e3*median(theirs), mine/median(theirs), m.most)
	}
	if m.bytes > 0 {
		line += fmt.Sprintf("  %6.1f GB/s", float64(m.bytes)/mine/1e9)
	}
	fmt.Println(line)
	return nil
}

func median(seconds []float64) float64 {
	slices.Sort(seconds)
	return seconds[len(seconds)/2]
}

// makeFile saves so many float32 tensors of so many elements.
func makeFile(path string, tensors, elements int) error {
	state := checkpoint.NewState()
	for i := range tensors {
		data := make([]float32, elements)
		for j := range data {
			data[j] = float32(i) + float32(j)/float32(elements)
		}
		t, err := checkpoint.NewTensor(data, int64(elements))
		if err != nil {
			return err
		}
		if err := state.Add(fmt.Sprintf("layers.%d.weight", i), t); err != nil {
			return err
		}
	}
	return checkpoint.Save(path, state.Dict())
}

func names(path string) error {
	f, err := checkpoint.Open(path)
	if err != nil {
		return err
	}
	s, err := f.State("")
	if err != nil {
		return err
	}
	for _, name := range s.Names() {
		t, _ := s.Tensor(name)
		_, _ = t.Shape(), t.DType()
	}
	return f.Close()
}

// load copies every tensor out of the file.
func load(path string) error {
	f, err := checkpoint.Open(path)
	if err != nil {
		return err
	}
	s, err := f.State("")
	if err != nil {
		return err
	}
	if _, err := s.Load(); err != nil {
		return err
	}
	return f.Close()
}

func stream(path string, v checkpoint.Value) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := checkpoint.SaveTo(file, v); err != nil {
		return err
	}
	return file.Close()
}

func hash(f *checkpoint.File) error {
	s, err := f.State("")
	if err != nil {
		return err
	}
	_, err = s.Hash()
	return err
}

// heap returns what opening a file leaves on the heap, and how many allocations.
func heap(path string) (bytes, allocations uint64, err error) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	f, err := checkpoint.Open(path)
	runtime.ReadMemStats(&after)
	if err != nil {
		return 0, 0, err
	}
	return after.TotalAlloc - before.TotalAlloc, after.Mallocs - before.Mallocs, f.Close()
}

// reference is the Python process, or nothing when there is none.
type reference struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Scanner
	version string
}

func start(python, script string) (*reference, error) {
	if python == "" {
		return &reference{version: "not compared"}, nil
	}
	cmd := exec.Command(python, script)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	r := &reference{cmd: cmd, in: in, out: bufio.NewScanner(out)}
	if !r.out.Scan() {
		return nil, fmt.Errorf("%s does not start torch", python)
	}
	r.version = r.out.Text()
	return r, nil
}

func (r *reference) time(line string) (float64, error) {
	if _, err := fmt.Fprintln(r.in, line); err != nil {
		return 0, err
	}
	if !r.out.Scan() {
		return 0, fmt.Errorf("the Python side ended at %q", line)
	}
	return strconv.ParseFloat(strings.TrimSpace(r.out.Text()), 64)
}

func (r *reference) close() error {
	if r.cmd == nil {
		return nil
	}
	if err := r.in.Close(); err != nil {
		return err
	}
	return r.cmd.Wait()
}
