package torch

// Number is a Value that an argument of type Scalar takes: an Int, a Float, a
// Complex or a Bool. Which of them it is takes part in type promotion, as in
// Python: a tensor of integers plus Int(1) has integers, plus Float(1) has floats.
type Number interface {
	Value
	isNumber()
}

func (Bool) isNumber()    {}
func (Int) isNumber()     {}
func (Float) isNumber()   {}
func (Complex) isNumber() {}
