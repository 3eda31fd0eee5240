// Package layers holds the test that keeps imports pointing downwards.
package layers

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const module = "github.com/seed06459138/torchgo"

// root is the module's folder, seen from this one.
const root = "../../.."

// layers holds the packages of the module from the bottom to the top. A package may
// import those of lower layers and, in a subfolder of an entry, the others of that entry.
var layers = [][]string{
	{"torch/dtype", "internal/layout", "internal/process", "internal/junit", "internal/markdown"},
	{"torch/checkpoint", "verify/compare", "internal/ctorch", "internal/worker"},
	{"torch", "verify/inspect", "verify/convert", "verify/inputs"},
	{"torch/aten", forTests},
	{"jit", "aoti", "torch/nn", "torch/data"},
	{"torch/nn/export", "torch/optim"},
	{"torch/train"},
	{"torch/nn/script"},
	{"verify"},
	{"examples"},
	{"cmd", "bench", "scripts", "docs", "internal/tools"},
}

// forTests is what tests share, those of the torch package too, and nothing else may use.
const forTests = "internal/torchtest"

// dependencies are what packages outside of tests may import of other modules, by the
// folder that they lie in. A package that services import has none.
var dependencies = map[string][]string{
	"cmd":                  {"github.com/schollz/progressbar/v3", "github.com/spf13/cobra", "github.com/spf13/pflag", "golang.org/x/term"},
	"examples":             {"github.com/VictoriaMetrics/metrics", "github.com/schollz/progressbar/v3", "golang.org/x/term", "gonum.org/v1/plot"},
	"torch/data/images":    {"golang.org/x/image"},                               // scaling, and the formats that Go's own library lacks
	"verify/notice":        {"github.com/hashicorp/go-retryablehttp"},            // attempts at webhooks, with pauses
	"verify/onnx":          {"github.com/yalue/onnxruntime_go"},                  // its subject; programs that run no ONNX leave it out
	"verify/history/store": {"github.com/mattn/go-sqlite3", "github.com/lib/pq"}, // databases, for the command alone
	"verify/html":          {"gonum.org/v1/plot"},                                // charts, for the command alone
	"verify/config":        {"go.yaml.in/yaml/v4"},                               // strict, with line and column of what is wrong
	"verify/suite":         {"go.yaml.in/yaml/v4"},                               // the same
	"verify/verifytest":    {"github.com/stretchr/testify/assert"},               // assertions for tests, which nothing else imports
}

// cgo is the only package that may import "C".
const cgo = "internal/ctorch"

// place finds the entry of layers that holds a package, given relative to the module:
// the longest one that it lies in.
func place(pkg string) (entry string, layer int) {
	layer = -1
	for i, l := range layers {
		for _, e := range l {
			if (pkg == e || strings.HasPrefix(pkg, e+"/")) && len(e) > len(entry) {
				entry, layer = e, i
			}
		}
	}
	return entry, layer
}

// fault says what is wrong with an import of a file, or "".
func fault(file, imported string) string {
	pkg := path.Dir(file)
	entry, layer := place(pkg)
	_, torchLayer := place("torch")
	isTest := strings.HasSuffix(file, "_test.go")
	own, ours := strings.CutPrefix(imported, module+"/")
	switch {
	case layer < 0:
		return pkg + " has no layer: give it one in internal/tools/layers"
	case imported == "C":
		if pkg != cgo {
			return `only ` + cgo + ` imports "C": put the C function into ts_api.h`
		}
	case own == forTests && layer >= torchLayer:
		if !isTest {
			return "only tests import " + own
		}
	case ours:
		if e, l := place(own); e != entry && l >= layer {
			return pkg + " must not import " + own + ": imports go downwards (see internal/tools/layers)"
		}
	case strings.Contains(strings.Split(imported, "/")[0], "."):
		if !isTest && !mayDepend(pkg, imported) {
			return "only tests import " + imported + ": torchgo itself has no dependencies"
		}
	}
	return ""
}

// mayDepend tells whether dependencies has an import for a package.
func mayDepend(pkg, imported string) bool {
	for folder, modules := range dependencies {
		within := func(name string) bool { return imported == name || strings.HasPrefix(imported, name+"/") }
		if (pkg == folder || strings.HasPrefix(pkg, folder+"/")) && slices.ContainsFunc(modules, within) {
			return true
		}
	}
	return false
}

func TestImportsGoDownwards(t *testing.T) {
	files := 0
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			switch d.Name() {
			case ".git", "build", "testdata", "vendor":
				return filepath.SkipDir
			}
			if _, err := os.Stat(filepath.Join(name, "go.mod")); err == nil && name != root {
				return filepath.SkipDir // a module of its own
			}
			return nil
		}
		if filepath.Ext(name) != ".go" {
			return nil
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		files++
		// Parsed rather than listed by the go command, so that files of every build tag are seen.
		parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if wrong := fault(filepath.ToSlash(rel), imported); wrong != "" {
				t.Errorf("%s: %s", rel, wrong)
			}
		}
		return nil
	})
	require.NoError(t, err)
	assert.Greater(t, files, 10, "the walk must have seen the module")
}

func TestFault(t *testing.T) {
	for _, c := range []struct {
		name, file, imported string
		want                 string // part of the fault; "" when there is none
	}{
		{"standard library", "torch/tensor.go", "encoding/binary", ""},
		{"downwards", "torch/tensor.go", module + "/torch/dtype", ""},
		{"within an entry", "cmd/verify/main.go", module + "/cmd/verify/usage", ""},
		{"subfolder of a pure package", "torch/checkpoint/pickle/vm.go", module + "/torch/dtype", ""},
		{"cgo in its place", "internal/ctorch/call.go", "C", ""},
		{"testify in a test", "torch/tensor_test.go", "github.com/stretchr/testify/assert", ""},
		{"what tests share", "torch/tensor_test.go", module + "/" + forTests, ""},
		{"what tests share, in a program", "torch/tensor.go", module + "/" + forTests, "only tests"},
		{"what tests share, in a pure package", "torch/dtype/dtype_test.go", module + "/" + forTests, "imports go downwards"},
		{"upwards", "torch/tensor.go", module + "/jit", "imports go downwards"},
		{"sideways", "torch/checkpoint/open.go", module + "/internal/ctorch", "imports go downwards"},
		{"a pure package importing torch", "torch/checkpoint/open.go", module + "/torch", "imports go downwards"},
		{"cgo elsewhere", "torch/tensor.go", "C", "ts_api.h"},
		{"a dependency of a library", "verify/run.go", "golang.org/x/sync/errgroup", "no dependencies"},
		{"a dependency of a command", "cmd/verify/main.go", "github.com/spf13/cobra", ""},
		{"a dependency of assertions", "verify/verifytest/close.go", "github.com/stretchr/testify/assert", ""},
		{"a package of a dependency", "verify/html/plot.go", "gonum.org/v1/plot/vg", ""},
		{"a dependency of its neighbour", "verify/run.go", "github.com/stretchr/testify/assert", "no dependencies"},
		{"a dependency of a kind of leg", "verify/onnx/native.go", "github.com/yalue/onnxruntime_go", ""},
		{"a dependency of an example", "examples/score/main.go", "github.com/schollz/progressbar/v3", ""},
		{"an example's dependency in a command", "cmd/verify/main.go", "github.com/VictoriaMetrics/metrics", "no dependencies"},
		{"a command's dependency elsewhere", "verify/run.go", "github.com/spf13/cobra", "no dependencies"},
		{"an unknown package", "newthing/x.go", "fmt", "has no layer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := fault(c.file, c.imported)
			if c.want == "" {
				assert.Empty(t, got)
			} else {
				assert.Contains(t, got, c.want)
			}
		})
	}
}
