// Package scripts holds the tests of the scripts beside them.
package scripts

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	torchWheel = "torch-2.15.0-cp311-cp311-manylinux_2_28_x86_64.whl"
	cudaWheel  = "nvidia_cuda_runtime-13.2.86-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl"
)

// user is somebody who runs scripts/libtorch on a machine of their own: a checkout with
// a lock that names two small wheels, a folder in place of the package index, and a cache.
type user struct {
	t     *testing.T
	root  string
	index string
	cache string
	env   []string
}

func newUser(t *testing.T) *user {
	t.Helper()
	if runtime.GOARCH != "amd64" {
		t.Skip("the wheels of this test are for x86_64")
	}
	u := &user{t: t, root: t.TempDir(), index: t.TempDir(), cache: filepath.Join(t.TempDir(), "cache")}
	for _, name := range []string{"libtorch", "onnxruntime", "wheels.py"} {
		script, err := os.ReadFile(name)
		require.NoError(t, err)
		u.write("scripts/"+name, script, 0o755)
	}

	// A library that can be opened, and three members that must stay out.
	library := filepath.Join(u.index, "empty.so")
	cc := exec.Command("cc", "-shared", "-o", library, "-x", "c", os.DevNull)
	out, err := cc.CombinedOutput()
	require.NoError(t, err, string(out))
	so, err := os.ReadFile(library)
	require.NoError(t, err)
	lock := "[2.15.0 x86_64]\n" +
		u.wheel(torchWheel, map[string]string{
			"torch/lib/libtorch_cpu.so":    string(so),
			"torch/lib/libc10.so":          string(so),
			"torch/lib/libgomp.so.1":       string(so),
			"torch/lib/libtorch_cuda.so":   "huge",
			"torch/lib/libtorch_python.so": "huge",
			"torch/nn/modules/linear.py":   "class Linear: pass",
			"torch/include/torch/script.h": "#pragma once",
			"torch/version.py":             "__version__ = '2.15.0+cu132'\n",
		}) +
		u.wheel(cudaWheel, map[string]string{"nvidia/cu13/lib/libcudart.so.13": string(so)})
	u.write("third_party/libtorch.lock", []byte(lock), 0o644)

	u.env = append(os.Environ(), "TORCHGO_CACHE="+u.cache, "LIBTORCH=", "PYTHONPATH=",
		"PIP_NO_INDEX=1", "PIP_CONFIG_FILE="+os.DevNull, "PIP_FIND_LINKS="+u.index)
	return u
}

func (u *user) write(name string, content []byte, mode os.FileMode) {
	u.t.Helper()
	path := filepath.Join(u.root, name)
	require.NoError(u.t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(u.t, os.WriteFile(path, content, mode))
}

// wheel puts a wheel into the index and returns its line in the lock.
func (u *user) wheel(name string, members map[string]string) string {
	u.t.Helper()
	parts := strings.Split(name, "-")
	info := parts[0] + "-" + parts[1] + ".dist-info/"
	members[info+"METADATA"] = fmt.Sprintf("Metadata-Version: 2.1\nName: %s\nVersion: %s\n", parts[0], parts[1])
	members[info+"WHEEL"] = "Wheel-Version: 1.0\n"
	path := filepath.Join(u.index, name)
	f, err := os.Create(path)
	require.NoError(u.t, err)
	z := zip.NewWriter(f)
	for member, content := range members {
		w, err := z.Create(member)
		require.NoError(u.t, err)
		_, err = w.Write([]byte(content))
		require.NoError(u.t, err)
	}
	require.NoError(u.t, z.Close())
	require.NoError(u.t, f.Close())
	raw, err := os.ReadFile(path)
	require.NoError(u.t, err)
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:]) + "  " + name + "\n"
}

// run runs scripts/libtorch and returns what it printed.
func (u *user) run(args ...string) (stdout, stderr string, err error) {
	return u.script("libtorch", args...)
}

// script runs a script and returns what it printed.
func (u *user) script(name string, args ...string) (stdout, stderr string, err error) {
	cmd := exec.Command(filepath.Join(u.root, "scripts", name), args...)
	cmd.Env = u.env
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

// place is where the set must come to lie.
func (u *user) place() string { return filepath.Join(u.cache, "libtorch/2.15.0-x86_64") }

// mustGive runs the script, demands a whole libtorch, and returns what it said.
func (u *user) mustGive() string {
	u.t.Helper()
	stdout, stderr, err := u.run()
	require.NoError(u.t, err, stderr)
	want := "path=" + u.place() + "/torch\nversion=2.15.0+cu132\nsource=download\n"
	require.Equal(u.t, want, stdout)
	for _, file := range []string{
		"torch/lib/libtorch_cpu.so", "torch/lib/libc10.so", "torch/lib/libgomp.so.1", "torch/include/torch/script.h",
		"torch/version.py", "nvidia/cu13/lib/libcudart.so.13",
	} {
		require.FileExists(u.t, filepath.Join(u.place(), file))
	}
	return stderr
}

func TestDownloadIsMadeOnce(t *testing.T) {
	u := newUser(t)
	assert.Equal(t, 2, strings.Count(u.mustGive(), "downloading"))
	for _, file := range []string{"torch/lib/libtorch_cuda.so", "torch/lib/libtorch_python.so", "torch/nn"} {
		assert.NoFileExists(t, filepath.Join(u.place(), file), "it is not needed")
	}
	left, err := filepath.Glob(filepath.Join(u.cache, "libtorch/downloads/*"))
	require.NoError(t, err)
	assert.Empty(t, left, "wheels are removed once they are unpacked")

	u.env = append(u.env, "PIP_FIND_LINKS="+os.DevNull)
	assert.Empty(t, u.mustGive(), "the second time there is nothing to do, hence nothing to say")
}

// Each case is what a run that was killed, or a failing disk, may leave behind.
func TestHalfMadeIsNeverUsed(t *testing.T) {
	for _, c := range []struct {
		name      string
		leave     func(u *user)
		downloads int
		says      string
	}{
		{"killed in a download", func(u *user) {
			u.left("partial/"+torchWheel, "half a whe")
			u.left("partial/pip-unpack-x/"+torchWheel, "half a whe")
		}, 2, ""},
		{"killed between downloads", func(u *user) {
			u.leftDownload(torchWheel)
		}, 1, ""},
		{"killed in unpacking", func(u *user) {
			u.left("partial/set/torch/lib/libtorch_cpu.so", "\x7fELF half a lib")
		}, 2, ""},
		{"wheel cut short", func(u *user) { u.left("downloads/"+torchWheel, "half a whe") }, 2, "is damaged: downloading it again"},
		{"unpacked by hand, without a stamp", func(u *user) {
			u.left("2.15.0-x86_64/torch/lib/libtorch_cpu.so", "not a library")
		}, 2, ""},
		{"made from other wheels", func(u *user) {
			u.left("2.15.0-x86_64/wheels", "0000  "+torchWheel+"\n")
			u.left("2.15.0-x86_64/torch/lib/libtorch_cpu.so", "not a library")
		}, 2, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			u := newUser(t)
			c.leave(u)
			said := u.mustGive()
			assert.Equal(t, c.downloads, strings.Count(said, "libtorch: downloading "), said)
			assert.Contains(t, said, c.says)
			assert.NoDirExists(t, filepath.Join(u.cache, "libtorch/partial"))
			so, err := os.ReadFile(filepath.Join(u.place(), "torch/lib/libtorch_cpu.so"))
			require.NoError(t, err)
			assert.Greater(t, len(so), 1000, "the library of the wheel, not what was left")
		})
	}
}

// left leaves a file in the cache's libtorch folder.
func (u *user) left(name, content string) {
	u.t.Helper()
	path := filepath.Join(u.cache, "libtorch", name)
	require.NoError(u.t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(u.t, os.WriteFile(path, []byte(content), 0o644))
}

// leftDownload leaves a whole wheel, which the script then needs no pip for.
func (u *user) leftDownload(name string) {
	u.t.Helper()
	raw, err := os.ReadFile(filepath.Join(u.index, name))
	require.NoError(u.t, err)
	u.left("downloads/"+name, string(raw))
}

func TestTwoAtOnceDownloadOnce(t *testing.T) {
	u := newUser(t)
	var wg sync.WaitGroup
	said := make([]string, 3)
	for i := range said {
		wg.Go(func() {
			_, stderr, err := u.run()
			assert.NoError(t, err, stderr)
			said[i] = stderr
		})
	}
	wg.Wait()
	assert.Equal(t, 2, strings.Count(strings.Join(said, ""), ": downloading "), "two wheels, each once")
	assert.Empty(t, u.mustGive())
}

func TestRefusalsSayWhatToDo(t *testing.T) {
	for _, c := range []struct {
		name string
		set  func(u *user)
		args []string
		want []string
	}{
		{"no network", func(u *user) { u.env = append(u.env, "PIP_FIND_LINKS="+os.DevNull) }, nil,
			[]string{"pip could not download " + torchWheel, "LIBTORCH"}},
		{"the index serves another file", func(u *user) {
			f, err := os.OpenFile(filepath.Join(u.index, torchWheel), os.O_APPEND|os.O_WRONLY, 0)
			require.NoError(u.t, err)
			_, err = f.WriteString("x")
			require.NoError(u.t, err)
			require.NoError(u.t, f.Close())
		}, nil, []string{"HASHES", "pip could not download " + torchWheel}},
		{"cache folder is a file", func(u *user) { require.NoError(u.t, os.WriteFile(u.cache, nil, 0o644)) }, nil,
			[]string{"cannot fill the cache folder", "TORCHGO_CACHE"}},
		{"LIBTORCH names nothing", func(u *user) { u.env = append(u.env, "LIBTORCH="+u.root+"/gone") }, nil,
			[]string{"/gone is not a folder", "unset it"}},
		{"LIBTORCH names another folder", func(u *user) { u.env = append(u.env, "LIBTORCH="+u.root) }, nil,
			[]string{"lacks lib/libtorch_cpu.so, lib/libc10.so, include/torch/script.h"}},
		{"LIBTORCH is one folder off", func(u *user) {
			u.leftDownload(torchWheel)
			u.leftDownload(cudaWheel)
			u.mustGive()
			u.env = append(u.env, "LIBTORCH="+u.place())
		}, nil, []string{"; use /", "/2.15.0-x86_64/torch"}},
		{"a version that is not pinned", func(*user) {}, []string{"1.6.0"}, []string{"has no 1.6.0 for x86_64; it has 2.15.0"}},
		{"an unknown flag", func(*user) {}, []string{"--force"}, []string{"usage: scripts/libtorch [VERSION]"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			u := newUser(t)
			c.set(u)
			stdout, stderr, err := u.run(c.args...)
			assert.Error(t, err)
			assert.Empty(t, stdout)
			for _, want := range c.want {
				assert.Contains(t, stderr, want)
			}
			assert.NotContains(t, stderr, "Traceback")
		})
	}
}

func TestChoice(t *testing.T) {
	newUser := func(t *testing.T) *user {
		u := newUser(t)
		u.leftDownload(torchWheel)
		u.leftDownload(cudaWheel)
		return u
	}
	python := func(u *user, version string) string {
		u.mustGive() // for the files of it
		site := u.t.TempDir()
		require.NoError(u.t, os.CopyFS(filepath.Join(site, "torch"), os.DirFS(filepath.Join(u.place(), "torch"))))
		require.NoError(u.t, os.WriteFile(filepath.Join(site, "torch/__init__.py"), nil, 0o644))
		require.NoError(u.t, os.WriteFile(filepath.Join(site, "torch/version.py"), []byte("__version__ = '"+version+"'\n"), 0o644))
		u.env = append(u.env, "PYTHONPATH="+site)
		return filepath.Join(site, "torch")
	}
	t.Run("Python's torch of a tested version", func(t *testing.T) {
		t.Parallel()
		u := newUser(t)
		folder := python(u, "2.15.0+cpu")
		stdout, _, err := u.run()
		require.NoError(t, err)
		assert.Equal(t, "path="+folder+"\nversion=2.15.0+cpu\nsource=python\n", stdout)
	})
	t.Run("Python's torch of another version", func(t *testing.T) {
		t.Parallel()
		u := newUser(t)
		folder := python(u, "2.7.1")
		assert.Contains(t, u.mustGive(), "not using Python's torch 2.7.1, which is not a tested version; LIBTORCH="+folder)
	})
	t.Run("LIBTORCH before Python's", func(t *testing.T) {
		t.Parallel()
		u := newUser(t)
		folder := python(u, "2.15.0")
		u.env = append(u.env, "LIBTORCH="+filepath.Join(u.place(), "torch"))
		stdout, _, err := u.run()
		require.NoError(t, err)
		assert.Contains(t, stdout, "source=LIBTORCH")
		assert.NotContains(t, stdout, folder)
	})
	t.Run("a version that was asked for is downloaded", func(t *testing.T) {
		t.Parallel()
		u := newUser(t)
		python(u, "2.15.0")
		stdout, _, err := u.run("2.15.0")
		require.NoError(t, err)
		assert.Contains(t, stdout, "source=download")
	})
	t.Run("a torch folder without Python code is no torch", func(t *testing.T) {
		t.Parallel()
		u := newUser(t)
		u.write("torch/tensor.go", []byte("package torch\n"), 0o644)
		u.env = append(u.env, "PYTHONPATH="+u.root)
		u.mustGive()
	})
}
