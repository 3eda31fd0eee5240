package checkpoint

import (
	"os"
	"syscall"
)

// startWriteback asks the kernel to send a range to the disk without waiting, so
// that the sync at the end finds little left. It is a hint: its error does not
// matter.
func startWriteback(file *os.File, off, n int64) {
	const syncFileRangeWrite = 2 // SYNC_FILE_RANGE_WRITE of linux/fs.h
	_ = syscall.SyncFileRange(int(file.Fd()), off, n, syncFileRangeWrite)
}
