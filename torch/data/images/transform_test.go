package images

import (
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// testImage gives a file of testdata, which scripts/fixtures/images.py made.
func testImage(t *testing.T, name string) *image.RGBA {
	f, err := os.Open(filepath.Join("testdata", name))
	require.NoError(t, err)
	defer f.Close()
	m, err := png.Decode(f)
	require.NoError(t, err)
	return opaque(m, "png")
}

// numbered gives an image in which the red of a pixel is its number.
func numbered(width, height int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for i := range width * height {
		m.SetRGBA(i%width, i/width, color.RGBA{R: uint8(i + 1), A: 255})
	}
	return m
}

// reds gives the numbers of an image's pixels, row by row.
func reds(m *image.RGBA) (rows [][]uint8) {
	for y := range m.Rect.Dy() {
		var row []uint8
		for x := range m.Rect.Dx() {
			row = append(row, m.RGBAAt(m.Rect.Min.X+x, m.Rect.Min.Y+y).R)
		}
		rows = append(rows, row)
	}
	return rows
}

// PIL rounds once for each direction, x/image only at the end.
func TestResizeIsPILs(t *testing.T) {
	for name, transform := range map[string]Transform{"smaller.png": ResizeTo(9, 12), "larger.png": ResizeTo(40, 31)} {
		t.Run(name, func(t *testing.T) {
			want := testImage(t, name)
			got, err := transform(testImage(t, "pattern.png"), nil)
			require.NoError(t, err)
			require.Equal(t, want.Rect, got.Rect)
			for i := range want.Pix {
				assert.InDelta(t, want.Pix[i], got.Pix[i], 1, "byte %d", i)
			}
		})
	}
}

func TestResizeKeepsProportions(t *testing.T) {
	for _, c := range []struct{ width, height, size, wantWidth, wantHeight int }{
		{20, 10, 5, 10, 5}, {10, 20, 5, 5, 10}, {7, 7, 3, 3, 3}, {500, 375, 256, 341, 256},
	} {
		m, err := Resize(c.size)(image.NewRGBA(image.Rect(0, 0, c.width, c.height)), nil)
		require.NoError(t, err)
		assert.Equal(t, image.Pt(c.wantWidth, c.wantHeight), m.Rect.Size())
	}
}

func TestCropsAndFlips(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for name, c := range map[string]struct {
		transform Transform
		want      [][]uint8
	}{
		"middle":                 {CenterCrop(1, 2), [][]uint8{{6, 7}}},
		"middle of an odd rest":  {CenterCrop(2, 3), [][]uint8{{1, 2, 3}, {5, 6, 7}}}, // 0.5 is rounded to 0
		"larger than the image":  {CenterCrop(5, 4), [][]uint8{{0, 0, 0, 0}, {1, 2, 3, 4}, {5, 6, 7, 8}, {9, 10, 11, 12}, {0, 0, 0, 0}}},
		"left and right":         {RandomHorizontalFlip(1), [][]uint8{{4, 3, 2, 1}, {8, 7, 6, 5}, {12, 11, 10, 9}}},
		"top and bottom":         {RandomVerticalFlip(1), [][]uint8{{9, 10, 11, 12}, {5, 6, 7, 8}, {1, 2, 3, 4}}},
		"never":                  {RandomHorizontalFlip(0), [][]uint8{{1, 2, 3, 4}, {5, 6, 7, 8}, {9, 10, 11, 12}}},
		"the only possible part": {RandomCrop(3, 4), [][]uint8{{1, 2, 3, 4}, {5, 6, 7, 8}, {9, 10, 11, 12}}},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := c.transform(numbered(4, 3), r)
			require.NoError(t, err)
			assert.Equal(t, c.want, reds(m))
		})
	}
}

func TestRandomCropReachesEveryPart(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	found := make(map[uint8]int)
	for range 600 {
		m, err := RandomCrop(2, 2)(numbered(4, 3), r)
		require.NoError(t, err)
		found[reds(m)[0][0]]++
	}
	assert.Len(t, found, 6)
	for corner, n := range found {
		assert.InDelta(t, 100, n, 45, "parts from pixel %d on", corner)
	}
}

func TestRandomPartsKeepTheirBounds(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	whole := image.Rect(0, 0, 400, 300)
	for range 1000 {
		part := randomPart(whole, r, [2]float64{0.08, 1}, [2]float64{0.75, 4.0 / 3})
		require.True(t, part.In(whole), "%v", part)
		share := float64(part.Dx()*part.Dy()) / (400 * 300)
		assert.True(t, share > 0.078 && share <= 1, "%v", part)
		ratio := float64(part.Dx()) / float64(part.Dy())
		assert.True(t, ratio > 0.74 && ratio < 1.35, "%v", part)
	}
	// Nothing of these proportions fits: the largest part in the middle that has the nearest.
	narrow := randomPart(image.Rect(0, 0, 3, 1000), r, [2]float64{0.9, 1}, [2]float64{1, 1})
	assert.Equal(t, image.Rect(0, 498, 3, 501), narrow)
	m, err := RandomResizedCrop(8, 6)(numbered(20, 10), r)
	require.NoError(t, err)
	assert.Equal(t, image.Pt(6, 8), m.Rect.Size())
}

func TestImpossibleTransforms(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for name, transform := range map[string]Transform{
		"to nothing": ResizeTo(0, 3), "to less": ResizeTo(-1, 3), "too large": ResizeTo(1<<30, 1<<30), "no part": CenterCrop(0, 1),
		"a part too large": RandomCrop(4, 4), "a side vanishes": Resize(0),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := transform(numbered(4, 3), r)
			assert.ErrorContains(t, err, "pixels")
		})
	}
}
