package verify

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/dtype"
	"github.com/seed06459138/torchgo/verify/compare"
)

// Truth measures legs that differ against the same module and inputs in float64,
// where rounding plays no part.
type Truth struct {
	Outputs []TrueOutput `json:"outputs"`
	Error   string       `json:"error"` // why it could not be computed, or ""
}

// TrueOutput is one output in float64.
type TrueOutput struct {
	Name     string   `json:"name"`
	Greatest Number   `json:"greatest"` // |element|
	Unit     string   `json:"unit"`     // the narrowest dtype that a leg gave it in
	Moves    Number   `json:"moves"`    // by how much it moves when inputs and weights are rounded to that dtype
	Legs     []FromIt `json:"legs"`
}

// FromIt tells how far a leg is from the true output.
type FromIt struct {
	Leg    string `json:"leg"`
	MaxAbs Number `json:"max_abs"`
}

// roundings is how many roundings of the greatest element, and of what they move,
// the arithmetic between inputs and outputs is given credit for. Sums of n terms
// lose about the root of n.
const roundings = 64

// explain measures, when outputs differ, which leg is how far from the truth, and
// whether rounding is enough to explain it. A difference of weights needs no
// other explanation.
func (r *run) explain() {
	differ := slices.ContainsFunc(r.findings, func(f Finding) bool { return f.Code == OutputValues })
	if !differ || r.scripted == nil || slices.ContainsFunc(r.findings, explainedBy) {
		return
	}
	r.truth = &Truth{Outputs: []TrueOutput{}}
	exact, err := r.inFloat64(dtype.Float64)
	if err != nil {
		r.truth.Error = causeOf(err)
		return
	}
	moved := make(map[dtype.DType][]output)
	for _, name := range r.differing() {
		truth, ok := outputNamed(exact, name)
		if !ok || truth.dtype != dtype.Float64 {
			continue
		}
		unit, legs := r.widths(name)
		if _, known := moved[unit]; !known {
			if moved[unit], err = r.inFloat64(unit); err != nil {
				r.truth.Error = causeOf(err)
				return
			}
		}
		other, ok := outputNamed(moved[unit], name)
		if !ok {
			continue
		}
		one := TrueOutput{Name: truth.label(), Greatest: Number(greatest(truth)), Unit: unit.String(), Moves: Number(distance(other, truth)), Legs: []FromIt{}}
		for _, l := range legs {
			out, _ := outputNamed(r.outputs[l], name)
			one.Legs = append(one.Legs, FromIt{l.entry().Name, Number(distance(out, truth))})
		}
		r.truth.Outputs = append(r.truth.Outputs, one)
		r.findings = append(r.findings, r.judgeTruth(one, unit))
	}
}

// explainedBy tells whether a finding explains a difference of outputs by itself.
func explainedBy(f Finding) bool {
	switch f.Code {
	case WeightValues, WeightTransposed, StatisticsStale, UncoveredTensor:
		return true
	}
	return false
}

// judgeTruth says whether rounding explains how far the legs are from the truth.
func (r *run) judgeTruth(o TrueOutput, unit dtype.DType) Finding {
	allowed := roundings * (float64(o.Moves) + epsilonOf(unit)*float64(o.Greatest))
	var far, near []string
	for _, l := range o.Legs {
		if l.Leg != r.reference.entry().Name && r.agrees(l.Leg) {
			continue // it adds nothing to what the reference says
		}
		text := fmt.Sprintf("%s is %v from the result in float64", r.labelOf(l.Leg), l.MaxAbs)
		if float64(l.MaxAbs) <= allowed {
			near = append(near, text)
		} else {
			far = append(far, text)
		}
	}
	if len(far) > 0 {
		return Finding{FarFromTruth, Note, o.Name, fmt.Sprintf("%s: %s, more than rounding to %s explains (%s)", o.Name, listText(far, 3), unit, orNone(near)), ""}
	}
	needed := 0.0
	for _, c := range r.comparisons {
		for _, out := range c.Outputs {
			if out.Name == o.Name {
				needed = max(needed, float64(out.NeededATol))
			}
		}
	}
	text := fmt.Sprintf("%s: rounding to %s explains the difference: %s, which itself moves by %v when inputs and weights are rounded so", o.Name, unit, listText(near, 3), o.Moves)
	return Finding{ToleranceSuggested, Note, o.Name, text, fmt.Sprintf("--atol %.1g accepts it", roundUp(2*needed))}
}

// agrees tells whether a leg is the same as the reference.
func (r *run) agrees(name string) bool {
	return slices.ContainsFunc(r.comparisons, func(c Comparison) bool { return c.Leg == name && c.Same != nil && *c.Same })
}

func orNone(texts []string) string {
	if len(texts) == 0 {
		return "no leg is nearer"
	}
	return listText(texts, 3)
}

// labelOf gives what people call a leg.
func (r *run) labelOf(name string) string {
	for _, l := range r.legs {
		if l.entry().Name == name {
			return l.entry().Label
		}
	}
	return name
}

// differing names the outputs that are not the same in some leg.
func (r *run) differing() []string {
	var names []string
	for _, l := range r.legs {
		for _, o := range r.outputs[l] {
			for _, c := range r.comparisons {
				for _, out := range c.Outputs {
					if out.Name == o.label() && !out.Same && !slices.Contains(names, o.name) {
						names = append(names, o.name)
					}
				}
			}
		}
	}
	return names
}

// widths gives the narrowest floating-point dtype that legs give an output in,
// and those legs.
func (r *run) widths(name string) (narrowest dtype.DType, legs []leg) {
	narrowest = dtype.Float32
	for _, l := range r.legs {
		o, ok := outputNamed(r.outputs[l], name)
		if !ok || !o.dtype.IsFloat() {
			continue
		}
		legs = append(legs, l)
		if epsilonOf(o.dtype) > epsilonOf(narrowest) {
			narrowest = o.dtype
		}
	}
	return narrowest, legs
}

// epsilonOf gives half the distance from 1 to the next number: the greatest
// relative error of rounding.
func epsilonOf(d dtype.DType) float64 {
	switch d {
	case dtype.Float64:
		return 0x1p-53
	case dtype.Float16:
		return 0x1p-11
	case dtype.BFloat16:
		return 0x1p-8
	}
	return 0x1p-24
}

// inFloat64 computes the outputs in float64, of the inputs and weights as they
// are, or after they were rounded to another dtype. Those that are of that dtype
// already are moved by one rounding, up and down in turn.
func (r *run) inFloat64(rounded dtype.DType) ([]output, error) {
	wide := dtype.Float64
	m, err := r.scripted.module.Cast(rounded)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	if rounded != wide {
		narrow := m
		if m, err = narrow.Cast(wide); err != nil {
			return nil, err
		}
		defer m.Close()
	}
	in := &inputs{arrays: slices.Clone(r.inputs.arrays), signature: r.inputs.signature}
	for i, a := range in.arrays {
		if rounded == wide || !a.DType.IsFloat() {
			continue
		}
		if in.arrays[i].Array, err = nudged(a.Array, epsilonOf(rounded)); err != nil {
			return nil, err
		}
	}
	return call(m, r.spec.method(), in, place{device: r.scripted.at.device, cast: &wide}, (*jit.Method).Call)
}

// nudged gives an array in float64 whose elements are a rounding away from those
// of a.
func nudged(a Array, epsilon float64) (Array, error) {
	t, err := torch.FromBytes(a.DType, a.Shape, a.Data)
	if err != nil {
		return a, err
	}
	defer t.Close()
	wide, err := t.ToDType(dtype.Float64)
	if err != nil {
		return a, err
	}
	defer wide.Close()
	if a.Data, err = wide.Bytes(); err != nil {
		return a, err
	}
	a.DType = dtype.Float64
	for i := 0; i < len(a.Data); i += 8 {
		v := math.Float64frombits(binary.LittleEndian.Uint64(a.Data[i:]))
		sign := float64(1 - (i/8)%2*2)
		binary.LittleEndian.PutUint64(a.Data[i:], math.Float64bits(v*(1+sign*epsilon)))
	}
	return a, nil
}

func outputNamed(all []output, name string) (output, bool) {
	i := slices.IndexFunc(all, func(o output) bool { return o.name == name })
	if i < 0 && len(all) == 1 {
		i = 0 // what was recorded alone has no name
	}
	if i < 0 {
		return output{}, false
	}
	return all[i], true
}

// distance gives the greatest difference of two outputs, NaN where that cannot be told.
func distance(a, b output) float64 {
	s, err := compare.CompareWidened(
		compare.Tensor{DType: a.dtype, Shape: a.shape, Data: a.data},
		compare.Tensor{DType: b.dtype, Shape: b.shape, Data: b.data}, compare.Default)
	if err != nil || s.GotNaN != s.WantNaN {
		return math.NaN()
	}
	return s.MaxAbs
}

// greatest gives the greatest |element| of a float64 output.
func greatest(o output) float64 {
	most := 0.0
	for i := 0; i+8 <= len(o.data); i += 8 {
		if v := math.Abs(math.Float64frombits(binary.LittleEndian.Uint64(o.data[i:]))); v > most && !math.IsInf(v, 0) {
			most = v
		}
	}
	return most
}

// roundUp gives the next number of one digit.
func roundUp(x float64) float64 {
	if x <= 0 || math.IsInf(x, 0) || math.IsNaN(x) {
		return x
	}
	unit := math.Pow(10, math.Floor(math.Log10(x)))
	return math.Ceil(x/unit) * unit
}
