//go:build !linux

package process

import (
	"os"
	"syscall"
)

func ownGroup() *syscall.SysProcAttr { return nil }

// killGroup kills the process alone: groups are a matter of each system.
func killGroup(pid int) {
	if p, err := os.FindProcess(pid); err == nil {
		_ = p.Kill()
	}
}

func offerToKernel(int) {}

func starvations() int64 { return 0 }

func heldBy(int, bool) int64 { return 0 }

func resetPeak(int) bool { return false }

func peakOf(int) int64 { return 0 }
