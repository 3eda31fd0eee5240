package checkpoint

import (
	"encoding/binary"
	"slices"
	"strings"

	"github.com/seed06459138/torchgo/torch/dtype"
)

// mostSafetensorsHeader is where the reference implementation stops.
const mostSafetensorsHeader = 100_000_000

// safetensorsDTypes are the types that are also those of torch.
var safetensorsDTypes = map[string]dtype.DType{
	"BOOL": dtype.Bool, "U8": dtype.Uint8, "I8": dtype.Int8, "I16": dtype.Int16, "U16": dtype.Uint16,
	"F16": dtype.Float16, "BF16": dtype.BFloat16, "I32": dtype.Int32, "U32": dtype.Uint32, "F32": dtype.Float32,
	"C64": dtype.Complex64, "F64": dtype.Float64, "I64": dtype.Int64, "U64": dtype.Uint64,
	"F8_E5M2": dtype.Float8E5M2, "F8_E4M3": dtype.Float8E4M3FN, "F8_E8M0": dtype.Float8E8M0FNU,
	"F8_E4M3FNUZ": dtype.Float8E4M3FNUZ, "F8_E5M2FNUZ": dtype.Float8E5M2FNUZ,
}

// safetensorsBits are the bits per element of the types that pack elements.
var safetensorsBits = map[string]int64{"F4": 4, "F6_E2M3": 6, "F6_E3M2": 6}

// safetensorsEntry is one tensor of the header.
type safetensorsEntry struct {
	name       string
	dtype      string
	shape      []int64
	begin, end int64
}

// readSafetensors reads the header. It is stricter than the reference: names
// are unique, fields have their types, and the tensors tile the data exactly.
func (f *File) readSafetensors() error {
	head, err := f.src.view(0, 8)
	if err != nil {
		return err
	}
	length := binary.LittleEndian.Uint64(head)
	if length > mostSafetensorsHeader {
		return fail(ErrLimit, "a safetensors header of %d bytes; the format allows %d", length, mostSafetensorsHeader)
	}
	if int64(length) > f.src.size-8 {
		return fail(ErrTruncated, "the safetensors header takes %d bytes, the file has %d; copy it again", length, f.src.size)
	}
	raw, err := f.src.view(8, int64(length))
	if err != nil {
		return err
	}
	p := jsonParser{text: string(raw)}
	var entries []safetensorsEntry
	entries, f.meta = p.safetensors()
	if p.err != nil {
		return p.err
	}
	start := 8 + int64(length)
	if err := checkTiles(entries, f.src.size-start); err != nil {
		return err
	}
	d := &Dict{}
	d.grow(len(entries))
	for _, e := range entries {
		t, err := f.safetensor(e, start)
		if err != nil {
			return err
		}
		if err := d.Set(String(e.name), t); err != nil {
			return err
		}
	}
	f.value = d
	return nil
}

// safetensor makes the tensor of one entry. Elements of six bits, which torch
// does not have, become bytes of the class "safetensors.F6_…".
func (f *File) safetensor(e safetensorsEntry, start int64) (*Tensor, error) {
	shape, size := e.shape, e.end-e.begin
	element, plain := safetensorsDTypes[e.dtype]
	class := ""
	numel, err := countElements(shape)
	if err != nil {
		return nil, err
	}
	switch packed := safetensorsBits[e.dtype]; {
	case plain && numel*int64(element.Size()) == size:
	case packed > 0 && numel*packed == 8*size:
		element = dtype.Bits8
		if last := len(shape) - 1; e.dtype == "F4" && last >= 0 && shape[last]%2 == 0 {
			element = dtype.Float4E2M1FNx2
			shape = append(slices.Clone(shape[:last]), shape[last]/2)
		} else {
			shape, class = []int64{size}, "safetensors."+e.dtype
		}
	case !plain && packed == 0:
		return nil, fail(ErrUnsupported, "tensor %s has the unknown dtype %q", printable(e.name), printable(e.dtype))
	default:
		return nil, fail(ErrHeader, "tensor %s has shape %v of %s, which does not take %d bytes", printable(e.name), shape, e.dtype, size)
	}
	s := &Storage{key: e.name, device: "cpu", element: element, size: size, src: f.src, start: start + e.begin}
	t, err := newView(s, element, shape, rowMajor(shape), 0, f.settings.limit)
	if err != nil {
		return nil, err
	}
	t.Class = class
	return t, nil
}

// checkTiles demands that the tensors cover the data without holes or overlaps.
func checkTiles(entries []safetensorsEntry, size int64) error {
	order := make([]*safetensorsEntry, len(entries))
	for i := range entries {
		order[i] = &entries[i]
	}
	slices.SortFunc(order, func(a, b *safetensorsEntry) int {
		if a.begin != b.begin {
			return compareInt(a.begin, b.begin)
		}
		return compareInt(a.end, b.end)
	})
	at := int64(0)
	for _, e := range order {
		switch {
		case e.begin > e.end:
			return fail(ErrHeader, "tensor %s ends before it begins", printable(e.name))
		case e.begin < at:
			return fail(ErrOverlap, "tensor %s shares bytes with another", printable(e.name))
		case e.begin > at:
			return fail(ErrHeader, "%d bytes in front of tensor %s belong to nobody", e.begin-at, printable(e.name))
		}
		at = e.end
	}
	if at > size {
		return fail(ErrTruncated, "the tensors take %d bytes, the file has %d for them; copy it again", at, size)
	}
	if at < size {
		return fail(ErrHeader, "%d bytes at the end belong to no tensor", size-at)
	}
	return nil
}

func compareInt(a, b int64) int {
	if a < b {
		return -1
	}
	if a > b {
		return 1
	}
	return 0
}

// safetensors reads the header object.
func (p *jsonParser) safetensors() (entries []safetensorsEntry, meta map[string]string) {
	seen := make(map[string]bool)
	if !strings.HasPrefix(p.text, "{") {
		p.fail("does not start with '{'")
	}
	p.object(func(name string) {
		if seen[name] {
			p.fail("the name %q twice", printable(name))
			return
		}
		seen[name] = true
		if name == "__metadata__" {
			meta = p.stringMap()
			return
		}
		entries = append(entries, p.entry(name))
	})
	p.end()
	return entries, meta
}

// stringMap reads the metadata: an object of strings, or null.
func (p *jsonParser) stringMap() map[string]string {
	out := make(map[string]string)
	if p.literal("null") {
		return nil
	}
	p.object(func(name string) {
		if _, twice := out[name]; twice {
			p.fail("the metadata key %q twice", printable(name))
		}
		out[name] = p.string()
	})
	return out
}

// entry reads {"dtype": …, "shape": […], "data_offsets": [begin, end]}; fields
// of later versions are skipped.
func (p *jsonParser) entry(name string) safetensorsEntry {
	e := safetensorsEntry{name: name}
	seen := make(map[string]bool, 3)
	p.object(func(field string) {
		if seen[field] {
			p.fail("tensor %q has the field %q twice", printable(name), printable(field))
			return
		}
		seen[field] = true
		switch field {
		case "dtype":
			e.dtype = p.string()
		case "shape":
			e.shape = p.integers(mostDims)
		case "data_offsets":
			if offsets := p.integers(2); len(offsets) == 2 {
				e.begin, e.end = offsets[0], offsets[1]
			} else {
				p.fail("tensor %q does not have two offsets", printable(name))
			}
		default:
			p.skip()
		}
	})
	if !seen["dtype"] || !seen["shape"] || !seen["data_offsets"] {
		p.fail("tensor %q lacks its dtype, shape or data_offsets", printable(name))
	}
	return e
}
