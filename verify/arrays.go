package verify

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/seed06459138/torchgo/internal/layout"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/checkpoint"
	"github.com/seed06459138/torchgo/torch/dtype"
)

// readArrays reads recorded outputs or inputs: npy, npz, safetensors, and what
// torch.save wrote of a tensor or of tuples, lists and dicts of them.
func (s *source) readArrays() (err error) {
	switch kind := checkpoint.Sniff(s.path); kind {
	case checkpoint.KindNPY:
		s.entry.Kind = kind.String()
		a, err := checkpoint.ReadNPY(s.path)
		if err != nil {
			return s.refuse(err)
		}
		s.arrays = []namedArray{s.named("", a.DType(), a.Shape(), a.Bytes())}
	case checkpoint.KindNPZ, checkpoint.KindZip:
		if kind == checkpoint.KindNPZ {
			s.entry.Kind = kind.String()
		}
		if err := s.readNPZ(); err != nil {
			return s.refuse(err)
		}
	case checkpoint.KindTorch, checkpoint.KindLegacy, checkpoint.KindSafetensors:
		if err := s.open(); err != nil {
			return err
		}
		if err := s.checkSums(); err != nil {
			return err
		}
		if err := s.readTensors(s.file.Value(), "", 0); err != nil {
			return &Error{Path: s.path, Err: err, Remedy: "save the tensors alone, or a tuple, list or dict of them"}
		}
	default:
		return &kindError{s, kind}
	}
	var parts []string
	for _, a := range s.arrays {
		parts = append(parts, strings.TrimSpace(fmt.Sprintf("%s %s %s", a.Name, typeText(a.output()), layout.Shape(a.Shape))))
	}
	s.entry.Holds = strings.Join(parts, ", ")
	return nil
}

func (s *source) named(name string, element dtype.DType, shape []int64, data []byte) namedArray {
	return namedArray{Array{Name: name, DType: element, Shape: shape, Data: data}, s.path}
}

// ArraysOf lists the leaves of a value that was computed, depth first, each named
// by its place, as a Runner gives them. Their elements are copies.
func ArraysOf(v torch.Value) ([]Array, error) {
	leaves, err := flatten(v)
	return arraysOfOutputs(leaves), err
}

// output gives the array as the output of a leg.
func (a Array) output() output {
	return output{name: a.Name, dtype: a.DType, shape: a.Shape, data: a.Data, text: a.Text}
}

func (s *source) readNPZ() (err error) {
	z, err := checkpoint.OpenNPZ(s.path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, z.Close()) }()
	for _, name := range z.Names() {
		a, err := z.Array(name)
		if err != nil {
			return err
		}
		s.arrays = append(s.arrays, s.named(name, a.DType(), a.Shape(), a.Bytes()))
	}
	return nil
}

// deepest bounds the nesting of saved values: they may contain themselves.
const deepest = 100

// readTensors lists the tensors of a saved value, named as the outputs of a leg.
func (s *source) readTensors(v checkpoint.Value, name string, depth int) error {
	if depth > deepest {
		return errors.New("the value is nested too deeply, or in itself")
	}
	items := func(values []checkpoint.Value) error {
		for i, e := range values {
			if err := s.readTensors(e, name+"["+strconv.Itoa(i)+"]", depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	switch v := v.(type) {
	case *checkpoint.Tensor:
		data, err := v.Bytes()
		if err != nil {
			return err
		}
		s.arrays = append(s.arrays, s.named(name, v.DType(), v.Shape(), data))
		return nil
	case *checkpoint.Tuple:
		return items(v.Items)
	case *checkpoint.List:
		return items(v.Items)
	case *checkpoint.Dict:
		for k, e := range v.All() {
			key, ok := k.(checkpoint.String)
			if !ok {
				return fmt.Errorf("a key of the dict is no str")
			}
			if err := s.readTensors(e, name+keyText(torch.String(key), name == ""), depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("%s is no tensor", strings.TrimSpace("the value "+name))
}
