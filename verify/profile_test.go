package verify

import (
	"context"
	"encoding/binary"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch/dtype"
)

func floats(name string, values ...float32) output {
	o := output{name: name, dtype: dtype.Float32, shape: []int64{int64(len(values))}}
	for _, v := range values {
		o.data = binary.LittleEndian.AppendUint32(o.data, math.Float32bits(v))
	}
	return o
}

func TestProfileOutputs(t *testing.T) {
	got := []output{floats("a", 1, 2, 3), floats("b", 1), {name: "c", text: `"x"`}, floats("d", 1, 2)}
	want := []output{floats("arr_0", 1, 2.5, 3), floats("arr_1", 1), {name: "arr_2", text: `"x"`}, floats("arr_3", 1)}
	compared := []OutputComparison{{Name: "a"}, {Name: "b"}, {Name: "c"}, {Name: "d"}, {Name: "gone"}}
	profileOutputs(compared, got, want, true, false)
	assert.Equal(t, &Profile{Equal: 2, From: -0.5, Step: 0.25, Counts: []int64{1}, Rows: 1, Cols: 3, Map: []Number{0, 0.5, 0},
		Worst: []Worst{{[]int64{1}, "2", "2.5", 0.5}}}, compared[0].Profile)
	assert.Equal(t, &Profile{Equal: 1, Step: 0.25, Counts: []int64{}, Rows: 1, Cols: 1, Map: []Number{0}, Worst: []Worst{}}, compared[1].Profile)
	for _, o := range compared[2:] {
		assert.Nil(t, o.Profile, o.Name)
	}
}

func TestProfileIsAskedFor(t *testing.T) {
	torchtest.Require(t)
	const at = "../testdata/scenarios/safe_model_save/"
	spec := Spec{Scripted: at + "model_scripted.pt", State: at + "model_state.pt", Expected: at + "expected.npy", Inputs: []string{at + "x.npy"}}
	for _, asked := range []bool{false, true} {
		spec.Profile = asked
		report, err := Run(context.Background(), spec)
		require.NoError(t, err)
		require.NotEmpty(t, report.Comparisons)
		for _, c := range report.Comparisons {
			for _, o := range c.Outputs {
				if assert.Equal(t, asked, o.Profile != nil) && asked {
					assert.Equal(t, o.Elements, o.Profile.Equal)
				}
			}
		}
		checkSchema(t, report)
	}
}
