package inputs

import (
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/torch/dtype"
)

var update = flag.Bool("update", false, "write the golden files under testdata again; the numbers must never change")

// The answers are those that Random123, the authors' library, publishes.
func TestPhilox(t *testing.T) {
	for _, c := range []struct {
		key           [2]uint32
		counter, want [4]uint32
	}{
		{[2]uint32{0, 0}, [4]uint32{0, 0, 0, 0}, [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{[2]uint32{0xffffffff, 0xffffffff}, [4]uint32{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, [4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{[2]uint32{0xa4093822, 0x299f31d0}, [4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, [4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
	} {
		assert.Equal(t, c.want, philox(c.key, c.counter))
	}
}

// plan has every dtype and every edge.
func plan(t *testing.T) *Plan {
	t.Helper()
	p := &Plan{Seed: 1<<40 + 7, Random: 2, Ranges: []Range{{"int8", -5, 100}, {"float16", 0, 255}}}
	for d := dtype.DType(0); d.Valid(); d++ {
		if writers[d] != nil {
			p.Fields = append(p.Fields, Field{d.String(), d, []int64{3, 5}})
		}
	}
	var err error
	p.Edges, err = ParseEdges("zeros,ones,huge,denormal,nan,empty-batch,batch=1/7")
	require.NoError(t, err)
	require.NoError(t, p.Check())
	return p
}

// The bytes of every set are the same on each machine and in each release.
func TestGolden(t *testing.T) {
	var b strings.Builder
	for set := range plan(t).Sets() {
		for _, a := range set.Arrays {
			sum := sha256.Sum256(a.Data)
			fmt.Fprintf(&b, "%s %s %v %s\n", set.Name, a.Name, a.Shape, hex.EncodeToString(sum[:16]))
		}
	}
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile("testdata/bytes.txt", []byte(b.String()), 0o644))
	}
	want, err := os.ReadFile("testdata/bytes.txt")
	require.NoError(t, err)
	assert.Equal(t, string(want), b.String())
}

// numbers gives the parts of an array as numbers.
func numbers(a Array) (all []float64) {
	part, isFloat := floatOf(a.DType)
	size := part.Size()
	for at := 0; at < len(a.Data); at += size {
		var word [8]byte
		copy(word[:], a.Data[at:at+size])
		bits := little.Uint64(word[:])
		switch {
		case part == dtype.Float64:
			all = append(all, math.Float64frombits(bits))
		case part == dtype.Float32:
			all = append(all, float64(math.Float32frombits(uint32(bits))))
		case part == dtype.Float16:
			all = append(all, dtype.F16(bits).Float64())
		case part == dtype.BFloat16:
			all = append(all, dtype.BF16(bits).Float64())
		case isFloat:
			panic(part)
		default:
			shift := 64 - 8*size
			if a.DType == dtype.Int8 || a.DType == dtype.Int16 || a.DType == dtype.Int32 {
				all = append(all, float64(int64(bits<<shift)>>shift))
			} else {
				all = append(all, float64(int64(bits)))
			}
		}
	}
	return all
}

func TestRandomNumbers(t *testing.T) {
	p := plan(t)
	for i := range p.Fields {
		p.Fields[i].Shape = []int64{40, 50}
	}
	p.Edges = nil
	var sets []Set
	for set := range p.Sets() {
		sets = append(sets, set)
	}
	require.Len(t, sets, 2)
	assert.Equal(t, "random 2", sets[1].Name)
	for i, f := range p.Fields {
		t.Run(f.Name, func(t *testing.T) {
			assert.NotEqual(t, sets[0].Arrays[i].Data, sets[1].Arrays[i].Data)
			r := p.rangeOf(f)
			all := numbers(sets[0].Arrays[i])
			least, greatest, sum := all[0], all[0], 0.0
			for _, x := range all {
				least, greatest, sum = min(least, x), max(greatest, x), sum+x
			}
			width := r.High - r.Low
			assert.GreaterOrEqual(t, least, r.Low)
			if f.DType.IsInteger() || f.DType == dtype.Bool {
				assert.LessOrEqual(t, greatest, r.High-1)
				assert.InDelta(t, (r.Low+r.High-1)/2, sum/float64(len(all)), width/20)
				assert.Equal(t, r.Low, least)
				assert.Equal(t, r.High-1, greatest)
			} else {
				assert.LessOrEqual(t, greatest, r.High)
				assert.InDelta(t, (r.Low+r.High)/2, sum/float64(len(all)), width/20)
				assert.Less(t, least, r.Low+width/20)
				assert.Greater(t, greatest, r.High-width/20)
			}
		})
	}
}

func TestSeedAndArgumentMatter(t *testing.T) {
	first := func(seed uint64) [2]string {
		p := Plan{Seed: seed, Random: 1, Fields: []Field{{"a", dtype.Float32, []int64{8}}, {"b", dtype.Float32, []int64{8}}}}
		for set := range p.Sets() {
			return [2]string{string(set.Arrays[0].Data), string(set.Arrays[1].Data)}
		}
		return [2]string{}
	}
	zero := first(0)
	assert.NotEqual(t, zero[0], zero[1])
	assert.NotEqual(t, zero[0], first(1)[0])
	assert.NotEqual(t, first(1)[0], first(1 << 32)[0])
	assert.Equal(t, zero, first(0))
}

func TestEdges(t *testing.T) {
	p := plan(t)
	p.Random = 0
	sets := map[string]Set{}
	for set := range p.Sets() {
		sets[set.Name] = set
	}
	for i, f := range p.Fields {
		part, isFloat := floatOf(f.DType)
		t.Run(f.Name, func(t *testing.T) {
			for _, x := range numbers(sets["zeros"].Arrays[i]) {
				assert.Zero(t, x)
			}
			for k, x := range numbers(sets["ones"].Arrays[i]) {
				if part != f.DType && k%2 == 1 {
					assert.Zero(t, x, "imaginary")
				} else {
					assert.Equal(t, 1.0, x)
				}
			}
			assert.Equal(t, []int64{0, 5}, sets["empty-batch"].Arrays[i].Shape)
			assert.Empty(t, sets["empty-batch"].Arrays[i].Data)
			assert.Equal(t, []int64{7, 5}, sets["batch=7"].Arrays[i].Shape)
			assert.Len(t, sets["batch=7"].Arrays[i].Data, 35*f.DType.Size())
			nans := 0
			for _, x := range numbers(sets["nan"].Arrays[i]) {
				if x != x {
					nans++
				}
			}
			if !isFloat {
				assert.Zero(t, nans)
				return
			}
			assert.Positive(t, nans)
			assert.Less(t, nans, 10)
			normal := map[dtype.DType]float64{dtype.Float64: 0x1p-1022, dtype.Float32: 0x1p-126, dtype.BFloat16: 0x1p-126, dtype.Float16: 0x1p-14}[part]
			signs := map[bool]bool{}
			for _, x := range numbers(sets["denormal"].Arrays[i]) {
				assert.NotZero(t, x)
				assert.Less(t, math.Abs(x), normal)
				signs[x < 0] = true
			}
			assert.Len(t, signs, 2)
			signs = map[bool]bool{}
			for _, x := range numbers(sets["huge"].Arrays[i]) {
				assert.False(t, math.IsInf(x, 0))
				assert.GreaterOrEqual(t, math.Abs(x), 128.0)
				signs[x < 0] = true
			}
			assert.Len(t, signs, 2)
		})
	}
	assert.Equal(t, 99.0, numbers(sets["huge"].Arrays[1])[0], "the upper end of the range of %s", p.Fields[1].Name)
}

// Only what lies along the batch changes with it.
func TestBatch(t *testing.T) {
	p := Plan{Fields: []Field{{"scale", dtype.Float32, []int64{}}, {"x", dtype.Float32, []int64{2, 3}}, {"table", dtype.Float32, []int64{9, 3}}, {"mask", dtype.Bool, []int64{2}}},
		Edges: []Edge{{"batch", 5}}}
	require.NoError(t, p.Check())
	for set := range p.Sets() {
		var shapes [][]int64
		for _, a := range set.Arrays {
			shapes = append(shapes, a.Shape)
		}
		assert.Equal(t, [][]int64{{}, {5, 3}, {9, 3}, {5}}, shapes)
	}
	assert.Equal(t, []int64{2, 3}, p.Fields[1].Shape)
}

func TestCheck(t *testing.T) {
	x := Field{"x", dtype.Float32, []int64{2}}
	for part, p := range map[string]Plan{
		"-1 random sets":         {Random: -1},
		"of the type qint8":      {Fields: []Field{{"q", dtype.QInt8, nil}}},
		"negative dimension":     {Fields: []Field{{"x", dtype.Float32, []int64{-2}}}},
		"is larger than":         {Fields: []Field{{"x", dtype.Float32, []int64{1 << 40, 1 << 40}}}},
		"which is no input":      {Fields: []Field{x}, Ranges: []Range{{"y", 0, 1}}},
		"is empty":               {Fields: []Field{x}, Ranges: []Range{{"x", 1, 1}}},
		"has no end":             {Fields: []Field{x}, Ranges: []Range{{"", 0, math.Inf(1)}}},
		"no whole bounds":        {Fields: []Field{{"i", dtype.Int64, nil}}, Ranges: []Range{{"", 0, 1.5}}},
		"beyond what uint8":      {Fields: []Field{{"i", dtype.Uint8, nil}}, Ranges: []Range{{"", 0, 257}}},
		"no edge case \"odd\"":   {Fields: []Field{x}, Edges: []Edge{{"odd", 0}}},
		"batch of -1":            {Fields: []Field{x}, Edges: []Edge{{"batch", -1}}},
		"no input has a dim":     {Fields: []Field{{"x", dtype.Float32, nil}}, Edges: []Edge{{"batch", 2}}},
		"of a batch of 10000000": {Fields: []Field{{"x", dtype.Float32, []int64{1, 1000000}}}, Edges: []Edge{{"batch", 10000000}}},
	} {
		assert.ErrorContains(t, p.Check(), part)
	}
}

func TestParse(t *testing.T) {
	f, err := ParseField("x=1x3x224x224:float16")
	require.NoError(t, err)
	assert.Equal(t, Field{"x", dtype.Float16, []int64{1, 3, 224, 224}}, f)
	assert.Equal(t, "x=1x3x224x224:float16", f.String())
	f, err = ParseField("n=:int64")
	require.NoError(t, err)
	assert.Equal(t, Field{"n", dtype.Int64, []int64{}}, f)
	f, err = ParseField("x=4")
	require.NoError(t, err)
	assert.Equal(t, Field{"x", dtype.Float32, []int64{4}}, f)
	for _, bad := range []string{"", "x", "=1", "x=1xx2", "x=1x-2", "x=a", "x=1:flat", "x=1,2"} {
		_, err := ParseField(bad)
		assert.Error(t, err, bad)
	}

	r, err := ParseRange("ids=0:30522")
	require.NoError(t, err)
	assert.Equal(t, Range{"ids", 0, 30522}, r)
	r, err = ParseRange("-1:1e-3")
	require.NoError(t, err)
	assert.Equal(t, Range{"", -1, 1e-3}, r)
	for _, bad := range []string{"", "1", "x=1", "2:1", "1:1", "=0:1", "a:b", "0:nan"} {
		_, err := ParseRange(bad)
		assert.Error(t, err, bad)
	}

	edges, err := ParseEdges("zeros,nan,empty-batch,batch=1/7")
	require.NoError(t, err)
	assert.Equal(t, []Edge{{"zeros", 0}, {"nan", 0}, {"batch", 0}, {"batch", 1}, {"batch", 7}}, edges)
	for _, bad := range []string{"", "odd", "batch", "batch=", "batch=-1", "batch=1/", "zeros=2", "zeros,"} {
		_, err := ParseEdges(bad)
		assert.Error(t, err, bad)
	}
}
