//go:build unix

package checkpoint

import (
	"os"
	"syscall"
)

// mapFile maps the whole file. The mapping is private and writable on purpose:
// a write through a slice or a tensor that shares it stays in this process
// instead of killing it, and never reaches the file.
func mapFile(file *os.File, size int64) ([]byte, error) {
	if size == 0 || size != int64(int(size)) {
		return nil, nil
	}
	return syscall.Mmap(int(file.Fd()), 0, int(size), syscall.PROT_READ|syscall.PROT_WRITE, mapFlags)
}

func unmapFile(data []byte) error { return syscall.Munmap(data) }
