package nn

// Options of modules are a last argument that may be left out: a struct whose zero
// fields have PyTorch's defaults. Where zero is another legal value the field is a
// pointer, which new makes.

// option gives the options that were given, or none.
func option[T any](given []T) T {
	var none T
	if len(given) == 0 {
		return none
	}
	return given[0]
}

// or gives what a pointer points to, or a default.
func or[T any](given *T, otherwise T) T {
	if given == nil {
		return otherwise
	}
	return *given
}

// nonzero gives v, or a default for zero.
func nonzero[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}
