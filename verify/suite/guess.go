package suite

import (
	"context"
	"errors"

	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/config"
	"github.com/seed06459138/torchgo/verify/inputs"
)

// guessed is how many random inputs are made for a model that has none of its own.
const guessed = 4

// Question gives what to ask. For a model without inputs random ones are planned,
// whose shapes its code and first weight must tell; if they do not, or the check can't
// be put for another reason, that is the error.
func (c *Check) Question(ctx context.Context) (verify.Spec, error) {
	if c.Problem != "" {
		return c.Spec, errors.New(c.Problem)
	}
	if !c.guess {
		return c.Spec, nil
	}
	fields, ranges, err := config.GuessInputs(ctx, c.Spec.Scripted)
	if err != nil {
		return c.Spec, &verify.Error{Path: c.Spec.Scripted, Msg: "there are no inputs beside it", Err: err,
			Remedy: "put them there as input.npy, or describe the check in a verify.yaml"}
	}
	spec := c.Spec
	spec.Generate = &inputs.Plan{Random: guessed, Fields: fields, Ranges: ranges}
	return spec, nil
}
