package jit_test

import (
	"fmt"
	"log"

	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
)

// A service loads a module once and calls it from any goroutine.
func Example() {
	model, err := jit.Load("../testdata/scenarios/safe_model_save/model_scripted.pt")
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()

	score := func(row []float32) ([]float32, error) {
		s := torch.NewScope()
		defer s.Close() // closes x and all that is computed from it
		x, err := torch.FromSlice(row, 1, int64(len(row)))
		if err != nil {
			return nil, err
		}
		y, err := model.Forward(s.Add(x))
		if err != nil {
			return nil, err
		}
		return torch.Slice[float32](y)
	}

	scores, err := score([]float32{1, 2, 3, 4})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.4f\n", scores)
	_, err = score([]float32{1, 2})
	fmt.Println(err)
	// Output:
	// [-2.2181 1.7639]
	// forward: addmm: mat1 and mat2 shapes cannot be multiplied (1x2 and 4x2) (at torch/nn/modules/linear.py:134 in forward: return F.linear(input, self.weight, self.bias))
}
