package inspect

import (
	"bytes"
	"context"
	"errors"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/torch/checkpoint"
)

// save writes a value and gives its path.
func save(t *testing.T, v checkpoint.Value) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "saved.pt")
	require.NoError(t, checkpoint.Save(path, v))
	return path
}

func tensor(t *testing.T, data ...float32) *checkpoint.Tensor {
	t.Helper()
	out, err := checkpoint.NewTensor(data, int64(len(data)))
	require.NoError(t, err)
	return out
}

// TestTreeIsBounded gives trees that would fill a report, or never end.
func TestTreeIsBounded(t *testing.T) {
	text := func(s string) checkpoint.Value { return checkpoint.String(s) }
	t.Run("contains itself", func(t *testing.T) {
		list := &checkpoint.List{}
		list.Items = []checkpoint.Value{checkpoint.Int(1), list}
		tree := treeOf(checkpoint.NewDict(checkpoint.Entry{Key: text("l"), Value: list}))
		assert.Equal(t, "the same as l", tree.Values[0].Values[1].Text)
		assert.Empty(t, tensorsOf(list))
	})
	t.Run("shared twice", func(t *testing.T) {
		v := checkpoint.Value(tensor(t, 1))
		for range 60 { // 2^60 paths
			v = &checkpoint.List{Items: []checkpoint.Value{v, v}}
		}
		assert.LessOrEqual(t, len(tensorsOf(v)), 2)
		assert.Equal(t, "the same as 0", treeOf(v).Values[1].Text)
	})
	t.Run("deep", func(t *testing.T) {
		v := checkpoint.Value(checkpoint.Int(1))
		for range 100 {
			v = &checkpoint.List{Items: []checkpoint.Value{v}}
		}
		tree := treeOf(v)
		depth := 0
		for ; len(tree.Values) > 0; depth++ {
			tree = &tree.Values[0]
		}
		assert.Equal(t, deepestValue, depth)
		assert.Equal(t, 1, tree.Omitted)
	})
	t.Run("long", func(t *testing.T) {
		items := make([]checkpoint.Value, mostEntries+5)
		for i := range items {
			items[i] = checkpoint.Int(i)
		}
		tree := treeOf(&checkpoint.List{Items: items})
		assert.Len(t, tree.Values, mostEntries)
		assert.Equal(t, 5, tree.Omitted)
		assert.Equal(t, len(items), tree.Length)
	})
	t.Run("many", func(t *testing.T) {
		rows := make([]checkpoint.Value, 100)
		for i := range rows {
			row := &checkpoint.List{}
			for range mostEntries {
				row.Items = append(row.Items, checkpoint.Int(1))
			}
			rows[i] = row
		}
		kept := 0
		var count func(v *Value)
		count = func(v *Value) {
			kept++
			for i := range v.Values {
				count(&v.Values[i])
			}
		}
		count(treeOf(&checkpoint.List{Items: rows}))
		assert.LessOrEqual(t, kept, mostValues+1)
	})
	t.Run("a long text", func(t *testing.T) {
		tree := treeOf(text(strings.Repeat("x", 100_000)))
		assert.Less(t, len(tree.Text), 250)
		assert.Contains(t, tree.Text, "(100000 bytes)")
	})
}

// TestUntrustedNames keeps control characters of a file off the terminal, and
// what is long off the report.
func TestUntrustedNames(t *testing.T) {
	evil := "\x1b[31m\n" + strings.Repeat("n", 5000)
	d := checkpoint.NewDict(checkpoint.Entry{Key: checkpoint.String(evil), Value: tensor(t, 1, 2)},
		checkpoint.Entry{Key: checkpoint.String("v"), Value: checkpoint.String(evil)})
	report, err := Run(context.Background(), "", save(t, d))
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, report.WriteText(&b))
	assert.NotContains(t, b.String(), "\x1b")
	for line := range strings.Lines(b.String()) {
		assert.Less(t, len(line), 300, line)
	}
}

func TestMethodsOf(t *testing.T) {
	const code = `class Net(Module):
  __parameters__ = ["w", ]
  w : Tensor
  def forward(self: __torch__.pkg.Net,
    x: Tensor,
    n: int=2) -> Tensor:
    return torch.add(x, n)
  def reset(self: __torch__.pkg.Net) -> NoneType:
    return None
class Pair(NamedTuple):
  a : Tensor
def free(x: Tensor) -> Tensor:
  return x
`
	assert.Equal(t, []Method{
		{"__torch__.pkg.Net", "forward(self, x: Tensor, n: int=2) -> Tensor"},
		{"__torch__.pkg.Net", "reset(self) -> NoneType"},
		{"", "free(x: Tensor) -> Tensor"},
	}, methodsOf(moduleOf("code/__torch__/pkg.py"), code))
}

func TestFloatText(t *testing.T) {
	for f, want := range map[float64]string{
		0: "0.0", math.Copysign(0, -1): "-0.0", 1: "1.0", 0.001: "0.001", 1e-5: "1e-05", 1e15: "1000000000000000.0", 1e16: "1e+16",
		math.Inf(1): "inf", math.Inf(-1): "-inf", math.NaN(): "nan",
	} {
		assert.Equal(t, want, floatText(f))
	}
}

func TestExitCode(t *testing.T) {
	fine, broken := File{}, File{Problem: "m.pt: is gone"}
	assert.Equal(t, 0, (&Report{Files: []File{fine}}).ExitCode())
	assert.Equal(t, 2, (&Report{Files: []File{fine, broken}}).ExitCode())
	assert.Equal(t, 0, (&Report{Files: []File{fine, fine}, Difference: &Difference{Equal: true}}).ExitCode())
	assert.Equal(t, 1, (&Report{Files: []File{fine, fine}, Difference: &Difference{}}).ExitCode())
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestFailures(t *testing.T) {
	path := save(t, checkpoint.NewDict(checkpoint.Entry{Key: checkpoint.String("w"), Value: tensor(t, 1)}))
	report, err := Run(context.Background(), "", path)
	require.NoError(t, err)
	assert.ErrorContains(t, report.WriteText(fullDisk{}), "no space")
	assert.ErrorContains(t, report.WriteJSON(fullDisk{}), "no space")

	_, err = Run(context.Background(), "")
	assert.ErrorContains(t, err, "one or two files")

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = Run(ctx, "", path)
	assert.ErrorIs(t, err, context.Canceled)
}

// TestSharing names with whom a tensor shares its memory, both ways.
func TestSharing(t *testing.T) {
	shared, alone := tensor(t, 1, 2), tensor(t, 1, 2)
	report, err := Run(context.Background(), "", save(t, checkpoint.NewDict(
		checkpoint.Entry{Key: checkpoint.String("a"), Value: shared},
		checkpoint.Entry{Key: checkpoint.String("b"), Value: alone},
		checkpoint.Entry{Key: checkpoint.String("c"), Value: shared},
		checkpoint.Entry{Key: checkpoint.String("d"), Value: shared})))
	require.NoError(t, err)
	f := report.Files[0]
	var with []string
	for _, one := range f.Tensors {
		with = append(with, one.SharedWith)
		assert.Equal(t, f.Tensors[0].Hash, one.Hash, "the content is the same")
	}
	assert.Equal(t, []string{"c", "", "a", "a"}, with)
	assert.Equal(t, Totals{Tensors: 4, Elements: 8, Bytes: 32, Storages: 16, DTypes: map[string]int{"float32": 4}}, f.Totals)
}
