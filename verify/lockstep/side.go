package lockstep

import (
	"errors"
	"io"

	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
)

// Side is one of the two methods.
type Side struct {
	Method  *jit.Method
	Args    []torch.Value
	Threads int // intra-op threads; 0 leaves those in force
}

// run is a side that runs.
type run struct {
	recording *jit.Recording
	pairs     []int
	pair      int // that it stands at; past all of them at the end
	values    []torch.Value
}

// start runs a side up to its first paired step.
func (s Side) start(pairs []int) (*run, error) {
	recording, err := s.Method.Record(s.Args...)
	if err != nil {
		return nil, err
	}
	r := &run{recording: recording, pairs: pairs}
	if s.Threads > 0 {
		before := torch.CurrentLimits()
		if err := torch.SetNumThreads(s.Threads); err != nil {
			r.close()
			return nil, err
		}
		defer func() { _ = torch.SetLimits(before) }() // they were in force before
	}
	if err := r.next(); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

// next runs to the next paired step.
func (r *run) next() error {
	for {
		r.drop()
		step, values, err := r.recording.Next()
		if errors.Is(err, io.EOF) {
			r.pair = ended
			return nil
		}
		if err != nil {
			r.pair = ended
			return err
		}
		r.values = values
		if r.pair = r.pairs[step]; r.pair >= 0 {
			return nil
		}
	}
}

// ended stands behind every pair.
const ended = int(^uint(0) >> 1)

func (r *run) drop() {
	torch.CloseAll(r.values...)
	r.values = nil
}

func (r *run) close() {
	r.drop()
	if result := r.recording.Result(); result != nil {
		torch.CloseAll(result)
	}
	r.recording.Close()
}
