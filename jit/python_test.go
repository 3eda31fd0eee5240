package jit_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/torch"
)

// torch.jit.load in Python reads the files that Save writes, with what was changed
// in Go and the extra files. make test-python sets $PYTHON.
func TestPythonReadsWhatWasSaved(t *testing.T) {
	python := os.Getenv("PYTHON")
	if python == "" {
		t.Skip("$PYTHON is not set: make test-python")
	}
	m := load(t, testFile("values.pt"))
	require.NoError(t, m.SetExtraFiles(map[string][]byte{"labels/en.txt": []byte("cat\x00dog")}))
	require.NoError(t, m.SetAttribute("names", torch.List{torch.String("from Go")}))
	path := filepath.Join(t.TempDir(), "m.pt")
	require.NoError(t, m.Save(path))
	const script = `
import sys, warnings, torch
warnings.simplefilter("ignore")
extra = {"labels/en.txt": ""}
m = torch.jit.load(sys.argv[1], _extra_files=extra)
y, name, steps = m(torch.ones(1, 4), name="n")
print(m.names, extra["labels/en.txt"], tuple(y.shape), name, steps)
`
	out, err := exec.Command(python, "-c", script, path).CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Equal(t, "['from Go'] b'cat\\x00dog' (1, 2) n (1, 2)\n", string(out))
}
