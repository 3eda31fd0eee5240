package inspect

import (
	"bytes"

	"github.com/seed06459138/torchgo/torch/checkpoint"
)

// Difference says in what the state_dicts of two files differ. Values beside
// them are not compared.
type Difference struct {
	Equal        bool     `json:"equal"`      // all names, shapes, dtypes and bits
	SameBytes    bool     `json:"same_bytes"` // the files are equal byte by byte
	EqualTensors int      `json:"equal_tensors"`
	Changes      []Change `json:"changes"`
}

// Change is one name in which they differ.
type Change struct {
	Name   string `json:"name"`   // without a uniform "module." prefix
	What   string `json:"what"`   // "only-in-first", "only-in-second", "shape", "dtype", "content"
	First  *Form  `json:"first"`  // nil when only the second has it
	Second *Form  `json:"second"` // nil when only the first has it
	Differ *int64 `json:"differ"` // how many elements differ in their bits; nil when that was not counted
}

// Form is what a tensor is, without its elements.
type Form struct {
	DType string  `json:"dtype"`
	Shape []int64 `json:"shape"`
}

var changeNames = map[checkpoint.ChangeKind]string{
	checkpoint.OnlyInA: "only-in-first", checkpoint.OnlyInB: "only-in-second", checkpoint.ShapeChanged: "shape",
	checkpoint.DTypeChanged: "dtype", checkpoint.ContentChanged: "content",
}

// compareFiles compares the state_dicts of two files.
func compareFiles(a, b *inspection) (*Difference, error) {
	d := &Difference{SameBytes: a.SHA256 == b.SHA256, Changes: []Change{}}
	for _, one := range []*inspection{a, b} {
		if one.none != nil {
			return nil, one.none
		}
	}
	changes, err := checkpoint.Diff(a.state, b.state)
	if err != nil {
		return nil, err
	}
	d.EqualTensors = a.state.Len()
	for _, c := range changes {
		if c.Kind != checkpoint.OnlyInB {
			d.EqualTensors--
		}
		one := Change{Name: c.Name, What: changeNames[c.Kind], First: formOf(c.A), Second: formOf(c.B)}
		if c.Kind == checkpoint.ContentChanged {
			one.Differ = countDiffering(c.A, c.B)
		}
		d.Changes = append(d.Changes, one)
	}
	d.Equal = len(d.Changes) == 0
	return d, nil
}

func formOf(t *checkpoint.Tensor) *Form {
	if t == nil {
		return nil
	}
	return &Form{t.DType().String(), append([]int64{}, t.Shape()...)}
}

// countDiffering counts the elements of tensors of one form that differ in their
// bits. Sparse tensors and types that pack elements have none to count.
func countDiffering(a, b *checkpoint.Tensor) *int64 {
	if a.Numel() == 0 || a.ByteSize() != a.Numel()*int64(a.DType().Size()) {
		return nil
	}
	first, err := a.Bytes()
	if err != nil {
		return nil
	}
	second, err := b.Bytes()
	if err != nil || len(first) != len(second) {
		return nil
	}
	n, size := int64(0), a.DType().Size()
	for at := 0; at < len(first); at += size {
		if !bytes.Equal(first[at:at+size], second[at:at+size]) {
			n++
		}
	}
	return &n
}
