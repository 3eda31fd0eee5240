package onnx

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/verify"
)

func TestMain(m *testing.M) { torchtest.Main(m) }

func TestLegsOfVerify(t *testing.T) {
	torchtest.Require(t)
	opened(t, "classifier", Options{}) // skips without the library
	for _, c := range []struct {
		scripted, leg, inputs string
		want                  verify.Verdict
		outputs               int
		finds                 verify.Code
	}{
		{"classifier", "onnx:testdata/classifier.onnx", "classifier", verify.Consistent, 1, ""},
		{"classifier", "plain=onnx:testdata/classifier.onnx,optimize=off,threads=1", "classifier", verify.Consistent, 1, ""},
		{"mixed", "onnx:testdata/mixed.onnx", "mixed", verify.Consistent, 4, ""},
		{"half", "onnx:testdata/half.onnx", "half", verify.Consistent, 1, ""},
		{"classifier", "onnx:testdata/mixed.onnx", "classifier", verify.Unanswered, 0, verify.LegFailed},
		{"classifier", "onnx:testdata/endless.onnx", "classifier", verify.Unanswered, 0, verify.LegFailed},
	} {
		t.Run(c.leg, func(t *testing.T) {
			leg, err := verify.ParseLeg(c.leg)
			require.NoError(t, err)
			report, err := verify.Run(t.Context(), verify.Spec{
				Legs:   []verify.LegSpec{{Name: "scripted", Kind: "scripted", File: "testdata/" + c.scripted + "_scripted.pt"}, leg},
				Inputs: []string{"testdata/" + c.inputs + "_inputs.npz"},
			})
			require.NoError(t, err)
			assert.Equal(t, c.want, report.Verdict, report.Summary)
			assert.Equal(t, c.outputs, report.Legs[1].Outputs)
			if c.finds == "" {
				assert.Empty(t, report.Findings)
				assert.Contains(t, report.Legs[1].Structure, "providers CPUExecutionProvider")
			} else {
				require.NotEmpty(t, report.Findings)
				assert.Equal(t, c.finds, report.Findings[0].Code)
			}
		})
	}
}

func TestOptionThatIsNotPossible(t *testing.T) {
	_, err := open(t.Context(), verify.LegSpec{File: "m.onnx", Options: map[string]string{"optimize": "some"}})
	assert.ErrorContains(t, err, "m.onnx: optimize=some is not possible; give optimize=on or optimize=off")
}
