package images

import (
	"fmt"
	"image"
	"math"
	"math/rand/v2"

	"golang.org/x/image/draw"
)

// Transform changes an image, which it may write to; random ones draw from r. It is
// safe for concurrent use.
type Transform func(m *image.RGBA, r *rand.Rand) (*image.RGBA, error)

// Resize scales the image so that its shorter side has so many pixels, as
// torchvision's Resize(size) does: bilinear, averaging over what becomes one pixel.
func Resize(size int) Transform {
	return func(m *image.RGBA, _ *rand.Rand) (*image.RGBA, error) {
		w, h := m.Rect.Dx(), m.Rect.Dy()
		if w <= h {
			return scale(m, m.Rect, size, size*h/w)
		}
		return scale(m, m.Rect, size*w/h, size)
	}
}

// ResizeTo scales the image to a size, whatever that does to its proportions, as
// torchvision's Resize((height, width)) does.
func ResizeTo(height, width int) Transform {
	return func(m *image.RGBA, _ *rand.Rand) (*image.RGBA, error) { return scale(m, m.Rect, width, height) }
}

// scale gives a part of an image in another size.
func scale(m *image.RGBA, part image.Rectangle, width, height int) (*image.RGBA, error) {
	if width < 1 || height < 1 || width > mostPixels/height {
		return nil, fmt.Errorf("an image cannot be made %d × %d pixels", width, height)
	}
	out := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.BiLinear.Scale(out, out.Rect, m, part, draw.Src, nil)
	return out, nil
}

// CenterCrop cuts out the middle; where the image is smaller it becomes black around
// it, as with torchvision's.
func CenterCrop(height, width int) Transform {
	return func(m *image.RGBA, _ *rand.Rand) (*image.RGBA, error) {
		left := math.RoundToEven(float64(m.Rect.Dx()-width) / 2)
		top := math.RoundToEven(float64(m.Rect.Dy()-height) / 2)
		return crop(m, int(left), int(top), width, height)
	}
}

// RandomCrop cuts out a part anywhere in the image, which must not be smaller.
func RandomCrop(height, width int) Transform {
	return func(m *image.RGBA, r *rand.Rand) (*image.RGBA, error) {
		left, top := m.Rect.Dx()-width, m.Rect.Dy()-height
		if left < 0 || top < 0 {
			return nil, fmt.Errorf("a part of %d × %d pixels cannot be cut out of %d × %d; resize it first", width, height, m.Rect.Dx(), m.Rect.Dy())
		}
		return crop(m, r.IntN(left+1), r.IntN(top+1), width, height)
	}
}

// crop cuts out a part, which is black where there is no image.
func crop(m *image.RGBA, left, top, width, height int) (*image.RGBA, error) {
	if width < 1 || height < 1 || width > mostPixels/height {
		return nil, fmt.Errorf("a part of %d × %d pixels cannot be cut out", width, height)
	}
	out := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(out, out.Rect, image.Black, image.Point{}, draw.Src)
	at := image.Rect(-left, -top, m.Rect.Dx()-left, m.Rect.Dy()-top)
	draw.Draw(out, at, m, m.Rect.Min, draw.Src)
	return out, nil
}

// RandomResizedCrop cuts out a part of 8 to 100 % of the image, of proportions from 3:4
// to 4:3, and scales it, as torchvision's does by default.
func RandomResizedCrop(height, width int) Transform {
	return RandomResizedCropOf(height, width, [2]float64{0.08, 1}, [2]float64{3.0 / 4, 4.0 / 3})
}

// RandomResizedCropOf is RandomResizedCrop of parts between two shares of the image's
// area, and between two proportions, width by height.
func RandomResizedCropOf(height, width int, area, ratio [2]float64) Transform {
	return func(m *image.RGBA, r *rand.Rand) (*image.RGBA, error) {
		return scale(m, randomPart(m.Rect, r, area, ratio), width, height)
	}
}

// randomPart is RandomResizedCrop.get_params of torchvision.
func randomPart(whole image.Rectangle, r *rand.Rand, area, ratio [2]float64) image.Rectangle {
	w, h := whole.Dx(), whole.Dy()
	between := func(low, high float64) float64 { return low + (high-low)*r.Float64() }
	for range 10 {
		pixels := float64(w*h) * between(area[0], area[1])
		proportion := math.Exp(between(math.Log(ratio[0]), math.Log(ratio[1])))
		pw, ph := int(math.RoundToEven(math.Sqrt(pixels*proportion))), int(math.RoundToEven(math.Sqrt(pixels/proportion)))
		if pw > 0 && pw <= w && ph > 0 && ph <= h {
			return image.Rect(0, 0, pw, ph).Add(image.Pt(r.IntN(w-pw+1), r.IntN(h-ph+1)))
		}
	}
	pw, ph := w, h
	switch whole := float64(w) / float64(h); {
	case whole < ratio[0]:
		ph = max(1, int(math.RoundToEven(float64(w)/ratio[0])))
	case whole > ratio[1]:
		pw = max(1, int(math.RoundToEven(float64(h)*ratio[1])))
	}
	return image.Rect(0, 0, pw, ph).Add(image.Pt((w-pw)/2, (h-ph)/2))
}

// RandomHorizontalFlip exchanges left and right with a probability.
func RandomHorizontalFlip(probability float64) Transform {
	return func(m *image.RGBA, r *rand.Rand) (*image.RGBA, error) {
		if r.Float64() < probability {
			for y := range m.Rect.Dy() {
				row := m.Pix[y*m.Stride:][:4*m.Rect.Dx()]
				for i, j := 0, len(row)-4; i < j; i, j = i+4, j-4 {
					swap(row[i:i+4], row[j:j+4])
				}
			}
		}
		return m, nil
	}
}

// RandomVerticalFlip exchanges top and bottom with a probability.
func RandomVerticalFlip(probability float64) Transform {
	return func(m *image.RGBA, r *rand.Rand) (*image.RGBA, error) {
		if r.Float64() < probability {
			for i, j := 0, m.Rect.Dy()-1; i < j; i, j = i+1, j-1 {
				swap(m.Pix[i*m.Stride:][:4*m.Rect.Dx()], m.Pix[j*m.Stride:][:4*m.Rect.Dx()])
			}
		}
		return m, nil
	}
}

func swap(a, b []byte) {
	for i := range a {
		a[i], b[i] = b[i], a[i]
	}
}
