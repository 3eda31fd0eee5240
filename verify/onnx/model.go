package onnx

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// model is what a file says of its graph's inputs and outputs.
type model struct {
	producer string           // "pytorch 2.15.0"
	opsets   map[string]int64 // by domain; that of ONNX itself is ""
	inputs   []port           // that have no initializer
	outputs  []port
}

// port is an input or output.
type port struct {
	name    string
	kind    string // "" of a tensor; else what it is: "sequence"
	element element
	ranked  bool  // dims are known
	dims    []dim // of a tensor
}

// dim is one dimension: a number, or -1 for one that is not fixed, which may have a name.
type dim struct {
	size int64
	name string
}

// The field numbers of onnx.proto that are read or written.
const (
	modelProducer = 2
	modelVersion  = 3
	modelGraph    = 7
	modelOpset    = 8

	opsetDomain  = 1
	opsetVersion = 2

	graphNode        = 1
	graphInitializer = 5
	graphInput       = 11
	graphOutput      = 12
	graphSparse      = 15

	valueName = 1
	valueType = 2

	typeTensor = 1

	tensorTypeElement = 1
	tensorTypeShape   = 2

	shapeDim = 1
	dimValue = 1
	dimParam = 2

	tensorDims    = 1
	tensorElement = 2
	tensorInt64s  = 7
	tensorName    = 8

	sparseValues = 1
)

// kinds names the alternatives of TypeProto that are no tensors.
var kinds = map[int]string{4: "sequence", 5: "map", 7: "opaque value", 8: "sparse tensor", 9: "optional value"}

// parseModel reads the description of a ModelProto. It looks at no node and no weight.
func parseModel(file []byte) (*model, error) {
	m := &model{opsets: make(map[string]int64)}
	filled := make(map[string]bool)
	version := ""
	graphs := 0
	err := fields(file, func(number int, _ uint64, data []byte) error {
		switch number {
		case modelProducer:
			m.producer = string(data)
		case modelVersion:
			version = string(data)
		case modelOpset:
			return m.opset(data)
		case modelGraph:
			graphs++
			return m.graph(data, filled)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if graphs == 0 {
		return nil, fmt.Errorf("it holds no graph")
	}
	// Before IR version 4 every initializer is listed among the inputs too.
	m.inputs = slices.DeleteFunc(m.inputs, func(p port) bool { return filled[p.name] })
	m.producer = strings.TrimSpace(m.producer + " " + version)
	return m, nil
}

func (m *model) opset(data []byte) error {
	domain, version := "", int64(0)
	err := fields(data, func(number int, n uint64, data []byte) error {
		switch number {
		case opsetDomain:
			if domain = string(data); domain == "ai.onnx" { // another way to write it
				domain = ""
			}
		case opsetVersion:
			version = int64(n)
		}
		return nil
	})
	m.opsets[domain] = version
	return err
}

func (m *model) graph(data []byte, filled map[string]bool) error {
	return fields(data, func(number int, _ uint64, data []byte) error {
		switch number {
		case graphInitializer:
			name, err := nameOf(data, tensorName)
			filled[name] = true
			return err
		case graphSparse:
			return fields(data, func(number int, _ uint64, data []byte) error {
				if number != sparseValues {
					return nil
				}
				name, err := nameOf(data, tensorName)
				filled[name] = true
				return err
			})
		case graphInput, graphOutput:
			p, err := parsePort(data)
			if number == graphInput {
				m.inputs = append(m.inputs, p)
			} else {
				m.outputs = append(m.outputs, p)
			}
			return err
		}
		return nil
	})
}

func nameOf(data []byte, field int) (name string, err error) {
	err = fields(data, func(number int, _ uint64, data []byte) error {
		if number == field {
			name = string(data)
		}
		return nil
	})
	return name, err
}

func parsePort(data []byte) (port, error) {
	p := port{kind: "value without a type"}
	err := fields(data, func(number int, _ uint64, data []byte) error {
		switch number {
		case valueName:
			p.name = string(data)
		case valueType:
			return fields(data, func(number int, _ uint64, data []byte) error {
				if kind, ok := kinds[number]; ok {
					p.kind = kind
				}
				if number != typeTensor {
					return nil
				}
				p.kind = ""
				return p.tensor(data)
			})
		}
		return nil
	})
	return p, err
}

func (p *port) tensor(data []byte) error {
	return fields(data, func(number int, n uint64, data []byte) error {
		switch number {
		case tensorTypeElement:
			p.element = element(n)
		case tensorTypeShape:
			p.ranked = true
			return fields(data, func(number int, _ uint64, data []byte) error {
				if number != shapeDim {
					return nil
				}
				d := dim{size: -1}
				err := fields(data, func(number int, n uint64, data []byte) error {
					switch number {
					case dimValue:
						d.size = int64(n)
					case dimParam:
						d.name = string(data)
					}
					return nil
				})
				p.dims = append(p.dims, d)
				return err
			})
		}
		return nil
	})
}

// String describes the port: "x float32 [batch, 4]".
func (p port) String() string {
	if p.kind != "" {
		return p.name + " (a " + p.kind + ")"
	}
	text := p.name + " " + p.element.String()
	if !p.ranked {
		return text + " of any shape"
	}
	sizes := make([]string, len(p.dims))
	for i, d := range p.dims {
		switch {
		case d.size >= 0:
			sizes[i] = strconv.FormatInt(d.size, 10)
		case d.name != "":
			sizes[i] = d.name
		default:
			sizes[i] = "?"
		}
	}
	return text + " [" + strings.Join(sizes, ", ") + "]"
}

// takes tells whether the port takes an array of a shape.
func (p port) takes(shape []int64) bool {
	if !p.ranked {
		return true
	}
	return slices.EqualFunc(p.dims, shape, func(d dim, n int64) bool { return d.size < 0 || d.size == n })
}

// signature lists ports: "(x float32 [batch, 4], n int64 [])".
func signature(ports []port) string {
	texts := make([]string, len(ports))
	for i, p := range ports {
		texts[i] = p.String()
	}
	return "(" + strings.Join(texts, ", ") + ")"
}

// opsetText names the opsets: "18", "18, ai.onnx.ml 3".
func (m *model) opsetText() string {
	domains := slices.Sorted(maps.Keys(m.opsets))
	for i, domain := range domains {
		domains[i] = strings.TrimSpace(domain + " " + strconv.FormatInt(m.opsets[domain], 10))
	}
	return strings.Join(domains, ", ")
}
