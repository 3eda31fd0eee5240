// Command stubgen reads the C ABI's headers and writes everything that repeats it:
// the function table, the C stubs that forward to it, the shim's initialiser,
// and the Go constants, structs and wrappers.
//
// It understands the subset of C that ts_types.h and ts_api.h are written in: opaque structs,
// structs of scalars and pointers, enums with explicit values, and prototypes
// marked TS_API that end in ") TS_NOEXCEPT;" on the same line.
//
// Usage: stubgen -dir internal/ctorch
package main

import (
	"bytes"
	"flag"
	"fmt"
	"go/format"
	"log"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("stubgen: ")
	dir := flag.String("dir", ".", "folder of the headers, and of the output")
	flag.Parse()
	if flag.NArg() != 0 {
		log.Fatalf("unexpected argument %q", flag.Arg(0))
	}
	if err := run(*dir); err != nil {
		log.Fatal(err)
	}
}

func run(dir string) error {
	var sources []source
	for _, name := range []string{"ts_types.h", "ts_api.h"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		sources = append(sources, source{name, string(text)})
	}
	api, err := parse(sources...)
	if err != nil {
		return err
	}
	outputs := []struct {
		name  string
		write func(*bytes.Buffer, *header)
	}{
		{"zts_table.h", writeTable},
		{"zts_stubs.c", writeStubs},
		{"zts_init.inc", writeInit},
		{"zapi.go", writeAPI},
		{"zcall_cgo.go", writeCgo},
		{"zcall_nocgo.go", writeNoCgo},
		{"znil_test.go", writeNilCalls},
	}
	for _, o := range outputs {
		var b bytes.Buffer
		o.write(&b, api)
		text := b.Bytes()
		if strings.HasSuffix(o.name, ".go") {
			if text, err = format.Source(text); err != nil {
				return fmt.Errorf("%s: %w", o.name, err)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, o.name), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
