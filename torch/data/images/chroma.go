package images

import "image"

// fromYCbCr turns the brightness and the colour differences of JPEG and WebP into
// colours. Where there are fewer differences than pixels it goes from one to the next
// gradually, as the libraries do with which Python reads images; package image repeats
// them, which is far off beside the edges of strong colours.
func fromYCbCr(m *image.YCbCr, rgb func(y, cb, cr uint8) (r, g, b uint8)) *image.RGBA {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	cb, cr := make([]uint8, w), make([]uint8, w)
	for y := range h {
		differences(cb, m, m.Cb, y)
		differences(cr, m, m.Cr, y)
		row := out.Pix[y*out.Stride:]
		for x, bright := range m.Y[y*m.YStride:][:w] {
			row[4*x], row[4*x+1], row[4*x+2] = rgb(bright, cb[x], cr[x])
			row[4*x+3] = 0xff
		}
	}
	return out
}

// differences gives those of a row of pixels: three parts of the nearest and one of the
// next, in each direction in which there are half as many, rounded as libjpeg does.
func differences(row []uint8, m *image.YCbCr, plane []uint8, y int) {
	width, height := (len(row)+1)/2, (m.Rect.Dy()+1)/2
	ratio := m.SubsampleRatio
	across := ratio == image.YCbCrSubsampleRatio420 || ratio == image.YCbCrSubsampleRatio422
	down := ratio == image.YCbCrSubsampleRatio420 || ratio == image.YCbCrSubsampleRatio440
	if !across && !down || across && width <= 2 { // libjpeg repeats them here, too
		for x := range row {
			row[x] = plane[m.COffset(m.Rect.Min.X+x, m.Rect.Min.Y+y)]
		}
		return
	}
	column := func(x int) uint { return uint(plane[y*m.CStride+x]) }
	if down {
		near, far := plane[y/2*m.CStride:], plane[beside(y, height)*m.CStride:]
		column = func(x int) uint { return 3*uint(near[x]) + uint(far[x]) }
	}
	for x := range row {
		switch {
		case !across:
			row[x] = uint8((column(x) + 1 + uint(y%2)) >> 2)
		case !down:
			row[x] = uint8((3*column(x/2) + column(beside(x, width)) + 1 + uint(x%2)) >> 2)
		default:
			row[x] = uint8((3*column(x/2) + column(beside(x, width)) + 8 - uint(x%2)) >> 4)
		}
	}
}

// beside gives the second nearest of n differences to a pixel.
func beside(pixel, n int) int {
	if pixel%2 == 0 {
		return max(pixel/2-1, 0)
	}
	return min(pixel/2+1, n-1)
}

// studioToRGB is for the numbers of WebP, in which black is 16 and white 235, with the
// arithmetic of libwebp.
func studioToRGB(y, u, v uint8) (r, g, b uint8) {
	part := func(v uint8, of int) int { return int(v) * of >> 8 }
	clip := func(v int) uint8 { return uint8(min(max(v>>6, 0), 255)) }
	bright := part(y, 19077)
	return clip(bright + part(v, 26149) - 14234), clip(bright - part(u, 6419) - part(v, 13320) + 8708), clip(bright + part(u, 33050) - 17685)
}
