package verify

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/verify/compare"
)

// allDevices is the word for the CPU and every GPU.
const allDevices = "all"

// PutOn says where the models run, by a word: cpu, cuda, cuda:1, or all for the CPU
// and every GPU there is.
func (s *Spec) PutOn(device string) (err error) {
	s.Device, s.AllDevices = torch.CPU, device == allDevices
	if !s.AllDevices {
		if s.Device, err = torch.ParseDevice(device); err != nil {
			return &Error{Err: fmt.Errorf("%w, or all for the CPU and every GPU", err)}
		}
	}
	return nil
}

// checkDevices finds what is wrong with the devices before any is asked for.
func (s *Spec) checkDevices() error {
	switch {
	case s.AllDevices && s.Device != torch.CPU:
		return &Error{Msg: "every GPU is held against the CPU, not against " + s.Device.String(), Remedy: "give --device all alone"}
	case s.AllDevices && s.Scripted == "":
		return &Error{Msg: "there is no TorchScript file to run on every device", Remedy: "give --scripted, or legs with device=cuda:0"}
	case s.RequireGPU && !s.AllDevices && !slices.ContainsFunc(s.legs(), func(l LegSpec) bool { return s.deviceOf(l) != torch.CPU }):
		return &Error{Msg: "a GPU is required, and nothing is put on one", Remedy: "give --device cuda or --device all"}
	}
	return nil
}

// deviceOf says where a leg is put.
func (s *Spec) deviceOf(l LegSpec) torch.Device {
	if l.Device != nil {
		return *l.Device
	}
	return s.Device
}

// spread adds a leg for each GPU where all devices are asked for, and says when there
// is none. It gives a Spec of its own.
func (s Spec) spread(count func(torch.DeviceType) (n int, missing string, err error)) (Spec, []Finding, error) {
	if !s.AllDevices {
		return s, nil, nil
	}
	n, missing, err := count(torch.DeviceCUDA)
	switch {
	case err != nil:
		return s, nil, err
	case n == 0 && s.RequireGPU:
		return s, nil, &Error{Msg: "a GPU is required, and none is seen: " + missing, Remedy: "see verify doctor"}
	case n == 0:
		return s, []Finding{{NoGPU, Note, allDevices, "no GPU is seen, and the CPU alone was checked: " + missing, "see verify doctor"}}, nil
	}
	s.Legs = slices.Clone(s.Legs)
	for i := range n {
		device := torch.CUDA(i)
		s.Legs = append(s.Legs, LegSpec{Name: "on " + device.String(), Kind: kindScripted, File: s.Scripted, Device: &device})
	}
	return s, nil, nil
}

// lanes gives the legs by the devices that they are put on, in their order. What is
// on one device can go on beside what is on another. The first are those on the
// check's own device, and those that change the number of threads of the process.
func (s *Spec) lanes() [][]int {
	all, of := [][]int{nil}, map[torch.Device]int{s.Device: 0}
	for i, l := range s.legs() {
		device := s.deviceOf(l)
		if l.Threads > 0 {
			device = s.Device
		}
		lane, known := of[device]
		if !known {
			lane = len(all)
			of[device] = lane
			all = append(all, nil)
		}
		all[lane] = append(all[lane], i)
	}
	return all
}

// sideBySide calls f for each leg, the legs of one device one after the other and
// the devices at the same time. The first lane is the caller's own thread.
func (s *Spec) sideBySide(ctx context.Context, f func(leg int)) {
	lanes := s.lanes()
	var others sync.WaitGroup
	run := func(lane []int) {
		for _, leg := range lane {
			if ctx.Err() != nil {
				return
			}
			f(leg)
		}
	}
	for _, lane := range lanes[1:] {
		others.Go(func() { run(lane) })
	}
	run(lanes[0])
	others.Wait()
}

// computesOn gives the device that a leg computes on, or was recorded on; "" when that
// is not known.
func (r *run) computesOn(l leg) string {
	switch l := l.(type) {
	case *moduleLeg:
		return l.at.device.String()
	case *stateLeg:
		return l.at.device.String()
	case *structureLeg:
		return l.at.device.String()
	case *remoteLeg:
		return l.opened.Device
	case *runnerLeg:
		if placed, ok := l.runner.(Placed); ok {
			return placed.Device().String()
		}
	}
	return ""
}

// demandsOf gives what the outputs of a leg are held to. Without a tolerance that
// somebody asked for, a GPU is allowed more against what is not one.
func (r *run) demandsOf(l leg) demands {
	d := r.demands()
	apart := onGPU(r.computesOn(l)) != onGPU(r.computesOn(r.reference))
	if r.spec.Tolerance == nil && apart {
		nan := d.tolerance.EqualNaN
		d.tolerance, d.by = compare.OnGPU, compare.OnGPU.String()
		d.tolerance.EqualNaN = nan
	}
	return d
}

// onGPU tells whether a device of a report is a GPU.
func onGPU(device string) bool {
	d, err := torch.ParseDevice(device)
	return err == nil && d != torch.CPU
}
