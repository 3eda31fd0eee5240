package checkpoint

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// openValue saves a value and opens the file.
func openValue(t testing.TB, name string, v Value) *File {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, Save(path, v))
	f, err := Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, f.Close()) })
	return f
}

func TestStateSearch(t *testing.T) {
	w := tensorOf(t, []float32{1}, 1)
	weights := func(names ...string) *Dict {
		d := &Dict{Kind: OrderedDict}
		for _, name := range names {
			require.NoError(t, d.Set(String(name), w))
		}
		return d
	}
	at := func(pairs ...any) *Dict {
		d := &Dict{}
		for i := 0; i < len(pairs); i += 2 {
			require.NoError(t, d.Set(String(pairs[i].(string)), pairs[i+1].(Value)))
		}
		return d
	}
	tests := map[string]struct {
		root       Value
		key        string
		found      string
		names      []string
		prefix     string
		candidates []string
		class      error
	}{
		"bare":                  {root: weights("b", "a"), names: []string{"b", "a"}},
		"module prefix":         {root: weights("module.b", "module.a"), names: []string{"module.b", "module.a"}, prefix: "module."},
		"half a prefix":         {root: weights("module.b", "a"), names: []string{"module.b", "a"}},
		"with extra state":      {root: at("w", w, "m._extra_state", None{}), names: []string{"w"}},
		"nested":                {root: at("epoch", Int(3), "model_state_dict", weights("a")), found: "model_state_dict", names: []string{"a"}},
		"nested twice":          {root: at("state", at("model", weights("a"))), found: "state.model", names: []string{"a"}},
		"usual name wins":       {root: at("rng", weights("cpu"), "state_dict", weights("a")), found: "state_dict", names: []string{"a"}},
		"unusual name":          {root: at("epoch", Int(1), "encoder", weights("a")), found: "encoder", names: []string{"a"}},
		"two":                   {root: at("model", weights("a"), "ema_state_dict", weights("a")), candidates: []string{"model", "ema_state_dict"}},
		"two, named":            {root: at("model", weights("a"), "ema_state_dict", weights("b")), key: "ema_state_dict", found: "ema_state_dict", names: []string{"b"}},
		"path":                  {root: at("a", at("b.c", weights("x"))), key: "a.b.c", found: "a.b.c", names: []string{"x"}},
		"empty model":           {root: at("state_dict", weights()), found: "state_dict", names: []string{}},
		"none":                  {root: at("epoch", Int(1)), class: ErrMissing},
		"not the optimizer":     {root: at("optimizer_state", at("exp_avg", weights("a"))), class: ErrMissing},
		"wrong key":             {root: at("epoch", Int(1), "m", weights("a")), key: "n", class: ErrMissing},
		"key of something else": {root: at("epoch", Int(1)), key: "epoch", class: ErrMissing},
		"no dict":               {root: Int(5), class: ErrMissing},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := openValue(t, "x.pt", test.root)
			s, err := f.State(test.key)
			if test.candidates != nil {
				var ambiguous *AmbiguousError
				require.ErrorAs(t, err, &ambiguous)
				assert.Equal(t, test.candidates, ambiguous.Candidates)
				return
			}
			if test.class != nil {
				require.ErrorIs(t, err, test.class)
				assert.ErrorContains(t, err, f.Path())
				return
			}
			require.NoError(t, err)
			assert.Equal(t, test.found, s.Key)
			assert.Equal(t, test.prefix, s.Prefix)
			assert.ElementsMatch(t, test.names, s.Names())
			assert.Equal(t, append([]string{}, test.names...), append([]string{}, s.Names()...), "order")
			assert.Equal(t, len(test.names), s.Len())
		})
	}
}

func TestStateOfScript(t *testing.T) {
	f, err := Open(filepath.Join("testdata", "good", "ts_scripted.pt"))
	require.NoError(t, err)
	defer func() { assert.NoError(t, f.Close()) }()
	_, err = f.State("model")
	assert.ErrorIs(t, err, ErrKind)
	modules, err := f.ScriptModules()
	require.NoError(t, err)
	var names []string
	for _, m := range modules {
		names = append(names, m.Name+" "+m.Class)
		assert.True(t, m.Training)
	}
	assert.Equal(t, []string{" __torch__.goodts.Top", "a __torch__.goodts.Sub", "b __torch__.goodts.Sub"}, names)
	tensors, err := f.ScriptTensors()
	require.NoError(t, err)
	roles := map[string]string{}
	for _, tensor := range tensors {
		roles[tensor.Name] = tensor.Role.String()
	}
	assert.Equal(t, map[string]string{"p": "parameter", "a.w": "parameter", "b.w": "parameter", "buf": "buffer", "window": "buffer",
		"tensors.0": "attribute", "tensors.1": "attribute", "weights.w": "attribute"}, roles)
}

func TestCheckpointOfScenario(t *testing.T) {
	w := tensorOf(t, []float32{1, 2}, 2)
	model := &Dict{Kind: OrderedDict, Attrs: NewDict(Entry{String("_metadata"), &Dict{Kind: OrderedDict}})}
	require.NoError(t, model.Set(String("w"), w))
	root := NewDict(
		Entry{String("model_name"), String("mymodel")}, Entry{String("model_version"), String("v1")},
		Entry{String("model_state_dict"), model}, Entry{String("epoch"), Int(2)}, Entry{String("train_loss"), Float(0.5)},
		Entry{String("hyperparams"), NewDict(Entry{String("lr"), Float(1e-3)}, Entry{String("layers"), &List{Items: []Value{Int(8), Int(4)}}})},
		Entry{String("pytorch_version"), String("2.15.0")}, Entry{String("note"), String("x")},
	)
	f := openValue(t, "mymodel_v1_checkpoint.pt", root)
	c, err := f.Checkpoint()
	require.NoError(t, err)
	assert.Equal(t, "mymodel", c.ModelName)
	assert.Equal(t, "v1", c.ModelVersion)
	assert.Equal(t, int64(2), c.Epoch)
	assert.Equal(t, 0.5, c.TrainLoss)
	assert.Equal(t, "2.15.0", c.TorchVersion)
	assert.Equal(t, []string{"w"}, c.Model.Names())
	assert.Equal(t, []string{"optimizer_state_dict"}, c.Missing)
	assert.Equal(t, 1, c.Extra.Len())
	require.NoError(t, f.CheckName())

	back, err := c.Dict()
	require.NoError(t, err)
	again := openValue(t, "again.pt", back)
	want, got := newTagger(), newTagger()
	assert.Equal(t, want.tag(f.Value(), "$"), got.tag(again.Value(), "$"))

	for path, want := range map[string]Value{
		"hyperparams.lr": Float(1e-3), "hyperparams.layers.1": Int(4), "epoch": Int(2), "": f.Value(),
	} {
		got, err := Lookup(f.Value(), path)
		require.NoError(t, err, path)
		assert.Equal(t, want, got, path)
	}
	for _, path := range []string{"hyperparams.momentum", "hyperparams.layers.2", "epoch.x", "nothing", "hyperparams.layers.-1"} {
		_, err := Lookup(f.Value(), path)
		assert.ErrorIs(t, err, ErrMissing, path)
		assert.ErrorContains(t, err, path)
	}

	bad := openValue(t, "bad.pt", NewDict(Entry{String("epoch"), String("two")}))
	_, err = bad.Checkpoint()
	assert.ErrorContains(t, err, "epoch is a str, not an int")
}

func TestParseFileName(t *testing.T) {
	tests := map[string]FileName{
		"model_v1_scripted.pt":          {Model: "model", Version: "v1", Role: "scripted"},
		"/a/b/model_state.pt":           {Model: "model", Role: "state"},
		"resnet18-f37072fd.pth":         {Model: "resnet18", Hash: "f37072fd"},
		"big_net_v2.1_state.pt":         {Model: "big_net", Version: "v2.1", Role: "state"},
		"model_20240131.pt":             {Model: "model_20240131"},
		"model.pt":                      {Model: "model"},
		"state.pt":                      {Model: "state"},
		"m-v3-3a7bd3e2360a3d29.pt":      {Model: "m", Version: "v3", Hash: "3a7bd3e2360a3d29"},
		"dynamic_model_scripted_v10.pt": {Model: "dynamic_model", Version: "v10", Role: "scripted"},
	}
	for path, want := range tests {
		assert.Equal(t, want, ParseFileName(path), path)
	}
}

func TestCheckName(t *testing.T) {
	root := NewDict(Entry{String("w"), tensorOf(t, []float32{1}, 1)})
	probe := openValue(t, "w.pt", root)
	sum, err := probe.SHA256()
	require.NoError(t, err)
	state, err := probe.State("")
	require.NoError(t, err)
	content, err := state.Hash()
	require.NoError(t, err)
	assert.NoError(t, openValue(t, "w-a"+sum[:0]+".pt", root).CheckName())
	assert.NoError(t, openValue(t, "w-"+sum[:20]+".pt", root).CheckName())
	assert.NoError(t, openValue(t, "w-"+content.String()[:20]+".pt", root).CheckName())
	assert.ErrorIs(t, openValue(t, "w-deadbeef.pt", root).CheckName(), ErrCRC)
	versioned := NewDict(Entry{String("model_version"), String("v1")})
	assert.NoError(t, openValue(t, "m_v1.pt", versioned).CheckName())
	assert.ErrorIs(t, openValue(t, "m_v2.pt", versioned).CheckName(), ErrVersion)
}

func TestDiff(t *testing.T) {
	one, two := tensorOf(t, []float32{1, 2}, 2), tensorOf(t, []float32{1, 3}, 2)
	a := stateOf(t, NamedTensor{"same", one}, NamedTensor{"gone", one}, NamedTensor{"shape", one}, NamedTensor{"dtype", one}, NamedTensor{"bits", one})
	b := stateOf(t, NamedTensor{"new", one}, NamedTensor{"bits", two}, NamedTensor{"dtype", tensorOf(t, []int32{1, 2}, 2)},
		NamedTensor{"shape", tensorOf(t, []float32{1, 2}, 1, 2)}, NamedTensor{"same", tensorOf(t, []float32{1, 2}, 2)})
	changes, err := Diff(a, b)
	require.NoError(t, err)
	var got []string
	for _, c := range changes {
		got = append(got, c.Name+": "+c.Kind.String())
	}
	assert.Equal(t, []string{"gone: only in the first", "shape: shape differs", "dtype: dtype differs", "bits: content differs", "new: only in the second"}, got)
	first, err := a.Hash()
	require.NoError(t, err)
	second, err := b.Hash()
	require.NoError(t, err)
	assert.NotEqual(t, first, second)
}

// TestHashIsPublished pins the hash: a change of it is a change of what people
// have written down.
func TestHashIsPublished(t *testing.T) {
	w := tensorOf(t, []float32{1, 2, 3, 4}, 2, 2)
	h, err := w.Hash()
	require.NoError(t, err)
	assert.Equal(t, hash(append([]byte("torchgo tensor 1\nfloat32 torch.strided [2 2]\n"), sliceBytes(t, w)...)), h.String())
	transposed := *w
	transposed.strides = []int64{1, 2}
	turned, err := transposed.Hash()
	require.NoError(t, err)
	again, err := tensorOf(t, []float32{1, 3, 2, 4}, 2, 2).Hash()
	require.NoError(t, err)
	assert.Equal(t, again, turned, "the layout does not count")
	plain, err := stateOf(t, NamedTensor{"a", w}, NamedTensor{"b", w}).Hash()
	require.NoError(t, err)
	reordered, err := stateOf(t, NamedTensor{"b", w}, NamedTensor{"a", w}).Hash()
	require.NoError(t, err)
	assert.Equal(t, plain, reordered)
}

func sliceBytes(t testing.TB, w *Tensor) []byte {
	data, err := w.Bytes()
	require.NoError(t, err)
	return data
}
