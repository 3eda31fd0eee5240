package main

import (
	"fmt"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/aten"
	"github.com/seed06459138/torchgo/torch/nn"
	"github.com/seed06459138/torchgo/torch/nn/functional"
	"github.com/seed06459138/torchgo/torch/nn/initializer"
)

// Hyper are the hyper-parameters.
type Hyper struct {
	Size  int64 // pixels of an image, each way: 8, 16, 32, 64, …
	Noise int64 // numbers that an image is made of
	Width int64 // channels of the layers next to the image
	LR    float64
}

// DCGAN is the pair of networks of Radford, Metz and Chintala (2015): one makes images of
// noise, the other tells them from real ones.
type DCGAN struct{ Generator, Discriminator *nn.Sequential }

func init() {
	if err := nn.Register("dcgan", "v1", build); err != nil {
		panic(err) // it is registered twice
	}
}

func build(h Hyper) (*DCGAN, error) {
	if h.Size < 8 || h.Size&(h.Size-1) != 0 || h.Noise < 1 || h.Width < 1 {
		return nil, fmt.Errorf("%+v: the size must be a power of two from 8 on, noise and width at least 1", h)
	}
	halving := nn.ConvOptions{Stride: 2, Padding: 1, NoBias: true}
	most := h.Width * h.Size / 8 // channels where the image has 4 × 4 pixels
	g := nn.NewSequential(nn.NewConvTranspose2d(h.Noise, most, 4, nn.ConvOptions{NoBias: true}), nn.NewBatchNorm2d(most), nn.ReLU{})
	for width := most; width > h.Width; width /= 2 {
		g.Append(nn.NewConvTranspose2d(width, width/2, 4, halving), nn.NewBatchNorm2d(width/2), nn.ReLU{})
	}
	g.Append(nn.NewConvTranspose2d(h.Width, 3, 4, halving), nn.Tanh{})

	leaky := nn.LeakyReLU{Slope: new(0.2)}
	d := nn.NewSequential(nn.NewConv2d(3, h.Width, 4, halving), leaky)
	for width := h.Width; width < most; width *= 2 {
		d.Append(nn.NewConv2d(width, 2*width, 4, halving), nn.NewBatchNorm2d(2*width), leaky)
	}
	d.Append(nn.NewConv2d(most, 1, 4, nn.ConvOptions{NoBias: true}), nn.Flatten{})
	return &DCGAN{g, d}, nil
}

// Initialize fills the weights as the paper does.
func (m *DCGAN) Initialize() error {
	for name, p := range nn.NamedParameters(m) {
		var err error
		switch {
		case p.Dim() == 4:
			err = initializer.Normal(p.Tensor, 0, 0.02)
		case name[len(name)-len("weight"):] == "weight": // of batch norm; its biases stay 0
			err = initializer.Normal(p.Tensor, 1, 0.02)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// generate makes n images, [n, 3, size, size] from -1 to 1; they join the scope.
func (m *DCGAN) generate(s *torch.Scope, h Hyper, n int64) (*torch.Tensor, error) {
	noise, err := aten.Randn([]int64{n, h.Noise, 1, 1}, &aten.RandnOptions{Device: new(nn.Parameters(m)[0].Device())})
	if err != nil {
		return nil, err
	}
	return m.Generator.Forward(s.Add(noise))
}

// judge is how far the discriminator is from holding all images for real, or for made.
func (m *DCGAN) judge(images *torch.Tensor, real bool) (*torch.Tensor, error) {
	scores, err := m.Discriminator.Forward(images)
	if err != nil {
		return nil, err
	}
	goal, err := aten.FullLike(scores, map[bool]torch.Number{true: torch.Float(1), false: torch.Float(0)}[real], nil)
	if err != nil {
		return nil, err
	}
	return functional.BCEWithLogits(scores, goal)
}
