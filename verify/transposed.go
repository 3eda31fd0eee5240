package verify

import (
	"bytes"
	"fmt"
	"strings"
)

// transposed tells whether a matrix has the elements of another with its two
// dimensions exchanged, bit by bit.
func transposed(a, b held) (bool, error) {
	if a.dtype != b.dtype || len(a.shape) != 2 || len(b.shape) != 2 || a.shape[0] != b.shape[1] || a.shape[1] != b.shape[0] {
		return false, nil
	}
	rows, cols, size := int(a.shape[0]), int(a.shape[1]), a.dtype.Size()
	if rows < 2 || cols < 2 || size == 0 {
		return false, nil
	}
	same := true
	err := viewBoth(a, b, func(left, right []byte) error {
		for i := 0; i < rows && same; i++ {
			for j := 0; j < cols && same; j++ {
				x, y := (i*cols+j)*size, (j*rows+i)*size
				same = bytes.Equal(left[x:x+size], right[y:y+size])
			}
		}
		return nil
	})
	return same && err == nil, err
}

// staleStatistics says that running statistics are all that differs; nil when they
// are not.
func (w *Weights) staleStatistics() *Finding {
	if len(w.Missing)+len(w.Unexpected)+len(w.Shapes)+len(w.DTypes) > 0 {
		return nil
	}
	var layers []string
	worst := Number(0)
	for _, u := range w.Unequal {
		at := strings.LastIndex(u.Name, ".")
		switch u.Name[at+1:] {
		case "running_mean", "running_var":
			worst = max(worst, u.MaxAbs)
		case "num_batches_tracked":
		default:
			return nil
		}
		if layer := strings.TrimSuffix(u.Name[:at+1], "."); !u.Close && (len(layers) == 0 || layers[len(layers)-1] != layer) {
			layers = append(layers, layer)
		}
	}
	if len(layers) == 0 {
		return nil
	}
	return &Finding{StatisticsStale, Proof, layers[0],
		fmt.Sprintf("the running statistics of %s differ between the files, by up to %v, while every weight is equal", listText(rootNamed(layers), 3), worst),
		"one was saved before the last calls in training mode: save both files after them"}
}
