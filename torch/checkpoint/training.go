package checkpoint

import "slices"

// Checkpoint is what training needs to go on: the entries of a dict that was
// saved under usual keys. Entries that are missing have their zero value and are
// listed in Missing.
type Checkpoint struct {
	ModelName    string  // model_name
	ModelVersion string  // model_version
	Model        *State  // model_state_dict
	Optimizer    *Dict   // optimizer_state_dict
	Epoch        int64   // epoch
	TrainLoss    float64 // train_loss
	Hyperparams  *Dict   // hyperparams: what the structure is built from
	TorchVersion string  // pytorch_version

	Missing []string // the keys above that the file lacks, in this order
	Extra   *Dict    // entries under other keys, never nil
}

// checkpointKeys are the keys of a Checkpoint, each with what others call it.
var checkpointKeys = [][]string{
	{"model_name", "name"},
	{"model_version", "version"},
	{"model_state_dict", "state_dict", "model_state", "model"},
	{"optimizer_state_dict", "optimizer", "optimizer_state"},
	{"epoch"},
	{"train_loss", "loss"},
	{"hyperparams", "model_args", "hyper_parameters", "config"},
	{"pytorch_version", "torch_version"},
}

// Checkpoint reads the dict of a file as a training checkpoint. An entry that is
// there and has another type than its key promises is an error; entries that are
// not there are in Missing.
func (f *File) Checkpoint() (*Checkpoint, error) {
	root, ok := f.value.(*Dict)
	if !ok {
		return nil, &FormatError{Path: f.src.path, Class: ErrMissing, Msg: "holds " + nameType(f.value) + ", not a dict with the entries of a checkpoint"}
	}
	r := checkpointReader{root: root, path: f.src.path, used: make(map[string]bool)}
	c := &Checkpoint{Extra: &Dict{}}
	c.ModelName = r.text(0)
	c.ModelVersion = r.text(1)
	if d, key := r.dict(2); d != nil {
		if isState(d, true) {
			c.Model = newState(f.src.path, key, d)
		} else {
			r.wrong(key, d, "a state_dict")
		}
	}
	c.Optimizer, _ = r.dict(3)
	c.Epoch = r.integer(4)
	c.TrainLoss = r.number(5)
	c.Hyperparams, _ = r.dict(6)
	c.TorchVersion = r.text(7)
	if r.err != nil {
		return nil, r.err
	}
	c.Missing = r.missing
	for _, e := range root.entries {
		if name, ok := e.Key.(String); ok && r.used[string(name)] {
			continue
		}
		if err := c.Extra.Set(e.Key, e.Value); err != nil {
			return nil, locate(err, f.src.path, "")
		}
	}
	return c, nil
}

// checkpointReader takes the entries of a checkpoint out of its dict.
type checkpointReader struct {
	root    *Dict
	path    string
	used    map[string]bool
	missing []string
	err     error
}

// take returns the entry under the first of the names that is there.
func (r *checkpointReader) take(which int) (v Value, key string) {
	for _, name := range checkpointKeys[which] {
		if v, ok := r.root.Get(name); ok {
			r.used[name] = true
			return v, name
		}
	}
	r.missing = append(r.missing, checkpointKeys[which][0])
	return nil, ""
}

func (r *checkpointReader) wrong(key string, v Value, want string) {
	if r.err == nil {
		r.err = &FormatError{Path: r.path, Class: ErrMissing, Msg: key + " is " + nameType(v) + ", not " + want}
	}
}

func (r *checkpointReader) text(which int) string {
	v, key := r.take(which)
	text, ok := v.(String)
	if v != nil && !ok {
		r.wrong(key, v, "a str")
	}
	return string(text)
}

func (r *checkpointReader) dict(which int) (*Dict, string) {
	v, key := r.take(which)
	d, ok := v.(*Dict)
	if v != nil && !ok {
		r.wrong(key, v, "a dict")
	}
	return d, key
}

func (r *checkpointReader) integer(which int) int64 {
	v, key := r.take(which)
	n, ok := v.(Int)
	if v != nil && !ok {
		r.wrong(key, v, "an int")
	}
	return int64(n)
}

func (r *checkpointReader) number(which int) float64 {
	v, key := r.take(which)
	switch v := v.(type) {
	case nil:
	case Float:
		return float64(v)
	case Int:
		return float64(v)
	default:
		r.wrong(key, v, "a number")
	}
	return 0
}

// Dict returns the checkpoint as a dict to Save, under the usual keys and in
// their order, then Extra. Keys in Missing are left out.
func (c *Checkpoint) Dict() (*Dict, error) {
	d := &Dict{}
	var model Value = None{}
	if c.Model != nil {
		model = c.Model.Dict()
	}
	entries := []Entry{
		{String("model_name"), String(c.ModelName)}, {String("model_version"), String(c.ModelVersion)},
		{String("model_state_dict"), model}, {String("optimizer_state_dict"), orNone(c.Optimizer)},
		{String("epoch"), Int(c.Epoch)}, {String("train_loss"), Float(c.TrainLoss)},
		{String("hyperparams"), orNone(c.Hyperparams)}, {String("pytorch_version"), String(c.TorchVersion)},
	}
	for _, e := range entries {
		if slices.Contains(c.Missing, string(e.Key.(String))) {
			continue
		}
		if err := d.Set(e.Key, e.Value); err != nil {
			return nil, err
		}
	}
	if c.Extra != nil {
		for _, e := range c.Extra.entries {
			if err := d.Set(e.Key, e.Value); err != nil {
				return nil, err
			}
		}
	}
	return d, nil
}

func orNone(d *Dict) Value {
	if d == nil {
		return None{}
	}
	return d
}
