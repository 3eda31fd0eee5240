//go:build unix && !linux

package checkpoint

import (
	"os"
	"syscall"
)

const mapFlags = syscall.MAP_PRIVATE

// mapWindow maps a piece of a file to be read once; off is a multiple of the page.
func mapWindow(file *os.File, off, n int64) ([]byte, error) {
	return syscall.Mmap(int(file.Fd()), off, int(n), syscall.PROT_READ, syscall.MAP_SHARED)
}

// discard does nothing: what it means differs from system to system.
func discard([]byte) {}
