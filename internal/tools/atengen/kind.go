package main

// kind is how a type of a schema appears in Go: as a required argument and as a
// field of the options. Each has its method of torch.Arguments.
type kind struct {
	required, requiredCall string
	option, optionCall     string
}

// kinds are all types of arguments. For options, the zero value of the Go type
// must mean the default. Numbers and bools whose zero would be another legal
// value are therefore pointers, unless that zero is the default itself: see zero.
var kinds = map[string]kind{
	"Tensor":       {"*torch.Tensor", "Tensor", "*torch.Tensor", "OptionalTensor"},
	"Tensor?":      {"*torch.Tensor", "OptionalTensor", "*torch.Tensor", "OptionalTensor"},
	"Tensor[]":     {"[]*torch.Tensor", "Tensors", "", ""},
	"Tensor?[]":    {"[]*torch.Tensor", "OptionalTensors", "", ""},
	"Scalar":       {"torch.Number", "Number", "torch.Number", "Number"},
	"Scalar?":      {"torch.Number", "Number", "torch.Number", "Number"},
	"Scalar[]":     {"[]torch.Number", "Numbers", "", ""},
	"int":          {"int64", "Int", "*int64", "OptionalInt"},
	"int?":         {"*int64", "OptionalInt", "*int64", "OptionalInt"},
	"int[]":        {"[]int64", "Ints", "[]int64", "OptionalInts"},
	"int[]?":       {"[]int64", "OptionalInts", "[]int64", "OptionalInts"},
	"float":        {"float64", "Float", "*float64", "OptionalFloat"},
	"float?":       {"*float64", "OptionalFloat", "*float64", "OptionalFloat"},
	"float[]?":     {"[]float64", "OptionalFloats", "[]float64", "OptionalFloats"},
	"bool":         {"bool", "Bool", "*bool", "OptionalBool"},
	"bool?":        {"*bool", "OptionalBool", "*bool", "OptionalBool"},
	"bool[]":       {"[]bool", "Bools", "", ""},
	"str":          {"string", "String", "string", "OptionalString"},
	"str?":         {"string", "OptionalString", "string", "OptionalString"},
	"ScalarType":   {"torch.DType", "DType", "", ""},
	"ScalarType?":  {"*torch.DType", "OptionalDType", "*torch.DType", "OptionalDType"},
	"Device":       {"torch.Device", "Device", "", ""},
	"Device?":      {"*torch.Device", "OptionalDevice", "*torch.Device", "OptionalDevice"},
	"MemoryFormat": {"MemoryFormat", "", "MemoryFormat", ""},
	// Nothing stands for "none" but its own zero value, which is the default as well.
	"MemoryFormat?": {"MemoryFormat", "", "MemoryFormat", ""},
}

// zero are the defaults that Go's zero value is too, so that no pointer is needed.
// They are not passed either: an older libtorch may lack the argument.
var zero = map[string]kind{
	"int=0":      {option: "int64", optionCall: "NonzeroInt"},
	"float=0.":   {option: "float64", optionCall: "NonzeroFloat"},
	"bool=False": {option: "bool", optionCall: "NonzeroBool"},
}

// gives are the types of results, with the methods of results that give them.
var gives = map[string]struct{ goType, call string }{
	"Tensor":     {"*torch.Tensor", "tensor"},
	"Tensor[]":   {"[]*torch.Tensor", "tensors"},
	"Scalar":     {"torch.Number", "number"},
	"ScalarType": {"torch.DType", "dtype"},
	"int":        {"int64", "integer"},
	"float":      {"float64", "float"},
	"bool":       {"bool", "boolean"},
}

// kindOf finds how an argument appears; false for a type without a place here.
func kindOf(a argument) (kind, bool) {
	if a.optional {
		if k, ok := zero[a.kind+"="+a.fallback]; ok {
			return k, true
		}
	}
	k, ok := kinds[a.kind]
	if a.optional && k.option == "" {
		return k, false
	}
	return k, ok
}
