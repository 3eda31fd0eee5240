package jit_test

import (
	"errors"
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
	fmt.Println("refused:", errors.Is(err, torch.CodeScript))
	// Output:
	// [-2.2181 1.7639]
	// refused: true
}
