package torch

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/seed06459138/torchgo/internal/ctorch"
)

// DeviceType is a kind of device, with the number of c10::DeviceType.
type DeviceType int8

// The kinds of devices that tensors can be put on.
const (
	DeviceCPU  DeviceType = ctorch.DeviceCPU
	DeviceCUDA DeviceType = ctorch.DeviceCUDA
)

// String gives the name as in Python: "cpu", "cuda".
func (t DeviceType) String() string {
	switch t {
	case DeviceCPU:
		return "cpu"
	case DeviceCUDA:
		return "cuda"
	}
	return "device type " + strconv.Itoa(int(t))
}

// Device says where a tensor lives. The zero value is the CPU.
type Device struct {
	Type  DeviceType
	Index int // which one of its type; 0 for the CPU
}

// CPU is the host.
var CPU = Device{}

// CUDA is the GPU with an index.
func CUDA(index int) Device { return Device{DeviceCUDA, index} }

// String gives the name as in Python: "cpu", "cuda:0".
func (d Device) String() string {
	if d.Type == DeviceCPU {
		return "cpu"
	}
	return d.Type.String() + ":" + strconv.Itoa(d.Index)
}

// ParseDevice reads "cpu", "cuda" or "cuda:1". It does not ask whether the
// device is there; the first call that uses it does, as does Check.
func ParseDevice(s string) (Device, error) {
	name, index, hasIndex := strings.Cut(s, ":")
	d := Device{}
	switch name {
	case "cpu":
	case "cuda":
		d.Type = DeviceCUDA
	default:
		return Device{}, fmt.Errorf("unknown device %q: use cpu, cuda or cuda:N", s)
	}
	if hasIndex {
		n, err := strconv.ParseUint(index, 10, 7)
		if err != nil || (d.Type == DeviceCPU && n != 0) {
			return Device{}, fmt.Errorf("unknown device %q: use cpu, cuda or cuda:N", s)
		}
		d.Index = int(n)
	}
	return d, nil
}

// DeviceCount tells how many devices of a type there are, and, when there are
// none, what is missing: the libraries, the driver or the device.
func DeviceCount(t DeviceType) (n int, missing string, err error) {
	if err := ctorch.Ensure(); err != nil {
		return 0, "", err
	}
	var info ctorch.DeviceInfo
	if err := WrapError("count devices", ctorch.DeviceRead(int32(t), &info)); err != nil {
		return 0, "", err
	}
	return int(info.Count), ctorch.GoString(info.Missing), nil
}

// Check returns an error of CodeDevice that says what is missing when the
// device is not there.
func (d Device) Check() error {
	n, missing, err := DeviceCount(d.Type)
	switch {
	case err != nil:
		return err
	case n == 0:
		return &Error{Op: "use " + d.String(), Code: CodeDevice, Msg: "there is none: " + missing}
	case d.Index < 0 || d.Index >= n:
		return &Error{Op: "use " + d.String(), Code: CodeDevice, Msg: fmt.Sprintf("this machine has %d", n)}
	}
	return nil
}

// Healthy gives nil, or the error that a device of d's type has failed with for
// good: after an illegal address or a failed assertion on a GPU, every call that
// uses one fails with CodeFault, until the process is started anew. It asks
// nothing of the device and is cheap.
func (d Device) Healthy() error {
	if err := ctorch.Ensure(); err != nil {
		return err
	}
	return WrapError("use "+d.String(), ctorch.DeviceHealth(int32(d.Type)))
}

// Synchronize waits until all work given to the device is done.
func (d Device) Synchronize() error {
	if err := ctorch.Ensure(); err != nil {
		return err
	}
	return Crossing("synchronize "+d.String(), func() *ctorch.Error {
		return ctorch.DeviceSynchronize(int32(d.Type), int32(d.Index))
	})
}
