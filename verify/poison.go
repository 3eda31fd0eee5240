package verify

import (
	"bytes"
	"encoding/binary"
	"math"

	"github.com/seed06459138/torchgo/torch/dtype"
)

// poisonOf gives other values for every element of a tensor: NaN where the dtype
// has one, the opposite for bools, and one more for integers, which keeps
// indices and sizes near what the code can use. false means that the dtype's
// bytes cannot be chosen freely.
func poisonOf(element dtype.DType, data []byte) ([]byte, bool) {
	if nan := nanOf(element); nan != nil {
		return bytes.Repeat(nan, len(data)/len(nan)), true
	}
	size := element.Size()
	switch {
	case element == dtype.Bool:
		out := make([]byte, len(data))
		for i, b := range data {
			if b == 0 {
				out[i] = 1
			}
		}
		return out, true
	case element.IsInteger() && size > 0:
		out := bytes.Clone(data)
		for at := 0; at+size <= len(out); at += size {
			for i := at; i < at+size; i++ { // adds one, with the carry
				if out[i]++; out[i] != 0 {
					break
				}
			}
		}
		return out, true
	}
	return nil, false
}

// nanOf gives the bytes of a NaN, in both parts of a complex number; nil for
// dtypes without one.
func nanOf(element dtype.DType) []byte {
	var part []byte
	switch element {
	case dtype.Float64, dtype.Complex128:
		part = binary.LittleEndian.AppendUint64(nil, math.Float64bits(math.NaN()))
	case dtype.Float32, dtype.Complex64:
		part = binary.LittleEndian.AppendUint32(nil, math.Float32bits(float32(math.NaN())))
	case dtype.Float16, dtype.Complex32:
		part = binary.LittleEndian.AppendUint16(nil, 0x7e00)
	case dtype.BFloat16, dtype.BComplex32:
		part = binary.LittleEndian.AppendUint16(nil, 0x7fc0)
	case dtype.Float8E5M2, dtype.Float8E4M3FN:
		part = []byte{0x7f}
	case dtype.Float8E5M2FNUZ, dtype.Float8E4M3FNUZ:
		part = []byte{0x80}
	case dtype.Float8E8M0FNU:
		part = []byte{0xff}
	}
	if element.IsComplex() {
		part = append(part, part...)
	}
	return part
}
