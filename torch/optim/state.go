package optim

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/torch/nn"
)

// ErrState is matched by the error of a state_dict that does not fit an optimiser.
var ErrState = errors.New("the state does not fit the optimizer")

// option is an entry of a dict in Python's layout: a pointer to what it is kept in,
// or what the entry is unless a state says otherwise, nil for None.
type option struct {
	name  string
	value any
}

// told tells whether the entry is kept in something.
func (o option) told() bool { return o.value != nil && o.value != false }

func (o option) encode() checkpoint.Value {
	switch v := o.value.(type) {
	case *float64:
		return checkpoint.Float(*v)
	case *bool:
		return checkpoint.Bool(*v)
	case *[2]float64:
		return &checkpoint.Tuple{Items: []checkpoint.Value{checkpoint.Float(v[0]), checkpoint.Float(v[1])}}
	case *int:
		return checkpoint.Int(*v)
	case *string:
		return checkpoint.String(*v)
	case *[]float64:
		list := &checkpoint.List{}
		for _, n := range *v {
			list.Items = append(list.Items, checkpoint.Float(n))
		}
		return list
	case bool:
		return checkpoint.Bool(v)
	}
	return checkpoint.None{}
}

// decode takes a value; where nothing keeps the entry it may be anything.
func (o option) decode(v checkpoint.Value) error {
	switch to := o.value.(type) {
	case *float64:
		if n, ok := number(v); ok {
			*to = n
			return nil
		}
	case *bool:
		if b, ok := v.(checkpoint.Bool); ok {
			*to = bool(b)
			return nil
		}
	case *int:
		if n, ok := v.(checkpoint.Int); ok {
			*to = int(n)
			return nil
		}
	case *string:
		if s, ok := v.(checkpoint.String); ok {
			*to = string(s)
			return nil
		}
	case *[]float64:
		items := sequence(v)
		list := make([]float64, len(items))
		whole := items != nil
		for i, item := range items {
			n, ok := number(item)
			list[i], whole = n, whole && ok
		}
		if whole {
			*to = list
			return nil
		}
	case *[2]float64:
		items := sequence(v)
		if len(items) == 2 {
			a, ok := number(items[0])
			b, too := number(items[1])
			if ok && too {
				*to = [2]float64{a, b}
				return nil
			}
		}
	default:
		return nil
	}
	return fmt.Errorf("%s is a %T", o.name, v)
}

// number reads an int or float, also one in a tensor of one element, as a learning
// rate may be.
func number(v checkpoint.Value) (float64, bool) {
	switch v := v.(type) {
	case checkpoint.Float:
		return float64(v), true
	case checkpoint.Int:
		return float64(v), true
	case *checkpoint.Tensor:
		if v.Numel() != 1 {
			return 0, false
		}
		t, err := torch.FromCheckpoint(v)
		if err != nil {
			return 0, false
		}
		defer t.Close()
		n, err := t.Float64()
		return n, err == nil
	}
	return 0, false
}

func sequence(v checkpoint.Value) []checkpoint.Value {
	switch v := v.(type) {
	case *checkpoint.Tuple:
		return v.Items
	case *checkpoint.List:
		return v.Items
	}
	return nil
}

// StateDict copies what the optimiser remembers.
func (o *optimizer) StateDict() (*checkpoint.Dict, error) {
	state, groups := checkpoint.NewDict(), &checkpoint.List{}
	next := 0
	for _, g := range o.groups {
		d := checkpoint.NewDict()
		set := func(name string, v checkpoint.Value) { _ = d.Set(checkpoint.String(name), v) } // a string can be hashed
		for _, f := range g.options.fields() {
			set(f.name, f.encode())
		}
		if g.initial != nil {
			set("initial_lr", checkpoint.Float(*g.initial))
		}
		for _, e := range g.extra {
			_ = d.Set(e.Key, e.Value) // it was a key
		}
		numbers := &checkpoint.List{}
		for _, p := range g.Params {
			m, err := o.encode(p, g.options)
			if err != nil {
				return nil, o.wrap(err)
			}
			if m != nil {
				_ = state.Set(checkpoint.Int(next), m)
			}
			numbers.Items = append(numbers.Items, checkpoint.Int(next))
			next++
		}
		set("params", numbers)
		groups.Items = append(groups.Items, d)
	}
	return checkpoint.NewDict(checkpoint.Entry{Key: checkpoint.String("state"), Value: state}, checkpoint.Entry{Key: checkpoint.String("param_groups"), Value: groups}), nil
}

// encode copies what is remembered of one parameter; nil if that is nothing.
func (o *optimizer) encode(p *nn.Parameter, with options) (*checkpoint.Dict, error) {
	m := o.memories[p]
	if m == nil && o.early {
		var err error
		if m, err = o.remember(p, with); err != nil {
			return nil, err
		}
	}
	if m == nil {
		return nil, nil
	}
	d := checkpoint.NewDict()
	set := func(name string, t *torch.Tensor) error {
		if t == nil {
			return nil
		}
		saved, err := t.Checkpoint()
		if err != nil {
			return err
		}
		return d.Set(checkpoint.String(name), saved)
	}
	if err := set("step", m.step); err != nil {
		return nil, err
	}
	for i, slot := range with.slots() {
		if err := set(slot, m.slots[i]); err != nil {
			return nil, err
		}
	}
	if d.Len() == 0 {
		return nil, nil
	}
	return d, nil
}

// loaded is a state that was read and not yet taken.
type loaded struct {
	groups   []*Group
	memories map[*nn.Parameter]*memory
}

func (l *loaded) close() {
	for _, m := range l.memories {
		m.close()
	}
}

// LoadStateDict takes a state back. Groups are matched by their order, parameters by
// theirs, as in Python.
func (o *optimizer) LoadStateDict(state *checkpoint.Dict) error {
	l := &loaded{memories: make(map[*nn.Parameter]*memory)}
	if err := o.read(state, l); err != nil {
		l.close()
		return o.wrap(err)
	}
	o.Close()
	o.memories = l.memories
	for i, g := range l.groups {
		o.groups[i].options, o.groups[i].initial, o.groups[i].extra = g.options, g.initial, g.extra
	}
	return nil
}

func misfit(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrState, fmt.Sprintf(format, args...))
}

func (o *optimizer) read(state *checkpoint.Dict, l *loaded) error {
	if state == nil {
		return misfit("there is none")
	}
	v, _ := state.Get("state")
	memories, ok := v.(*checkpoint.Dict)
	if !ok {
		return misfit("it has no dict under \"state\"")
	}
	v, _ = state.Get("param_groups")
	groups, ok := v.(*checkpoint.List)
	if !ok {
		return misfit("it has no list under \"param_groups\"")
	}
	if len(groups.Items) != len(o.groups) {
		return misfit("it has %d groups of parameters, the optimizer %d", len(groups.Items), len(o.groups))
	}
	for i, item := range groups.Items {
		d, ok := item.(*checkpoint.Dict)
		if !ok {
			return misfit("group %d is a %T, not a dict", i, item)
		}
		g, err := o.readGroup(i, d)
		if err != nil {
			return err
		}
		l.groups = append(l.groups, g)
		v, _ := d.Get("params")
		numbers := sequence(v)
		if len(numbers) != len(o.groups[i].Params) {
			return misfit("group %d has %d parameters, the optimizer's %d", i, len(numbers), len(o.groups[i].Params))
		}
		for k, p := range o.groups[i].Params {
			v, ok := memories.Lookup(numbers[k])
			if !ok {
				continue
			}
			m, err := o.readMemory(v, p, g.options)
			if err != nil {
				return fmt.Errorf("group %d, parameter %d: %w", i, k, err)
			}
			l.memories[p] = m
		}
	}
	return nil
}

func (o *optimizer) readGroup(i int, d *checkpoint.Dict) (*Group, error) {
	g := &Group{options: o.groups[i].options.copied()}
	known := []string{"params", "initial_lr"}
	for _, f := range g.options.fields() {
		known = append(known, f.name)
		v, ok := d.Get(f.name)
		if !ok {
			continue // an older version's, without what was added since
		}
		if err := f.decode(v); err != nil {
			return nil, misfit("group %d: %v", i, err)
		}
		if !f.told() {
			g.keep(f.name, v)
		}
	}
	if _, ok := d.Get("lr"); !ok {
		return nil, misfit("group %d has no learning rate", i)
	}
	if v, ok := d.Get("initial_lr"); ok {
		n, ok := number(v)
		if !ok {
			return nil, misfit("group %d: initial_lr is a %T", i, v)
		}
		g.initial = &n
	}
	for k, v := range d.All() {
		if name, ok := k.(checkpoint.String); !ok || !slices.Contains(known, string(name)) {
			g.extra = append(g.extra, checkpoint.Entry{Key: k, Value: v})
		}
	}
	if err := g.options.check(); err != nil {
		return nil, misfit("group %d: %v", i, err)
	}
	return g, nil
}

func (o *optimizer) readMemory(v checkpoint.Value, p *nn.Parameter, with options) (*memory, error) {
	d, ok := v.(*checkpoint.Dict)
	if !ok {
		return nil, misfit("the state is a %T, not a dict", v)
	}
	for k, v := range d.All() {
		name, _ := k.(checkpoint.String)
		if _, ok := v.(*checkpoint.Tensor); ok && name != "step" && !slices.Contains(with.slots(), string(name)) {
			return nil, misfit("%s is nothing that it remembers: the state is that of another optimizer", name)
		}
	}
	m := &memory{}
	fail := func(err error) (*memory, error) {
		m.close()
		return nil, err
	}
	if o.counts {
		v, ok := d.Get("step")
		n, isNumber := number(v)
		if !ok || !isNumber {
			return fail(misfit("there is no step among %s", names(d)))
		}
		var err error
		if m.step, err = torch.Full(n, torch.Float32, p.Device()); err != nil {
			return fail(err)
		}
	}
	for _, slot := range with.slots() {
		v, ok := d.Get(slot)
		if _, none := v.(checkpoint.None); !ok || none {
			t, err := with.begin(slot, p.Tensor)
			if err == nil && t != nil {
				t.Close()
				err = misfit("there is no %s among %s", slot, names(d))
			}
			if err != nil {
				return fail(err)
			}
			m.slots = append(m.slots, nil) // it is made by the first step
			continue
		}
		saved, ok := v.(*checkpoint.Tensor)
		if !ok {
			return fail(misfit("%s is a %T, not a tensor", slot, v))
		}
		if !slices.Equal(saved.Shape(), p.Size()) {
			return fail(misfit("%s has the shape %v, the parameter %v", slot, saved.Shape(), p.Size()))
		}
		t, err := placed(saved, p.Tensor)
		if err != nil {
			return fail(err)
		}
		m.slots = append(m.slots, t)
	}
	return m, nil
}

// placed copies a saved tensor to where a parameter is, with its dtype.
func placed(saved *checkpoint.Tensor, like *torch.Tensor) (*torch.Tensor, error) {
	mapped, err := torch.FromCheckpoint(saved)
	if err != nil {
		return nil, err
	}
	defer mapped.Close()
	t, err := mapped.Clone() // the file goes
	if err != nil {
		return nil, err
	}
	if like.Device() != torch.CPU {
		defer t.Close()
		if t, err = t.To(like.Device()); err != nil {
			return nil, err
		}
	}
	if t.DType() != like.DType() {
		defer t.Close()
		return t.ToDType(like.DType())
	}
	return t, nil
}

func names(d *checkpoint.Dict) string {
	var list []string
	for k := range d.All() {
		list = append(list, fmt.Sprint(k))
	}
	if len(list) == 0 {
		return "nothing"
	}
	return strings.Join(list, ", ")
}
