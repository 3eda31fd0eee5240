package dtype

import (
	"fmt"
	"strings"
)

// DType is the element type of a tensor, numbered as c10::ScalarType.
type DType int8

// The element types. Sub-byte integers and the bits kinds exist so that a file
// that holds them can be named; few operators accept them.
const (
	Invalid        DType = -1
	Uint8          DType = 0
	Int8           DType = 1
	Int16          DType = 2
	Int32          DType = 3
	Int64          DType = 4
	Float16        DType = 5
	Float32        DType = 6
	Float64        DType = 7
	Complex32      DType = 8
	Complex64      DType = 9
	Complex128     DType = 10
	Bool           DType = 11
	QInt8          DType = 12
	QUInt8         DType = 13
	QInt32         DType = 14
	BFloat16       DType = 15
	QUInt4x2       DType = 16
	QUInt2x4       DType = 17
	Bits1x8        DType = 18
	Bits2x4        DType = 19
	Bits4x2        DType = 20
	Bits8          DType = 21
	Bits16         DType = 22
	Float8E5M2     DType = 23
	Float8E4M3FN   DType = 24
	Float8E5M2FNUZ DType = 25
	Float8E4M3FNUZ DType = 26
	Uint16         DType = 27
	Uint32         DType = 28
	Uint64         DType = 29
	Uint1          DType = 30
	Uint2          DType = 31
	Uint3          DType = 32
	Uint4          DType = 33
	Uint5          DType = 34
	Uint6          DType = 35
	Uint7          DType = 36
	Int1           DType = 37
	Int2           DType = 38
	Int3           DType = 39
	Int4           DType = 40
	Int5           DType = 41
	Int6           DType = 42
	Int7           DType = 43
	Float8E8M0FNU  DType = 44
	Float4E2M1FNx2 DType = 45
	BComplex32     DType = 46 // a pair of bfloat16, from torch 2.15 on
)

type kind uint8

const (
	kindOther kind = iota
	kindInteger
	kindFloat
	kindComplex
	kindBool
	kindQuantized
)

type trait struct {
	name string
	size uint8
	kind kind
}

// traits is indexed by DType; names are what torch prints after "torch.".
var traits = [...]trait{
	Uint8:          {"uint8", 1, kindInteger},
	Int8:           {"int8", 1, kindInteger},
	Int16:          {"int16", 2, kindInteger},
	Int32:          {"int32", 4, kindInteger},
	Int64:          {"int64", 8, kindInteger},
	Float16:        {"float16", 2, kindFloat},
	Float32:        {"float32", 4, kindFloat},
	Float64:        {"float64", 8, kindFloat},
	Complex32:      {"complex32", 4, kindComplex},
	Complex64:      {"complex64", 8, kindComplex},
	Complex128:     {"complex128", 16, kindComplex},
	Bool:           {"bool", 1, kindBool},
	QInt8:          {"qint8", 1, kindQuantized},
	QUInt8:         {"quint8", 1, kindQuantized},
	QInt32:         {"qint32", 4, kindQuantized},
	BFloat16:       {"bfloat16", 2, kindFloat},
	QUInt4x2:       {"quint4x2", 1, kindQuantized},
	QUInt2x4:       {"quint2x4", 1, kindQuantized},
	Bits1x8:        {"bits1x8", 1, kindOther},
	Bits2x4:        {"bits2x4", 1, kindOther},
	Bits4x2:        {"bits4x2", 1, kindOther},
	Bits8:          {"bits8", 1, kindOther},
	Bits16:         {"bits16", 2, kindOther},
	Float8E5M2:     {"float8_e5m2", 1, kindFloat},
	Float8E4M3FN:   {"float8_e4m3fn", 1, kindFloat},
	Float8E5M2FNUZ: {"float8_e5m2fnuz", 1, kindFloat},
	Float8E4M3FNUZ: {"float8_e4m3fnuz", 1, kindFloat},
	Uint16:         {"uint16", 2, kindInteger},
	Uint32:         {"uint32", 4, kindInteger},
	Uint64:         {"uint64", 8, kindInteger},
	Uint1:          {"uint1", 1, kindInteger},
	Uint2:          {"uint2", 1, kindInteger},
	Uint3:          {"uint3", 1, kindInteger},
	Uint4:          {"uint4", 1, kindInteger},
	Uint5:          {"uint5", 1, kindInteger},
	Uint6:          {"uint6", 1, kindInteger},
	Uint7:          {"uint7", 1, kindInteger},
	Int1:           {"int1", 1, kindInteger},
	Int2:           {"int2", 1, kindInteger},
	Int3:           {"int3", 1, kindInteger},
	Int4:           {"int4", 1, kindInteger},
	Int5:           {"int5", 1, kindInteger},
	Int6:           {"int6", 1, kindInteger},
	Int7:           {"int7", 1, kindInteger},
	Float8E8M0FNU:  {"float8_e8m0fnu", 1, kindFloat},
	Float4E2M1FNx2: {"float4_e2m1fn_x2", 1, kindFloat},
	BComplex32:     {"bcomplex32", 4, kindComplex},
}

// aliases are the second names under which torch knows a type.
var aliases = map[string]DType{
	"half":    Float16,
	"float":   Float32,
	"double":  Float64,
	"chalf":   Complex32,
	"cfloat":  Complex64,
	"cdouble": Complex128,
	"short":   Int16,
	"int":     Int32,
	"long":    Int64,
}

var byName = func() map[string]DType {
	names := make(map[string]DType, len(traits)+len(aliases))
	for d, t := range traits {
		names[t.name] = DType(d)
	}
	for name, d := range aliases {
		names[name] = d
	}
	return names
}()

// Parse returns the type of a torch name: "float32", "torch.float32" or an
// alias such as "half" or "torch.long". The error names the text.
func Parse(name string) (DType, error) {
	if d, ok := byName[strings.TrimPrefix(name, "torch.")]; ok {
		return d, nil
	}
	return Invalid, fmt.Errorf("dtype: %q is not an element type; write it as torch does, such as \"float32\"", name)
}

func (d DType) trait() trait {
	if !d.Valid() {
		return trait{}
	}
	return traits[d]
}

// Valid reports whether d is one of the listed types other than Invalid.
func (d DType) Valid() bool { return d >= 0 && int(d) < len(traits) }

// String returns the name that torch prints, without "torch.".
func (d DType) String() string {
	if d == Invalid {
		return "invalid"
	}
	if !d.Valid() {
		return fmt.Sprintf("dtype(%d)", int8(d))
	}
	return traits[d].name
}

// Size returns the bytes of one element as torch counts them in a storage, and
// 0 for a type that is not valid. Packed kinds such as QUInt4x2 count the byte.
func (d DType) Size() int { return int(d.trait().size) }

// IsFloat reports whether d holds real floating point numbers of any width.
func (d DType) IsFloat() bool { return d.trait().kind == kindFloat }

// IsComplex reports whether d holds complex numbers.
func (d DType) IsComplex() bool { return d.trait().kind == kindComplex }

// IsInteger reports whether d holds integers; Bool and quantized kinds do not.
func (d DType) IsInteger() bool { return d.trait().kind == kindInteger }

// IsQuantized reports whether d holds quantized integers, which mean numbers
// only together with a scale and a zero point.
func (d DType) IsQuantized() bool { return d.trait().kind == kindQuantized }
