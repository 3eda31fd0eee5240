package verify

// Kept is what a leg computed of a set of inputs.
type Kept struct {
	Set     string // its name
	Edge    bool   // the inputs were made to be odd, so that NaN in the same places is agreement
	Leg     string // the leg's name
	Device  string // where it computed, "" when only it knows
	Inputs  []Array
	Outputs []Array
}

// keep hands what the current round computed to Spec.Keep.
func (r *run) keep() error {
	if r.spec.Keep == nil {
		return nil
	}
	for i, spec := range r.spec.legs() {
		l := r.legs[i]
		if recorded(spec.Kind) > 0 || r.outputs[l] == nil {
			continue
		}
		return r.spec.Keep(Kept{Set: r.round.name, Edge: r.round.edge, Leg: spec.Name, Device: r.computesOn(l), Inputs: r.inputs.given(), Outputs: arraysOfOutputs(r.outputs[l])})
	}
	return nil
}

// given gives the inputs under the names of the arguments that they are for.
func (in *inputs) given() []Array {
	arrays := make([]Array, len(in.arrays))
	for i, a := range in.arrays {
		arrays[i] = a.Array
		arrays[i].Name = in.argumentName(i)
	}
	return arrays
}

func arraysOfOutputs(leaves []output) []Array {
	arrays := make([]Array, len(leaves))
	for i, o := range leaves {
		arrays[i] = Array{Name: o.name, DType: o.dtype, Shape: o.shape, Data: o.data, Text: o.text}
	}
	return arrays
}
