package checkpoint

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/torch/dtype"
)

func TestGoodCorpus(t *testing.T) {
	c := goodCorpus(t)
	for _, file := range c.Files {
		t.Run(file.Name, func(t *testing.T) {
			path := filepath.Join(c.Dir, file.Name)
			switch file.Format {
			case "torch-zip", "torch-legacy":
				checkGoodTorch(t, path, file)
			case "torch-tar":
				_, err := Open(path)
				require.ErrorIs(t, err, ErrUnsupported)
			case "torchscript":
				checkGoodScript(t, path, file)
			case "safetensors":
				checkGoodSafetensors(t, path, file)
			case "npy":
				a, err := ReadNPY(path)
				if file.Default == "reject" {
					require.ErrorIs(t, err, ErrUnsupported)
					return
				}
				require.NoError(t, err)
				checkGoodArray(t, a, file.Arrays[""])
			case "npz":
				z, err := OpenNPZ(path)
				require.NoError(t, err)
				defer func() { assert.NoError(t, z.Close()) }()
				require.Len(t, z.Names(), len(file.Arrays))
				for _, name := range z.Names() {
					a, err := z.Array(name)
					require.NoError(t, err)
					checkGoodArray(t, a, file.Arrays[name])
				}
			default:
				t.Fatalf("unknown format %s", file.Format)
			}
		})
	}
}

// inertOnly are the files whose classes only the option Inert reads.
var inertOnly = map[string]bool{"subclass.pt": true, "whole_module.pt": true}

func checkGoodTorch(t *testing.T, path string, file corpusFile) {
	var options []Option
	if inertOnly[file.Name] {
		_, err := Open(path)
		require.ErrorIs(t, err, ErrUnsafe)
		options = append(options, Inert())
	}
	f, err := Open(path, options...)
	require.NoError(t, err)
	defer func() { assert.NoError(t, f.Close()) }()
	require.NoError(t, f.CheckCRC())
	g := newTagger()
	got := canonical(t, g.tag(f.Value(), "$"))
	require.NoError(t, g.err)
	var want any
	require.NoError(t, json.Unmarshal(file.Value, &want))
	assert.Equal(t, sortSets(want), got)
	assert.Equal(t, canonical(t, file.Tensors), canonical(t, g.tensors))

	narrow, err := Open(path, WeightsOnly())
	if file.Default == "load" {
		require.NoError(t, err, "torch.load(weights_only=True) loads it")
		require.NoError(t, narrow.Close())
	} else {
		require.Error(t, err, "torch.load(weights_only=True) refuses it")
	}
}

func checkGoodArray(t *testing.T, a *Array, want map[string]any) {
	got := map[string]any{"shape": numbers(a.Shape()), "sha256": hash(a.Bytes()), "descr": numpyDescr(a.DType())}
	delete(want, "fortran_order")
	if want["descr"] == ">f4" {
		want["descr"] = "<f4"
	}
	assert.Equal(t, canonical(t, want), canonical(t, got))
}

func checkGoodScript(t *testing.T, path string, file corpusFile) {
	f, err := Open(path)
	require.NoError(t, err)
	defer func() { assert.NoError(t, f.Close()) }()
	require.Equal(t, KindScript, f.Kind())
	require.NoError(t, f.CheckCRC())
	var want struct {
		StateDict  [][2]any          `json:"state_dict"`
		Attributes [][2]any          `json:"attributes"`
		Constants  []int             `json:"constants"`
		Records    []string          `json:"records"`
		ExtraFiles map[string]string `json:"extra_files"`
		Code       map[string]string `json:"code"`
	}
	require.NoError(t, json.Unmarshal(file.Value, &want))
	state, err := f.State("")
	require.NoError(t, err)
	g := newTagger()
	names := map[string]bool{}
	for _, entry := range want.StateDict {
		name := entry[0].(string)
		names[name] = true
		tensor, ok := state.Tensor(name)
		require.True(t, ok, name)
		require.Equal(t, int(entry[1].(float64)), g.tensor(tensor))
	}
	assert.Len(t, names, state.Len())
	root := f.Value().(*Object)
	for _, entry := range want.Attributes {
		v, ok := root.Attr(entry[0].(string))
		require.True(t, ok, entry[0])
		assert.Equal(t, entry[1], canonical(t, g.tag(v, "$")), entry[0])
	}
	constants, err := f.Constants()
	require.NoError(t, err)
	require.Len(t, constants, len(want.Constants))
	for i, constant := range constants {
		require.Equal(t, want.Constants[i], g.tensor(constant))
	}
	require.NoError(t, g.err)
	assert.Equal(t, canonical(t, file.Tensors), canonical(t, g.tensors))
	assert.ElementsMatch(t, want.Records, f.Records())
	extra := map[string]string{}
	for _, name := range f.ExtraFiles() {
		data, err := f.Record("extra/" + name)
		require.NoError(t, err)
		extra[name] = hash(data)
	}
	assert.Equal(t, want.ExtraFiles, extra)
	code := map[string]string{}
	for _, name := range f.CodeFiles() {
		data, err := f.Record(name)
		require.NoError(t, err)
		code[name] = hash(data)
	}
	assert.Equal(t, want.Code, code)
}

func checkGoodSafetensors(t *testing.T, path string, file corpusFile) {
	f, err := Open(path)
	require.NoError(t, err)
	defer func() { assert.NoError(t, f.Close()) }()
	require.Equal(t, KindSafetensors, f.Kind())
	assert.Equal(t, file.Metadata, f.Metadata())
	root := f.Value().(*Dict)
	require.Equal(t, len(file.Tensors), root.Len())
	for _, want := range file.Tensors {
		v, ok := root.Get(want["name"].(string))
		require.True(t, ok, want["name"])
		tensor := v.(*Tensor)
		data, err := tensor.Bytes()
		require.NoError(t, err)
		assert.Equal(t, want["sha256"], hash(data), want["name"])
		element, ok := safetensorsDTypes[want["dtype"].(string)]
		switch {
		case ok:
			assert.Equal(t, element, tensor.DType())
			assert.Equal(t, want["shape"], canonical(t, numbers(tensor.Shape())))
		case want["dtype"] == "F4":
			assert.Equal(t, dtype.Float4E2M1FNx2, tensor.DType())
			assert.Equal(t, []int64{2, 2}, tensor.Shape(), "two elements lie in a byte")
		default:
			assert.Equal(t, "safetensors."+want["dtype"].(string), tensor.Class)
			assert.Equal(t, []int64{int64(len(data))}, tensor.Shape())
		}
	}
}
