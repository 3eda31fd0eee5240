package checkpoint

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pythonReader is a Python that reads files with torch, one after another.
type pythonReader struct {
	in      io.Writer
	out     *bufio.Scanner
	version string
}

type pythonResult struct {
	Torch   string
	Error   string
	Value   json.RawMessage
	Tensors []map[string]any
}

// startPython starts $PYTHON, which has torch; without it the test is skipped.
func startPython(t testing.TB) *pythonReader {
	t.Helper()
	python := os.Getenv("PYTHON")
	if python == "" {
		t.Skip("PYTHON does not name a Python with torch")
	}
	scripts, err := filepath.Abs(filepath.Join("..", "..", "scripts", "fixtures", "formats"))
	require.NoError(t, err)
	cmd := exec.Command(python, filepath.Join(scripts, "readback.py"))
	cmd.Env = append(os.Environ(), "PYTHONHASHSEED=0", "PYTHONDONTWRITEBYTECODE=1", "PYTHONWARNINGS=ignore")
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	cmd.Stderr = os.Stderr
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		assert.NoError(t, in.Close())
		assert.NoError(t, cmd.Wait())
	})
	p := &pythonReader{in: in, out: bufio.NewScanner(out)}
	p.out.Buffer(nil, 64<<20)
	p.version = p.next(t).Torch
	return p
}

func (p *pythonReader) next(t testing.TB) pythonResult {
	t.Helper()
	require.True(t, p.out.Scan(), "Python ended: %v", p.out.Err())
	var r pythonResult
	require.NoError(t, json.Unmarshal(p.out.Bytes(), &r), p.out.Text())
	return r
}

func (p *pythonReader) read(t testing.TB, path string) pythonResult {
	t.Helper()
	abs, err := filepath.Abs(path)
	require.NoError(t, err)
	_, err = io.WriteString(p.in, abs+"\n")
	require.NoError(t, err)
	return p.next(t)
}

// pythonTag brings what Python says into the form of canonical. Python makes one
// object of equal strings and bools, so nothing else is lost.
func pythonTag(t testing.TB, r pythonResult) (value, tensors any) {
	require.NoError(t, json.Unmarshal(r.Value, &value))
	return sortSets(value), canonical(t, r.Tensors)
}

// withBytes are the files that hold bytes and load only because they hold
// something that this package writes in a simpler way.
var withBytes = map[string]bool{"empty_bytes.pt": true, "protocol3.pt": true, "protocol4.pt": true, "protocol5.pt": true}

// TestPythonReadsBack writes every good file again and lets Python read both:
// it must see the same, and what this package sees.
func TestPythonReadsBack(t *testing.T) {
	p := startPython(t)
	c := goodCorpus(t)
	folder := t.TempDir()
	read := 0
	for _, file := range c.Files {
		if file.Format != "torch-zip" && file.Format != "torch-legacy" || inertOnly[file.Name] || notSaved[file.Name] {
			continue
		}
		t.Run(file.Name, func(t *testing.T) {
			original := filepath.Join(c.Dir, file.Name)
			f, err := Open(original)
			require.NoError(t, err)
			defer func() { assert.NoError(t, f.Close()) }()
			path := filepath.Join(folder, file.Name)
			require.NoError(t, Save(path, f.Value()))
			want, got := p.read(t, original), p.read(t, path)
			if want.Error != "" && file.Default == "load" {
				t.Logf("torch %s does not read the original: %s", p.version, want.Error)
				return
			}
			if withBytes[file.Name] && strings.HasPrefix(p.version, "2.4.") {
				require.NotEmpty(t, got.Error, "torch 2.4 refuses every bytes object")
				return
			}
			require.Empty(t, got.Error)
			read++
			gotValue, gotTensors := pythonTag(t, got)
			g := newTagger()
			assert.Equal(t, canonical(t, g.tag(f.Value(), "$")), gotValue)
			assert.Equal(t, canonical(t, g.tensors), gotTensors)
			if want.Error == "" {
				wantValue, wantTensors := pythonTag(t, want)
				assert.Equal(t, wantValue, gotValue)
				assert.Equal(t, wantTensors, gotTensors)
			}
		})
	}
	assert.Greater(t, read, 30)
	if strings.HasPrefix(p.version, "2.15") {
		assert.GreaterOrEqual(t, read, 41)
	}
}
