package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/seed06459138/torchgo/verify/night"
)

// readShards reads the journals that patterns name: files, or as the shell would
// expand them. A pattern that nothing matches is taken for a file.
func readShards(patterns []string) ([]night.Part, error) {
	var parts []night.Part
	var errs []error
	for _, pattern := range patterns {
		paths := []string{pattern}
		if _, err := os.Stat(pattern); err != nil {
			if found, err := filepath.Glob(pattern); err == nil && len(found) > 0 {
				paths = found
			}
		}
		for _, path := range paths {
			n, err := night.Read(path)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			parts = append(parts, night.Part{Path: path, Night: n})
		}
	}
	return parts, errors.Join(errs...)
}

// awaitShards reads shards until nothing is to come any more, or for as long as limit.
// Shards that are not there then are missing, as long as there is one.
func awaitShards(ctx context.Context, patterns []string, limit time.Duration) ([]night.Part, error) {
	late := time.After(limit)
	for {
		parts, err := readShards(patterns)
		if err == nil && night.Whole(parts) {
			return parts, nil
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-late:
			if len(parts) > 0 && onlyMissing(err) {
				return parts, nil
			}
			return nil, err
		case <-time.After(min(5*time.Second, limit/10)):
		}
	}
}

// onlyMissing tells whether errors are about files that are not there alone.
func onlyMissing(err error) bool {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range joined.Unwrap() {
			if !errors.Is(one, fs.ErrNotExist) {
				return false
			}
		}
	}
	return true
}
