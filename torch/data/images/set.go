package images

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	_ "image/gif"  // what images are decoded with
	_ "image/jpeg" //
	_ "image/png"  //

	_ "golang.org/x/image/bmp"  //
	_ "golang.org/x/image/tiff" //
	_ "golang.org/x/image/webp" //

	"github.com/seed06459138/torchgo/torch/data"
)

// extensions are those of files that are taken for images, in lower case.
var extensions = []string{".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}

// mostPixels bounds an image, at the number from which on PIL refuses one.
const mostPixels = 178_956_970

// Set is a number of labelled images. They are decoded when they are asked for. It is
// safe for concurrent use.
type Set struct {
	Classes []string // names of the folders, sorted; a label is a place in it

	path    string
	samples []sample // by class and name
	folder  fs.FS    // that they are in; nil for an archive
	archive *os.File // the same, when it is not compressed
}

// sample is one image.
type sample struct {
	name  string
	label int64

	offset, size int64  // in an archive
	data         []byte // of a compressed one
}

// Open finds the images below a folder, or in a tar archive, compressed by gzip or
// not. The class of an image is the folder that it lies in, as for
// torchvision.datasets.ImageFolder: below a folder the uppermost one, in an archive
// the innermost. Files of other kinds are passed over; a class without an image is an
// error. A compressed archive is unpacked into memory, since it cannot be read in any
// other order. Errors are of type *data.Error.
func Open(name string) (*Set, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, &data.Error{Path: name, Msg: "cannot be read", Err: reason(err)}
	}
	s := &Set{path: name}
	var classes []string // of the samples
	if info.IsDir() {
		s.folder = os.DirFS(name)
		classes, err = s.readFolder()
	} else {
		classes, err = s.readArchive()
	}
	if err == nil && len(s.samples) == 0 {
		err = errors.New("there are no images in it")
	}
	if err != nil {
		_ = s.Close() // nothing was written
		return nil, &data.Error{Path: name, Msg: "holds no labelled images", Err: err, Remedy: "give a folder, or a tar archive of one, with a folder for each class"}
	}
	s.label(classes)
	return s, nil
}

// label numbers the classes and sorts the samples.
func (s *Set) label(classes []string) {
	s.Classes = slices.Compact(slices.Sorted(slices.Values(classes)))
	for i, class := range classes {
		n, _ := slices.BinarySearch(s.Classes, class)
		s.samples[i].label = int64(n)
	}
	slices.SortFunc(s.samples, func(a, b sample) int {
		return cmp.Or(cmp.Compare(a.label, b.label), cmp.Compare(a.name, b.name))
	})
}

// readFolder finds the images below a folder, and the class of each.
func (s *Set) readFolder() (classes []string, err error) {
	entries, err := fs.ReadDir(s.folder, ".")
	if err != nil {
		return nil, reason(err)
	}
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		before := len(s.samples)
		err := fs.WalkDir(s.folder, e.Name(), func(name string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() && isImage(name) {
				s.samples = append(s.samples, sample{name: name})
				classes = append(classes, e.Name())
			}
			return err
		})
		switch {
		case err != nil:
			return nil, err
		case len(s.samples) == before:
			return nil, fmt.Errorf("the class %s has none", e.Name())
		}
	}
	return classes, nil
}

func isImage(name string) bool {
	return slices.Contains(extensions, strings.ToLower(path.Ext(name)))
}

// Len tells how many images there are.
func (s *Set) Len() int { return len(s.samples) }

// Name gives the path of an image, in its folder or archive.
func (s *Set) Name(i int) string { return s.samples[i].name }

// Label gives the number of the class of an image.
func (s *Set) Label(i int) int64 { return s.samples[i].label }

// Close closes the archive.
func (s *Set) Close() error {
	if s.archive == nil {
		return nil
	}
	return s.archive.Close()
}

// Image decodes an image. It is opaque: as PIL's convert("RGB") does, the colours are
// taken as they are and what they let through is not. EXIF does not turn it.
func (s *Set) Image(i int) (*image.RGBA, error) {
	m, err := s.decode(&s.samples[i])
	if err != nil {
		return nil, &data.Error{Path: s.path, Msg: s.samples[i].name + " is not an image that can be read", Err: err}
	}
	return m, nil
}

func (s *Set) decode(one *sample) (*image.RGBA, error) {
	encoded, err := s.read(one)
	if err != nil {
		return nil, err
	}
	config, _, err := image.DecodeConfig(bytes.NewReader(encoded))
	if err != nil {
		return nil, err
	}
	if config.Width < 1 || config.Height < 1 || config.Width > mostPixels/config.Height {
		return nil, fmt.Errorf("it is said to be %d × %d pixels", config.Width, config.Height)
	}
	m, _, err := image.Decode(bytes.NewReader(encoded))
	if err != nil {
		return nil, err
	}
	return opaque(m), nil
}

// read gives the file of an image.
func (s *Set) read(one *sample) ([]byte, error) {
	switch {
	case s.folder != nil:
		return fs.ReadFile(s.folder, one.name)
	case s.archive != nil:
		encoded := make([]byte, one.size)
		_, err := io.ReadFull(io.NewSectionReader(s.archive, one.offset, one.size), encoded)
		return encoded, err
	}
	return one.data, nil
}

// opaque copies the colours of an image.
func opaque(m image.Image) *image.RGBA {
	b := m.Bounds()
	colours := image.NewNRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(colours, colours.Rect, m, b.Min, draw.Src)
	for i := 3; i < len(colours.Pix); i += 4 {
		colours.Pix[i] = 0xff
	}
	return &image.RGBA{Pix: colours.Pix, Stride: colours.Stride, Rect: colours.Rect}
}

// reason takes the path out of an error, which says it already.
func reason(err error) error {
	var cause *fs.PathError
	if errors.As(err, &cause) {
		return cause.Err
	}
	return err
}
