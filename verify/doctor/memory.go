package doctor

import (
	"bufio"
	"os"
	"path"
	"strconv"
	"strings"
)

// Memory gives the memory, in bytes, that this process may use: that of the machine, or
// of its control group where that has less; 0 when it can't be told.
func Memory() int64 {
	limit := fieldOf("/proc/meminfo", "MemTotal:") << 10
	for _, l := range groupLimits("/proc/self/cgroup", "/sys/fs/cgroup") {
		if l > 0 && (limit == 0 || l < limit) {
			limit = l
		}
	}
	return limit
}

// fieldOf reads the number behind a word at the beginning of a line.
func fieldOf(file, word string) int64 {
	f, err := os.Open(file)
	if err != nil {
		return 0
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), word); ok {
			number, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
			n, _ := strconv.ParseInt(number, 10, 64)
			return n
		}
	}
	return 0
}

// groupLimits reads the limits of the control groups that this process is in, and of
// those around them, of both versions.
func groupLimits(membership, root string) (all []int64) {
	data, err := os.ReadFile(membership)
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(data)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		base, file := root, "memory.max"
		switch parts[1] {
		case "":
		case "memory":
			base, file = path.Join(root, "memory"), "memory.limit_in_bytes"
		default:
			continue
		}
		// In a container the path may be that outside of it; its own group is the root then.
		for at := path.Clean("/" + parts[2]); ; at = path.Dir(at) {
			if text, err := os.ReadFile(path.Join(base, at, file)); err == nil {
				if n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && n < 1<<60 {
					all = append(all, n)
				}
			}
			if at == "/" {
				break
			}
		}
	}
	return all
}
