package images

import (
	"context"
	"fmt"
	"image"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/data"
)

// The colours of ImageNet, which the models of torchvision were trained with.
var (
	ImageNetMean = []float32{0.485, 0.456, 0.406}
	ImageNetStd  = []float32{0.229, 0.224, 0.225}
)

// Dataset is a Set whose images become tensors: each is transformed, its colours are
// brought to numbers from 0 to 1 (torchvision's ToTensor) and normalised. Batches are
// float32 [n, 3, height, width], [n, 1, height, width] in grey, and labels int64 [n].
type Dataset struct {
	Set        *Set
	Transforms []Transform // in their order; after them all images of a batch have one size
	Gray       bool        // take the lightness alone, as PIL's convert("L") does
	Mean, Std  []float32   // of each channel: colours become (x − mean) / std; none leaves them
}

// Len tells how many images there are.
func (d *Dataset) Len() int { return d.Set.Len() }

// Batch reads images and their labels.
func (d *Dataset) Batch(ctx context.Context, r data.Request) (*data.Pair, error) {
	var pixels []float32
	var size image.Point
	labels := make([]int64, len(r.Indices))
	for i, index := range r.Indices {
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		m, err := d.image(r, i)
		if err != nil {
			return nil, err
		}
		switch {
		case i == 0:
			size = m.Rect.Size()
			pixels = make([]float32, 0, len(r.Indices)*d.channels()*size.X*size.Y)
		case m.Rect.Size() != size:
			return nil, d.wrong(index, fmt.Errorf("it is of %v pixels, others of the batch of %v; end the transforms with a crop or ResizeTo", m.Rect.Size(), size))
		}
		pixels = d.append(pixels, m)
		labels[i] = d.Set.Label(index)
	}
	x, err := torch.FromSlice(pixels, int64(len(labels)), int64(d.channels()), int64(size.Y), int64(size.X))
	if err != nil {
		return nil, err
	}
	y, err := torch.FromSlice(labels)
	if err != nil {
		x.Close()
		return nil, err
	}
	return &data.Pair{X: x, Y: y}, nil
}

// image decodes and transforms the i-th image asked for.
func (d *Dataset) image(r data.Request, i int) (*image.RGBA, error) {
	index := r.Indices[i]
	m, err := d.Set.Image(index)
	if err != nil {
		return nil, err
	}
	random := r.Rand(i)
	for _, transform := range d.Transforms {
		if m, err = transform(m, random); err != nil {
			return nil, d.wrong(index, err)
		}
	}
	if n := d.channels(); len(d.Mean) != len(d.Std) || len(d.Mean) != 0 && len(d.Mean) != n {
		return nil, &data.Error{Msg: fmt.Sprintf("means of %d channels and deviations of %d, for images of %d", len(d.Mean), len(d.Std), n), Remedy: "give one of each for a channel, or none"}
	}
	return m, nil
}

func (d *Dataset) wrong(index int, err error) error {
	return &data.Error{Path: d.Set.path, Msg: d.Set.Name(index) + " cannot be used", Err: err}
}

func (d *Dataset) channels() int {
	if d.Gray {
		return 1
	}
	return 3
}

// append adds the channels of an image, one behind the other.
func (d *Dataset) append(to []float32, m *image.RGBA) []float32 {
	for c := range d.channels() {
		mean, std := float32(0), float32(1)
		if len(d.Mean) > 0 {
			mean, std = d.Mean[c], d.Std[c]
		}
		for y := range m.Rect.Dy() {
			row := m.Pix[y*m.Stride:][:4*m.Rect.Dx()]
			for i := 0; i < len(row); i += 4 {
				v := row[i+c]
				if d.Gray {
					v = lightness(row[i : i+3])
				}
				to = append(to, (float32(v)/255-mean)/std)
			}
		}
	}
	return to
}

// lightness is PIL's, ITU-R 601-2, in its fixed point.
func lightness(rgb []byte) byte {
	return byte((19595*uint32(rgb[0]) + 38470*uint32(rgb[1]) + 7471*uint32(rgb[2]) + 1<<15) >> 16)
}
