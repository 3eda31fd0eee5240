package dtype

// Element is a Go type whose memory is that of a tensor element. int, uint and
// uintptr are left out because their width depends on the machine.
type Element interface {
	uint8 | int8 | int16 | int32 | int64 |
		uint16 | uint32 | uint64 |
		float32 | float64 | complex64 | complex128 |
		bool | F16 | BF16
}

// Of returns the element type of T.
func Of[T Element]() DType {
	var zero T
	switch any(zero).(type) {
	case uint8:
		return Uint8
	case int8:
		return Int8
	case int16:
		return Int16
	case int32:
		return Int32
	case int64:
		return Int64
	case uint16:
		return Uint16
	case uint32:
		return Uint32
	case uint64:
		return Uint64
	case float32:
		return Float32
	case float64:
		return Float64
	case complex64:
		return Complex64
	case complex128:
		return Complex128
	case bool:
		return Bool
	case F16:
		return Float16
	case BF16:
		return BFloat16
	}
	return Invalid
}
