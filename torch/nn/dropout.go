package nn

import (
	"fmt"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/aten"
)

// dropping is what the kinds of dropout have in common.
type dropping struct {
	Mode
	P float64 // the part of the elements, or channels, that becomes zero in training
}

// Describe tells the part.
func (d *dropping) Describe() string { return fmt.Sprintf("p=%s, inplace=False", pyFloat(d.P)) }

// Dropout puts zeros in place of single elements, in training.
type Dropout struct{ dropping }

// NewDropout makes a dropout of a part p of the elements; PyTorch's default is 0.5.
func NewDropout(p float64) *Dropout { return &Dropout{dropping{P: p}} }

// Forward drops elements of x.
func (d *Dropout) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	return aten.Dropout(x, d.P, d.Training())
}

// featureDropout puts zeros in place of whole channels, in training.
type featureDropout struct{ dropping }

// Forward drops channels of x, its second dimension.
func (d *featureDropout) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	return aten.FeatureDropout(x, d.P, d.Training())
}

// Dropout1d drops channels of sequences, Dropout2d of images, Dropout3d of volumes.
type (
	Dropout1d struct{ featureDropout }
	Dropout2d struct{ featureDropout }
	Dropout3d struct{ featureDropout }
)

// NewDropout1d makes a dropout of a part p of the channels.
func NewDropout1d(p float64) *Dropout1d { return &Dropout1d{featureDropout{dropping{P: p}}} }

// NewDropout2d makes a dropout of a part p of the channels.
func NewDropout2d(p float64) *Dropout2d { return &Dropout2d{featureDropout{dropping{P: p}}} }

// NewDropout3d makes a dropout of a part p of the channels.
func NewDropout3d(p float64) *Dropout3d { return &Dropout3d{featureDropout{dropping{P: p}}} }

// AlphaDropout is a dropout that keeps mean and variance, for SELU.
type AlphaDropout struct{ dropping }

// NewAlphaDropout makes a dropout of a part p of the elements.
func NewAlphaDropout(p float64) *AlphaDropout { return &AlphaDropout{dropping{P: p}} }

// Forward drops elements of x.
func (d *AlphaDropout) Forward(x *torch.Tensor) (*torch.Tensor, error) {
	return aten.AlphaDropout(x, d.P, d.Training())
}
