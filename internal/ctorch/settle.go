package ctorch

import "runtime"

// settleAfterCollections lets the CPU's allocator give back what it does not need any more, after each collection:
// Go's runtime makes one every two minutes at least, in a process that does nothing too.
func settleAfterCollections() {
	runtime.AddCleanup(&garbage{}, func(struct{}) {
		MemorySettle(DeviceCPU)
		settleAfterCollections()
	}, struct{}{})
}

// garbage is found by the next collection. Its pointer keeps it out of the blocks in which Go puts tiny values together,
// and which live as long as any of them.
type garbage struct{ _ *byte }
