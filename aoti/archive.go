package aoti

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
)

// ErrNotPackage says that a file is of another kind.
var ErrNotPackage = errors.New("not a package of AOTInductor")

// folder holds a folder for each model in a package.
const folder = "data/aotinductor/"

// Limits on what is read of a package here; libtorch reads the rest.
const (
	mostMetadata = 1 << 20
	blockSize    = 1 << 20
)

// checkMark is in code that was compiled with checks: the variable that turns them on.
const checkMark = "AOTI_RUNTIME_CHECK_INPUTS"

// content is what a package holds of one model.
type content struct {
	metadata map[string]string // by AOTInductor's keys: "AOTI_DEVICE_KEY"
	checked  bool              // its code can check its inputs
	compiled bool              // its code is there
}

// readContent looks into a package without opening its code.
func readContent(file, model string) (*content, error) {
	z, err := zip.OpenReader(file)
	if errors.Is(err, zip.ErrFormat) {
		return nil, ErrNotPackage
	}
	if err != nil {
		return nil, err
	}
	defer z.Close()
	c := &content{metadata: make(map[string]string)}
	models := make(map[string]bool)
	for _, f := range z.File {
		_, inside, ok := strings.Cut("/"+f.Name, "/"+folder)
		name := path.Dir(inside)
		if !ok || name == "." {
			continue
		}
		if models[name] = true; name != model {
			continue
		}
		switch {
		case strings.HasSuffix(inside, ".so"):
			c.compiled = true
			found, err := contains(f, checkMark)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", f.Name, err)
			}
			c.checked = c.checked || found
		case strings.HasSuffix(inside, "_metadata.json"):
			if err := c.readMetadata(f); err != nil {
				return nil, fmt.Errorf("%s: %w", f.Name, err)
			}
		}
	}
	switch {
	case len(models) == 0:
		return nil, ErrNotPackage
	case !models[model]:
		return nil, fmt.Errorf("it holds no model %s, but %s", model, strings.Join(slices.Sorted(maps.Keys(models)), ", "))
	case !c.compiled:
		// libtorch would start a compiler.
		return nil, errors.New("it holds no compiled code; compile it with torch._inductor.aoti_compile_and_package")
	}
	return c, nil
}

func (c *content) readMetadata(f *zip.File) error {
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	text, err := io.ReadAll(io.LimitReader(r, mostMetadata))
	if err != nil {
		return err
	}
	return json.Unmarshal(text, &c.metadata)
}

// contains tells whether a record holds a text.
func contains(f *zip.File, text string) (bool, error) {
	r, err := f.Open()
	if err != nil {
		return false, err
	}
	defer r.Close()
	// Each block begins with the end of the one before it, where the text may have begun.
	block := make([]byte, 0, blockSize+len(text))
	for {
		n, err := io.ReadFull(r, block[len(block):cap(block)])
		block = block[:len(block)+n]
		if bytes.Contains(block, []byte(text)) {
			return true, nil
		}
		switch {
		case err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF):
			return false, nil
		case err != nil:
			return false, err
		}
		block = append(block[:0], block[len(block)-len(text):]...)
	}
}
