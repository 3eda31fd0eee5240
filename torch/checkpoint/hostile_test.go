package checkpoint

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Limits of the corpus for one file.
const (
	hostileLimit = 2 * time.Second
	hostileBytes = 64 << 20
)

// loadWhole opens a file of a promised format and reads every tensor in it.
func loadWhole(path, format string) (any, error) {
	switch format {
	case "npy":
		a, err := ReadNPY(path)
		if err != nil {
			return nil, err
		}
		return arrayTag(a), nil
	case "npz":
		z, err := OpenNPZ(path)
		if err != nil {
			return nil, err
		}
		defer func() { _ = z.Close() }()
		out := map[string]any{}
		for _, name := range z.Names() {
			a, err := z.Array(name)
			if err != nil {
				return nil, err
			}
			out[name] = arrayTag(a)
		}
		return out, nil
	}
	only := map[string]Kind{"torch-zip": KindTorch, "torch-legacy": KindLegacy, "torchscript": KindScript, "safetensors": KindSafetensors}[format]
	var options []Option
	if format != "" {
		options = append(options, Only(only))
	}
	f, err := Open(path, options...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return wholeTag(f)
}

func arrayTag(a *Array) any {
	return map[string]any{"descr": numpyDescr(a.DType()), "shape": numbers(a.Shape()), "sha256": hash(a.Bytes())}
}

// wholeTag tags the value of a file with its tensors in line. Tensors larger
// than the file, which are legal views, are not read.
func wholeTag(f *File) (any, error) {
	if f.Kind() == KindScript {
		state, err := f.State("")
		if err != nil {
			return nil, err
		}
		entries := []any{}
		for _, name := range state.Names() {
			tensor, _ := state.Tensor(name)
			tag, err := tensorTag(tensor)
			if err != nil {
				return nil, err
			}
			entries = append(entries, []any{name, tag})
		}
		return map[string]any{"state_dict": entries}, nil
	}
	g := &hostileTagger{seen: map[Value]string{}}
	return g.tag(f.Value(), "$"), g.err
}

func tensorTag(t *Tensor) (map[string]any, error) {
	if t.Sparse != nil {
		return map[string]any{"kind": string(t.Sparse.Layout)[len("torch."):], "shape": numbers(t.Shape())}, nil
	}
	tag := map[string]any{"dtype": t.DType().String(), "shape": numbers(t.Shape()), "stride": numbers(t.Strides()), "offset": t.Offset()}
	if t.Meta() || t.ByteSize() > 1<<20 {
		return tag, nil
	}
	data, err := t.Bytes()
	tag["sha256"] = hash(data)
	return tag, err
}

// hostileTagger is a tagger for values that are larger than memory when walked
// as trees: what was seen becomes a reference.
type hostileTagger struct {
	seen map[Value]string
	err  error
}

func (g *hostileTagger) tag(v Value, path string) any {
	if t, ok := v.(*Tensor); ok {
		tag, err := tensorTag(t)
		g.err = errors.Join(g.err, err)
		return map[string]any{"tensor": tag}
	}
	if isContainer(v) {
		if at, again := g.seen[v]; again {
			return map[string]any{"ref": at}
		}
		g.seen[v] = path
	}
	switch v := v.(type) {
	case *List:
		out := []any{}
		for _, item := range v.Items {
			out = append(out, g.tag(item, path+"[]"))
		}
		return map[string]any{"list": out}
	case *Tuple:
		out := []any{}
		for _, item := range v.Items {
			out = append(out, g.tag(item, path+"[]"))
		}
		return map[string]any{"tuple": out}
	case *Dict:
		out := []any{}
		for k, e := range v.All() {
			out = append(out, []any{g.tag(k, path), g.tag(e, path+"[]")})
		}
		return map[string]any{[...]string{"dict", "odict", "counter"}[v.Kind]: out}
	case *Object, *Set:
		return map[string]any{"other": path}
	case *Big:
		if v.Int.BitLen() > 1<<16 {
			return map[string]any{"int": "huge"}
		}
	}
	return newTagger().tag(v, path)
}

func TestHostileCorpus(t *testing.T) {
	c := hostileCorpus(t)
	counts := map[string]int{}
	for _, file := range c.Files {
		counts[file.Want]++
		t.Run(file.Name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			got, err := loadWhole(filepath.Join(c.Dir, file.Name), file.Format)
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			assert.Less(t, took, hostileLimit, file.Why)
			assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(hostileBytes), file.Why)
			switch {
			case file.Want == "reject":
				require.Error(t, err, file.Why)
			case file.Want == "load":
				require.NoError(t, err, file.Why)
			}
			if err != nil {
				var format *FormatError
				require.ErrorAs(t, err, &format, "every refusal is typed")
				assert.NotErrorIs(t, format.Class, nil)
				assert.Less(t, len(err.Error()), 1000, "a message is a line")
				return
			}
			checkHostileValue(t, c, file, got)
		})
	}
	assert.Equal(t, map[string]int{"reject": 427, "load": 33, "either": 77}, counts)
}

func checkHostileValue(t *testing.T, c corpus, file corpusFile, got any) {
	want := file.Value
	if string(want) == `"base"` {
		want = c.Base
	}
	if len(want) == 0 {
		return
	}
	var value any
	require.NoError(t, json.Unmarshal(want, &value))
	if file.Format == "safetensors" {
		value = safetensorsWant(value)
	}
	assert.Equal(t, onlyCommon(value, canonical(t, got)), value)
}

// safetensorsWant turns {"a": {"dtype": "F32", …}} into a tagged dict.
func safetensorsWant(v any) any {
	entries := []any{}
	for name, tensor := range v.(map[string]any) {
		tensor := tensor.(map[string]any)
		tensor["dtype"] = safetensorsDTypes[tensor["dtype"].(string)].String()
		entries = append(entries, []any{map[string]any{"str": name}, map[string]any{"tensor": tensor}})
	}
	return map[string]any{"dict": entries}
}

// onlyCommon drops the fields that the expectation leaves open.
func onlyCommon(want, got any) any {
	switch want := want.(type) {
	case map[string]any:
		got, ok := got.(map[string]any)
		if !ok {
			return got
		}
		out := map[string]any{}
		for k := range want {
			if v, ok := got[k]; ok {
				out[k] = onlyCommon(want[k], v)
			}
		}
		return out
	case []any:
		got, ok := got.([]any)
		if !ok || len(got) != len(want) {
			return got
		}
		for i := range want {
			got[i] = onlyCommon(want[i], got[i])
		}
		return got
	}
	return got
}

func TestHostileErrorClasses(t *testing.T) {
	c := hostileCorpus(t)
	classes := map[string]error{
		"zip_dup_pickle.pt": ErrDuplicate, "zip_dup_case.pt": ErrDuplicate, "zip_shared_local.pt": ErrOverlap,
		"zip_traversal_extra.pt": ErrTraversal, "zip_absolute_extra.pt": ErrTraversal, "zip_backslash.pt": ErrTraversal,
		"zip_key_traversal.pt": ErrTraversal, "zip_method_bzip2.pt": ErrCompressed, "zip_bomb_storage.pt": ErrCompressed,
		"zip_bomb_pickle.pt": ErrCompressed, "zip_inflate_corrupt.pt": ErrCompressed, "zip_inflate_short.pt": ErrTruncated,
		"zip_crc_pickle.pt": ErrCRC, "zip_truncated_half.pt": ErrTruncated, "zip_truncated_1.pt": ErrTruncated,
		"zip_size_past_end.pt": ErrTruncated, "zip_encrypted_flag.pt": ErrEncrypted, "zip_flag_local_only.pt": ErrEncrypted,
		"zip_version_11.pt": ErrVersion, "zip_version_missing.pt": ErrVersion, "zip_storage_missing.pt": ErrMissing,
		"zip_storage_short.pt": ErrStorage, "zip_prefix_junk.pt": ErrNotTorch, "zip_empty_file.pt": ErrNotTorch,
		"pkl_global_os_system.pt": ErrUnsafe, "pkl_stack_global.pt": ErrUnsafe, "pkl_global_unused.pt": ErrUnsafe,
		"pkl_inst.pt": ErrPickle, "pkl_deep_lists.pt": ErrLimit, "pkl_mark_bomb.pt": ErrLimit, "pkl_no_stop.pt": ErrTruncated,
		"ten_offset_past.pt": ErrTensor, "ten_coo_range.pt": ErrTensor, "leg_truncated_data.pt": ErrTruncated,
		"leg_tar_evil.pt": ErrUnsupported, "leg_hdf5.pt": ErrNotTorch, "leg_plain_pickle.pt": ErrNotTorch,
		"ts_consts_evil.pt": ErrUnsafe, "st_overlap.safetensors": ErrOverlap, "st_truncated.safetensors": ErrTruncated,
		"st_length_over_cap.safetensors": ErrLimit, "zip_size_into_next.pt": ErrOverlap, "st_dup_key.safetensors": ErrHeader,
	}
	for name, class := range classes {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(c.Dir, name)
			_, err := loadWhole(path, "")
			require.ErrorIs(t, err, class)
			var format *FormatError
			require.ErrorAs(t, err, &format)
			assert.Equal(t, path, format.Path)
			t.Log(err)
		})
	}
}

func TestAFileOfANewerTorch(t *testing.T) {
	c := hostileCorpus(t)
	_, err := Open(filepath.Join(c.Dir, "zip_version_11.pt"))
	require.ErrorIs(t, err, ErrVersion)
	assert.ErrorContains(t, err, "a newer torch wrote it")
}
