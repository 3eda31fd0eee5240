// Package aten has a Go function for each public operator of ATen.
//
//	y, err := aten.SoftmaxInt(x, 1, nil)
//	z, err := aten.AddTensor(x, y, &aten.AddOptions{Alpha: torch.Float(0.5)})
//
// # Names
//
// A function is named as the operator in Go's spelling, followed by the overload:
// aten::softmax.int is SoftmaxInt. An operator that works in place, whose name
// ends in an underscore in ATen, ends in InPlace: aten::add_.Tensor is
// AddTensorInPlace. One that writes to tensors given for that has an overload
// that ends in out: AddOut. The schema stands in each function's comment.
//
// # Arguments
//
// Arguments without a default stand in the order of the schema. Those with one
// are fields of the last parameter, which may be nil; a field that is left zero
// has its default. Where zero is another legal value, the field is a pointer,
// which new makes: &aten.SumOptions{DType: new(torch.Float64)}.
//
// A *torch.Tensor may be nil where the schema says Tensor?, a slice where it says
// a list followed by a question mark, a torch.Number where it says Scalar?; nil is
// None then, as "" is for a str?. A Scalar is a torch.Int, Float, Complex or Bool,
// and keeps its type.
//
// # Results
//
// Results are the caller's, to be closed, and join the innermost scope of the
// tensors among the arguments. Functions that write to their arguments return
// only an error. A call is recorded for torch.Backward when one of its arguments
// requires grad. Everything is safe for concurrent use except writing to a tensor
// beside other uses of it.
//
// # What is there
//
// The functions are generated from the schemas of libtorch 2.15.0 and run with
// every supported libtorch. An operator that the one in use lacks is an error of
// torch.CodeNoOperator, at the call. An argument that it lacks may be left at its
// default.
//
// These operators have no function; torch.Call calls what it can of them:
//
//   - private ones, whose names begin with an underscore;
//   - derivatives (backward, jvp), which autograd calls, and its bookkeeping
//     (requires_grad_, data, is_leaf, …), for which package torch has functions;
//   - parts of one backend (cudnn_…, mkldnn_…, miopen_…, fbgemm_…), which the public
//     operators choose by themselves;
//   - quantized_…_cell, which end the process when given other tensors than
//     packed weights;
//   - sym_…, which speak of shapes that are not known yet;
//   - those that take or give what has no form in Go: a Storage, Stream, QScheme,
//     Dimname, Dict or class object;
//   - overloads that differ from another one by a Generator: libtorch's own is used,
//     also where a Generator? may be given. A Layout? is always left at its default.
package aten

//go:generate go run ../../internal/tools/atengen -dir .
