package data

// twister is the generator of numbers behind torch.Generator on the CPU: MT19937
// (Matsumoto and Nishimura 1998), seeded as at::mt19937 is.
type twister struct {
	state [624]uint32
	next  int // in state; when it has passed the end, there must be a new one
}

func newTwister(seed uint64) *twister {
	t := &twister{}
	t.next = len(t.state)
	t.state[0] = uint32(seed) // at::mt19937 takes the low half of a seed
	for i := 1; i < len(t.state); i++ {
		before := t.state[i-1]
		t.state[i] = 1812433253*(before^before>>30) + uint32(i)
	}
	return t
}

// uint32 gives the next number.
func (t *twister) uint32() uint32 {
	if t.next == len(t.state) {
		t.twist()
	}
	y := t.state[t.next]
	t.next++
	y ^= y >> 11
	y ^= y << 7 & 0x9d2c5680
	y ^= y << 15 & 0xefc60000
	return y ^ y>>18
}

// skip leaves out numbers.
func (t *twister) skip(n int) {
	for range n {
		t.uint32()
	}
}

// twist makes the next state.
func (t *twister) twist() {
	const n, m = len(t.state), 397
	for i := range n {
		y := t.state[i]&0x80000000 | t.state[(i+1)%n]&0x7fffffff
		x := t.state[(i+m)%n] ^ y>>1
		if y&1 != 0 {
			x ^= 0x9908b0df
		}
		t.state[i] = x
	}
	t.next = 0
}
