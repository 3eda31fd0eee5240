package process

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// ownGroup starts a program in a process group of its own, to be killed with it,
// and with the thread that starts it.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// killGroup kills a process and all that it started and that stayed in its group.
func killGroup(group int) { _ = syscall.Kill(-group, syscall.SIGKILL) }

// offerToKernel makes the process the first to go when memory runs out.
func offerToKernel(pid int) {
	_ = os.WriteFile("/proc/"+strconv.Itoa(pid)+"/oom_score_adj", []byte("1000"), 0)
}

// starvations counts how many processes the kernel killed for want of memory.
func starvations() int64 { return numberAfter("/proc/vmstat", "oom_kill ") }

// heldBy sums the memory, in bytes, that a group's processes hold for themselves, or
// its leader alone: what is mapped from files is left out, since the kernel can take it
// back.
func heldBy(group int, all bool) (held int64) {
	leader := strconv.Itoa(group)
	if !all {
		return ownMemory("/proc/" + leader)
	}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range stats {
		stat, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		// The name of the program, in brackets, may hold anything; the group is the third field behind it.
		fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
		if len(fields) >= 3 && string(fields[2]) == leader {
			held += ownMemory(filepath.Dir(name))
		}
	}
	return held
}

// ownMemory is what a process holds for itself.
func ownMemory(folder string) (held int64) {
	status, err := os.ReadFile(folder + "/status")
	if err != nil {
		return 0 // it has ended
	}
	for _, kind := range []string{"RssAnon:", "RssShmem:", "VmSwap:"} {
		held += numberIn(status, kind) << 10
	}
	return held
}

// resetPeak makes peakOf begin anew.
func resetPeak(pid int) bool {
	return os.WriteFile("/proc/"+strconv.Itoa(pid)+"/clear_refs", []byte("5"), 0) == nil
}

// peakOf is the most that a process had in memory at a time.
func peakOf(pid int) int64 { return numberAfter("/proc/"+strconv.Itoa(pid)+"/status", "VmHWM:") << 10 }

// numberAfter reads the number behind a word at the beginning of a line; 0 when it is not there.
func numberAfter(file, word string) int64 {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	return numberIn(text, word)
}

// numberIn finds it in text.
func numberIn(text []byte, word string) int64 {
	for line := range bytes.Lines(text) {
		if rest, ok := bytes.CutPrefix(line, []byte(word)); ok {
			if fields := bytes.Fields(rest); len(fields) > 0 {
				n, _ := strconv.ParseInt(string(fields[0]), 10, 64)
				return n
			}
		}
	}
	return 0
}
