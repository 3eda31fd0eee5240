package inspect

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/seed06459138/torchgo/torch/checkpoint"
)

// Run describes a file or compares two. key names the state_dict in its file,
// as checkpoint.File.State takes it; "" searches for it. What is wrong with a
// file is in its Problem; the error says that two readable files have nothing to
// compare, or that ctx ended.
func Run(ctx context.Context, key string, paths ...string) (*Report, error) {
	if len(paths) != 1 && len(paths) != 2 {
		return nil, fmt.Errorf("one or two files can be inspected, not %d", len(paths))
	}
	report := &Report{Schema: Schema}
	var open []*inspection
	defer func() {
		for _, one := range open {
			one.close()
		}
	}()
	for _, path := range paths {
		one, err := inspectFile(ctx, path, key)
		open = append(open, one)
		if err != nil {
			return nil, err
		}
		report.Files = append(report.Files, one.File)
	}
	if key != "" && !slices.ContainsFunc(open, func(i *inspection) bool { return i.file == nil || i.keyed }) {
		_, err := open[0].file.State(key)
		return nil, err
	}
	if len(open) == 2 && open[0].usable() && open[1].usable() {
		difference, err := compareFiles(open[0], open[1])
		if err != nil {
			return nil, err
		}
		report.Difference = difference
	}
	return report, ctx.Err()
}

// inspection is a file while it is looked into.
type inspection struct {
	File
	file  *checkpoint.File  // nil when it can't be opened
	state *checkpoint.State // nil when there is none
	none  error             // why there is none
	keyed bool              // it was found by its key
}

func (i *inspection) close() {
	if i.file != nil {
		_ = i.file.Close() // unmapping what was only read loses nothing
	}
}

func (i *inspection) usable() bool { return i.file != nil && i.Problem == "" }

// problem keeps the first thing that is wrong with the file.
func (i *inspection) problem(err error) {
	if err != nil && i.Problem == "" {
		i.Problem = err.Error()
	}
}

// inspectFile describes a file. An error is not the file's fault.
func inspectFile(ctx context.Context, path, key string) (*inspection, error) {
	i := &inspection{File: File{Path: path, Metadata: map[string]string{}, StateKeys: []string{}, Tensors: []Tensor{},
		Totals: Totals{DTypes: map[string]int{}}}}
	i.open()
	if i.file == nil {
		return i, nil
	}
	if meta := i.file.Metadata(); meta != nil {
		i.Metadata = meta
	}
	i.Version = i.file.Version()
	i.Values = treeOf(i.file.Value())
	i.findState(key)
	if key != "" && i.state == nil && i.Problem == "" {
		return i, i.none
	}
	var named []namedTensor
	if i.file.Kind() == checkpoint.KindScript {
		named = i.script()
	} else {
		named = tensorsOf(i.file.Value())
	}
	i.list(named)
	if key == "" && errors.Is(i.none, checkpoint.ErrMissing) && len(named) > 0 {
		i.state, i.none = stateOf(path, named)
	}
	if err := i.hash(ctx, named); err != nil {
		return i, err
	}
	// Last: it reads all there is, and finds the pages warm.
	i.problem(i.file.CheckCRC())
	i.problem(i.file.CheckName())
	return i, nil
}

// findState finds the state_dict. A file that is one has no keys to choose from.
func (i *inspection) findState(key string) {
	i.state, i.none = i.file.State("")
	if key != "" && i.file.Kind() != checkpoint.KindScript && (i.none != nil || i.state.Key != "") {
		i.state, i.none = i.file.State(key)
		i.keyed = true
	}
	var several *checkpoint.AmbiguousError
	if errors.As(i.none, &several) {
		i.StateKeys = several.Candidates
	}
	if i.none == nil {
		i.State = &State{Key: i.state.Key, Prefix: i.state.Prefix, Tensors: i.state.Len()}
	}
}

// stateOf makes a state_dict of all tensors of a file that has none of its own, to
// compare it by.
func stateOf(path string, named []namedTensor) (*checkpoint.State, error) {
	s := checkpoint.NewState()
	s.Path = path
	for _, t := range named {
		if err := s.Add(t.name, t.Tensor); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// nameOfArray is what a tensor is called that is the whole of a file.
const nameOfArray = "array"
