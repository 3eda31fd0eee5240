// Command atengen writes package torch/aten: a typed Go function for each public
// operator of ATen, from the schemas of the operators.
//
//	atengen -dump torch/aten/schemas.txt     asks the libtorch in use for the schemas
//	atengen -dir torch/aten                  writes the Go files from schemas.txt there
//
// The first needs libtorch and is done when torchgo moves to a later one; the
// second is what go generate does. The rules for what has a wrapper are in
// rule.go, those for names in name.go, and how a type of a schema becomes one of
// Go in kind.go.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"go/format"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed06459138/torchgo/torch"
)

// prefix is what the operators of package aten begin with.
const prefix = "aten::"

func main() {
	log.SetFlags(0)
	log.SetPrefix("atengen: ")
	list := flag.String("dump", "", "write the schemas of the libtorch in use to this file, and nothing else")
	dir := flag.String("dir", ".", "folder of schemas.txt, and of the output")
	flag.Parse()
	var err error
	if *list != "" {
		err = dump(*list)
	} else {
		err = generate(*dir)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// dump lists the public operators of ATen. Private ones begin with an underscore.
func dump(path string) error {
	build, err := torch.Version()
	if err != nil {
		return err
	}
	all, err := torch.Operators()
	if err != nil {
		return err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "# The public operators of ATen in libtorch %s, written by atengen -dump.\n", build.Libtorch)
	for _, text := range all {
		if name, ok := strings.CutPrefix(text, prefix); ok && name[0] != '_' {
			fmt.Fprintln(&b, text)
		}
	}
	return os.WriteFile(path, b.Bytes(), 0o644)
}

// readSchemas reads what dump wrote.
func readSchemas(dir string) ([]*schema, error) {
	text, err := os.ReadFile(filepath.Join(dir, "schemas.txt"))
	if err != nil {
		return nil, err
	}
	var all []*schema
	for i, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		s, err := parse(line)
		if err != nil {
			return nil, fmt.Errorf("schemas.txt:%d: %w", i+1, err)
		}
		all = append(all, s)
	}
	return all, nil
}

// generate writes one file for each letter that operators begin with.
func generate(dir string) error {
	all, err := readSchemas(dir)
	if err != nil {
		return err
	}
	wrappers, err := wrap(all)
	if err != nil {
		return err
	}
	byLetter := make(map[byte][]*wrapper)
	for _, w := range wrappers {
		letter := w.schema.base[0] | 0x20 // mT is with the small ones
		byLetter[letter] = append(byLetter[letter], w)
	}
	stale, err := filepath.Glob(filepath.Join(dir, "z*.go"))
	if err != nil {
		return err
	}
	for letter, group := range byLetter {
		slices.SortFunc(group, func(a, b *wrapper) int { return strings.Compare(a.name, b.name) })
		text, err := format.Source(render(group))
		if err != nil {
			return fmt.Errorf("operators in %q: %w", letter, err)
		}
		path := filepath.Join(dir, "z"+string(letter)+".go")
		if err := os.WriteFile(path, text, 0o644); err != nil {
			return err
		}
		stale = slices.DeleteFunc(stale, func(old string) bool { return old == path })
	}
	for _, old := range stale {
		if err := os.Remove(old); err != nil {
			return err
		}
	}
	return nil
}
