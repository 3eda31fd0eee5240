//go:build !unix

package checkpoint

import (
	"errors"
	"os"
)

// mapFile maps nothing: the file is read in pieces instead.
func mapFile(*os.File, int64) ([]byte, error) { return nil, nil }

func unmapFile([]byte) error { return nil }

func mapWindow(*os.File, int64, int64) ([]byte, error) { return nil, errors.ErrUnsupported }

func discard([]byte) {}
