package checkpoint

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// The corpora are written by scripts/fixtures/formats; their expected.json says
// what a reader must see in each file.

type corpusFile struct {
	Name, Format, Default string
	Want, Class, Why      string
	Value                 json.RawMessage
	Tensors               []map[string]any
	Arrays                map[string]map[string]any
	Metadata              map[string]string
	SHA256                string
}

type corpus struct {
	Dir   string
	Base  json.RawMessage
	Files []corpusFile
}

func loadCorpus(t testing.TB, dir string) corpus {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, "expected.json"))
	require.NoError(t, err)
	c := corpus{Dir: dir}
	require.NoError(t, json.Unmarshal(raw, &c))
	require.NotEmpty(t, c.Files)
	return c
}

func goodCorpus(t testing.TB) corpus { return loadCorpus(t, filepath.Join("testdata", "good")) }

// hostileDir unpacks the hostile corpus once per test binary.
var hostileDir = sync.OnceValues(func() (string, error) {
	packed, err := os.Open(filepath.Join("testdata", "hostile.tar.gz"))
	if err != nil {
		return "", err
	}
	defer func() { _ = packed.Close() }()
	plain, err := gzip.NewReader(packed)
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "hostile")
	if err != nil {
		return "", err
	}
	for files := tar.NewReader(plain); ; {
		entry, err := files.Next()
		if errors.Is(err, io.EOF) {
			return dir, nil
		}
		if err != nil {
			return "", err
		}
		if entry.Typeflag != tar.TypeReg {
			continue
		}
		data, err := io.ReadAll(files)
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(entry.Name)), data, 0o600); err != nil {
			return "", err
		}
	}
})

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, err := hostileDir(); err == nil {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

func hostileCorpus(t testing.TB) corpus {
	t.Helper()
	dir, err := hostileDir()
	require.NoError(t, err)
	return loadCorpus(t, dir)
}

// tagger writes values as the tagged JSON of expected.json.
type tagger struct {
	tensors  []map[string]any
	ids      map[*Tensor]int
	storages map[*Storage]int
	seen     map[Value]string
	err      error
}

func newTagger() *tagger {
	return &tagger{tensors: []map[string]any{}, ids: map[*Tensor]int{}, storages: map[*Storage]int{}, seen: map[Value]string{}}
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func (g *tagger) storage(s *Storage) int {
	if _, ok := g.storages[s]; !ok {
		g.storages[s] = len(g.storages)
	}
	return g.storages[s]
}

func (g *tagger) tensor(t *Tensor) int {
	if i, ok := g.ids[t]; ok {
		return i
	}
	i := len(g.tensors)
	g.ids[t] = i
	r := map[string]any{"kind": "strided", "dtype": t.DType().String(), "shape": numbers(t.Shape()), "requires_grad": t.RequiresGrad}
	g.tensors = append(g.tensors, r)
	if t.Parameter {
		r["parameter"] = true
	}
	if s := t.Sparse; s != nil {
		r["kind"] = strings.TrimPrefix(string(s.Layout), "torch.")
		if s.Indices != nil {
			r["coalesced"] = s.Coalesced
			r["parts"] = map[string]any{"indices": g.tensor(s.Indices), "values": g.tensor(s.Values)}
		} else {
			r["parts"] = map[string]any{"compressed": g.tensor(s.Compressed), "plain": g.tensor(s.Plain), "values": g.tensor(s.Values)}
		}
		return i
	}
	r["stride"] = numbers(t.Strides())
	if t.Meta() {
		r["kind"] = "meta"
		return i
	}
	r["offset"], r["storage"], r["storage_nbytes"] = t.Offset(), g.storage(t.Storage()), t.Storage().Size()
	data, err := t.Bytes()
	if err != nil {
		g.err = errors.Join(g.err, err)
		return i
	}
	r["nbytes"], r["sha256"] = len(data), hash(data)
	if len(data) <= 16 {
		r["hex"] = hex.EncodeToString(data)
	}
	if q := t.Quant; q != nil {
		r["kind"] = "quantized"
		if q.Scheme == "torch.per_tensor_affine" {
			r["quant"] = map[string]any{"scheme": "per_tensor_affine", "scale": pythonHex(q.Scale), "zero_point": q.ZeroPoint}
		} else {
			r["quant"] = map[string]any{"scheme": "per_channel_affine", "axis": q.Axis, "scales": g.tensor(q.Scales), "zero_points": g.tensor(q.ZeroPts)}
		}
	}
	if t.Conj || t.Neg {
		r["conj"], r["neg"] = t.Conj, t.Neg
	}
	return i
}

// pythonHex writes a float as float.hex does.
func pythonHex(f float64) string {
	text := strconv.FormatFloat(f, 'x', 13, 64)
	mantissa, exponent, _ := strings.Cut(text, "p")
	n, _ := strconv.Atoi(exponent)
	return fmt.Sprintf("%sp%+d", mantissa, n)
}

func numbers(v []int64) []any {
	out := make([]any, len(v))
	for i, n := range v {
		out[i] = n
	}
	return out
}

func floatHex(f float64) string { return fmt.Sprintf("%016x", math.Float64bits(f)) }

func repr(k Value) string {
	switch k := k.(type) {
	case String:
		return "'" + string(k) + "'"
	case Int:
		return strconv.FormatInt(int64(k), 10)
	}
	return fmt.Sprint(k)
}

func (g *tagger) entries(entries []Entry, path string) []any {
	out := []any{}
	for _, e := range entries {
		out = append(out, []any{g.tag(e.Key, path), g.tag(e.Value, path+"["+repr(e.Key)+"]")})
	}
	return out
}

func (g *tagger) attrs(d *Dict, path string) []any {
	out := []any{}
	for k, v := range d.All() {
		out = append(out, []any{string(k.(String)), g.tag(v, path+"."+string(k.(String)))})
	}
	return out
}

func (g *tagger) list(items []Value, path string) []any {
	out := []any{}
	for i, item := range items {
		out = append(out, g.tag(item, fmt.Sprintf("%s[%d]", path, i)))
	}
	return out
}

func (g *tagger) tag(v Value, path string) any {
	switch v := v.(type) {
	case nil, None:
		return nil
	case Bool:
		return bool(v)
	case Int:
		return map[string]any{"int": strconv.FormatInt(int64(v), 10)}
	case *Big:
		return map[string]any{"int": v.Int.String()}
	case Float:
		return map[string]any{"float": floatHex(float64(v))}
	case Complex:
		return map[string]any{"complex": []any{floatHex(real(v)), floatHex(imag(v))}}
	case String:
		if !utf8.ValidString(string(v)) { // a lone surrogate
			return map[string]any{"str_hex": hex.EncodeToString([]byte(v))}
		}
		return map[string]any{"str": string(v)}
	case Bytes:
		return map[string]any{"bytes": hex.EncodeToString([]byte(v))}
	case *ByteArray:
		return map[string]any{"bytearray": hex.EncodeToString(v.Data)}
	case *Scalar:
		return map[string]any{"numpy_scalar": numpyDescr(v.DType), "hex": hex.EncodeToString([]byte(v.Data))}
	case *Array:
		return map[string]any{"ndarray": numpyDescr(v.DType()), "shape": numbers(v.Shape()), "sha256": hash(v.Bytes())}
	case *Tensor:
		out := map[string]any{"tensor": g.tensor(v)}
		if v.Attrs != nil {
			out["attrs"] = g.attrs(v.Attrs, path)
		}
		if v.Class != "" {
			out["class"] = v.Class
		}
		return out
	case *Storage:
		data, err := v.Bytes()
		g.err = errors.Join(g.err, err)
		return map[string]any{"storage": g.storage(v), "dtype": v.DType().String(), "sha256": hash(data)}
	case DType:
		return map[string]any{"dtype": v.String()}
	case Size:
		return map[string]any{"size": numbers(v)}
	case Device:
		return map[string]any{"device": string(v)}
	case Layout:
		return map[string]any{"layout": string(v)}
	case QScheme:
		return map[string]any{"qscheme": string(v)}
	case *Global:
		return map[string]any{"object": v.String()}
	}
	if at, again := g.seen[v]; again {
		return map[string]any{"ref": at}
	}
	if _, isTuple := v.(*Tuple); !isTuple {
		g.seen[v] = path
	}
	switch v := v.(type) {
	case *List:
		return map[string]any{"list": g.list(v.Items, path)}
	case *Tuple:
		return map[string]any{"tuple": g.list(v.Items, path)}
	case *Set:
		tag := "set"
		if v.Frozen {
			tag = "frozenset"
		}
		return map[string]any{tag: g.list(v.Items, path)}
	case *Dict:
		out := map[string]any{[...]string{"dict", "odict", "counter"}[v.Kind]: g.entries(v.entries, path)}
		if v.Attrs != nil && v.Attrs.Len() > 0 {
			out["attrs"] = g.attrs(v.Attrs, path)
		}
		return out
	case *Object:
		out := map[string]any{"object": v.Class, "args": g.list(v.Args, path+".args")}
		if v.State != nil {
			out["state"] = g.tag(v.State, path+".state")
		}
		if v.Items != nil {
			out["items"] = g.entries(v.Items, path)
		}
		return out
	}
	g.err = errors.Join(g.err, fmt.Errorf("no tag for %T", v))
	return nil
}

// canonical brings JSON into one form: sets in one order, numbers as decoded,
// and without what the reader does not promise (the order of a numpy array).
func canonical(t testing.TB, v any) any {
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	var out any
	require.NoError(t, json.Unmarshal(raw, &out))
	return sortSets(out)
}

func sortSets(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = sortSets(v[i])
		}
	case map[string]any:
		delete(v, "fortran")
		delete(v, "sha256_resolved")
		for k := range v {
			v[k] = sortSets(v[k])
			if members, ok := v[k].([]any); ok && (k == "set" || k == "frozenset") {
				sort.Slice(members, func(i, j int) bool { return fmt.Sprint(members[i]) < fmt.Sprint(members[j]) })
			}
		}
	}
	return v
}
