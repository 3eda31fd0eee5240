package checkpoint

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestDifferential damages good files, lets torch.load(weights_only=True) read
// them too, and demands that whatever both load is the same. $DIFFERENTIAL is
// the number of files, 300 without it; $DIFFERENTIAL_SEED varies them.
func TestDifferential(t *testing.T) {
	p := startPython(t)
	count, random := setting(t, "DIFFERENTIAL", 300), rand.New(rand.NewPCG(uint64(setting(t, "DIFFERENTIAL_SEED", 1)), 4))
	sources := damageable(t)
	path := filepath.Join(t.TempDir(), "damaged.pt")
	both, onlyOurs, onlyTorch, neither := 0, 0, 0, 0
	for i := range count {
		source := sources[random.IntN(len(sources))]
		require.NoError(t, os.WriteFile(path, source.damage(t, random), 0o600))
		theirs := p.read(t, path)
		value, tensors, err := describeFile(path)
		switch {
		case err != nil && theirs.Error != "":
			neither++
		case err != nil:
			onlyTorch++
		case theirs.Error != "":
			onlyOurs++
		default:
			both++
			wantValue, wantTensors := pythonTag(t, theirs)
			if !assert.Equal(t, wantValue, canonical(t, value)) || !assert.Equal(t, wantTensors, canonical(t, tensors)) {
				kept := filepath.Join(os.TempDir(), fmt.Sprintf("differential-%d-%s", i, source.name))
				raw, err := os.ReadFile(path)
				require.NoError(t, err)
				require.NoError(t, os.WriteFile(kept, raw, 0o600))
				t.Fatalf("%s, damaged, reads differently; kept as %s", source.name, kept)
			}
		}
	}
	t.Logf("of %d damaged files both load %d to the same values, only torch %d, only this package %d, neither %d", count, both, onlyTorch, onlyOurs, neither)
	assert.NotZero(t, both)
	assert.NotZero(t, neither)
}

func setting(t *testing.T, name string, otherwise int) int {
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err)
	return n
}

// describeFile tags a file that can be read whole.
func describeFile(path string) (value any, tensors []map[string]any, err error) {
	f, err := Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = f.Close() }()
	g := newTagger()
	value = g.tag(f.Value(), "$")
	return value, g.tensors, g.err
}

// damagedSource is the content of a good torch file, taken apart.
type damagedSource struct {
	name    string
	names   []string
	records map[string][]byte
}

func damageable(t *testing.T) []damagedSource {
	c := goodCorpus(t)
	var sources []damagedSource
	for _, file := range c.Files {
		if file.Format != "torch-zip" || file.Default != "load" || strings.HasPrefix(file.Name, "zip_") || strings.HasPrefix(file.Name, "many_") {
			continue
		}
		f, err := Open(filepath.Join(c.Dir, file.Name))
		require.NoError(t, err)
		s := damagedSource{name: file.Name, records: map[string][]byte{}}
		for _, name := range f.Records() {
			if name == ".format_version" || name == ".storage_alignment" {
				continue // they promise a layout that is about to change
			}
			data, err := f.Record(name)
			require.NoError(t, err)
			s.names = append(s.names, name)
			s.records[name] = data
		}
		require.NoError(t, f.Close())
		sources = append(sources, s)
	}
	require.Greater(t, len(sources), 20)
	return sources
}

// damage writes the archive again with right checksums around a pickle, and now
// and then another record, that is not right any more.
func (s damagedSource) damage(t *testing.T, random *rand.Rand) []byte {
	var out bytes.Buffer
	w := newFileWriter(&out)
	z := &zipWriter{to: w, root: "archive/", align: 64}
	victim := "data.pkl"
	if random.IntN(20) == 0 {
		victim = s.names[random.IntN(len(s.names))]
	}
	for _, name := range s.names {
		data := bytes.Clone(s.records[name])
		if name == victim {
			for range 1 + random.IntN(3) {
				data = mutate(data, random)
			}
		}
		require.NoError(t, z.bytes(name, data))
	}
	require.NoError(t, z.finish())
	require.NoError(t, w.out.Flush())
	return out.Bytes()
}

// interesting are bytes that change a pickle without breaking it at once.
var interesting = []byte{0, 1, 2, 3, 4, 5, 8, 16, 0x7f, 0x80, 0xff, opNone, opNewtrue, opNewfalse, opEmptyTuple, opEmptyList, opEmptyDict,
	opEmptySet, opTuple1, opTuple2, opTuple3, opMark, opTuple, opAppend, opAppends, opSetitem, opSetitems, opBuild, opReduce, opBinget, opBinput}

func mutate(data []byte, random *rand.Rand) []byte {
	if len(data) < 4 {
		return append(data, interesting[random.IntN(len(interesting))])
	}
	at := random.IntN(len(data))
	switch random.IntN(8) {
	case 0:
		data[at] ^= 1 << random.IntN(8)
	case 1, 2:
		data[at] = interesting[random.IntN(len(interesting))]
	case 3:
		data = slices.Insert(data, at, interesting[random.IntN(len(interesting))])
	case 4:
		data = slices.Delete(data, at, min(len(data), at+1+random.IntN(3)))
	case 5: // a small number: sizes, strides, offsets, memo slots
		if i := bytes.IndexByte(data[at:], opBinint1); i >= 0 && at+i+1 < len(data) {
			data[at+i+1] = byte(random.IntN(12))
		}
	case 6: // a wide number
		if i := bytes.IndexByte(data[at:], opBinint); i >= 0 && at+i+5 <= len(data) {
			binary.LittleEndian.PutUint32(data[at+i+1:], random.Uint32())
		}
	case 7: // a piece from elsewhere
		n := min(1+random.IntN(12), len(data)-at)
		to := random.IntN(len(data) - n + 1)
		data = slices.Insert(data, to, bytes.Clone(data[at:at+n])...)
	}
	return data
}
