package torch

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/seed06459138/torchgo/torch/dtype"
)

// As in torch.set_printoptions' default profile.
const (
	printThreshold = 1000 // elements; larger tensors are summarised
	printEdge      = 3    // elements shown at each end of a summarised dimension
	printPrecision = 4
	printWidth     = 80
)

// String prints the tensor as Python does, large ones with their middle left
// out. It copies what it prints, from any device. A closed tensor says so.
func (t *Tensor) String() string {
	if t.Closed() {
		return "tensor(closed)"
	}
	s := NewScope()
	defer s.Close()
	text, err := t.format(s)
	if err != nil {
		return fmt.Sprintf("tensor(shape=%v, dtype=%s, not printable: %v)", t.Shape(), t.DType(), err)
	}
	return text
}

func (t *Tensor) format(s *Scope) (string, error) {
	shape, element := t.Shape(), t.DType()
	suffix := ""
	if d := t.Device(); d != CPU {
		suffix += fmt.Sprintf(", device='%s'", d)
	}
	if t.Numel() == 0 {
		if len(shape) != 1 {
			suffix += fmt.Sprintf(", size=%s", sizeText(shape))
		}
		return "tensor([]" + suffix + dtypeText(element, Float32) + ")", nil
	}
	shown, summary, err := t.summarised(s, shape)
	if err != nil {
		return "", err
	}
	cells, plain, err := shown.cells(s)
	if err != nil {
		return "", err
	}
	suffix += dtypeText(element, plain)
	p := printer{cells: cells, shape: shape, summary: summary}
	p.align()
	body := p.text(0, len("tensor("))
	return "tensor(" + body + suffix + ")", nil
}

// summarised keeps the ends of long dimensions, so that only they are copied.
func (t *Tensor) summarised(s *Scope, shape []int64) (*Tensor, bool, error) {
	view, err := t.Reshape(shape...)
	if err != nil {
		return nil, false, err
	}
	s.Add(view)
	if t.Numel() <= printThreshold {
		return view, false, nil
	}
	for dim, n := range shape {
		if n <= 2*printEdge {
			continue
		}
		head, err := callTensor("aten::slice.Tensor", view, Int(dim), Int(0), Int(printEdge))
		if err != nil {
			return nil, false, err
		}
		tail, err := callTensor("aten::slice.Tensor", view, Int(dim), Int(n-printEdge), Int(n))
		if err != nil {
			return nil, false, err
		}
		if view, err = callTensor("aten::cat", List{head, tail}, Int(dim)); err != nil {
			return nil, false, err
		}
	}
	return view, true, nil
}

// cells formats each element, and tells the dtype that needs no mention.
func (t *Tensor) cells(s *Scope) (cells []string, plain DType, err error) {
	element := t.DType()
	switch {
	case element == dtype.Bool:
		values, err := Slice[bool](t)
		for _, v := range values {
			name := "False"
			if v {
				name = "True"
			}
			cells = append(cells, name)
		}
		return cells, dtype.Bool, err
	case element == dtype.Uint64:
		values, err := Slice[uint64](t)
		for _, v := range values {
			cells = append(cells, strconv.FormatUint(v, 10))
		}
		return cells, Int64, err
	case element.IsInteger():
		wide, err := t.ToDType(Int64)
		if err != nil {
			return nil, 0, err
		}
		values, err := Slice[int64](s.Add(wide))
		for _, v := range values {
			cells = append(cells, strconv.FormatInt(v, 10))
		}
		return cells, Int64, err
	case element.IsComplex():
		wide, err := t.ToDType(Complex128)
		if err != nil {
			return nil, 0, err
		}
		values, err := Slice[complex128](s.Add(wide))
		var re, im []float64
		for _, v := range values {
			re, im = append(re, real(v)), append(im, imag(v))
		}
		left, right := floatCells(re), floatCells(im)
		for i := range left {
			sign := "+"
			if strings.HasPrefix(right[i], "-") {
				sign = ""
			}
			cells = append(cells, left[i]+sign+right[i]+"j")
		}
		return cells, Complex64, err
	}
	wide, err := t.ToDType(Float64)
	if err != nil {
		return nil, 0, err
	}
	values, err := Slice[float64](s.Add(wide))
	return floatCells(values), Float32, err
}

// floatCells formats numbers alike: whole ones with a bare point, others with
// four digits, with an exponent where the range is wide.
func floatCells(values []float64) []string {
	whole, least, most := true, math.Inf(1), 0.0
	for _, v := range values {
		if a := math.Abs(v); v != 0 && !math.IsInf(v, 0) && !math.IsNaN(v) {
			whole = whole && a == math.Trunc(a)
			least, most = min(least, a), max(most, a)
		}
	}
	wide := most > 0 && most/least > 1000
	format, precision, point := byte('f'), printPrecision, ""
	switch {
	case wide, most > 1e8, !whole && least < 1e-4:
		format = 'e'
	case whole:
		precision, point = 0, "."
	}
	cells := make([]string, len(values))
	for i, v := range values {
		switch {
		case math.IsNaN(v):
			cells[i] = "nan"
		case math.IsInf(v, 0):
			cells[i] = strings.TrimPrefix(strings.ToLower(strconv.FormatFloat(v, 'f', -1, 64)), "+")
		default:
			cells[i] = strconv.FormatFloat(v, format, precision, 64) + point
		}
	}
	return cells
}

// printer lays out cells in brackets.
type printer struct {
	cells   []string
	shape   []int64
	summary bool
	width   int
}

// align pads the cells to one width; a scalar stays as it is.
func (p *printer) align() {
	if len(p.shape) == 0 {
		return
	}
	for _, c := range p.cells {
		// As in Python, nan and inf do not widen the column.
		if c != "nan" && c != "inf" && c != "-inf" {
			p.width = max(p.width, len(c))
		}
	}
}

// text prints the dimension dim and those inside it, taking its cells.
func (p *printer) text(dim, indent int) string {
	if dim == len(p.shape) {
		c := p.cells[0]
		p.cells = p.cells[1:]
		return strings.Repeat(" ", max(0, p.width-len(c))) + c
	}
	n, cut := p.shape[dim], -1
	if p.summary && n > 2*printEdge {
		n, cut = 2*printEdge, printEdge
	}
	var items []string
	for i := range n {
		if int(i) == cut {
			items = append(items, " ...")
		}
		items = append(items, p.text(dim+1, indent+1))
	}
	margin := strings.Repeat(" ", indent+1)
	if inner := len(p.shape) - dim - 1; inner > 0 {
		return "[" + strings.Join(items, ","+strings.Repeat("\n", inner)+margin) + "]"
	}
	perLine := max(1, (printWidth-indent)/(p.width+2))
	var lines []string
	for len(items) > perLine {
		lines = append(lines, strings.Join(items[:perLine], ", "))
		items = items[perLine:]
	}
	lines = append(lines, strings.Join(items, ", "))
	return "[" + strings.Join(lines, ",\n"+margin) + "]"
}

func dtypeText(element, plain DType) string {
	if element == plain {
		return ""
	}
	return ", dtype=torch." + element.String()
}

func sizeText(shape []int64) string {
	parts := make([]string, len(shape))
	for i, n := range shape {
		parts[i] = strconv.FormatInt(n, 10)
	}
	return "(" + strings.Join(parts, ", ") + ")"
}
