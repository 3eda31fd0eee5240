package nn

import (
	"fmt"
	"slices"

	"github.com/seed06459138/torchgo/torch"
)

// What Python's modules refuse before they call an operator is refused here: operators
// that rely on it compute nonsense, or read what is not theirs.

func refuse(op, format string, args ...any) error {
	return &torch.Error{Op: op, Code: torch.CodeValue, Msg: fmt.Sprintf(format, args...)}
}

// expect refuses tensors that were closed, and other numbers of dimensions than there
// may be.
func expect(x *torch.Tensor, op string, allowed ...int) error {
	if x.Closed() {
		return fmt.Errorf("%s: the input is a tensor %w", op, torch.ErrClosed)
	}
	if n := x.Dim(); !slices.Contains(allowed, n) {
		return refuse(op, "the input has %d dimensions; there may be %v", n, allowed)
	}
	return nil
}

// several refuses to take the variance of one element.
func several(op string, x *torch.Tensor, elements int64) error {
	if elements == 1 {
		return refuse(op, "an input of the shape %v has one element for each mean, and so no variance", x.Shape())
	}
	return nil
}

func product(sizes []int64) int64 {
	n := int64(1)
	for _, s := range sizes {
		n *= s
	}
	return n
}
