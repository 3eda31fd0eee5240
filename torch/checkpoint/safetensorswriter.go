package checkpoint

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/seed06459138/torchgo/torch/dtype"
)

// safetensorsNames spells element types in a header.
var safetensorsNames = func() map[dtype.DType]string {
	names := make(map[dtype.DType]string, len(safetensorsDTypes)+1)
	for name, element := range safetensorsDTypes {
		names[element] = name
	}
	names[dtype.Float4E2M1FNx2] = "F4"
	return names
}()

// SafetensorsLosses says, in words, what a safetensors file of a state_dict
// could not hold: shared storages, tensors without a form there (these make
// SaveSafetensors fail), requires_grad, attributes, other values. None: nil.
func SafetensorsLosses(s *State) []string {
	var losses []string
	first := make(map[*Storage]string)
	for _, name := range s.names {
		t := s.tensors[name]
		lose := func(format string, args ...any) {
			losses = append(losses, printable(name)+": "+fmt.Sprintf(format, args...))
		}
		if t.storage == nil || t.Quant != nil {
			lose("%s tensors have no form in safetensors", t.form())
			continue
		}
		if safetensorsNames[t.dtype] == "" {
			lose("safetensors has no %s", t.dtype)
		}
		if t.Conj || t.Neg {
			lose("its lazy conj or neg bit")
		}
		if other, shared := first[t.storage]; shared {
			lose("it shares its storage with %s", printable(other))
		} else {
			first[t.storage] = name
		}
		if t.RequiresGrad || t.Parameter {
			lose("that it is a parameter or requires a gradient")
		}
		if t.Attrs != nil || t.Class != "" {
			lose("its attributes or class")
		}
	}
	for key := range s.extras.All() {
		losses = append(losses, printable(string(key.(String)))+": not a tensor")
	}
	return losses
}

func (t *Tensor) form() string {
	if t.Quant != nil {
		return "quantized"
	}
	return t.describe()
}

// SaveSafetensors writes a state_dict as safetensors: every tensor contiguous,
// in little-endian order, aligned to its elements. The header lists the names in
// the order of the state_dict. metadata becomes __metadata__; nil writes
// {"format": "pt"}. Equal content gives equal files, and the file is replaced at
// once or not at all, as with Save. Sparse, quantized and meta tensors and types
// without a form there are ErrUnsupported; what else is lost SafetensorsLosses
// tells.
func SaveSafetensors(path string, s *State, metadata map[string]string) error {
	return locate(writeFile(path, func(w *fileWriter) error { return writeSafetensors(w, s, metadata) }), path, "")
}

func writeSafetensors(w *fileWriter, s *State, metadata map[string]string) error {
	order, offsets, err := safetensorsOrder(s)
	if err != nil {
		return err
	}
	header, err := safetensorsHeader(s, offsets, metadata)
	if err != nil {
		return err
	}
	w.write(binary.LittleEndian.AppendUint64(nil, uint64(len(header))))
	w.write(header)
	for _, name := range order {
		t := s.tensors[name]
		data, err := t.Bytes()
		if err != nil {
			return err
		}
		err = t.storage.guarded(func() error {
			w.write(data)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return w.err
}

// safetensorsOrder lays the data out by falling element size, which keeps every
// tensor aligned, and returns where each begins and ends.
func safetensorsOrder(s *State) (order []string, offsets map[string][2]int64, err error) {
	for _, name := range s.names {
		t := s.tensors[name]
		if t.storage == nil || t.Quant != nil || safetensorsNames[t.dtype] == "" || t.Conj || t.Neg || t.Class != "" {
			return nil, nil, fail(ErrUnsupported, "tensor %s: %s %s has no form in safetensors", printable(name), t.dtype, t.form())
		}
	}
	order = slices.Clone(s.names)
	slices.SortStableFunc(order, func(a, b string) int {
		x, y := s.tensors[a].dtype.Size(), s.tensors[b].dtype.Size()
		if x != y {
			return y - x
		}
		return strings.Compare(a, b)
	})
	offsets = make(map[string][2]int64, len(order))
	at := int64(0)
	for _, name := range order {
		end := at + s.tensors[name].ByteSize()
		offsets[name] = [2]int64{at, end}
		at = end
	}
	return order, offsets, nil
}

func safetensorsHeader(s *State, offsets map[string][2]int64, metadata map[string]string) ([]byte, error) {
	if metadata == nil {
		metadata = map[string]string{"format": "pt"}
	}
	header := []byte("{")
	if len(metadata) > 0 {
		meta, err := json.Marshal(metadata) // sorts the keys
		if err != nil {
			return nil, err
		}
		header = append(append(header, `"__metadata__":`...), meta...)
	}
	for _, name := range s.names {
		if name == "__metadata__" || !utf8.ValidString(name) {
			return nil, fail(ErrUnsupported, "a tensor cannot be named %s in safetensors", printable(name))
		}
		quoted, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		t := s.tensors[name]
		shape := t.Shape()
		if t.dtype == dtype.Float4E2M1FNx2 {
			if len(shape) == 0 {
				return nil, fail(ErrUnsupported, "tensor %s: a scalar of %s has no form in safetensors", printable(name), t.dtype)
			}
			shape[len(shape)-1] *= 2 // two elements lie in a byte
		}
		if len(header) > 1 {
			header = append(header, ',')
		}
		dims := strings.ReplaceAll(fmt.Sprint(shape), " ", ",")
		header = fmt.Appendf(header, `%s:{"dtype":"%s","shape":%s,"data_offsets":[%d,%d]}`,
			quoted, safetensorsNames[t.dtype], dims, offsets[name][0], offsets[name][1])
	}
	header = append(header, '}')
	for len(header)%8 != 0 {
		header = append(header, ' ')
	}
	if len(header) > mostSafetensorsHeader {
		return nil, fail(ErrLimit, "the header would take %d bytes; the format allows %d", len(header), mostSafetensorsHeader)
	}
	return header, nil
}
