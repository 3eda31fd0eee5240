// Package script makes a module of package nn of a TorchScript file, so that it can be
// trained without its source: its parameters go to optimisers and into state_dicts under
// their own names.
//
//	model, err := script.Load("model_v1_scripted.pt")
//	…
//	defer model.Close()
//	opt := optim.NewAdam(nn.Parameters(model))
//	… // steps, as of any module
//	err = model.Save("model_v2_scripted.pt")
//
// Registered, it is the structure of checkpoints: train.Resume then goes on from one
// that Python wrote, with the structure taken from the file.
//
//	nn.Register("mymodel", "v1", func(Hyper) (*script.Module, error) { return script.Load("model_v1_scripted.pt") })
package script
