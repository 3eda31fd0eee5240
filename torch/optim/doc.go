// Package optim has PyTorch's optimisers and learning-rate schedulers: their
// options and defaults, and state_dicts of the same layout, which can be exchanged
// with Python in both directions. A step is a few calls into libtorch, whatever
// the number of parameters: the fused kernels for SGD, Adam and AdamW, operators
// on lists of tensors for the others.
//
//	opt := optim.NewAdam(nn.Parameters(model), optim.AdamOptions{LR: 1e-3})
//	defer opt.Close()
//	for … {
//		err := torch.InScope(func(s *torch.Scope) error {
//			loss, err := …
//			return optim.Minimize(opt, loss)
//		})
//
// A group's entries foreach, fused, capturable and differentiable say how Python goes
// about a step: they have no effect here, and are given back as they were loaded.
//
// Constructors cannot fail: impossible options are the error of the first step.
// Options are a last argument that may be left out, and zero fields have PyTorch's
// defaults; where zero is another legal value the field is a pointer. Nothing here
// is safe for concurrent use, nor beside Forward of the module that is trained.
package optim
