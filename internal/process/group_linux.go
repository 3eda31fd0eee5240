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

// heldBy sums the memory, in bytes, that a group's processes hold for themselves:
// what is mapped from files is left out, since the kernel can take it back.
func heldBy(group int) (held int64) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range stats {
		stat, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		// The name of the program, in brackets, may hold anything; the group is the third field behind it.
		fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
		if len(fields) < 3 || string(fields[2]) != strconv.Itoa(group) {
			continue
		}
		status := filepath.Join(filepath.Dir(name), "status")
		for _, kind := range []string{"RssAnon:", "RssShmem:", "VmSwap:"} {
			held += numberAfter(status, kind) << 10
		}
	}
	return held
}

// numberAfter reads the number behind a word at the beginning of a line; 0 when it is not there.
func numberAfter(file, word string) int64 {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
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
