package layout

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestShorten(t *testing.T) {
	for _, c := range []struct {
		name    string
		columns int
		want    string
	}{
		{"fc.weight", 9, "fc.weight"},
		{"encoder.layer.weight", 12, "enc…r.weight"},
		{"größenänderung", 10, "grö…derung"},
		{"too narrow to cut", 3, "too narrow to cut"},
	} {
		assert.Equal(t, c.want, Shorten(c.name, c.columns))
	}
}

func TestShortenPath(t *testing.T) {
	for path, want := range map[string]string{
		"m.pt":                          "m.pt",
		"models/v1/scripted.pt":         "…/scripted.pt",
		"/srv/m/scripted.pt":            "…/m/scripted.pt",
		"a_very_long_name_of_a_model":   "a_ve…of_a_model",
		"x/a_very_long_name_of_a_model": "…/a_…of_a_model",
	} {
		assert.Equal(t, want, ShortenPath(path, 15))
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"breaks at spaces", "one two  three", []string{"one two", "three"}},
		{"not within brackets", "at [0, 1, 2] there", []string{"at", "[0, 1, 2]", "there"}},
		{"a bracket that nobody opened", "a] b", []string{"a] b"}},
		{"a long word", "abcdefghijklmnop", []string{"abc…klmnop"}},
		{"nothing", "", []string{""}},
	} {
		t.Run(c.name, func(t *testing.T) { assert.Equal(t, c.want, Wrap(c.text, 10)) })
	}
}

func TestSize(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1.0 kB", 9940: "9.9 kB", 9960: "10 kB", 999_400: "999 kB", 999_600: "1.0 MB", 2e18: "2.0 EB"} {
		assert.Equal(t, want, Size(n))
	}
}

func TestShape(t *testing.T) {
	assert.Equal(t, "[]", Shape(nil))
	assert.Equal(t, "[2, 3]", Shape([]int64{2, 3}))
}

func TestCount(t *testing.T) {
	assert.Equal(t, "1 tensor", Count(1, "tensor"))
	assert.Equal(t, "0 tensors", Count(0, "tensor"))
}

func TestHang(t *testing.T) {
	assert.Equal(t, "lead one", Hang("lead ", "one"))
	assert.Equal(t, "lead", Hang("lead ", ""))
	word := strings.Repeat("x", 72)
	assert.Equal(t, "lead one\n     "+word, Hang("lead ", "one "+word))
}

func TestParseSize(t *testing.T) {
	for text, want := range map[string]int64{
		"1": 1, "512MiB": 512 << 20, "4GB": 4e9, "1.5G": 3 << 29, "2 TiB": 2 << 40, "10kb": 10000, "100B": 100,
		"": 0, "0": 0, "-1": 0, "GB": 0, "1XB": 0, "4GBB": 0, "1e30": 0, "nan": 0, "inf": 0,
	} {
		got, err := ParseSize(text)
		assert.Equal(t, want, got, text)
		assert.Equal(t, want == 0, err != nil, text)
	}
}

func TestFault(t *testing.T) {
	assert.Equal(t, "m.pt: is cut off: unexpected EOF; copy it again", Fault("copy it again", "m.pt", "is cut off", Said(io.ErrUnexpectedEOF)))
	assert.Equal(t, "is cut off", Fault("", "", "is cut off", Said(nil)))
}
