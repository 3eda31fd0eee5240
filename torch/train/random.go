package train

import (
	"fmt"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/checkpoint"
)

// saveRandom keeps the states of random numbers: those of the CPU as
// torch.get_rng_state gives them, those of the GPUs, if any is there, as
// torch.cuda.get_rng_state_all does.
func saveRandom(to *checkpoint.Dict) error {
	state, err := randomState(torch.CPU)
	if err != nil {
		return err
	}
	if err := to.Set(checkpoint.String(randomKey), state); err != nil {
		return err
	}
	n, _, err := torch.DeviceCount(torch.DeviceCUDA)
	if err != nil || n == 0 {
		return err
	}
	all := &checkpoint.List{}
	for i := range n {
		state, err := randomState(torch.CUDA(i))
		if err != nil {
			return err
		}
		all.Items = append(all.Items, state)
	}
	return to.Set(checkpoint.String(cudaKey), all)
}

func randomState(d torch.Device) (*checkpoint.Tensor, error) {
	state, err := torch.RandomState(d)
	if err != nil {
		return nil, err
	}
	defer state.Close()
	return state.Checkpoint()
}

// restoreRandom goes back to the states that a file holds.
func restoreRandom(from *checkpoint.Dict) error {
	v, _ := from.Get(randomKey)
	if err := setRandom(torch.CPU, v); err != nil {
		return err
	}
	v, ok := from.Get(cudaKey)
	if !ok {
		return nil
	}
	all, ok := v.(*checkpoint.List)
	if !ok {
		return fmt.Errorf("%w: %s is a %T, not a list", ErrIncomplete, cudaKey, v)
	}
	n, _, err := torch.DeviceCount(torch.DeviceCUDA)
	if err != nil {
		return err
	}
	for i := range min(n, len(all.Items)) {
		if err := setRandom(torch.CUDA(i), all.Items[i]); err != nil {
			return err
		}
	}
	return nil
}

func setRandom(d torch.Device, v checkpoint.Value) error {
	saved, ok := v.(*checkpoint.Tensor)
	if !ok {
		return fmt.Errorf("%w: it has no %s", ErrIncomplete, randomKey)
	}
	state, err := torch.FromCheckpoint(saved)
	if err != nil {
		return err
	}
	defer state.Close()
	return torch.SetRandomState(d, state)
}
