package inputs

import "math/bits"

// philox is Philox4x32-10: ten rounds over a counter of four words.
func philox(key [2]uint32, counter [4]uint32) [4]uint32 {
	const (
		factor0, factor1 = 0xD2511F53, 0xCD9E8D57
		weyl0, weyl1     = 0x9E3779B9, 0xBB67AE85
	)
	for range 10 {
		high0, low0 := multiply(factor0, counter[0])
		high1, low1 := multiply(factor1, counter[2])
		counter = [4]uint32{high1 ^ counter[1] ^ key[0], low1, high0 ^ counter[3] ^ key[1], low0}
		key[0] += weyl0
		key[1] += weyl1
	}
	return counter
}

func multiply(a, b uint32) (high, low uint32) {
	product := uint64(a) * uint64(b)
	return uint32(product >> 32), uint32(product)
}

// stream gives the random words of one argument in one set.
type stream struct {
	key           [2]uint32
	argument, set uint32

	block uint64 // that words holds
	words [4]uint32
	begun bool
}

func newStream(seed uint64, set, argument int) *stream {
	return &stream{key: [2]uint32{uint32(seed), uint32(seed >> 32)}, argument: uint32(argument), set: uint32(set)}
}

// at gives the 64 bits of an element.
func (s *stream) at(i uint64) uint64 {
	if block := i / 2; !s.begun || block != s.block {
		s.words = philox(s.key, [4]uint32{uint32(block), uint32(block >> 32), s.argument, s.set})
		s.block, s.begun = block, true
	}
	half := i % 2 * 2
	return uint64(s.words[half]) | uint64(s.words[half+1])<<32
}

// unit makes a number of [0, 1) of 64 bits.
func unit(u uint64) float64 { return float64(u>>11) * 0x1p-53 }

// below makes one of n integers of 64 bits.
func below(u, n uint64) uint64 {
	high, _ := bits.Mul64(u, n)
	return high
}
