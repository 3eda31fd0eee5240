package onnx

import "slices"

// The names of what fetch adds; an output's own name goes before.
const (
	flatSuffix  = "/torchgo.flat"
	shapeSuffix = "/torchgo.shape"
	wideSuffix  = "/torchgo.wide"
	allNode     = "torchgo.all" // [-1], the shape of everything in a row
	unusedInput = "torchgo.unused"
)

// oldestOpset is that of Reshape and Cast as they are written here.
const oldestOpset = 6

// plain are the element types that the Go module gives back as they are.
var plain = []element{elementFloat, 2, 3, 4, 5, 6, elementInt64, elementString, 9, 11, 12, 13}

// wide tells whether an output must be cast to float32 to be read: float16, bfloat16 and the float8 kinds.
func (p port) wide() bool { return p.element != 0 && !slices.Contains(plain, p.element) }

// fetch gives what, put behind the bytes of the file, makes its outputs readable,
// and the names of those to ask for: for each output its elements in a row and
// its shape. Parsers merge messages that follow one another, so that the nodes
// and outputs here are added to those of the graph, which stays as it is.
//
// The Go module makes room for outputs by their shapes and types, and can't for
// those without dimensions, nor for float16 and its kin, of which it copies one
// byte for each element. A row always has a dimension; small floats are widened,
// which is exact, and are narrowed again after the call. It calls no graph
// without inputs either: such a graph gets one that nothing uses.
func (m *model) fetch() (suffix []byte, names []string) {
	var graph message
	var all, dims message
	all.varint(tensorDims, 1)
	all.varint(tensorElement, uint64(elementInt64))
	minusOne := int64(-1)
	all.varint(tensorInt64s, uint64(minusOne))
	dims.text(1, "value")
	dims.bytes(5, all)
	dims.varint(20, 4) // AttributeProto.TENSOR
	graph.bytes(graphNode, node("Constant", nil, allNode, dims))

	for _, p := range m.outputs {
		from := p.name
		kind := p.element
		if p.wide() {
			var to message
			to.text(1, "to")
			to.varint(3, uint64(elementFloat))
			to.varint(20, 2) // AttributeProto.INT
			from, kind = p.name+wideSuffix, elementFloat
			graph.bytes(graphNode, node("Cast", []string{p.name}, from, to))
		}
		graph.bytes(graphNode, node("Reshape", []string{from, allNode}, p.name+flatSuffix, nil))
		graph.bytes(graphNode, node("Shape", []string{p.name}, p.name+shapeSuffix, nil))
		graph.bytes(graphOutput, value(p.name+flatSuffix, kind))
		graph.bytes(graphOutput, value(p.name+shapeSuffix, elementInt64))
		names = append(names, p.name+flatSuffix, p.name+shapeSuffix)
	}
	if len(m.inputs) == 0 {
		graph.bytes(graphInput, value(unusedInput, elementFloat))
	}
	var out message
	if _, ok := m.opsets[""]; !ok { // all its nodes are of other domains
		var opset message
		opset.text(opsetDomain, "")
		opset.varint(opsetVersion, 13)
		out.bytes(modelOpset, opset)
	}
	out.bytes(modelGraph, graph)
	return out, names
}

// node writes a NodeProto of one output.
func node(op string, inputs []string, output string, attribute message) message {
	var m message
	for _, input := range inputs {
		m.text(1, input)
	}
	m.text(2, output)
	m.text(3, output)
	m.text(4, op)
	if attribute != nil {
		m.bytes(5, attribute)
	}
	return m
}

// value writes a ValueInfoProto of a tensor of one dimension.
func value(name string, of element) message {
	var shape, tensor, kind, m message
	shape.bytes(shapeDim, nil)
	if of != 0 {
		tensor.varint(tensorTypeElement, uint64(of))
	}
	tensor.bytes(tensorTypeShape, shape)
	kind.bytes(typeTensor, tensor)
	m.text(valueName, name)
	m.bytes(valueType, kind)
	return m
}
