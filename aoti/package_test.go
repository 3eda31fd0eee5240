package aoti_test

import (
	"archive/zip"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/aoti"
	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/checkpoint"
)

func TestMain(m *testing.M) { torchtest.Main(m) }

// heads is compiled code: it runs on what it was compiled for.
const heads = "testdata/heads.pt2"

// required skips tests of what the package in testdata cannot run on.
func required(t *testing.T) {
	t.Helper()
	torchtest.Require(t)
	build, err := torch.Version()
	require.NoError(t, err)
	switch {
	case runtime.GOARCH != "amd64" || build.CPU == "DEFAULT":
		t.Skip("heads.pt2 was compiled for x86-64 processors with AVX2")
	case !strings.HasPrefix(build.Libtorch, "2.15."):
		t.Skip("heads.pt2 was compiled with libtorch 2.15, this is " + build.Libtorch)
	}
}

// load loads a package that is closed with the test.
func load(t *testing.T, path string, options ...aoti.Option) *aoti.Package {
	t.Helper()
	p, err := aoti.Load(path, options...)
	require.NoError(t, err)
	t.Cleanup(p.Close)
	return p
}

// inputs reads those of heads; they are closed with the test.
func inputs(t *testing.T) []*torch.Tensor {
	t.Helper()
	return []*torch.Tensor{array(t, "heads_inputs.npz", "x"), array(t, "heads_inputs.npz", "ids")}
}

func array(t *testing.T, file, name string) *torch.Tensor {
	t.Helper()
	z, err := checkpoint.OpenNPZ(filepath.Join("testdata", file))
	require.NoError(t, err)
	defer z.Close()
	a, err := z.Array(name)
	require.NoError(t, err)
	x, err := torch.FromArray(a)
	require.NoError(t, err)
	t.Cleanup(x.Close)
	return x
}

func TestRun(t *testing.T) {
	required(t)
	p := load(t, heads, aoti.OnDevice(torch.CPU))
	assert.Equal(t, 2, p.Inputs())
	assert.Equal(t, torch.CPU, p.Device())
	assert.Equal(t, "AVX2", p.Metadata()["AOTI_CPU_ISA"])

	got, err := p.Run(inputs(t)...)
	require.NoError(t, err)
	defer torch.CloseAll(got)
	dict, ok := got.(*torch.Dict)
	require.True(t, ok, "%T", got)
	require.Len(t, dict.Entries, 3)
	for i, name := range []string{"logits", "next", "sum"} {
		assert.Equal(t, torch.String(name), dict.Entries[i].Key)
		want := array(t, "heads_expected.npz", name)
		have := dict.Entries[i].Value.(*torch.Tensor)
		assert.Equal(t, want.DType(), have.DType())
		assert.Equal(t, want.Shape(), have.Shape())
		close, err := torch.Call("aten::allclose", have, want, torch.Float(1e-5), torch.Float(1e-6))
		require.NoError(t, err)
		assert.Equal(t, torch.Bool(true), close, name)
	}
}

func TestManyAtOnce(t *testing.T) {
	required(t)
	p := load(t, heads)
	x := inputs(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				y, err := p.Run(x...)
				if !assert.NoError(t, err) {
					return
				}
				torch.CloseAll(y)
			}
		})
	}
	all.Wait()
}

// Without the checks that Load turns on, each of these reads what is not there.
func TestInputsThatDoNotFit(t *testing.T) {
	required(t)
	p := load(t, heads)
	good := inputs(t)
	make := func(op string, args ...torch.Value) *torch.Tensor {
		v, err := torch.Call(op, args...)
		require.NoError(t, err)
		x := v.(*torch.Tensor)
		t.Cleanup(x.Close)
		return x
	}
	for _, c := range []struct {
		name string
		in   []*torch.Tensor
		want string
	}{
		{"too few", good[:1], "it takes 2 tensors, 1 were given"},
		{"another dtype", []*torch.Tensor{make("aten::to.dtype", good[0], torch.Int(7)), good[1]}, "unmatched dtype"},
		{"another width", []*torch.Tensor{make("aten::ones", torch.List{torch.Int(5), torch.Int(3)}), good[1]}, "unmatched dim value at 1, expected: 4, but got: 3"},
		{"another length", []*torch.Tensor{good[0], make("aten::slice.Tensor", good[1], torch.Int(0), torch.Int(0), torch.Int(3))}, "expected size 3==5"},
		{"too large a batch", []*torch.Tensor{make("aten::ones", torch.List{torch.Int(65), torch.Int(4)}), good[1]}, "dim value is too large at 0"},
		{"not contiguous", []*torch.Tensor{make("aten::t", make("aten::ones", torch.List{torch.Int(4), torch.Int(5)})), good[1]}, "unmatched stride"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := p.Run(c.in...)
			var failure *torch.Error
			require.ErrorAs(t, err, &failure)
			assert.ErrorContains(t, err, c.want)
		})
	}
	y, err := p.Run(good...)
	require.NoError(t, err, "it goes on after errors")
	torch.CloseAll(y)
}

func TestClosed(t *testing.T) {
	required(t)
	p := load(t, heads)
	p.Close()
	p.Close()
	_, err := p.Run(inputs(t)...)
	assert.ErrorIs(t, err, torch.ErrClosed)
	(*aoti.Package)(nil).Close()
}

func TestRefusals(t *testing.T) {
	torchtest.Require(t)
	for _, c := range []struct {
		name    string
		change  func(name string, data []byte) (string, []byte) // of each record; "" leaves it out
		options []aoti.Option
		want    string
	}{
		{"another machine", replacing(".json", `"x86_64"`, `"aarch64"`), nil, "it was compiled for aarch64, this is x86_64"},
		{"another processor", replacing(".json", `"AVX2"`, `"AMX, AVX512"`), nil, "it was compiled for processors with AMX, AVX512"},
		{"another kind of device", replacing(".json", `"AOTI_DEVICE_KEY": "cpu"`, `"AOTI_DEVICE_KEY": "mps"`), nil, `it was compiled for the device "mps"`},
		{"asked for another device", unchanged, []aoti.Option{aoti.OnDevice(torch.CUDA(0))}, "it was compiled for cpu, and cannot run on cuda:0"},
		{"another model", unchanged, []aoti.Option{aoti.Model("decoder")}, "it holds no model decoder, but model"},
		{"without checks", replacing(".so", "AOTI_RUNTIME_CHECK_INPUTS", "AOTI_RUNTIME_CHECK_NOTHING"), nil, "compile it again with AOTI_RUNTIME_CHECK_INPUTS=1"},
		{"without code", func(name string, data []byte) (string, []byte) {
			if strings.HasSuffix(name, ".so") {
				name = ""
			}
			return name, data
		}, nil, "it holds no compiled code"},
		{"metadata cut short", replacing(".json", "}", ""), nil, "unexpected end of JSON input"},
		{"another archive", func(name string, data []byte) (string, []byte) {
			return strings.Replace(name, "aotinductor", "archive", 1), data
		}, nil, "not a package of AOTInductor"},
		{"code that is none", func(name string, data []byte) (string, []byte) {
			if strings.HasSuffix(name, ".so") {
				data = []byte("AOTI_RUNTIME_CHECK_INPUTS")
			}
			return name, data
		}, nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if runtime.GOARCH != "amd64" {
				t.Skip("heads.pt2 was compiled for x86-64")
			}
			if build, err := torch.Version(); err == nil && c.name == "another processor" && strings.Contains(build.CPU, "AVX512") {
				t.Skip("this processor has AVX512")
			}
			path := filepath.Join(t.TempDir(), "changed.pt2")
			repack(t, path, c.change)
			_, err := aoti.Load(path, c.options...)
			var failure *aoti.LoadError
			require.ErrorAs(t, err, &failure)
			assert.Equal(t, path, failure.Path)
			assert.ErrorContains(t, err, c.want)
		})
	}
}

func unchanged(name string, data []byte) (string, []byte) { return name, data }

// replacing changes a text in records by their suffix.
func replacing(suffix, old, new string) func(string, []byte) (string, []byte) {
	return func(name string, data []byte) (string, []byte) {
		if strings.HasSuffix(name, suffix) {
			data = []byte(strings.ReplaceAll(string(data), old, new))
		}
		return name, data
	}
}

// repack writes heads anew with changed records.
func repack(t *testing.T, path string, change func(string, []byte) (string, []byte)) {
	t.Helper()
	old, err := zip.OpenReader(heads)
	require.NoError(t, err)
	defer old.Close()
	file, err := os.Create(path)
	require.NoError(t, err)
	defer file.Close()
	z := zip.NewWriter(file)
	for _, f := range old.File {
		r, err := f.Open()
		require.NoError(t, err)
		data, err := io.ReadAll(r)
		require.NoError(t, err)
		name, data := change(f.Name, data)
		if name == "" {
			continue
		}
		w, err := z.Create(name)
		require.NoError(t, err)
		_, err = w.Write(data)
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
}

func TestOtherFiles(t *testing.T) {
	for name, c := range map[string]struct {
		path string
		want error
	}{
		"not there":       {"testdata/gone.pt2", fs.ErrNotExist},
		"a folder":        {"testdata", aoti.ErrNotPackage},
		"TorchScript":     {"testdata/heads_scripted.pt", aoti.ErrNotPackage},
		"no zip":          {"package_test.go", aoti.ErrNotPackage},
		"a name with NUL": {"a\x00b", fs.ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := aoti.Load(c.path)
			assert.True(t, errors.Is(err, c.want), "%v", err)
			assert.ErrorContains(t, err, c.path)
		})
	}
}

func TestOldLibtorchSaysSo(t *testing.T) {
	torchtest.Require(t)
	build, err := torch.Version()
	require.NoError(t, err)
	if !strings.HasPrefix(build.Libtorch, "2.4.") || runtime.GOARCH != "amd64" {
		t.Skip("libtorch " + build.Libtorch + " has the loader")
	}
	_, err = aoti.Load(heads)
	var failure *torch.Error
	require.ErrorAs(t, err, &failure)
	assert.Equal(t, torch.CodeNotImplemented, failure.Code)
	assert.ErrorContains(t, err, "2.6 and later can")
}
