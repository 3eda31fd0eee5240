package checkpoint

import (
	"os"
	"syscall"
)

// Without MAP_NORESERVE a private writable mapping larger than the memory is
// refused by the default overcommit rule.
const mapFlags = syscall.MAP_PRIVATE | syscall.MAP_NORESERVE

// mapWindow maps a piece of a file to be read once; off is a multiple of the page.
func mapWindow(file *os.File, off, n int64) ([]byte, error) {
	return syscall.Mmap(int(file.Fd()), off, int(n), syscall.PROT_READ, syscall.MAP_SHARED|syscall.MAP_POPULATE)
}

// discard takes whole pages of a private mapping out of memory, with what was
// written to them. It cannot fail on a mapping of ours.
func discard(data []byte) { _ = syscall.Madvise(data, syscall.MADV_DONTNEED) }
