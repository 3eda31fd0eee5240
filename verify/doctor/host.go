package doctor

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/seed06459138/torchgo/internal/ctorch"
)

// ask runs a program and gives the first line that it prints.
func ask(ctx context.Context, name string, args ...string) (path, line string, ok bool) {
	path, err := exec.LookPath(name)
	if err != nil {
		return "", "", false
	}
	out, err := exec.CommandContext(ctx, path, args...).CombinedOutput()
	line, _, _ = strings.Cut(string(bytes.TrimSpace(out)), "\n")
	return path, line, err == nil
}

func examineGo(ctx context.Context) Item {
	i := Item{Name: "Go", State: Good, Value: fmt.Sprintf("%s %s/%s built this program", runtime.Version(), runtime.GOOS, runtime.GOARCH)}
	if path, line, ok := ask(ctx, "go", "version"); ok {
		i.From = path
		if version := strings.TrimPrefix(line, "go version "); !strings.HasPrefix(version, runtime.Version()+" ") {
			i.Notes = append(i.Notes, "there it is "+version)
		}
	} else {
		i.Notes = append(i.Notes, "no go command in $PATH; programs that are built already need none")
	}
	return i
}

// examineCompiler looks for the compiler that make shim would use.
func examineCompiler(ctx context.Context, shim bool) Item {
	names, from := []string{"c++", "g++", "clang++"}, ""
	if cxx := os.Getenv("CXX"); cxx != "" {
		names, from = []string{cxx}, " ($CXX)"
	}
	for _, name := range names {
		if path, line, ok := ask(ctx, name, "--version"); ok {
			return Item{Name: "compiler", State: Good, Value: line, From: path + from}
		}
	}
	return unbuilt("compiler", fmt.Sprintf("no %s in $PATH", strings.Join(names, ", ")), "install one (Debian: apt-get install g++)", shim)
}

func examineCMake(ctx context.Context, shim bool) Item {
	if path, line, ok := ask(ctx, "cmake", "--version"); ok {
		return Item{Name: "cmake", State: Good, Value: strings.TrimPrefix(line, "cmake version "), From: path}
	}
	return unbuilt("cmake", "not in $PATH", "install it (Debian: apt-get install cmake)", shim)
}

// unbuilt describes a tool that only building the shim needs.
func unbuilt(name, value, remedy string, shim bool) Item {
	if shim {
		return Item{Name: name, State: Absent, Value: value + "; needed only to build another shim"}
	}
	return Item{Name: name, State: Missing, Value: value, Remedy: remedy}
}

func examinePython(ctx context.Context) Item {
	if path, line, ok := ask(ctx, "python3", "-m", "pip", "--version"); ok {
		return Item{Name: "python3", State: Good, Value: line, From: path}
	}
	return Item{Name: "python3", State: Absent, Value: "no python3 with pip; only 'make libtorch' needs it, for the download"}
}

// examineCPU tells what the processor has of what libtorch's kernels want.
func examineCPU(n native) Item {
	i := Item{Name: "CPU", State: Good, Value: fmt.Sprintf("%d processors", runtime.NumCPU())}
	model, flags := cpuinfo()
	if model != "" {
		i.Value = model + ", " + i.Value
	}
	var has []string
	for _, want := range []string{"avx", "avx2", "fma", "f16c", "avx512f", "avx512_bf16", "avx512_vnni", "amx_tile", "amx_bf16", "asimd", "sve"} {
		if slices.Contains(flags, want) {
			has = append(has, want)
		}
	}
	if len(has) > 0 {
		i.Notes = append(i.Notes, "features: "+strings.Join(has, " "))
	}
	if n.usable() {
		i.Notes = append(i.Notes, "kernels in use: "+n.build.CPU)
		if limit := os.Getenv("ATEN_CPU_CAPABILITY"); limit != "" {
			i.Notes = append(i.Notes, "limited by ATEN_CPU_CAPABILITY="+limit)
		}
	}
	return i
}

func cpuinfo() (model string, flags []string) {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return "", nil
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		key, value, _ := strings.Cut(lines.Text(), ":")
		switch strings.TrimSpace(key) {
		case "model name":
			model = strings.TrimSpace(value)
		case "flags", "Features":
			return model, strings.Fields(value)
		}
	}
	return model, flags
}

func examineThreads() Item {
	return Item{Name: "threads", State: Good, Value: fmt.Sprintf("%d, of the processors and the CPU quota of the control group", runtime.GOMAXPROCS(0))}
}

// examineFolders tells where things are looked for and kept.
func examineFolders() []Item {
	var items []Item
	cache := Item{Name: "cache", State: Good}
	dir, err := ctorch.CacheDir()
	switch {
	case err != nil:
		cache.State, cache.Value, cache.Remedy = Absent, err.Error(), "set TORCHGO_CACHE to a folder"
	default:
		cache.Value = dir
		if os.Getenv("TORCHGO_CACHE") != "" {
			cache.From = "$TORCHGO_CACHE"
		}
		if _, err := os.Stat(dir); err != nil {
			cache.State, cache.Value = Absent, dir+", not there yet"
		}
	}
	items = append(items, cache)
	for _, name := range []string{"LIBTORCH", "TORCHGO_SHIM"} {
		value := os.Getenv(name)
		if value == "" {
			continue
		}
		i := Item{Name: "$" + name, State: Good, Value: value}
		if _, err := os.Stat(filepath.Clean(value)); err != nil {
			i.State, i.Value, i.Remedy = Missing, value+", which is not there", "correct it or unset "+name
		}
		items = append(items, i)
	}
	return items
}
