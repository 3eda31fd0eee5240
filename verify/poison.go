package verify

import (
	"bytes"
	"encoding/binary"
	"math"

	"github.com/seed06459138/torchgo/torch/dtype"
)

// rounds is how many kinds of other values there are.
const rounds = 2

// poisonOf gives other values for every element of a tensor. In the first round
// they are NaN where the dtype has one, the opposite for bools, and one more for
// integers, which keeps indices and sizes near what the code can use; in the
// second round other finite numbers, and one less. false means that the dtype's
// bytes cannot be chosen freely.
func poisonOf(element dtype.DType, data []byte, round int) ([]byte, bool) {
	nan := nanOf(element)
	if other := finite(element, data); round == 1 && other != nil {
		return other, true
	}
	size := element.Size()
	switch {
	case nan != nil:
		return bytes.Repeat(nan, len(data)/len(nan)), true
	case element == dtype.Bool:
		out := make([]byte, len(data))
		for i, b := range data {
			if b == 0 {
				out[i] = 1
			}
		}
		return out, true
	case element.IsInteger() && size > 0:
		return stepped(data, size, round == 1), true
	}
	return nil, false
}

// stepped adds one to little-endian integers, or takes one away.
func stepped(data []byte, size int, down bool) []byte {
	out := bytes.Clone(data)
	for at := 0; at+size <= len(out); at += size {
		for i := at; i < at+size; i++ {
			if down {
				if out[i]--; out[i] != 0xff {
					break
				}
			} else if out[i]++; out[i] != 0 {
				break
			}
		}
	}
	return out
}

// finite makes other numbers of floats, or of the parts of complex numbers. They
// are greater in size than all there were, and along any three neighbours the
// first is neither the greatest nor the least: where NaN makes argmax and argmin
// choose index 0, these do not. nil is for dtypes of less than 16 bits.
func finite(element dtype.DType, data []byte) []byte {
	read, write, size := part(element)
	if read == nil {
		return nil
	}
	scale := 1.0
	for at := 0; at < len(data); at += size {
		if x := math.Abs(read(data[at:])); x > scale && !math.IsInf(x, 0) {
			scale = x
		}
	}
	out := make([]byte, 0, len(data))
	for at := 0; at < len(data); at += size {
		out = write(out, scale*[]float64{3, 11, -13, 7, -5}[at/size%5])
	}
	return out
}

// part gives functions that read and append one float, or one part of a complex
// number, and its size; nil for dtypes of less than 16 bits.
func part(element dtype.DType) (read func([]byte) float64, write func([]byte, float64) []byte, size int) {
	le := binary.LittleEndian
	switch element {
	case dtype.Float64, dtype.Complex128:
		return func(b []byte) float64 { return math.Float64frombits(le.Uint64(b)) },
			func(b []byte, x float64) []byte { return le.AppendUint64(b, math.Float64bits(x)) }, 8
	case dtype.Float32, dtype.Complex64:
		return func(b []byte) float64 { return float64(math.Float32frombits(le.Uint32(b))) },
			func(b []byte, x float64) []byte { return le.AppendUint32(b, math.Float32bits(float32(x))) }, 4
	case dtype.Float16, dtype.Complex32:
		return func(b []byte) float64 { return float64(dtype.F16(le.Uint16(b)).Float32()) },
			func(b []byte, x float64) []byte { return le.AppendUint16(b, uint16(dtype.F16From(float32(x)))) }, 2
	case dtype.BFloat16, dtype.BComplex32:
		return func(b []byte) float64 { return float64(dtype.BF16(le.Uint16(b)).Float32()) },
			func(b []byte, x float64) []byte { return le.AppendUint16(b, uint16(dtype.BF16From(float32(x)))) }, 2
	}
	return nil, nil, 0
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
