// Package aoti lets verify have legs of packages that AOTInductor compiled.
// Importing it is enough.
package aoti

import (
	"context"
	"maps"

	"github.com/seed06459138/torchgo/aoti"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/verify"
)

func init() {
	verify.RegisterKind(verify.Kind{Name: "aoti", Label: "AOTInductor", Options: []string{"model"}, Libtorch: true, Open: open})
}

// runner runs a package.
type runner struct{ pkg *aoti.Package }

// open makes the runner of a leg. Its option model names one of several models.
func open(_ context.Context, leg verify.LegSpec) (verify.Runner, error) {
	var options []aoti.Option
	if leg.Device != nil {
		options = append(options, aoti.OnDevice(*leg.Device))
	}
	if name := leg.Options["model"]; name != "" {
		options = append(options, aoti.Model(name))
	}
	pkg, err := aoti.Load(leg.File, options...)
	if err != nil {
		return nil, err
	}
	return runner{pkg}, nil
}

// Run passes the arrays in their order, as contiguous tensors.
func (r runner) Run(_ context.Context, in []verify.Array) ([]verify.Array, error) {
	tensors := make([]*torch.Tensor, len(in))
	defer func() {
		for _, t := range tensors {
			t.Close()
		}
	}()
	for i, a := range in {
		var err error
		if tensors[i], err = tensorOf(a, r.pkg.Device()); err != nil {
			return nil, err
		}
	}
	result, err := r.pkg.Run(tensors...)
	if err != nil {
		return nil, err
	}
	defer torch.CloseAll(result)
	return verify.ArraysOf(result)
}

func tensorOf(a verify.Array, device torch.Device) (*torch.Tensor, error) {
	t, err := torch.FromBytes(a.DType, a.Shape, a.Data)
	if err != nil || device == torch.CPU {
		return t, err
	}
	defer t.Close()
	return t.To(device)
}

// Describe tells what the package says of itself.
func (r runner) Describe() map[string]string {
	about := make(map[string]string)
	names := map[string]string{"AOTI_DEVICE_KEY": "device", "AOTI_CPU_ISA": "instructions", "AOTI_COMPUTE_CAPABILITY": "compute capability"}
	for key, value := range maps.All(r.pkg.Metadata()) {
		if name, ok := names[key]; ok && value != "" {
			about[name] = value
		}
	}
	return about
}

// Close frees the package.
func (r runner) Close() error {
	r.pkg.Close()
	return nil
}

// Device gives the device that the package was compiled for.
func (r runner) Device() torch.Device { return r.pkg.Device() }
