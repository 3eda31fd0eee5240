package aoti

import (
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/verify"
)

func TestMain(m *testing.M) { torchtest.Main(m) }

func TestLegsOfVerify(t *testing.T) {
	torchtest.Require(t)
	build, err := torch.Version()
	require.NoError(t, err)
	if runtime.GOARCH != "amd64" || build.CPU == "DEFAULT" || !strings.HasPrefix(build.Libtorch, "2.15.") {
		t.Skip("heads.pt2 was compiled for libtorch 2.15 on x86-64 with AVX2")
	}
	const data = "../../aoti/testdata/"
	for _, c := range []struct {
		leg   string
		want  verify.Verdict
		error string
	}{
		{"aoti:" + data + "heads.pt2", verify.Consistent, ""},
		{"aoti:" + data + "heads.pt2,model=decoder", verify.Unanswered, "it holds no model decoder"},
		{"aoti:" + data + "heads_scripted.pt", verify.Unanswered, "not a package of AOTInductor"},
		{"aoti:" + data + "heads.pt2,device=cuda", verify.Unanswered, "cannot run on cuda:0"},
	} {
		t.Run(c.leg, func(t *testing.T) {
			leg, err := verify.ParseLeg(c.leg)
			require.NoError(t, err)
			report, err := verify.Run(t.Context(), verify.Spec{
				Legs:   []verify.LegSpec{{Name: "scripted", Kind: "scripted", File: data + "heads_scripted.pt"}, leg},
				Inputs: []string{data + "heads_inputs.npz"},
				Runs:   2,
			})
			require.NoError(t, err)
			assert.Equal(t, c.want, report.Verdict, report.Summary)
			if c.error == "" {
				assert.Equal(t, 3, report.Legs[1].Outputs)
				assert.Contains(t, report.Legs[1].Structure, "instructions AVX2")
			} else {
				assert.Contains(t, report.Legs[1].Error, c.error)
			}
		})
	}
}
