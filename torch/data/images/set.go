package images

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"image"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
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
	folder  fs.FS    // that they are in; nil otherwise
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
// the innermost. Files of other kinds are passed over, by their names; links below a
// folder are followed; a class without an image is an error. A compressed archive is
// unpacked into memory, since it cannot be read in any other order. Errors are of type
// *data.Error.
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

// Files are images of no class, whose label is -1: those that a model is asked about. A
// folder stands for the images that lie in it, in the order of their names.
func Files(names ...string) (*Set, error) {
	s := &Set{folder: anywhere{}}
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			return nil, &data.Error{Path: name, Msg: "cannot be read", Err: reason(err)}
		}
		if !info.IsDir() {
			s.samples = append(s.samples, sample{name: name, label: -1})
			continue
		}
		entries, err := os.ReadDir(name)
		if err != nil {
			return nil, &data.Error{Path: name, Msg: "cannot be read", Err: reason(err)}
		}
		before := len(s.samples)
		for _, e := range entries {
			if !e.IsDir() && isImage(e.Name()) {
				s.samples = append(s.samples, sample{name: filepath.Join(name, e.Name()), label: -1})
			}
		}
		if len(s.samples) == before {
			return nil, &data.Error{Path: name, Msg: "there are no images in it"}
		}
	}
	return s, nil
}

// anywhere opens files by any name; os.DirFS takes none that are absolute.
type anywhere struct{}

func (anywhere) Open(name string) (fs.File, error) { return os.Open(name) }

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

// readFolder finds the images below a folder, and the class of each. Links are
// followed, as ImageFolder does: sets are often made of them.
func (s *Set) readFolder() (classes []string, err error) {
	root, err := fs.Stat(s.folder, ".")
	if err != nil {
		return nil, reason(err)
	}
	entries, err := fs.ReadDir(s.folder, ".")
	if err != nil {
		return nil, reason(err)
	}
	for _, e := range entries {
		info, err := fs.Stat(s.folder, e.Name())
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			continue
		}
		before := len(s.samples)
		if err := s.readClass(e.Name(), info, []fs.FileInfo{root}); err != nil {
			return nil, err
		}
		found := len(s.samples) - before
		if found == 0 {
			return nil, fmt.Errorf("the class %s has none", e.Name())
		}
		classes = append(classes, slices.Repeat([]string{e.Name()}, found)...)
	}
	return classes, nil
}

// readClass finds the images below a folder that lies in those above.
func (s *Set) readClass(dir string, info fs.FileInfo, above []fs.FileInfo) error {
	if slices.ContainsFunc(above, func(a fs.FileInfo) bool { return os.SameFile(a, info) }) {
		return nil // a link to what it lies in
	}
	above = append(slices.Clip(above), info)
	entries, err := fs.ReadDir(s.folder, dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		if e.Type().IsRegular() { // as most are, of which nothing more need be asked
			if isImage(name) {
				s.samples = append(s.samples, sample{name: name})
			}
			continue
		}
		info, err := fs.Stat(s.folder, name)
		if err == nil && info.IsDir() {
			err = s.readClass(name, info, above)
		}
		if err != nil {
			return err
		}
		if info.Mode().IsRegular() && isImage(name) {
			s.samples = append(s.samples, sample{name: name})
		}
	}
	return nil
}

// isImage goes by the name. macOS puts files ._NAME, of other content, into archives.
func isImage(name string) bool {
	return slices.Contains(extensions, strings.ToLower(path.Ext(name))) && !strings.HasPrefix(path.Base(name), "._")
}

// Len tells how many images there are.
func (s *Set) Len() int { return len(s.samples) }

// Name gives the path of an image, in its folder or archive.
func (s *Set) Name(i int) string { return s.samples[i].name }

// Label gives the number of the class of an image, a place in Classes.
func (s *Set) Label(i int) int64 { return s.samples[i].label }

// Close closes the archive.
func (s *Set) Close() error {
	if s.archive == nil {
		return nil
	}
	return s.archive.Close()
}

// Image decodes an image. It is opaque: as PIL's convert("RGB") does, the colours are
// taken as they are and what they let through is not. Of an animation it is the first
// picture. Of 16 bits the upper 8 are taken, where PIL makes what is brighter than 255
// white; EXIF does not turn it, nor does it in PIL.
func (s *Set) Image(i int) (*image.RGBA, error) {
	m, err := s.decode(&s.samples[i])
	if err != nil {
		return nil, &data.Error{Path: s.path, Msg: s.samples[i].name + " is not an image that can be read", Err: reason(err)}
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
	m, format, err := image.Decode(bytes.NewReader(encoded))
	if err != nil {
		return nil, err
	}
	return opaque(m, format), nil
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

// reason takes the path out of an error, which says it already.
func reason(err error) error {
	var cause *fs.PathError
	if errors.As(err, &cause) {
		return cause.Err
	}
	return err
}
