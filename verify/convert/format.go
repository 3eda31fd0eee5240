package convert

import (
	"fmt"

	"github.com/seed06459138/torchgo/torch/checkpoint"
)

// writers are the formats by the ends of names.
var writers = map[string]writer{
	".pt": torchFile, ".pth": torchFile, ".bin": torchFile, ".ckpt": torchFile,
	".safetensors": {kind: checkpoint.KindSafetensors, losses: checkpoint.SafetensorsLosses, write: writeSafetensors},
	".npz":         {kind: checkpoint.KindNPZ, losses: lossesOfNPZ, write: writeNPZ},
}

var torchFile = writer{kind: checkpoint.KindTorch, whole: true, losses: lossesOfTorch, write: writeTorch}

// lossesOfTorch says what a torch.save file of a state_dict can't hold: nothing.
func lossesOfTorch(*checkpoint.State) []string { return nil }

func writeTorch(c *conversion, s *checkpoint.State) error { return checkpoint.Save(c.to, s.Dict()) }

func writeSafetensors(c *conversion, s *checkpoint.State) error {
	return checkpoint.SaveSafetensors(c.to, s, c.from.Metadata())
}

// lossesOfNPZ says what numpy arrays can't hold: what safetensors can't either,
// in the same words. What they have no form for, writing refuses.
func lossesOfNPZ(s *checkpoint.State) []string {
	var losses []string
	first := make(map[*checkpoint.Storage]string)
	for _, name := range s.Names() {
		t, _ := s.Tensor(name)
		lose := func(what string) { losses = append(losses, printable(name)+": "+what) }
		if t.Conj || t.Neg {
			lose("its lazy conj or neg bit")
		}
		if storage := t.Storage(); storage != nil {
			if other, shared := first[storage]; shared {
				lose("it shares its storage with " + printable(other))
			} else {
				first[storage] = name
			}
		}
		if t.RequiresGrad || t.Parameter {
			lose("that it is a parameter or requires a gradient")
		}
		if t.Attrs != nil || t.Class != "" {
			lose("its attributes or class")
		}
	}
	for key := range s.Extras().All() {
		losses = append(losses, printable(fmt.Sprint(key))+": not a tensor")
	}
	return losses
}

func writeNPZ(c *conversion, s *checkpoint.State) error {
	var tensors []checkpoint.NamedTensor
	for _, name := range s.Names() {
		t, _ := s.Tensor(name)
		if t.Conj || t.Neg {
			// Its bytes are other numbers.
			return fmt.Errorf("%s: tensor %s: numpy has no lazy conj or neg bit; save tensor.resolve_conj().resolve_neg()", c.from.Path(), printable(name))
		}
		tensors = append(tensors, checkpoint.NamedTensor{Name: name, Tensor: t})
	}
	return checkpoint.WriteNPZ(c.to, tensors)
}
