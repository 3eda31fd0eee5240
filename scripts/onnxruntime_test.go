package scripts

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const onnxruntimeWheel = "onnxruntime-1.32.0-cp311-cp311-manylinux_2_28_x86_64.whl"

// aLibrary stands for one that can be opened, among the members of a wheel.
const aLibrary = "ELF"

// newONNXUser is a user whose lock pins an ONNX Runtime with these members.
func newONNXUser(t *testing.T, members map[string]string) *user {
	t.Helper()
	u := newUser(t)
	so, err := os.ReadFile(filepath.Join(u.index, "empty.so"))
	require.NoError(t, err)
	for name, content := range members {
		if content == aLibrary {
			members[name] = string(so)
		}
	}
	u.write("third_party/onnxruntime.lock", []byte("[1.32.0 x86_64]\n"+u.wheel(onnxruntimeWheel, members)), 0o644)
	return u
}

func TestONNXRuntimeIsLinkedToOnce(t *testing.T) {
	u := newONNXUser(t, map[string]string{
		"onnxruntime/LICENSE":                    "MIT",
		"onnxruntime/capi/libonnxruntime.so.1":   aLibrary,
		"onnxruntime/capi/onnxruntime_python.so": "huge",
	})
	stdout, stderr, err := u.script("onnxruntime")
	require.NoError(t, err, stderr)
	place := filepath.Join(u.cache, "onnxruntime/1.32.0-x86_64/onnxruntime")
	assert.Equal(t, "path="+place+"/capi/libonnxruntime.so.1\nversion=1.32.0\n", stdout)
	assert.FileExists(t, place+"/LICENSE", "it must come along with what it licenses")
	assert.NoFileExists(t, place+"/capi/onnxruntime_python.so", "it is not needed")

	linked, err := filepath.EvalSymlinks(filepath.Join(u.cache, "onnxruntime/libonnxruntime.so"))
	require.NoError(t, err)
	assert.True(t, strings.HasSuffix(linked, "/capi/libonnxruntime.so.1"), linked)

	u.env = append(u.env, "PIP_FIND_LINKS="+os.DevNull)
	_, stderr, err = u.script("onnxruntime")
	require.NoError(t, err)
	assert.Empty(t, stderr, "the second time there is nothing to do, hence nothing to say")
}

func TestONNXRuntimeRefusalsSayWhatToDo(t *testing.T) {
	for _, c := range []struct {
		name    string
		members map[string]string
		env     string
		args    []string
		want    []string
	}{
		{"no network", map[string]string{}, "PIP_FIND_LINKS=" + os.DevNull, nil,
			[]string{"onnxruntime: pip could not download " + onnxruntimeWheel, "TORCHGO_ONNXRUNTIME"}},
		{"a wheel without the library", map[string]string{"onnxruntime/LICENSE": "MIT"}, "", nil, []string{"holds 0 files libonnxruntime.so*"}},
		{"a library that does not open", map[string]string{"onnxruntime/capi/libonnxruntime.so.1": "no ELF"}, "", nil, []string{"cannot be opened"}},
		{"an argument", map[string]string{}, "", []string{"1.20"}, []string{"usage: scripts/onnxruntime"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			u := newONNXUser(t, c.members)
			u.env = append(u.env, c.env)
			stdout, stderr, err := u.script("onnxruntime", c.args...)
			assert.Error(t, err)
			assert.Empty(t, stdout)
			for _, want := range c.want {
				assert.Contains(t, stderr, want)
			}
			assert.NotContains(t, stderr, "Traceback")
		})
	}
}
