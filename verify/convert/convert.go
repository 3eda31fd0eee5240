package convert

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/seed06459138/torchgo/torch/checkpoint"
)

// Options say what to convert, and what Convert may do.
type Options struct {
	StateKey   string // of the state_dict, as checkpoint.File.State takes it; "" searches for it
	AcceptLoss bool   // write although something is lost
	Overwrite  bool   // replace a file that is there
}

// Result says what was written.
type Result struct {
	From, To checkpoint.Kind
	Whole    bool     // a torch.save file was written again, with all that is in it
	Tensors  int      // else, how many were written
	Losses   []string // and what the new file is without, in words
}

// LossError says that the new file would hold less than the old one.
type LossError struct {
	From, To string
	Losses   []string // what would be lost, in words
}

// Error lists the first losses.
func (e *LossError) Error() string {
	const most = 4
	listed := e.Losses[:min(most, len(e.Losses))]
	text := strings.Join(listed, "; ")
	if more := len(e.Losses) - len(listed); more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	return fmt.Sprintf("%s: %s would be without %s", e.From, e.To, text)
}

// Convert reads the file from and writes it as the file to, in the format that
// its name ends in: .pt, .pth, .bin and .ckpt are torch.save's, .safetensors and
// .npz themselves. What lies in the state_dict is written bit for bit and in its
// order; a torch.save file that becomes another without a key is written again
// as a whole. When something else would be lost it fails with a *LossError. The
// file appears whole or not at all.
//
// What load_state_dict never needs of files of today is left out without a word:
// the versions of modules in _metadata, the devices that tensors lived on.
func Convert(from, to string, opts Options) (*Result, error) {
	write, ok := writers[strings.ToLower(filepath.Ext(to))]
	if !ok {
		return nil, fmt.Errorf("%s: no format ends in %q; name it .pt, .safetensors or .npz", to, filepath.Ext(to))
	}
	if err := mayWrite(to, opts.Overwrite); err != nil {
		return nil, err
	}
	file, err := checkpoint.Open(from)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%s: no such file; check the name", from)
	}
	if err != nil {
		return nil, err
	}
	c := &conversion{from: file, to: to, opts: opts}
	err = c.run(write)
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, err
	}
	return &c.Result, nil
}

// mayWrite refuses to write over a file, or into a folder that is not there.
func mayWrite(to string, overwrite bool) error {
	info, err := os.Stat(to)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return fmt.Errorf("%s: is no regular file; choose another name", to)
	case err == nil && !overwrite:
		return fmt.Errorf("%s: %w; choose another name", to, fs.ErrExist)
	case err == nil, !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if _, err := os.Stat(filepath.Dir(to)); err != nil {
		return fmt.Errorf("%s: there is no folder %s; make it first", to, filepath.Dir(to))
	}
	return nil
}

// conversion is a file on its way to another.
type conversion struct {
	from *checkpoint.File
	to   string
	opts Options
	Result
}

// writer is a format to write.
type writer struct {
	kind   checkpoint.Kind
	whole  bool // it can hold any torch.save file, not only a state_dict
	losses func(*checkpoint.State) []string
	write  func(c *conversion, s *checkpoint.State) error
}

func (c *conversion) run(w writer) error {
	c.From, c.To = c.from.Kind(), w.kind
	// Damaged bytes must not get new checksums.
	if err := c.from.CheckCRC(); err != nil {
		return err
	}
	if w.whole && c.opts.StateKey == "" && (c.From == checkpoint.KindTorch || c.From == checkpoint.KindLegacy || c.From == checkpoint.KindNPY) {
		c.Whole = true
		return explain(checkpoint.Save(c.to, c.from.Value()))
	}
	state, err := c.from.State(c.opts.StateKey)
	if err == nil && c.From == checkpoint.KindScript {
		state, err = detached(state)
	}
	if err != nil {
		return err
	}
	losses := append(c.beside(state.Key), w.losses(state)...)
	if len(losses) > 0 && !c.opts.AcceptLoss {
		return &LossError{From: c.from.Path(), To: c.to, Losses: losses}
	}
	c.Tensors, c.Losses = state.Len(), losses
	return explain(w.write(c, state))
}

// detached gives the parameters and buffers of a module as its state_dict() does.
func detached(s *checkpoint.State) (*checkpoint.State, error) {
	out := checkpoint.NewState()
	out.Path = s.Path
	for _, name := range s.Names() {
		t, _ := s.Tensor(name)
		plain := *t
		plain.RequiresGrad, plain.Parameter = false, false
		if err := out.Add(name, &plain); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// explain gives a failed write its remedy where it lies with the disk.
func explain(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return fmt.Errorf("%w; nothing was written", err)
	}
	return err
}
