package checkpoint

import (
	"os"
	"syscall"
	"unsafe"
)

// madvPageout is MADV_PAGEOUT of Linux 5.4, which package syscall does not name.
const madvPageout = 21

// pageOut takes the pages that lie wholly in data out of the process's memory.
// Unlike MADV_DONTNEED it loses nothing: what was written to stays, what was not
// comes back from the file. An older kernel refuses, and nothing happens.
func pageOut(data []byte) {
	page := uintptr(os.Getpagesize())
	first := uintptr(unsafe.Pointer(unsafe.SliceData(data)))
	skip := -first & (page - 1)
	if uintptr(len(data)) < skip+page {
		return
	}
	whole := (uintptr(len(data)) - skip) &^ (page - 1)
	_ = syscall.Madvise(data[skip:skip+whole], madvPageout)
}
