package dtype

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNumbersAreThoseOfScalarType(t *testing.T) {
	// The order of the AT_FORALL_SCALAR_TYPES_WITH_COMPLEX_AND_QINTS list of
	// torch/headeronly/core/ScalarType.h, version 2.15.
	names := []string{
		"uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64",
		"complex32", "complex64", "complex128", "bool", "qint8", "quint8", "qint32",
		"bfloat16", "quint4x2", "quint2x4", "bits1x8", "bits2x4", "bits4x2", "bits8", "bits16",
		"float8_e5m2", "float8_e4m3fn", "float8_e5m2fnuz", "float8_e4m3fnuz",
		"uint16", "uint32", "uint64", "uint1", "uint2", "uint3", "uint4", "uint5", "uint6", "uint7",
		"int1", "int2", "int3", "int4", "int5", "int6", "int7", "float8_e8m0fnu", "float4_e2m1fn_x2",
		"bcomplex32",
	}
	require.Len(t, traits, len(names))
	for i, name := range names {
		d := DType(i)
		assert.Equal(t, name, d.String())
		assert.True(t, d.Valid(), name)
		assert.Positive(t, d.Size(), name)
		for _, text := range []string{name, "torch." + name} {
			got, err := Parse(text)
			require.NoError(t, err)
			assert.Equal(t, d, got)
		}
	}
}

func TestTraits(t *testing.T) {
	tests := []struct {
		dtype                         DType
		size                          int
		isFloat, isComplex, isInteger bool
		quantized                     bool
	}{
		{dtype: Uint8, size: 1, isInteger: true},
		{dtype: Int64, size: 8, isInteger: true},
		{dtype: Uint16, size: 2, isInteger: true},
		{dtype: Int3, size: 1, isInteger: true},
		{dtype: Float16, size: 2, isFloat: true},
		{dtype: BFloat16, size: 2, isFloat: true},
		{dtype: Float64, size: 8, isFloat: true},
		{dtype: Float8E8M0FNU, size: 1, isFloat: true},
		{dtype: Complex32, size: 4, isComplex: true},
		{dtype: Complex128, size: 16, isComplex: true},
		{dtype: Bool, size: 1},
		{dtype: QInt32, size: 4, quantized: true},
		{dtype: QUInt4x2, size: 1, quantized: true},
		{dtype: Bits16, size: 2},
	}
	for _, test := range tests {
		t.Run(test.dtype.String(), func(t *testing.T) {
			assert.Equal(t, test.size, test.dtype.Size())
			assert.Equal(t, test.isFloat, test.dtype.IsFloat())
			assert.Equal(t, test.isComplex, test.dtype.IsComplex())
			assert.Equal(t, test.isInteger, test.dtype.IsInteger())
			assert.Equal(t, test.quantized, test.dtype.IsQuantized())
		})
	}
}

func TestNotValid(t *testing.T) {
	for _, d := range []DType{Invalid, -128, 47, 127} {
		assert.False(t, d.Valid())
		assert.Zero(t, d.Size())
		assert.False(t, d.IsFloat() || d.IsComplex() || d.IsInteger() || d.IsQuantized())
	}
	assert.Equal(t, "invalid", Invalid.String())
	assert.Equal(t, "dtype(47)", DType(47).String())
}

func TestParseAliases(t *testing.T) {
	tests := map[string]DType{
		"half": Float16, "float": Float32, "torch.double": Float64, "long": Int64,
		"int": Int32, "torch.short": Int16, "chalf": Complex32, "cfloat": Complex64, "cdouble": Complex128,
	}
	for name, want := range tests {
		got, err := Parse(name)
		require.NoError(t, err, name)
		assert.Equal(t, want, got, name)
	}
	for _, name := range []string{"", "float33", "Float32", "torch.", "torch.torch.float32", "invalid"} {
		got, err := Parse(name)
		assert.ErrorContains(t, err, name)
		assert.Equal(t, Invalid, got)
	}
}

func TestOf(t *testing.T) {
	assert.Equal(t, Uint8, Of[uint8]())
	assert.Equal(t, Int8, Of[int8]())
	assert.Equal(t, Int16, Of[int16]())
	assert.Equal(t, Int32, Of[int32]())
	assert.Equal(t, Int64, Of[int64]())
	assert.Equal(t, Uint16, Of[uint16]())
	assert.Equal(t, Uint32, Of[uint32]())
	assert.Equal(t, Uint64, Of[uint64]())
	assert.Equal(t, Float32, Of[float32]())
	assert.Equal(t, Float64, Of[float64]())
	assert.Equal(t, Complex64, Of[complex64]())
	assert.Equal(t, Complex128, Of[complex128]())
	assert.Equal(t, Bool, Of[bool]())
	assert.Equal(t, Float16, Of[F16]())
	assert.Equal(t, BFloat16, Of[BF16]())
}
