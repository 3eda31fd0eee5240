package train

import (
	"errors"
	"fmt"
	"slices"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/torch/nn"
	"github.com/seed06459138/torchgo/torch/optim"
)

var (
	// ErrModel is matched by the error of a structure that is of another type than was
	// asked for.
	ErrModel = errors.New("the structure is another one")

	// ErrIncomplete is matched by the error of a file that lacks what training needs.
	ErrIncomplete = errors.New("the checkpoint is incomplete")

	// ErrKey is matched by the error of an entry of Extra under a key that the checkpoint
	// itself has.
	ErrKey = errors.New("an entry of Extra is under a key of the checkpoint's own")
)

// Run is a training: a model M built from hyper-parameters H, and its optimiser.
type Run[M, H any] struct {
	Key       nn.Key
	Hyper     H
	Model     M
	Optimizer optim.Optimizer
	Scheduler Stateful // nil without one

	Epoch int64   // the next to be trained, from 0
	Batch int64   // of this epoch, the next to be trained, from 0; see EndBatch
	Loss  float64 // of the last epoch that was trained

	// Random is whether Save keeps the states of random numbers, so that dropout and
	// shuffling go on as they would have.
	Random bool
	// Extra is saved too, under keys of its own, and read back.
	Extra *checkpoint.Dict

	means means            // of this epoch so far
	file  *checkpoint.File // that Extra came from, which tensors in it are mapped from
}

// Stateful is what has a state_dict, such as a scheduler.
type Stateful interface {
	StateDict() *checkpoint.Dict
	LoadStateDict(state *checkpoint.Dict) error
}

// Options are the options of Begin and Resume.
type Options struct {
	// Device is where the model is trained; the CPU unless given.
	Device torch.Device
	// Scheduler makes the scheduler of an optimiser, whose state a checkpoint keeps; nil
	// for none. Its steps are the program's:
	//
	//	var schedule optim.Scheduler
	//	opts.Scheduler = func(o optim.Optimizer) train.Stateful {
	//		schedule = optim.NewStepLR(o, 30, 0.1)
	//		return schedule
	//	}
	Scheduler func(o optim.Optimizer) Stateful
	// Random restores the states of random numbers that a file holds, and saves them,
	// so that dropout goes on as it would have. torch.ManualSeed is for Begin.
	Random bool
}

// Making an optimiser is the caller's: it depends on the hyper-parameters.
type makeOptimizer[H any] = func(h H, params []*nn.Parameter) optim.Optimizer

// Begin builds a registered structure and fills its parameters. The run is to be
// closed.
func Begin[M, H any](name, version string, hyper H, optimizer func(h H, params []*nn.Parameter) optim.Optimizer, opts ...Options) (*Run[M, H], error) {
	dict, err := nn.EncodeHyper(hyper)
	if err != nil {
		return nil, err
	}
	r, err := build[M, H](nn.Key{Name: name, Version: version}, dict)
	if err != nil {
		return nil, err
	}
	if _, err := nn.Init(r.Model); err != nil {
		r.Close()
		return nil, err
	}
	if err := r.equip(optimizer, opts); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// build finds the structure and makes it, without its parameters.
func build[M, H any](key nn.Key, hyper checkpoint.Value) (*Run[M, H], error) {
	make, err := nn.Lookup(key.Name, key.Version)
	if err != nil {
		return nil, err
	}
	built, err := make(hyper)
	if err != nil {
		return nil, err
	}
	model, ok := built.Module.(M)
	h, too := built.Hyper.(H)
	if !ok || !too {
		var m M
		return nil, fmt.Errorf("%w: %s is a %T built from %T, not a %T built from %T", ErrModel, key, built.Module, built.Hyper, m, h)
	}
	return &Run[M, H]{Key: key, Model: model, Hyper: h}, nil
}

// equip puts the model where it is trained, and makes what trains it.
func (r *Run[M, H]) equip(optimizer makeOptimizer[H], opts []Options) error {
	var o Options
	if len(opts) > 0 {
		o = opts[0]
	}
	r.Random = o.Random
	if err := nn.To(r.Model, o.Device); err != nil {
		return err
	}
	r.Optimizer = optimizer(r.Hyper, nn.Parameters(r.Model))
	if o.Scheduler != nil {
		r.Scheduler = o.Scheduler(r.Optimizer)
	}
	return nil
}

// Close closes the tensors of the model and the optimiser. Closing again does nothing.
func (r *Run[M, H]) Close() {
	nn.Close(r.Model)
	if r.Optimizer != nil {
		r.Optimizer.Close()
	}
	if r.file != nil {
		_ = r.file.Close() // it was only read
		r.file = nil
	}
}

// Keys under which a checkpoint keeps what its usual keys have no place for.
const (
	schedulerKey = "scheduler_state_dict"
	soFarKey     = "epoch_so_far"
	randomKey    = "rng_state"
	cudaKey      = "cuda_rng_state_all"
)

// Save writes a checkpoint over what is at path, which holds the old file or the
// new one, whole, whatever happens. Its epoch is the last that was trained to its end;
// of the batches that were trained since, the changes are in it, and their number. Python
// programs that do not know of that begin the epoch again.
func (r *Run[M, H]) Save(path string) error {
	dict, err := r.dict()
	if err != nil {
		return fmt.Errorf("save %s: %w", path, err)
	}
	return checkpoint.Save(path, dict)
}

func (r *Run[M, H]) dict() (*checkpoint.Dict, error) {
	hyper, err := nn.EncodeHyper(r.Hyper)
	if err != nil {
		return nil, err
	}
	state, err := nn.StateDict(r.Model)
	if err != nil {
		return nil, err
	}
	optimizer, err := r.Optimizer.StateDict()
	if err != nil {
		return nil, err
	}
	version, err := torch.Version()
	if err != nil {
		return nil, err
	}
	extra := checkpoint.NewDict()
	if r.Scheduler != nil {
		_ = extra.Set(checkpoint.String(schedulerKey), r.Scheduler.StateDict()) // a string can be hashed
	}
	if soFar := r.soFar(); soFar != nil {
		_ = extra.Set(checkpoint.String(soFarKey), soFar)
	}
	if r.Random {
		if err := saveRandom(extra); err != nil {
			return nil, err
		}
	}
	c := &checkpoint.Checkpoint{ModelName: r.Key.Name, ModelVersion: r.Key.Version, Model: state, Optimizer: optimizer,
		Epoch: r.Epoch - 1, TrainLoss: r.Loss, Hyperparams: hyper, TorchVersion: version.Libtorch, Extra: extra}
	dict, err := c.Dict()
	if err != nil || r.Extra == nil {
		return dict, err
	}
	for k, v := range r.Extra.All() {
		if _, ok := dict.Lookup(k); ok {
			return nil, fmt.Errorf("%w: %v", ErrKey, k)
		}
		if err := dict.Set(k, v); err != nil {
			return nil, err
		}
	}
	return dict, nil
}

// Resume builds the structure that a checkpoint names from its hyper-parameters,
// and takes back the state of the model, the optimiser and the scheduler. The run,
// which goes on with the epoch after the saved one, and with its Batch, is to be closed.
//
// A file that lacks something is an error that matches ErrIncomplete, an unknown
// structure nn.ErrUnknown, one of other types ErrModel, other hyper-parameters
// nn.ErrHyper, another state nn.ErrState or optim.ErrState.
func Resume[M, H any](path string, optimizer func(h H, params []*nn.Parameter) optim.Optimizer, opts ...Options) (*Run[M, H], error) {
	r, err := resume[M](path, optimizer, opts)
	if err != nil {
		return nil, fmt.Errorf("resume %s: %w", path, err)
	}
	return r, nil
}

func resume[M, H any](path string, optimizer makeOptimizer[H], opts []Options) (*Run[M, H], error) {
	f, err := checkpoint.Open(path)
	if err != nil {
		return nil, err
	}
	r, err := rebuild[M](f, optimizer, opts)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	r.file = f
	return r, nil
}

func rebuild[M, H any](f *checkpoint.File, optimizer makeOptimizer[H], opts []Options) (*Run[M, H], error) {
	c, err := f.Checkpoint()
	if err != nil {
		return nil, err
	}
	switch {
	case c.ModelName == "":
		return nil, fmt.Errorf("%w: it names no structure (model_name)", ErrIncomplete)
	case c.Model == nil:
		return nil, fmt.Errorf("%w: it has no model_state_dict", ErrIncomplete)
	case c.Optimizer == nil:
		return nil, fmt.Errorf("%w: it has no optimizer_state_dict", ErrIncomplete)
	case slices.Contains(c.Missing, "epoch"):
		return nil, fmt.Errorf("%w: it tells no epoch", ErrIncomplete)
	}
	hyper := c.Hyperparams
	if hyper == nil {
		hyper = checkpoint.NewDict()
	}
	r, err := build[M, H](nn.Key{Name: c.ModelName, Version: c.ModelVersion}, hyper)
	if err != nil {
		return nil, err
	}
	if err := r.restore(c, optimizer, opts); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

func (r *Run[M, H]) restore(c *checkpoint.Checkpoint, optimizer makeOptimizer[H], opts []Options) error {
	if err := nn.LoadStateDict(r.Model, c.Model); err != nil {
		return err
	}
	if err := r.equip(optimizer, opts); err != nil {
		return err
	}
	if err := r.Optimizer.LoadStateDict(c.Optimizer); err != nil {
		return err
	}
	if r.Scheduler != nil {
		v, _ := c.Extra.Get(schedulerKey)
		state, ok := v.(*checkpoint.Dict)
		if !ok {
			return fmt.Errorf("%w: it has no %s", ErrIncomplete, schedulerKey)
		}
		if err := r.Scheduler.LoadStateDict(state); err != nil {
			return err
		}
	}
	if r.Random {
		if err := restoreRandom(c.Extra); err != nil {
			return err
		}
	}
	r.Epoch, r.Loss, r.Extra = c.Epoch+1, c.TrainLoss, checkpoint.NewDict()
	for k, v := range c.Extra.All() {
		switch k {
		case checkpoint.String(schedulerKey), checkpoint.String(randomKey), checkpoint.String(cudaKey), checkpoint.String(soFarKey):
			continue
		}
		_ = r.Extra.Set(k, v) // it was a key
	}
	if v, ok := c.Extra.Get(soFarKey); ok {
		return r.takeSoFar(v)
	}
	return nil
}
