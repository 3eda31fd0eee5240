package data

// mostSamples bounds datasets: from there on torch.randperm draws other numbers.
const mostSamples = 1<<32/20 - 1

// shuffled gives the numbers from 0 to n−1 in the order in which Python goes through
// a dataset in an epoch, counted from 0, with
//
//	g = torch.Generator().manual_seed(seed)
//	DataLoader(dataset, shuffle=True, generator=g)
//
// n must be between 0 and mostSamples.
func shuffled(n int, seed uint64, epoch int) []int {
	t := newTwister(seed)
	for e := range epoch + 1 {
		if e > 0 {
			// RandomSampler ends an epoch with a permutation of which it takes nothing.
			t.skip(n - 1)
		}
		t.skip(2) // a DataLoader first draws a seed for its workers, of 64 bits
		if e < epoch {
			t.skip(n - 1)
		}
	}
	return permuted(t, n)
}

// permuted gives the numbers from 0 to n−1 in the order of torch.randperm.
func permuted(t *twister, n int) []int {
	order := ordered(n)
	for i := range n - 1 { // at::native::randperm_cpu
		j := i + int(t.uint32())%(n-i)
		order[i], order[j] = order[j], order[i]
	}
	return order
}

// ordered gives the numbers from 0 to n−1.
func ordered(n int) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	return order
}
