// Package train runs, saves and resumes the training of registered structures. A
// checkpoint is a dict of plain values under the keys that Python programs use:
// model_name, model_version, model_state_dict, optimizer_state_dict, epoch,
// train_loss, hyperparams and pytorch_version. It can be exchanged with Python in
// both directions, and no class is pickled.
//
//	func adam(h Hyper, p []*nn.Parameter) optim.Optimizer {
//		return optim.NewAdam(p, optim.AdamOptions{LR: h.LR})
//	}
//
//	run, err := train.Begin[*MyModel]("mymodel", "v1", Hyper{InputDim: 4, …}, adam)
//	// or, to go on:
//	run, err := train.Resume[*MyModel]("checkpoint.pt", adam)
//	…
//	defer run.Close()
//	for run.Epoch < 5 {
//		loss, err := run.Step(func(s *torch.Scope) (*torch.Tensor, error) { … })
//		…
//		run.EndEpoch(loss)
//		err = run.Save("checkpoint.pt")
//	}
//
// Epochs of many batches are gone through with EndBatch, and can then be saved, and gone
// on with, between any two.
//
// A Run is used by one goroutine.
package train
