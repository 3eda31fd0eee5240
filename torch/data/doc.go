// Package data reads samples for training: datasets, and a Loader that goes through
// them in batches, shuffled by a seed, read ahead by goroutines.
//
//	loader, err := data.NewLoader(&data.Tensors{X: x, Y: y}, data.Options{Batch: 32, Shuffle: true, Seed: 42})
//	…
//	for batch, err := range loader.Epoch(ctx, epoch) {
//		if err != nil {
//			return err
//		}
//		loss, err := step(batch.X, batch.Y) // freed, with all that was computed from the batch, when the body ends
//
// The order is that of a DataLoader of Python for the same seed, so that training
// which was begun there goes on here with the same batches.
//
// Beside tensors in memory there are readers for MNIST's IDX files and for tables of
// numbers; package images has folders and archives of images. RandomSplit takes samples
// aside for testing.
package data
