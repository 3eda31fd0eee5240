package optim

import (
	"fmt"
	"math"
	"slices"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/torch/nn"
)

// Optimizer changes parameters by their gradients.
type Optimizer interface {
	// Step changes every parameter that has a gradient.
	Step() error
	// ZeroGrad removes the gradients of all parameters.
	ZeroGrad() error
	// Groups lists the groups of parameters.
	Groups() []*Group
	// StateDict copies what the optimiser remembers, in Python's layout.
	StateDict() (*checkpoint.Dict, error)
	// LoadStateDict takes it back. One that does not fit is an error that matches
	// ErrState, and changes nothing.
	LoadStateDict(state *checkpoint.Dict) error
	// Close closes the tensors that the optimiser remembers by, not the parameters.
	Close()
}

// Minimize removes all gradients, computes those of loss, which has one element,
// and makes a step.
func Minimize(o Optimizer, loss *torch.Tensor) error {
	if err := o.ZeroGrad(); err != nil {
		return err
	}
	if err := loss.Backward(); err != nil {
		return err
	}
	return o.Step()
}

// Group is a group of parameters that share their options.
type Group struct {
	Params []*nn.Parameter

	options options
	initial *float64           // the learning rate that schedulers begin with
	extra   []checkpoint.Entry // of its dict that are not the options': a scheduler's, or a loaded state's
	mixed   bool               // of several devices or dtypes
	seen    []*torch.Tensor    // for which mixed was found out
}

// LR is the group's learning rate.
func (g *Group) LR() float64 { return *g.options.rate() }

// SetLR changes it for the steps to come.
func (g *Group) SetLR(lr float64) { *g.options.rate() = lr }

// keep puts an entry that is not an option into the group's dict.
func (g *Group) keep(name string, v checkpoint.Value) {
	key := checkpoint.String(name)
	if i := slices.IndexFunc(g.extra, func(e checkpoint.Entry) bool { return e.Key == key }); i >= 0 {
		g.extra[i].Value = v
		return
	}
	g.extra = append(g.extra, checkpoint.Entry{Key: key, Value: v})
}

// kept gives such an entry; nil without one.
func (g *Group) kept(name string) checkpoint.Value {
	for _, e := range g.extra {
		if e.Key == checkpoint.String(name) {
			return e.Value
		}
	}
	return nil
}

// options are an algorithm and what it was told.
type options interface {
	// rate is where the learning rate is; momentum that of the momentum, nil if the
	// algorithm has none.
	rate() *float64
	momentum() *float64
	// check tells what is impossible.
	check() error
	// fields are the entries of a group in Python's layout, in its order.
	fields() []option
	// slots names the tensors that are remembered for each parameter.
	slots() []string
	// begin makes the tensor of a slot for a parameter; nil: made by the first update.
	begin(slot string, p *torch.Tensor) (*torch.Tensor, error)
	// update changes parameters of one device and dtype.
	update(b *batch) error
	// copied gives a copy.
	copied() options
}

// memory is what is remembered of one parameter: the number of steps, where the
// algorithm counts them, and a tensor for each slot, nil before there is one.
type memory struct {
	step  *torch.Tensor
	slots []*torch.Tensor
}

func (m *memory) close() {
	m.step.Close()
	for _, t := range m.slots {
		t.Close()
	}
}

// batch is what one update is about.
type batch struct {
	params, grads, steps []*torch.Tensor
	memories             []*memory
}

// slot lists the tensors of one slot.
func (b *batch) slot(i int) []*torch.Tensor {
	list := make([]*torch.Tensor, len(b.memories))
	for k, m := range b.memories {
		list[k] = m.slots[i]
	}
	return list
}

// optimizer is what all optimisers have in common.
type optimizer struct {
	name     string
	groups   []*Group
	memories map[*nn.Parameter]*memory
	counts   bool // steps are counted
	early    bool // Python remembers parameters before their first step
	checked  int  // groups that were
}

func newOptimizer(name string, counts bool, params []*nn.Parameter, o options) optimizer {
	return optimizer{name: name, counts: counts, memories: make(map[*nn.Parameter]*memory), groups: []*Group{{Params: params, options: o}}}
}

// add adds a group.
func (o *optimizer) add(params []*nn.Parameter, options options) {
	o.groups = append(o.groups, &Group{Params: params, options: options})
}

// Groups lists the groups of parameters.
func (o *optimizer) Groups() []*Group { return o.groups }

// Close closes the tensors that the optimiser remembers by.
func (o *optimizer) Close() {
	for p, m := range o.memories {
		m.close()
		delete(o.memories, p)
	}
}

// ZeroGrad removes the gradients of all parameters.
func (o *optimizer) ZeroGrad() error {
	var list []*torch.Tensor
	for _, g := range o.groups {
		for _, p := range g.Params {
			list = append(list, p.Tensor)
		}
	}
	return o.wrap(torch.ZeroGrad(list...))
}

func (o *optimizer) wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", o.name, err)
}

func refuse(format string, args ...any) error {
	return &torch.Error{Op: "optimizer", Code: torch.CodeArgument, Msg: fmt.Sprintf(format, args...)}
}

// check looks at groups once.
func (o *optimizer) check() error {
	if o.checked == len(o.groups) {
		return nil
	}
	seen := make(map[*nn.Parameter]bool)
	for i, g := range o.groups {
		if len(g.Params) == 0 {
			return refuse("group %d has no parameters", i)
		}
		for _, p := range g.Params {
			switch {
			case p == nil || p.Closed() || p.Tensor.Shape() == nil:
				return refuse("a parameter of group %d holds no tensor: call nn.Init, or load a state_dict, first", i)
			case seen[p]:
				return refuse("a parameter of group %d is there already", i)
			}
			seen[p] = true
		}
		if err := g.options.check(); err != nil {
			return fmt.Errorf("group %d: %w", i, err)
		}
	}
	o.checked = len(o.groups)
	return nil
}

// Step changes every parameter that has a gradient.
func (o *optimizer) Step() error {
	if err := o.check(); err != nil {
		return o.wrap(err)
	}
	for _, g := range o.groups {
		if err := o.step(g); err != nil {
			return o.wrap(err)
		}
	}
	return nil
}

func (o *optimizer) step(g *Group) error {
	if lr := g.LR(); math.IsNaN(lr) || math.IsInf(lr, 0) { // a scheduler's, say: it would spoil all parameters
		return refuse("lr is %v", lr)
	}
	tensors := make([]*torch.Tensor, len(g.Params))
	for i, p := range g.Params {
		tensors[i] = p.Tensor
	}
	grads, err := torch.Grads(tensors...)
	if err != nil {
		return err
	}
	defer closeAll(grads)
	all := &batch{}
	for i, p := range g.Params {
		if grads[i] == nil {
			continue
		}
		m, err := o.remember(p, g.options)
		if err != nil {
			return err
		}
		all.params, all.grads, all.memories = append(all.params, tensors[i]), append(all.grads, grads[i]), append(all.memories, m)
		if o.counts {
			all.steps = append(all.steps, m.step)
		}
	}
	if len(all.params) == 0 {
		return nil
	}
	if o.counts {
		if err := run(&opForeachAddScalar, [][]*torch.Tensor{all.steps}, torch.Int(1)); err != nil {
			return err
		}
	}
	parts, err := g.uniform(all, tensors)
	if err != nil {
		return err
	}
	for _, b := range parts {
		if err := g.options.update(b); err != nil {
			if sparse(b.grads) {
				err = fmt.Errorf("gradients are sparse, which SGD alone takes, without momentum and decay: %w", err)
			}
			return err
		}
	}
	return nil
}

// sparse tells whether any tensor is.
func sparse(list []*torch.Tensor) bool {
	return slices.ContainsFunc(list, func(t *torch.Tensor) bool { return t.Strides() == nil })
}

// remember gives what is remembered of a parameter, from its first step on.
func (o *optimizer) remember(p *nn.Parameter, with options) (*memory, error) {
	if m := o.memories[p]; m != nil {
		return m, nil
	}
	m := &memory{}
	var err error
	if o.counts {
		if m.step, err = torch.Zeros(torch.Float32, p.Device()); err != nil {
			return nil, err
		}
	}
	for _, slot := range with.slots() {
		t, err := with.begin(slot, p.Tensor)
		if err != nil {
			m.close()
			return nil, err
		}
		m.slots = append(m.slots, t)
	}
	o.memories[p] = m
	return m, nil
}

// uniform takes a batch apart by device and dtype. Parameters that were moved or
// converted since they are remembered are an error.
func (g *Group) uniform(all *batch, tensors []*torch.Tensor) ([]*batch, error) {
	type kind struct {
		device torch.Device
		dtype  torch.DType
	}
	of := func(t *torch.Tensor) kind { return kind{t.Device(), t.DType()} }
	if !slices.Equal(tensors, g.seen) {
		g.seen, g.mixed = slices.Clone(tensors), false
		for _, t := range tensors {
			g.mixed = g.mixed || of(t) != of(tensors[0])
		}
		for i, m := range all.memories {
			for _, t := range m.slots {
				if p := all.params[i]; t != nil && of(t) != of(p) {
					g.seen = nil
					return nil, refuse("a parameter is of %s on %s, and what is remembered of it of %s on %s: make the optimizer after nn.To, and load its state then", p.DType(), p.Device(), t.DType(), t.Device())
				}
			}
		}
	}
	if !g.mixed {
		return []*batch{all}, nil
	}
	var parts []*batch
	at := make(map[kind]*batch)
	for i, t := range all.params {
		b := at[of(t)]
		if b == nil {
			b = &batch{}
			at[of(t)] = b
			parts = append(parts, b)
		}
		b.params, b.grads, b.memories = append(b.params, t), append(b.grads, all.grads[i]), append(b.memories, all.memories[i])
		if all.steps != nil {
			b.steps = append(b.steps, all.steps[i])
		}
	}
	return parts, nil
}

// bounded refuses numbers below zero, and those that are none.
func bounded(name string, v float64) error {
	if !(v >= 0) || math.IsInf(v, 0) {
		return refuse("%s is %v, not a number from 0 on", name, v)
	}
	return nil
}

// fraction refuses numbers that are not in [0, 1).
func fraction(name string, v float64) error {
	if !(v >= 0 && v < 1) {
		return refuse("%s is %v, not between 0 and 1", name, v)
	}
	return nil
}

func first(errors ...error) error {
	for _, err := range errors {
		if err != nil {
			return err
		}
	}
	return nil
}

func given[T any](opts []T) T {
	var none T
	if len(opts) == 0 {
		return none
	}
	return opts[0]
}

func or[T any](v *T, otherwise T) T {
	if v == nil {
		return otherwise
	}
	return *v
}

func nonzero(v, otherwise float64) float64 {
	if v == 0 {
		return otherwise
	}
	return v
}
