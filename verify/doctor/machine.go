package doctor

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/night"
)

// patience is how long a tool of the driver may take, which hangs when the driver does.
const patience = 10 * time.Second

// Machine describes what checks run on here, where a worker said that it runs.
func Machine(ctx context.Context, h verify.Host) night.Machine {
	host, _ := os.Hostname() // a machine without a name has none
	model, _ := cpuinfo()
	m := night.Machine{
		Host: host, Platform: runtime.GOOS + "/" + runtime.GOARCH, CPU: model, Kernels: h.Versions.CPU, Processors: runtime.GOMAXPROCS(0), Memory: Memory(),
		Torchgo: verify.Version(), Go: runtime.Version(), Libtorch: h.Versions.Libtorch, Devices: []night.Device{},
	}
	if h.GPUs == 0 {
		return m
	}
	cards := cardsOf(ctx)
	for i := range h.GPUs {
		d := night.Device{Name: torch.CUDA(i).String(), Driver: driverVersion("/proc/driver/nvidia/version")}
		if i < len(cards) {
			card := cards[i]
			d.Model, d.Memory = card.model, card.memory
			if d.Driver == "" {
				d.Driver = card.driver
			}
		}
		m.Devices = append(m.Devices, d)
	}
	return m
}

// card is a GPU as the driver describes it.
type card struct {
	index, uuid, model, driver string
	memory                     int64
}

// cardsOf asks the driver for the GPUs that this process sees, in CUDA's order: that of
// CUDA_VISIBLE_DEVICES, else that of their slots, which differs from CUDA's only where
// GPUs of several models are in one machine.
func cardsOf(ctx context.Context) []card {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, "nvidia-smi", "--query-gpu=index,uuid,name,driver_version,memory.total", "--format=csv,noheader,nounits").Output()
	cards := cardsIn(string(out))
	if err != nil || len(cards) == 0 {
		cards = cardsUnder("/proc/driver/nvidia/gpus")
	}
	return visible(cards, os.Getenv("CUDA_VISIBLE_DEVICES"))
}

// cardsIn reads what nvidia-smi prints.
func cardsIn(csv string) (all []card) {
	for line := range strings.Lines(csv) {
		f := strings.Split(strings.TrimSpace(line), ", ")
		if len(f) != 5 {
			continue
		}
		mib, _ := strconv.ParseInt(f[4], 10, 64) // "[N/A]" is not known
		all = append(all, card{f[0], f[1], f[2], f[3], mib << 20})
	}
	return all
}

// cardsUnder reads what the driver shows in /proc.
func cardsUnder(folder string) (all []card) {
	files, _ := filepath.Glob(filepath.Join(folder, "*", "information")) // the pattern is well formed
	for i, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		c := card{index: strconv.Itoa(i)}
		for line := range strings.Lines(string(data)) {
			key, value, _ := strings.Cut(line, ":")
			switch value = strings.TrimSpace(value); strings.TrimSpace(key) {
			case "Model":
				c.model = value
			case "GPU UUID":
				c.uuid = value
			}
		}
		all = append(all, c)
	}
	return all
}

// visible takes of the cards those that a list of numbers or UUIDs names.
func visible(cards []card, list string) []card {
	if list == "" {
		return cards
	}
	var all []card
	for name := range strings.SplitSeq(list, ",") {
		name = strings.TrimSpace(name)
		i := slices.IndexFunc(cards, func(c card) bool { return c.index == name || name != "" && strings.HasPrefix(c.uuid, name) })
		if i < 0 {
			break // as CUDA does
		}
		all = append(all, cards[i])
	}
	return all
}

// driverVersion reads the version from the line that the kernel module shows: "NVRM
// version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue …".
func driverVersion(file string) string {
	data, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	first, _, _ := strings.Cut(string(data), "\n")
	for word := range strings.FieldsSeq(first) {
		if strings.Count(word, ".") >= 1 && strings.Trim(word, "0123456789.") == "" {
			return word
		}
	}
	return ""
}
