package process

import (
	"fmt"
	"syscall"
	"unsafe"
)

// EndBySignal lets this process end by the signals that tell of a crash, which is
// what its parent reads then. Go's runtime takes them, prints what goroutines did,
// and exits with a code like any other.
func EndBySignal() error {
	// struct sigaction as the kernel has it: SIG_DFL, no flags, an empty mask.
	var byDefault [4]uint64
	for _, s := range []syscall.Signal{syscall.SIGABRT, syscall.SIGBUS, syscall.SIGFPE, syscall.SIGILL, syscall.SIGSEGV, syscall.SIGSYS, syscall.SIGTRAP} {
		_, _, failed := syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(s), uintptr(unsafe.Pointer(&byDefault)), 0, 8, 0, 0)
		if failed != 0 {
			return fmt.Errorf("%v cannot be given back to the system: %w", s, failed)
		}
	}
	return nil
}
