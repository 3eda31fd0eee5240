// Package initializer fills tensors before training, as torch.nn.init does: after
// the same seed, the same calls in the same order write the same numbers as in
// Python. Nothing here is recorded, so parameters can be filled too. Functions
// write to their tensor and are not safe beside other uses of it.
package initializer
