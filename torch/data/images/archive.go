package images

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
)

// mostUnpacked bounds what of a compressed archive is kept in memory, in bytes.
const mostUnpacked = 8 << 30

// readArchive finds the images in a tar archive, and the class of each.
func (s *Set) readArchive() (classes []string, err error) {
	f, err := os.Open(s.path)
	if err != nil {
		return nil, reason(err)
	}
	var magic [2]byte
	if _, err := f.ReadAt(magic[:], 0); err == nil && magic == [2]byte{0x1f, 0x8b} {
		defer f.Close()
		return s.unpack(f)
	}
	s.archive = f
	return s.index(f)
}

// index notes where the images are.
func (s *Set) index(f *os.File) (classes []string, err error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return s.entries(tar.NewReader(f), func(h *tar.Header, one *sample) error {
		// The reader has no buffer: it stands where the content begins.
		if one.offset, err = f.Seek(0, io.SeekCurrent); err != nil {
			return err
		}
		if one.size = h.Size; one.size > info.Size()-one.offset {
			return fmt.Errorf("%s is cut off", h.Name)
		}
		return nil
	})
}

// unpack keeps the images.
func (s *Set) unpack(f io.Reader) (classes []string, err error) {
	unpacked, err := gzip.NewReader(bufio.NewReaderSize(f, 1<<16))
	if err != nil {
		return nil, err
	}
	left := int64(mostUnpacked)
	in := tar.NewReader(unpacked)
	return s.entries(in, func(h *tar.Header, one *sample) error {
		if left -= h.Size; left < 0 {
			return fmt.Errorf("its images are more than %d GiB, too much to keep in memory; unpack it, or give it uncompressed", mostUnpacked>>30)
		}
		// Read as it comes: what the header promises may not be there.
		one.data, err = io.ReadAll(in)
		return err
	})
}

// entries goes through the images of an archive.
func (s *Set) entries(in *tar.Reader, take func(*tar.Header, *sample) error) (classes []string, err error) {
	for first := true; ; first = false {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return classes, nil
		}
		if err != nil && first {
			return nil, fmt.Errorf("it is no tar archive, neither as it is nor compressed by gzip: %w", err)
		}
		if err != nil {
			return nil, err
		}
		if h.Typeflag != tar.TypeReg || !isImage(h.Name) {
			continue
		}
		one := sample{name: path.Clean(h.Name)}
		class := path.Base(path.Dir(one.name))
		if class == "." || class == "/" || class == ".." {
			return nil, fmt.Errorf("%s is in no folder that names its class", h.Name)
		}
		if err := take(h, &one); err != nil {
			return nil, err
		}
		s.samples = append(s.samples, one)
		classes = append(classes, class)
	}
}
