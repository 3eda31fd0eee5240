package suite

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/verify"
)

// Suite is a list of checks.
type Suite struct {
	Name   string
	Path   string // of the file or folder that it was read from
	Checks []Check
	Memory int64    // in bytes, that checks which run at the same time may take; 0 when it does not say
	Notes  []string // what a reader of results must know: files that are part of no check
}

// Check is one question of a suite.
type Check struct {
	Name    string
	Tags    []string
	Spec    verify.Spec
	Timeout time.Duration // 0 when the suite does not say
	Memory  int64         // in bytes, that it may take and that is kept free for it; 0 when the suite does not say
	AnyGPU  bool          // the GPU that it asks for may be any: the suite says cuda, without a number
	Problem string        // why it can't be put, or ""

	guess bool   // its inputs must be guessed from the model
	key   string // of what the digest is made
}

// Load reads a suite from a file of YAML or finds one in a folder.
func Load(path string) (*Suite, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s cannot be read: %w; name a suite.yaml, or a folder with models", path, reason(err))
	case info.IsDir():
		return find(path)
	}
	return read(path)
}

// nameOf names a suite after its file or folder.
func nameOf(path string) string {
	absolute, err := filepath.Abs(path)
	if err != nil {
		absolute = path
	}
	base := filepath.Base(absolute)
	if extension := filepath.Ext(base); extension == ".yaml" || extension == ".yml" {
		base = base[:len(base)-len(extension)]
	}
	return base
}

// Digest gives the SHA-256 of what checks ask for, with settings that hold for all of
// them. It is the same on machines where the suite lies in other folders, and
// does not depend on what the models' files hold.
func Digest(checks []Check, settings ...string) string {
	h := sha256.New()
	field := func(text string) {
		fmt.Fprintf(h, "%d:", len(text))
		_, _ = io.WriteString(h, text) // a hash takes everything
	}
	for _, s := range settings {
		field(s)
	}
	for i := range checks {
		c := &checks[i]
		field(c.Name)
		field(c.key)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Names lists the names of checks.
func Names(checks []Check) []string {
	names := make([]string, len(checks))
	for i := range checks {
		names[i] = checks[i].Name
	}
	return names
}

// On makes a check run on a device, in place of the one that the suite says: cpu, cuda
// (any GPU), cuda:N, or all.
func (c *Check) On(device string) error {
	c.AnyGPU = device == "cuda"
	return c.Spec.PutOn(device)
}

// Devices lists the devices that a check asks for.
func (c *Check) Devices() []torch.Device {
	all := []torch.Device{c.Spec.Device}
	for _, l := range c.Spec.Legs {
		if l.Device != nil && !slices.Contains(all, *l.Device) {
			all = append(all, *l.Device)
		}
	}
	return all
}

// Files lists the files that a check reads.
func (c *Check) Files() []string {
	s := &c.Spec
	all := append([]string{s.Scripted, s.State, s.Expected}, s.Inputs...)
	for _, l := range s.Legs {
		all = append(all, l.File)
	}
	for _, set := range s.Sets {
		all = append(all, set.Files...)
	}
	all = slices.DeleteFunc(all, func(path string) bool { return path == "" })
	slices.Sort(all)
	return slices.Compact(all)
}
