package compare

// Tolerance is what an element may differ by to be close:
// |got − want| ≤ ATol + RTol·|want|. Both zero ask for equality.
type Tolerance struct {
	RTol, ATol float64
	EqualNaN   bool // a NaN is close to a NaN
}

// Default is the tolerance of torch.allclose.
var Default = Tolerance{RTol: 1e-5, ATol: 1e-8}

func (t Tolerance) check() error {
	// Written so that NaN fails.
	if t.RTol >= 0 && t.ATol >= 0 {
		return nil
	}
	return &ToleranceError{t}
}

// exact reports whether only equal elements are close.
func (t Tolerance) exact() bool { return t.RTol == 0 && t.ATol == 0 }
