package jit_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
)

func random(t testing.TB, seed int64, shape ...int64) *torch.Tensor {
	t.Helper()
	x := zeros(t, shape...)
	n := x.Numel()
	data := make([]float32, n)
	for i := range data {
		seed = seed*6364136223846793005 + 1442695040888963407
		data[i] = float32(seed>>40) / (1 << 23)
	}
	from, err := torch.FromSlice(data, shape...)
	require.NoError(t, err)
	t.Cleanup(from.Close)
	return from
}

// static plans the module, or skips where this libtorch cannot.
func static(t testing.TB, m *jit.Module) *jit.Static {
	t.Helper()
	s, err := m.Static()
	if build, _ := torch.Version(); err != nil && (build.Libtorch[:4] == "2.4." || build.Libtorch[:4] == "2.6.") {
		require.ErrorIs(t, err, torch.CodeNotImplemented)
		t.Skip(err)
	}
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

func TestStatic(t *testing.T) {
	m := load(t, testFile("layers.pt"))
	s := static(t, m)
	shapes := [][]int64{{1, 64}, {5, 64}, {1, 64}, {2, 3, 64}}
	var held, wanted []*torch.Tensor
	for i, shape := range shapes {
		x := random(t, int64(i), shape...)
		want := made(t)(m.Forward(x))
		wanted = append(wanted, want)
		held = append(held, made(t)(s.Forward(x)))
	}
	dst := new(torch.Tensor)
	defer dst.Close()
	for i := range 50 { // calls whose memory would overwrite what was handed out
		require.NoError(t, s.ForwardInto(dst, random(t, int64(100+i), 1, 64)))
	}
	for i := range held {
		near, err := held[i].AllClose(wanted[i], 1e-5, 1e-6, false)
		require.NoError(t, err)
		assert.True(t, near, "the result of call %d, after all others", i)
		for j := range i {
			assert.False(t, held[i].SameStorage(held[j]))
		}
	}

	t.Run("branches", func(t *testing.T) {
		s := static(t, compiled(t, "def forward(self, x: Tensor) -> Tensor:\n    if bool(x.sum() > 0):\n        x = x + 1\n    return x * 2\n"))
		for _, c := range []struct{ x, want float64 }{{0, 0}, {1, 4}, {-1, -2}} {
			x := made(t)(torch.Full(c.x, torch.Float32, torch.CPU, 1))
			got, err := made(t)(s.Forward(x)).Float64()
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		}
	})
	t.Run("from many goroutines", func(t *testing.T) {
		var wg sync.WaitGroup
		for i := range 8 {
			x := random(t, int64(i), 1, 64)
			want := made(t)(s.Forward(x))
			wanted, err := want.Bytes()
			require.NoError(t, err)
			wg.Go(func() {
				for range 100 {
					v, err := s.Run(context.Background(), x)
					if !assert.NoError(t, err) {
						return
					}
					got, err := v.(*torch.Tensor).Bytes()
					torch.CloseAll(v)
					assert.NoError(t, err)
					assert.Equal(t, wanted, got)
				}
			})
		}
		wg.Wait()
	})
	t.Run("refused", func(t *testing.T) {
		_, err := s.Forward()
		require.ErrorIs(t, err, torch.CodeArgument)
		_, err = s.Forward(zeros(t, 1, 3))
		require.Error(t, err)
		_, err = s.Run(context.Background(), torch.Int(1))
		require.ErrorIs(t, err, torch.CodeType)
		y := made(t)(s.Forward(zeros(t, 1, 64)))
		assert.Equal(t, []int64{1, 64}, y.Shape(), "good after a call that failed")
		s.Close()
		s.Close()
		_, err = s.Forward(zeros(t, 1, 64))
		require.ErrorIs(t, err, torch.ErrClosed)
		(*jit.Static)(nil).Close()
	})
}

// Everything that a forward may return must be free of the memory that is reused.
func TestStaticResultsDoNotAlias(t *testing.T) {
	m := compiled(t, `
def forward(self, x: Tensor) -> Tuple[Tensor, Tensor, List[Tensor], Dict[str, Tensor], Tensor]:
    a = torch.relu(x) + 1
    b = a * 2
    c = b.view(-1)
    d = torch.cat([a, b], 1)
    return a, c, [d, d.t()], {"e": torch.sigmoid(d)}, x.view(-1)
`)
	s := static(t, m)
	run := func(seed int64) (got, want torch.Value, x *torch.Tensor) {
		x = random(t, seed, 3, 4)
		want, err := m.Run(t.Context(), x)
		require.NoError(t, err)
		got, err = s.Run(t.Context(), x)
		require.NoError(t, err)
		t.Cleanup(func() { torch.CloseAll(got, want) })
		return got, want, x
	}
	var gots, wants []torch.Value
	for seed := range int64(10) {
		got, want, _ := run(seed)
		gots, wants = append(gots, got), append(wants, want)
	}
	for i := range gots {
		a, b := torch.Tensors(gots[i]), torch.Tensors(wants[i])
		require.Len(t, a, len(b))
		for j := range a {
			near, err := a[j].AllClose(b[j], 1e-6, 1e-7, false)
			require.NoError(t, err)
			assert.True(t, near, "tensor %d of call %d", j, i)
		}
	}
}

func TestAuto(t *testing.T) {
	for _, file := range []string{testFile("layers.pt"), scenario("safe_model_save", "model_scripted.pt")} {
		t.Run(file, func(t *testing.T) {
			m := load(t, file)
			x := zeros(t, 1, 64)
			if file != testFile("layers.pt") {
				x = zeros(t, 1, 4)
			}
			want := made(t)(m.Forward(x))
			r, report, err := jit.Auto(t.Context(), m, 1e-4, 1e-5, x)
			require.NoError(t, err)
			defer r.Close()
			m.Close() // the runner lives on its own
			y := made(t)(r.Forward(x))
			near, err := y.AllClose(want, 1e-4, 1e-5, false)
			require.NoError(t, err)
			assert.True(t, near)
			t.Log("\n" + report.String())
			require.Len(t, report.Candidates, 5)
			assert.Equal(t, 1, strings.Count(report.String(), ", taken"))
			for _, c := range report.Candidates[:3] {
				require.NoError(t, c.Err, c.Name)
				assert.Positive(t, c.Median)
			}
		})
	}
}

func TestAutoRulesOut(t *testing.T) {
	t.Run("what differs", func(t *testing.T) {
		m := compiled(t, "def forward(self, x: Tensor) -> Tuple[Tensor, int]:\n    return torch.rand_like(x), 1\n")
		r, report, err := jit.Auto(t.Context(), m, 0, 0.001, zeros(t, 1000))
		require.Error(t, err, "not even the plain module agrees with itself")
		assert.Nil(t, r)
		assert.Nil(t, report)
	})
	t.Run("what writes to itself", func(t *testing.T) {
		m := load(t, testFile("counter.pt"))
		r, report, err := jit.Auto(t.Context(), m, 0, 0, zeros(t, 4))
		require.NoError(t, err)
		defer r.Close()
		assert.Equal(t, "plain", report.Taken)
		assert.Contains(t, report.String(), "forward writes count")
		y := made(t)(r.Forward(zeros(t, 4)))
		n, err := y.Float64()
		require.NoError(t, err)
		assert.EqualValues(t, 1, n, "not called before")
	})
	t.Run("a plain failure", func(t *testing.T) {
		m := load(t, testFile("layers.pt"))
		_, _, err := jit.Auto(t.Context(), m, 0, 0, zeros(t, 1, 3))
		require.ErrorIs(t, err, torch.CodeScript)
		_, _, err = jit.Auto(t.Context(), nil, 0, 0)
		require.ErrorIs(t, err, torch.CodeArgument)
	})
	t.Run("a context that ends", func(t *testing.T) {
		m := load(t, testFile("layers.pt"))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, _, err := jit.Auto(ctx, m, 0, 0, zeros(t, 1, 64))
		require.ErrorIs(t, err, context.Canceled)
	})
}
