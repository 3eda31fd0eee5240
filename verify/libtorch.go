package verify

import (
	"fmt"
	"strings"

	"github.com/seed06459138/torchgo/torch"
)

// acrossLibtorch gives each leg that computes with libtorch once for each version
// that was asked for. Legs that name their own have that.
func (s *Spec) acrossLibtorch(legs []LegSpec) []LegSpec {
	var all []LegSpec
	for _, l := range legs {
		if l.Libtorch != "" || !usesLibtorch(l.Kind) {
			all = append(all, l)
		}
	}
	for _, version := range s.Libtorch {
		for _, l := range legs {
			if l.Libtorch != "" || !usesLibtorch(l.Kind) {
				continue
			}
			l.Libtorch = version
			l.suffix = "@" + version
			l.Name += l.suffix
			all = append(all, l)
		}
	}
	return all
}

// shimFor finds the shim of the libtorch that a leg asks for; "" is the one of this
// program.
func shimFor(libtorch string) (string, error) {
	if libtorch == "" {
		return "", nil
	}
	path, err := torch.FindShim(libtorch)
	if err != nil {
		return "", &Error{Msg: "libtorch=" + libtorch, Err: err}
	}
	return path, nil
}

// checkLibtorch holds the libtorch of this process against the version that was
// asked for.
func checkLibtorch(asked string, build torch.Build) error {
	if asked == "" || strings.Contains(asked, "/") || strings.HasSuffix(asked, ".so") || sameRelease(asked, build.Libtorch) {
		return nil
	}
	return &Error{Path: build.ShimPath, Msg: fmt.Sprintf("is of libtorch %s, not %s", build.Libtorch, asked), Remedy: "run scripts/shim " + asked + " in a checkout of torchgo"}
}

// sameRelease compares versions without what stands behind a plus, as in "2.15.0+cu132".
func sameRelease(a, b string) bool {
	a, _, _ = strings.Cut(a, "+")
	b, _, _ = strings.Cut(b, "+")
	return a == b
}
