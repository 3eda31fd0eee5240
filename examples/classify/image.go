package main

import (
	"image"
	"image/draw"
	"image/png"
	"os"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/aten"
)

// The colours of ImageNet: what torchvision's models were trained with.
var (
	mean      = []float32{0.485, 0.456, 0.406}
	deviation = []float32{0.229, 0.224, 0.225}
)

// load reads an image into a tensor [1, 3, size, size] in the scope: the middle
// of the image, scaled and normalised, as torchvision's transforms do it.
func load(s *torch.Scope, path string, size int64) (*torch.Tensor, error) {
	pixels, err := decode(path)
	if err != nil {
		return nil, err
	}
	height, width := int64(pixels.Rect.Dy()), int64(pixels.Rect.Dx())
	x, err := torch.FromSlice(pixels.Pix, 1, height, width, 4) // red, green, blue, opacity
	if err != nil {
		return nil, err
	}
	side := min(height, width)
	colours, err := constants(s, mean, deviation)
	if err != nil {
		return nil, err
	}
	// Results join the scope of what they are computed from.
	return chain(s.Add(x),
		func(x *torch.Tensor) (*torch.Tensor, error) { return aten.Narrow(x, 3, 0, 3) },
		func(x *torch.Tensor) (*torch.Tensor, error) { return aten.Narrow(x, 1, (height-side)/2, side) },
		func(x *torch.Tensor) (*torch.Tensor, error) { return aten.Narrow(x, 2, (width-side)/2, side) },
		func(x *torch.Tensor) (*torch.Tensor, error) { return aten.Permute(x, []int64{0, 3, 1, 2}) },
		func(x *torch.Tensor) (*torch.Tensor, error) { return x.ToDType(torch.Float32) },
		func(x *torch.Tensor) (*torch.Tensor, error) { return aten.DivScalar(x, torch.Float(255)) },
		func(x *torch.Tensor) (*torch.Tensor, error) { return resize(x, size) },
		func(x *torch.Tensor) (*torch.Tensor, error) { return aten.SubTensor(x, colours[0], nil) },
		func(x *torch.Tensor) (*torch.Tensor, error) { return aten.DivTensor(x, colours[1]) },
	)
}

// chain passes x from step to step until one fails.
func chain(x *torch.Tensor, steps ...func(*torch.Tensor) (*torch.Tensor, error)) (*torch.Tensor, error) {
	for _, step := range steps {
		var err error
		if x, err = step(x); err != nil {
			return nil, err
		}
	}
	return x, nil
}

// resize averages over what becomes one pixel, as torchvision does: without that,
// fine patterns of large images turn into noise.
func resize(x *torch.Tensor, size int64) (*torch.Tensor, error) {
	v, err := torch.Call("aten::_upsample_bilinear2d_aa", x, torch.List{torch.Int(size), torch.Int(size)}, torch.Bool(false))
	if err != nil {
		return nil, err
	}
	return v.(*torch.Tensor), nil
}

// constants makes a tensor [3, 1, 1] in the scope of each.
func constants(s *torch.Scope, all ...[]float32) ([]*torch.Tensor, error) {
	tensors := make([]*torch.Tensor, len(all))
	for i, values := range all {
		t, err := torch.FromSlice(values, 3, 1, 1)
		if err != nil {
			return nil, err
		}
		tensors[i] = s.Add(t)
	}
	return tensors, nil
}

// decode gives the pixels in rows without gaps, whatever the file's colour model is.
func decode(path string) (*image.NRGBA, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	picture, err := png.Decode(f)
	if err != nil {
		return nil, err
	}
	pixels := image.NewNRGBA(image.Rect(0, 0, picture.Bounds().Dx(), picture.Bounds().Dy()))
	draw.Draw(pixels, pixels.Rect, picture, picture.Bounds().Min, draw.Src)
	return pixels, nil
}
