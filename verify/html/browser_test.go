package html

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// browser finds a Chromium without a window: $CHROMIUM, or an installed one.
func browser(t *testing.T) string {
	t.Helper()
	for _, name := range []string{os.Getenv("CHROMIUM"), "chromium-headless-shell", "chromium"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("no Chromium here: apt-get install chromium-headless-shell, or name one in $CHROMIUM")
	return ""
}

// show opens a page in the browser. $SHOTS names a folder that keeps what comes of
// it, to be looked at.
func show(t *testing.T, page, result string, flags ...string) []byte {
	t.Helper()
	folder := os.Getenv("SHOTS")
	if folder == "" {
		folder = t.TempDir()
	}
	source, out := filepath.Join(t.TempDir(), "page.html"), filepath.Join(folder, result)
	require.NoError(t, os.WriteFile(source, []byte(page), 0o644))
	ctx, stop := context.WithTimeout(context.Background(), 2*time.Minute)
	defer stop()
	flag := "--screenshot="
	if filepath.Ext(result) == ".pdf" {
		flag = "--print-to-pdf="
	}
	args := append([]string{"--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-pdf-header-footer", flag + out}, flags...)
	text, err := exec.CommandContext(ctx, browser(t), append(args, "file://"+source)...).CombinedOutput()
	require.NoError(t, err, "%s", text)
	data, err := os.ReadFile(out)
	require.NoError(t, err, "%s", text)
	return data
}

// brightness is 0 for black and 1 for white.
func brightness(shot image.Image, x, y int) float64 {
	r, g, b, _ := shot.At(x, y).RGBA()
	return float64(r+g+b) / (3 * 0xffff)
}

func TestInBrowser(t *testing.T) {
	browser(t)
	for _, c := range []struct {
		name, scheme string
		width        int
		dark         bool
	}{
		{"light", "1", 1100, false}, {"dark", "0", 1100, true}, {"narrow", "1", 700, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := show(t, write(t, sample()), c.name+".png", "--blink-settings=preferredColorScheme="+c.scheme, "--window-size="+strconv.Itoa(c.width)+",3200")
			shot, err := png.Decode(bytes.NewReader(data))
			require.NoError(t, err)
			bounds := shot.Bounds()
			paper := brightness(shot, 0, 0)
			assert.Equal(t, c.dark, paper < 0.2, "paper %v", paper)
			assert.Equal(t, !c.dark, paper > 0.9, "paper %v", paper)
			// Text and charts must stand out from the paper, and nothing may run out of it.
			strong := 0
			for y := range bounds.Dy() {
				require.Equal(t, shot.At(0, 0), shot.At(bounds.Dx()-1, y), "line %d is wider than the page", y)
				for x := range bounds.Dx() {
					if difference := brightness(shot, x, y) - paper; difference > 0.5 || difference < -0.5 {
						strong++
					}
				}
			}
			assert.Greater(t, strong, bounds.Dx()*bounds.Dy()/100)
		})
	}
	t.Run("printed", func(t *testing.T) {
		data := show(t, write(t, sample()), "page.pdf", "--blink-settings=preferredColorScheme=0")
		assert.True(t, bytes.HasPrefix(data, []byte("%PDF")))
		pages := bytes.Count(data, []byte("/Type /Page\n"))
		assert.GreaterOrEqual(t, pages, 2)
		assert.LessOrEqual(t, pages, 10)
	})
}
