package verify

import (
	"runtime"
	"runtime/debug"

	"github.com/seed06459138/torchgo/torch"
)

// Version gives the version of this module in the running program.
func Version() string {
	const module = "github.com/seed06459138/torchgo"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if info.Main.Path == module {
		return info.Main.Version
	}
	for _, dep := range info.Deps {
		if dep.Path == module {
			return dep.Version
		}
	}
	return "unknown"
}

// versions says what ran.
func versions() (Versions, error) {
	build, err := torch.Version()
	if err != nil {
		return Versions{}, err
	}
	return Versions{
		Torchgo: Version(), Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
		Libtorch: build.Libtorch, Library: build.LibtorchPath, Shim: build.ShimPath, CPU: build.CPU,
	}, nil
}

// running says what computes.
type running struct {
	Versions            Versions
	Threads             int
	TF32, Deterministic bool
}

// runsHere describes this process.
func runsHere() (on *running, err error) {
	on = &running{}
	if on.Versions, err = versions(); err != nil {
		return nil, err
	}
	if on.Threads, err = torch.NumThreads(); err != nil {
		return nil, err
	}
	if on.TF32, err = torch.TF32(); err != nil {
		return nil, err
	}
	on.Deterministic, err = torch.Deterministic()
	return on, err
}
