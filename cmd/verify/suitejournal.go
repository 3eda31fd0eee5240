package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/seed06459138/torchgo/verify/night"
	"github.com/seed06459138/torchgo/verify/suite"
)

// open begins the journal, or goes on with the one that is there.
func (s *suiteRun) open(ctx context.Context, c *chosen, w *warm) (*night.Night, *night.Journal, error) {
	path, own, name := s.journal, s.journal != "", strings.ReplaceAll(c.suite.Name, string(filepath.Separator), "_")
	if !own {
		path = name + ".night.jsonl"
	}
	s.journal = path
	if s.resume {
		n, j, err := night.Resume(path)
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, night.ErrNone):
		case err != nil:
			return nil, nil, err
		default:
			if err := s.fits(c, n); err != nil {
				return nil, nil, errors.Join(err, j.Close())
			}
			return n, j, nil
		}
	} else if !own {
		if err := setAside(path, name+".previous.jsonl"); err != nil {
			return nil, nil, err
		}
	}
	h, err := s.header(ctx, c, w)
	if err != nil {
		return nil, nil, err
	}
	j, err := night.Create(path, h)
	if errors.Is(err, fs.ErrExist) {
		err = fmt.Errorf("%w; --resume goes on with it", err)
	}
	return &night.Night{Header: h}, j, err
}

// fits refuses a journal of something else.
func (s *suiteRun) fits(c *chosen, n *night.Night) error {
	wrong := func(format string, args ...any) error {
		return fmt.Errorf("%s %s; name another --journal", s.journal, fmt.Sprintf(format, args...))
	}
	switch {
	case n.Suite != c.suite.Name:
		return wrong("is of the suite %s, not of %s", n.Suite, c.suite.Name)
	case n.Digest != c.digest:
		return wrong("is of another state of the suite, or of another selection: its results do not belong to these checks")
	case n.Shard != c.shard:
		return wrong("is of shard %d/%d, not of %d/%d", n.Shard.Index, n.Shard.Count, c.shard.Index, c.shard.Count)
	case s.run != "" && n.ID != s.run:
		return wrong("is of the run %s, not of %s", n.ID, s.run)
	}
	// The checks of a shard move with the times: those of the journal count.
	here := make(map[string]bool, len(n.Checks))
	for _, name := range n.Checks {
		here[name] = true
	}
	c.here = nil
	for _, check := range c.all {
		if here[check.Name] {
			c.here = append(c.here, check)
		}
	}
	return nil
}

// setAside keeps the night of the last run under another name, if it came to its end.
func setAside(path, previous string) error {
	n, err := night.Read(path)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, night.ErrNone):
		return nil
	case err != nil:
		return err
	case n.End == nil || len(n.Missing()) > 0:
		return fmt.Errorf("%s is of a run that has not run all its checks; --resume goes on with it, --journal names another file", path)
	}
	return os.Rename(path, previous)
}

// header says what is to be run, and where.
func (s *suiteRun) header(ctx context.Context, c *chosen, w *warm) (night.Header, error) {
	h := night.Header{
		Schema: night.Schema, ID: s.run, Suite: c.suite.Name, Digest: c.digest, Started: time.Now().UTC(), Commit: s.commit,
		Shard: c.shard, Checks: suite.Names(c.here), Total: len(c.all), Against: s.against, Others: []night.Machine{},
	}
	if h.ID == "" {
		h.ID = suite.RunHere()
	}
	if h.ID == "" {
		if c.shard.Count > 0 {
			return h, errors.New("--shard needs --run NAME, the same for all shards: by it verify merge tells that they belong together")
		}
		var random [2]byte
		_, _ = rand.Read(random[:]) // never fails
		h.ID = h.Started.Format("20060102T150405Z-") + hex.EncodeToString(random[:])
	}
	if h.Commit == "" {
		h.Commit = commitOf(ctx, c.suite.Path)
	}
	var err error
	h.Machine, err = s.machine(ctx, w)
	return h, err
}

// commitOf gives the commit of the checkout that a suite lies in, or "".
func commitOf(ctx context.Context, path string) string {
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		path = filepath.Dir(path)
	}
	out, err := exec.CommandContext(ctx, "git", "-C", path, "rev-parse", "HEAD").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}
