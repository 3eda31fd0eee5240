// Package nn has modules as plain Go structs, whose fields are parameters, buffers
// and other modules:
//
//	type MLP struct{ FC1, FC2 *nn.Linear }
//
//	func (m *MLP) Forward(x *torch.Tensor) (*torch.Tensor, error) {
//		return nn.Pipe(x, m.FC1.Forward, functional.ReLU, m.FC2.Forward)
//	}
//
//	model, err := nn.Init(&MLP{nn.NewLinear(784, 512), nn.NewLinear(512, 10)})
//
// # Modules
//
// A module is a pointer to a struct. Its exported fields belong to it: those of type
// *Parameter and *Buffer, those whose type has a method Forward or is a Container, and
// structs that hold any of these; a slice or an array of them is a ModuleList, a map by
// strings a ModuleDict in the order of its keys. Their names are Python's: a field FC1 is
// fc1, RunningMean is running_mean, and a tag gives another one: `nn:"fc"`, or
// `nn:"-"` for none. The fields of an embedded struct count as the module's own, so
// that modules can be composed by embedding; embed Mode where Forward depends on
// training. Reflection looks at each type once, and never in Forward.
//
// Constructors declare and cannot fail; Init makes and fills what was declared, or
// LoadStateDict takes it from a file. Each module's Forward takes and gives what it
// needs; those that make one tensor of one are Layers.
//
// # Options
//
// Options are a last argument that may be left out: a struct whose zero fields have
// PyTorch's defaults. Where zero is another legal value the field is a pointer,
// which new makes.
//
// # Memory
//
// The tensors of a module live until Close. What Forward makes joins the scope of
// its arguments: run each step of training in a torch.Scope.
//
// # Hooks
//
// There are none, of modules or of tensors. Forward is a method, which a module of one's
// own can call and wrap; gradients are there between Backward and the optimiser's step,
// those of tensors between layers after torch.Tensor.RetainGrad.
//
// # Goroutines
//
// Forward may be called from several goroutines at once, except of batch norm in
// training, which writes its statistics. What changes a module (Train, Eval, To,
// LoadStateDict, an optimiser) must not run beside it.
//
// # Structures
//
// Register makes a structure known by name and version, so that a checkpoint that
// names it can be resumed, or run without Python and without a TorchScript file.
package nn
