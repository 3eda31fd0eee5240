package images

import (
	"image"
	"image/color"
	"image/draw"
)

// opaque copies the colours of an image that was read from a format, as they are.
func opaque(m image.Image, format string) *image.RGBA {
	switch m := m.(type) {
	case *image.NYCbCrA:
		return opaque(&m.YCbCr, format)
	case *image.YCbCr:
		if format == "webp" {
			return fromYCbCr(m, studioToRGB)
		}
		return fromYCbCr(m, color.YCbCrToRGB)
	case *image.Paletted:
		return painted(m.Rect, func(x, y int) color.NRGBA { return color.NRGBAModel.Convert(m.At(x, y)).(color.NRGBA) })
	case *image.NRGBA64:
		return painted(m.Rect, func(x, y int) color.NRGBA {
			c := m.NRGBA64At(x, y)
			return color.NRGBA{R: uint8(c.R >> 8), G: uint8(c.G >> 8), B: uint8(c.B >> 8)}
		})
	}
	b := m.Bounds()
	colours := image.NewNRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(colours, colours.Rect, m, b.Min, draw.Src)
	for i := 3; i < len(colours.Pix); i += 4 {
		colours.Pix[i] = 0xff
	}
	return &image.RGBA{Pix: colours.Pix, Stride: colours.Stride, Rect: colours.Rect}
}

// painted makes an image of the colours at the points of another. Package draw would
// turn those that nothing is seen of black.
func painted(r image.Rectangle, at func(x, y int) color.NRGBA) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, r.Dx(), r.Dy()))
	for y := range r.Dy() {
		row := out.Pix[y*out.Stride:]
		for x := range r.Dx() {
			c := at(r.Min.X+x, r.Min.Y+y)
			row[4*x], row[4*x+1], row[4*x+2], row[4*x+3] = c.R, c.G, c.B, 0xff
		}
	}
	return out
}
