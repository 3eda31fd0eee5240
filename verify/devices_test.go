package verify

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/torch/dtype"
	"github.com/seed06459138/torchgo/verify/compare"
)

// seen makes a count of GPUs.
func seen(n int, missing string, err error) func(torch.DeviceType) (int, string, error) {
	return func(torch.DeviceType) (int, string, error) { return n, missing, err }
}

func TestPutOn(t *testing.T) {
	for word, want := range map[string]Spec{"cpu": {}, "cuda": {Device: torch.CUDA(0)}, "cuda:3": {Device: torch.CUDA(3)}, "all": {AllDevices: true}} {
		s := Spec{Device: torch.CUDA(7), AllDevices: true}
		require.NoError(t, s.PutOn(word))
		assert.Equal(t, want, s, word)
	}
	assert.ErrorContains(t, (&Spec{}).PutOn("tpu"), "cuda:N, or all")
}

func TestSpread(t *testing.T) {
	all := Spec{Scripted: "m.pt", State: "s.pt", AllDevices: true, Legs: make([]LegSpec, 0, 8)}
	s, notes, err := all.spread(seen(2, "", nil))
	require.NoError(t, err)
	assert.Empty(t, notes)
	first, second := torch.CUDA(0), torch.CUDA(1)
	assert.Equal(t, []LegSpec{
		{Name: "on cuda:0", Kind: "scripted", File: "m.pt", Device: &first},
		{Name: "on cuda:1", Kind: "scripted", File: "m.pt", Device: &second},
	}, s.Legs)
	assert.Equal(t, [][]int{{0, 1}, {2}, {3}}, s.lanes())

	s, notes, err = all.spread(seen(0, "no driver", nil))
	require.NoError(t, err)
	assert.Empty(t, s.Legs)
	require.Len(t, notes, 1)
	assert.Equal(t, NoGPU, notes[0].Code)
	assert.Equal(t, "no GPU is seen, and the CPU alone was checked: no driver", notes[0].Text)

	_, _, err = all.spread(seen(0, "", errors.New("no libtorch")))
	assert.ErrorContains(t, err, "no libtorch")
	all.RequireGPU = true
	_, _, err = all.spread(seen(0, "no driver", nil))
	assert.ErrorContains(t, err, "a GPU is required, and none is seen: no driver; see verify doctor")
	_, _, err = Spec{}.spread(seen(0, "", errors.New("not to be asked")))
	assert.NoError(t, err)
}

func TestDevicesThatCannotBe(t *testing.T) {
	gpu := torch.CUDA(1)
	for want, s := range map[string]Spec{
		"not against cuda:0":         {Scripted: "m.pt", State: "s.pt", AllDevices: true, Device: torch.CUDA(0)},
		"no TorchScript file to run": {State: "s.pt", Expected: "y.npy", AllDevices: true},
		"nothing is put on one":      {Scripted: "m.pt", State: "s.pt", RequireGPU: true},
		"-1 calls cannot be timed":   {Scripted: "m.pt", State: "s.pt", Latency: -1},
	} {
		assert.ErrorContains(t, s.check(), want)
	}
	s := Spec{Scripted: "m.pt", RequireGPU: true, Legs: []LegSpec{{Kind: "scripted", Name: "gpu", File: "m.pt", Device: &gpu}}}
	assert.NoError(t, s.check())
}

func TestLanes(t *testing.T) {
	one, two, cpu := torch.CUDA(0), torch.CUDA(1), torch.CPU
	s := Spec{Device: one, Legs: []LegSpec{{Device: &cpu}, {Device: &two}, {}, {Device: &two, Threads: 2}, {Device: &two}}}
	assert.Equal(t, [][]int{{2, 3}, {0}, {1, 4}}, s.lanes())
}

// meeting is a runner that computes only once another one runs at the same time.
type meeting struct {
	arrived, other chan struct{}
	device         torch.Device
	met            bool
}

func (m *meeting) Run(ctx context.Context, in []Array) ([]Array, error) {
	if !m.met {
		close(m.arrived)
		m.met = true
	}
	select {
	case <-m.other:
		return []Array{{DType: dtype.Float32, Shape: []int64{1}, Data: []byte{0, 0, 128, 63}}}, nil
	case <-time.After(time.Minute):
		return nil, errors.New("the other device was not used beside this one")
	}
}

func (m *meeting) Describe() map[string]string { return nil }
func (m *meeting) Close() error                { return nil }
func (m *meeting) Device() torch.Device        { return m.device }

// Runners that claim to be on two GPUs meet, and the report says where they were.
func TestDevicesAreUsedSideBySide(t *testing.T) {
	torchtest.Require(t)
	ends := []chan struct{}{make(chan struct{}), make(chan struct{})}
	RegisterKind(Kind{Name: "meeting", Label: "meeting", Open: func(_ context.Context, l LegSpec) (Runner, error) {
		i := l.Device.Index
		return &meeting{arrived: ends[i], other: ends[1-i], device: *l.Device}, nil
	}})
	first, second := torch.CUDA(0), torch.CUDA(1)
	report, err := Run(t.Context(), Spec{Latency: 3, Legs: []LegSpec{
		{Name: "a", Kind: "meeting", File: "doc.go", Device: &first},
		{Name: "b", Kind: "meeting", File: "doc.go", Device: &second},
	}})
	require.NoError(t, err)
	assert.Equal(t, Consistent, report.Verdict, report.Summary)
	assert.Equal(t, "cuda:0", report.Legs[0].Device)
	assert.Equal(t, "cuda:1", report.Legs[1].Device)
	assert.Equal(t, aroundLeg, report.Legs[0].Latency.Clock)
}

// far is a runner that says where it is and what it computed.
type far struct {
	meeting
	value []byte
}

func (f *far) Run(context.Context, []Array) ([]Array, error) {
	return []Array{{DType: dtype.Float32, Shape: []int64{1}, Data: f.value}}, nil
}

func TestGPUTolerance(t *testing.T) {
	torchtest.Require(t)
	RegisterKind(Kind{Name: "far", Label: "far", Open: func(_ context.Context, l LegSpec) (Runner, error) {
		value := []byte{0, 0, 128, 63} // 1
		if l.Name == "b" {
			value = []byte{0, 2, 128, 63} // 1 + 6.1e-5
		}
		return &far{meeting{device: *l.Device}, value}, nil
	}})
	cpu, gpu, other := torch.CPU, torch.CUDA(0), torch.CUDA(1)
	strict := compare.Default
	for name, c := range map[string]struct {
		a, b      torch.Device
		tolerance *compare.Tolerance
		want      Verdict
		by        string
	}{
		"GPU and CPU":           {cpu, gpu, nil, Consistent, "gpu"},
		"CPU and GPU":           {gpu, cpu, nil, Consistent, "gpu"},
		"two GPUs":              {gpu, other, nil, Inconsistent, ""},
		"the CPU alone":         {cpu, cpu, nil, Inconsistent, ""},
		"what was asked for":    {cpu, gpu, &strict, Inconsistent, ""},
		"the table, everywhere": {cpu, cpu, &compare.OnGPU, Consistent, ""},
	} {
		t.Run(name, func(t *testing.T) {
			report, err := Run(t.Context(), Spec{Tolerance: c.tolerance, Legs: []LegSpec{
				{Name: "a", Kind: "far", File: "doc.go", Device: &c.a}, {Name: "b", Kind: "far", File: "doc.go", Device: &c.b}}})
			require.NoError(t, err)
			assert.Equal(t, c.want, report.Verdict, report.Summary)
			assert.Equal(t, c.by, report.Comparisons[0].Outputs[0].Tolerance.By)
		})
	}
}
