package doctor

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/seed06459138/torchgo/internal/ctorch"
	"github.com/seed06459138/torchgo/torch"
)

// native is what was learnt by opening libtorch.
type native struct {
	build torch.Build
	err   error
}

func examineNative() native {
	build, err := torch.Version()
	return native{build, err}
}

func (n native) usable() bool { return n.err == nil }

// items describes libtorch, the shim and the C++ ABI.
func (n native) items() []Item {
	if n.err != nil {
		return n.missing()
	}
	abi := "std::__cxx11"
	if !n.build.CXX11ABI {
		abi = "pre-C++11 strings, as older libtorches were built"
	}
	return []Item{
		{Name: "libtorch", State: Good, Value: n.build.Libtorch, From: n.build.LibtorchPath, Notes: nonEmpty("chosen by: " + n.build.Source)},
		{Name: "shim", State: Good, Value: fmt.Sprintf("ABI %d, built by %s", ctorch.ABI, n.build.Compiler),
			From: fmt.Sprintf("%s (%s)", n.build.ShimPath, n.build.ShimFound)},
		{Name: "C++ ABI", State: Good, Value: abi},
	}
}

// missing says where the shim was looked for.
func (n native) missing() []Item {
	shim := Item{Name: "shim", State: Missing, Value: fmt.Sprintf("%s of ABI %d", ctorch.ShimName, ctorch.ABI), Remedy: "make shim, in a checkout of torchgo; it gets libtorch too"}
	libtorch := Item{Name: "libtorch", State: Missing, Value: "cannot be opened without the shim", Remedy: "make libtorch, or set LIBTORCH to an unpacked one and make shim"}
	var tried *ctorch.LoadError
	switch {
	case errors.Is(n.err, torch.ErrNoCgo):
		shim.Value, shim.Remedy = "this program was built without cgo", "build it with CGO_ENABLED=1 and a C compiler"
		libtorch.Remedy = ""
	case errors.As(n.err, &tried):
		found := false
		for _, a := range tried.Tried {
			reason := "not there"
			if !errors.Is(a.Err, os.ErrNotExist) {
				reason, found = a.Err.Error(), true
			}
			shim.Notes = append(shim.Notes, fmt.Sprintf("tried %s (%s): %s", a.Path, a.Where, reason))
		}
		if len(tried.Tried) == 1 && tried.Tried[0].Where == "$TORCHGO_SHIM" {
			shim.Remedy = "unset TORCHGO_SHIM, or set it to a " + ctorch.ShimName
		}
		if found {
			libtorch.Value = "the shim that is there cannot open it"
		}
	default:
		shim.Notes = nonEmpty(strings.Join(strings.Fields(n.err.Error()), " "))
	}
	return []Item{libtorch, shim}
}

func nonEmpty(line string) []string {
	if strings.TrimSpace(line) == "" {
		return nil
	}
	return []string{line}
}

// examineCUDA counts the devices. Without libtorch it cannot.
func examineCUDA(n native) []Item {
	cuda := Item{Name: "CUDA", State: Absent}
	driver := ""
	if data, err := os.ReadFile("/proc/driver/nvidia/version"); err == nil {
		driver, _, _ = strings.Cut(string(data), "\n")
	}
	if driver != "" {
		cuda.Notes = append(cuda.Notes, "driver: "+strings.Join(strings.Fields(driver), " "))
	}
	if !n.usable() {
		cuda.Value = "cannot be asked for without libtorch"
		return []Item{cuda}
	}
	count, missing, err := torch.DeviceCount(torch.DeviceCUDA)
	switch {
	case err != nil:
		cuda.Value = "cannot be asked for: " + strings.Join(strings.Fields(err.Error()), " ")
	case count == 0:
		cuda.Value = "no device: " + missing
		if driver != "" {
			cuda.Remedy = "set LIBTORCH to a libtorch with CUDA, such as that of an installed Python torch, and make shim"
		}
	default:
		cuda.State = Good
		cuda.Value = fmt.Sprintf("%d device", count)
		if count > 1 {
			cuda.Value += "s"
		}
	}
	return []Item{cuda}
}
