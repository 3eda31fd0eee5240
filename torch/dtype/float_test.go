package dtype

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ieee decodes a sign/exponent/fraction pattern with infinities and NaNs by the
// definition of the format, in double precision.
func ieee(pattern uint16, expBits, fracBits int) float64 {
	bias := 1<<(expBits-1) - 1
	exp := int(pattern) >> fracBits & (1<<expBits - 1)
	frac := float64(int(pattern) & (1<<fracBits - 1))
	var v float64
	switch {
	case exp == 1<<expBits-1 && frac == 0:
		v = math.Inf(1)
	case exp == 1<<expBits-1:
		return math.NaN()
	case exp == 0:
		v = frac * math.Pow(2, float64(1-bias-fracBits))
	default:
		v = (1 + frac/float64(int(1)<<fracBits)) * math.Pow(2, float64(exp-bias))
	}
	if pattern>>(expBits+fracBits)&1 == 1 {
		return -v
	}
	return v
}

func sameFloat(t *testing.T, want, got float64, pattern int) {
	t.Helper()
	if math.IsNaN(want) {
		require.True(t, math.IsNaN(got), "pattern %#x: got %v, want NaN", pattern, got)
		return
	}
	require.Equal(t, math.Float64bits(want), math.Float64bits(got), "pattern %#x: got %v, want %v", pattern, got, want)
}

func TestF16All(t *testing.T) {
	for p := 0; p < 1<<16; p++ {
		h := F16(p)
		sameFloat(t, ieee(uint16(p), 5, 10), h.Float64(), p)
		require.Equal(t, h, F16From(h.Float32()), "pattern %#x", p)
	}
}

func TestBF16All(t *testing.T) {
	for p := 0; p < 1<<16; p++ {
		b := BF16(p)
		sameFloat(t, ieee(uint16(p), 8, 7), b.Float64(), p)
		require.Equal(t, b, BF16From(b.Float32()), "pattern %#x", p)
	}
}

// TestRounding takes every pair of neighbours: the midpoint goes to the even
// one, and one single precision step to either side goes to the nearer one.
func TestRounding(t *testing.T) {
	formats := []struct {
		name    string
		last    int // the pattern of infinity
		decode  func(int) float64
		round   func(float32) int
		largest float64 // what follows the largest number if the exponent went on
	}{
		{"F16", 0x7c00, func(p int) float64 { return F16(p).Float64() }, func(f float32) int { return int(F16From(f)) }, 65536},
		{"BF16", 0x7f80, func(p int) float64 { return BF16(p).Float64() }, func(f float32) int { return int(BF16From(f)) }, math.Pow(2, 128)},
	}
	for _, format := range formats {
		t.Run(format.name, func(t *testing.T) {
			for p := 0; p < format.last; p++ {
				low, high := format.decode(p), format.decode(p+1)
				if p+1 == format.last {
					high = format.largest
				}
				mid := float32((low + high) / 2)
				require.Equal(t, (low+high)/2, float64(mid), "the midpoint must be exact in single precision")
				even := p + p&1
				for _, sign := range []struct {
					bit  int
					unit float32
				}{{0, 1}, {0x8000, -1}} {
					require.Equal(t, even|sign.bit, format.round(sign.unit*mid), "midpoint above %#x", p)
					require.Equal(t, p|sign.bit, format.round(sign.unit*math.Nextafter32(mid, 0)), "below midpoint above %#x", p)
					require.Equal(t, (p+1)|sign.bit, format.round(sign.unit*math.Nextafter32(mid, float32(math.Inf(1)))), "over midpoint above %#x", p)
				}
			}
		})
	}
}

func TestSpecialConversions(t *testing.T) {
	small := math.Float32frombits(0x7f800001) // a NaN whose payload lies below the kept bits
	assert.True(t, math.IsNaN(F16From(small).Float64()))
	assert.True(t, math.IsNaN(BF16From(small).Float64()))
	assert.Equal(t, F16(0xfe00), F16From(math.Float32frombits(0xffc00000)))
	assert.Equal(t, F16(0x8000), F16From(float32(math.Copysign(0, -1))))
	assert.Equal(t, F16(0x8000), F16From(math.Float32frombits(0x80000001)))
	assert.Equal(t, F16(0x7c00), F16From(math.MaxFloat32))
	assert.Equal(t, F16(0x7bff), F16From(65519.996))
	assert.Equal(t, BF16(0x7f80), BF16From(math.MaxFloat32))
	assert.Equal(t, "0.099975586", F16From(0.1).String())
	assert.Equal(t, "0.100097656", BF16From(0.1).String())
	assert.Equal(t, "NaN", F16(0x7e00).String())
	assert.Equal(t, "-Inf", BF16(0xff80).String())
}

func TestFloat8All(t *testing.T) {
	// Values that torch 2.15 prints for these bytes.
	known := []struct {
		name   string
		decode func(uint8) float32
		want   map[uint8]float64
		nans   int
		finite float64 // the largest
	}{
		{"e5m2", func(b uint8) float32 { return F8E5M2(b).Float32() },
			map[uint8]float64{0: 0, 1: math.Pow(2, -16), 0x3c: 1, 0x3d: 1.25, 0xc0: -2, 0x7c: math.Inf(1), 0xfc: math.Inf(-1)}, 6, 57344},
		{"e4m3fn", func(b uint8) float32 { return F8E4M3FN(b).Float32() },
			map[uint8]float64{0: 0, 1: math.Pow(2, -9), 0x38: 1, 0x39: 1.125, 0xc0: -2, 0x08: math.Pow(2, -6)}, 2, 448},
		{"e5m2fnuz", func(b uint8) float32 { return F8E5M2FNUZ(b).Float32() },
			map[uint8]float64{0: 0, 1: math.Pow(2, -17), 0x40: 1, 0xc4: -2}, 1, 57344},
		{"e4m3fnuz", func(b uint8) float32 { return F8E4M3FNUZ(b).Float32() },
			map[uint8]float64{0: 0, 1: math.Pow(2, -10), 0x40: 1, 0xc8: -2}, 1, 240},
		{"e8m0fnu", func(b uint8) float32 { return F8E8M0FNU(b).Float32() },
			map[uint8]float64{0: math.Pow(2, -127), 127: 1, 128: 2, 126: 0.5}, 1, math.Pow(2, 127)},
	}
	for _, test := range known {
		t.Run(test.name, func(t *testing.T) {
			for pattern, want := range test.want {
				sameFloat(t, want, float64(test.decode(pattern)), int(pattern))
			}
			nans, largest := 0, 0.0
			for p := 0; p < 256; p++ {
				v := float64(test.decode(uint8(p)))
				if math.IsNaN(v) {
					nans++
				} else if !math.IsInf(v, 0) {
					largest = max(largest, v)
				}
			}
			assert.Equal(t, test.nans, nans)
			assert.Equal(t, test.finite, largest)
		})
	}
}

func TestFloat4All(t *testing.T) {
	want := []float32{0, 0.5, 1, 1.5, 2, 3, 4, 6}
	for b := uint8(0); b < 16; b++ {
		got := F4E2M1(b)
		assert.Equal(t, want[b&7], float32(math.Abs(float64(got))))
		assert.Equal(t, b >= 8, math.Signbit(float64(got)))
	}
}
