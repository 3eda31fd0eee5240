package schedule

import (
	"os"
	"slices"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/suite"
)

// What a check takes that does not say: a process with libtorch, and its files some
// times over, for they are mapped, loaded, filled from the state and kept as they were.
const (
	processMemory = 400 << 20
	timesFiles    = 5
)

// job is a check and what it needs.
type job struct {
	check   *suite.Check
	slots   int   // of Options.Jobs
	memory  int64 // in bytes, to be kept free for it
	limit   int64 // in bytes, beyond which its process is killed; 0 is without
	wanted  []int // GPUs by their numbers
	anyGPU  bool  // one GPU, whichever
	allGPUs bool
	gpus    []int // that it was given
}

func newJob(c *suite.Check, o *Options) *job {
	j := &job{check: c, slots: 1, memory: c.Memory, limit: c.Memory}
	if j.memory == 0 {
		j.memory, j.limit = estimate(c), o.Memory
	}
	for _, d := range c.Devices() {
		if d.Type == torch.DeviceCUDA {
			j.wanted = append(j.wanted, d.Index)
		}
	}
	j.anyGPU, j.allGPUs = c.AnyGPU && len(j.wanted) == 1, c.Spec.AllDevices
	if c.Spec.Latency > 0 {
		j.slots = o.Jobs // others beside it would be what is measured
	}
	return j
}

// estimate guesses memory by the sizes of files.
func estimate(c *suite.Check) int64 {
	memory := int64(processMemory)
	for _, path := range c.Files() {
		if info, err := os.Stat(path); err == nil {
			memory += timesFiles * info.Size()
		}
	}
	return memory
}

// place gives GPUs to a job.
func (j *job) place(gpus []int) { j.gpus = gpus }

// spec makes the question, on the GPU that the job was given.
func (j *job) spec(spec verify.Spec, threads int) verify.Spec {
	if spec.Threads == 0 {
		spec.Threads = threads * j.slots
	}
	if !j.anyGPU || len(j.gpus) != 1 {
		return spec
	}
	there := torch.CUDA(j.gpus[0])
	if spec.Device.Type == torch.DeviceCUDA {
		spec.Device = there
	}
	spec.Legs = slices.Clone(spec.Legs)
	for i := range spec.Legs {
		if d := spec.Legs[i].Device; d != nil && d.Type == torch.DeviceCUDA {
			spec.Legs[i].Device = &there
		}
	}
	return spec
}
