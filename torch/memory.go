package torch

import (
	"runtime"

	"github.com/seed06459138/torchgo/internal/ctorch"
)

// Memory is what the allocator of one device holds, in bytes.
type Memory struct {
	// Allocated is in use.
	Allocated int64
	// Reserved was taken from the system: it is in use, or kept for later.
	Reserved int64
	// Peak is the most that was allocated. Of the CPU it is the most that the
	// process had in memory, Go's heap and mapped files included.
	Peak int64
}

// MemoryStats tells what the allocator of a device holds: malloc and torchgo's
// own for large tensors for the CPU, which Go's heap is no part of, and the
// caching allocator for CUDA. The latter needs libtorch 2.9; with an older one
// it is an error of CodeNotImplemented.
func MemoryStats(d Device) (Memory, error) {
	if err := ctorch.Ensure(); err != nil {
		return Memory{}, err
	}
	var info ctorch.MemoryInfo
	if err := WrapError("memory of "+d.String(), ctorch.MemoryRead(int32(d.Type), int32(d.Index), &info)); err != nil {
		return Memory{}, err
	}
	return Memory{Allocated: info.Allocated, Reserved: info.Reserved, Peak: info.Peak}, nil
}

// ResetPeak makes Memory.Peak of a GPU begin anew, at what is allocated now. Of the
// CPU, and with libtorch before 2.9, it is an error of CodeNotImplemented.
func ResetPeak(d Device) error {
	if err := ctorch.Ensure(); err != nil {
		return err
	}
	return WrapError("reset the peak of "+d.String(), ctorch.MemoryResetPeak(int32(d.Type), int32(d.Index)))
}

// NativeBytes tells how many bytes of native memory the tensors that are not
// closed stand for; those that share memory count each. The garbage collector is
// called when it has doubled, so that tensors that nobody closed are freed too.
func NativeBytes() int64 { return ctorch.NativeBytes() }

// Trim frees what is garbage, and gives memory that the CPU's allocators keep
// for later back to the system. It is for the moment after a large model was
// closed; it takes milliseconds. Without it most goes back by itself, some
// seconds after it was last needed, with Go's next collection of garbage.
func Trim() error {
	if err := ctorch.Ensure(); err != nil {
		return err
	}
	runtime.GC()
	return WrapError("trim", ctorch.MemoryTrim(ctorch.DeviceCPU))
}

// EmptyCache gives memory that the caching allocator of the GPUs keeps for later
// back to the driver, as torch.cuda.empty_cache does. Without a GPU it does
// nothing; with libtorch before 2.9 it is an error of CodeNotImplemented.
func EmptyCache() error {
	if err := ctorch.Ensure(); err != nil {
		return err
	}
	return WrapError("empty the cache", ctorch.MemoryTrim(ctorch.DeviceCUDA))
}
