package torch

import "github.com/seed06459138/torchgo/internal/ctorch"

// ManualSeed seeds the random numbers of all devices, as torch.manual_seed does: the
// same operators then draw the same numbers as in Python. libtorch has one generator
// for each device, so what goroutines draw beside each other is in no fixed order.
func ManualSeed(seed uint64) error {
	if err := ctorch.Ensure(); err != nil {
		return err
	}
	return WrapError("seed the random numbers", ctorch.RandomSeed(seed))
}

// RandomState gives the state of a device's random numbers, as torch.get_rng_state
// and torch.cuda.get_rng_state do: a tensor of bytes on the CPU, to be closed.
func RandomState(d Device) (*Tensor, error) {
	if err := ctorch.Ensure(); err != nil {
		return nil, err
	}
	var p *ctorch.Tensor
	if err := WrapError("read the state of random numbers", ctorch.RandomState(int32(d.Type), int32(d.Index), &p)); err != nil {
		return nil, err
	}
	return adopt(p, 0), nil
}

// SetRandomState goes back to a state that RandomState gave, or Python did.
func SetRandomState(d Device, state *Tensor) error {
	const op = "set the state of random numbers"
	return state.with(op, func(p *ctorch.Tensor) error {
		return WrapError(op, ctorch.RandomRestore(int32(d.Type), int32(d.Index), p))
	})
}
