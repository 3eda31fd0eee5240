package verify

import (
	"bufio"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/torch"
)

// otherLibtorch finds a version, besides the one in use, that scripts/shim has built for.
func otherLibtorch(t *testing.T, used string) string {
	t.Helper()
	lock, err := os.Open("../third_party/libtorch.lock")
	require.NoError(t, err)
	defer lock.Close()
	machine := map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[runtime.GOARCH]
	heading := regexp.MustCompile(`^\[(\S+) ` + machine + `\]`)
	for lines := bufio.NewScanner(lock); lines.Scan(); {
		found := heading.FindStringSubmatch(lines.Text())
		if found == nil || found[1] == used {
			continue
		}
		if _, err := torch.FindShim(found[1]); err == nil {
			return found[1]
		}
	}
	t.Skip("no shim is built for a second libtorch; scripts/shim VERSION builds one")
	return ""
}

func TestLibtorchOfLegs(t *testing.T) {
	torchtest.Require(t)
	build, err := torch.Version()
	require.NoError(t, err)
	at := func(name string) string { return filepath.Join("../testdata/scenarios/safe_model_save", name) }
	spec := Spec{Scripted: at("model_scripted.pt"), State: at("model_state.pt"), Expected: at("expected.npy"), Inputs: []string{at("x.npy")}}

	t.Run("by path", func(t *testing.T) {
		spec := spec
		spec.Legs = []LegSpec{{Name: "elsewhere", Kind: "frozen", File: at("model_scripted.pt"), Libtorch: build.ShimPath}}
		r, err := Run(t.Context(), spec)
		require.NoError(t, err)
		assert.Equal(t, Consistent, r.Verdict, r.Summary)
		assert.Equal(t, build.Libtorch, r.legOf("elsewhere").Libtorch)
		checkSchema(t, r)
	})
	t.Run("each leg with two versions", func(t *testing.T) {
		other := otherLibtorch(t, build.Libtorch)
		spec := spec
		spec.Libtorch = []string{other, build.ShimPath}
		r, err := Run(t.Context(), spec)
		require.NoError(t, err)
		assert.Equal(t, Consistent, r.Verdict, r.Summary)
		var names, versions []string
		for _, l := range r.Legs {
			names, versions = append(names, l.Name), append(versions, l.Libtorch)
		}
		assert.Equal(t, []string{"expected", "scripted@" + other, "state@" + other, "scripted@" + build.ShimPath, "state@" + build.ShimPath}, names)
		assert.Equal(t, []string{"", other, other, build.Libtorch, build.Libtorch}, versions)
		assert.Equal(t, "TorchScript@"+other, r.LabelOf("scripted@"+other))
		assert.Equal(t, []string{"scripted", "state", "expected", "input"}, []string{r.Files[0].Role, r.Files[1].Role, r.Files[2].Role, r.Files[3].Role})
		checkSchema(t, r)
	})
	t.Run("one leg with two versions, nothing else", func(t *testing.T) {
		other := otherLibtorch(t, build.Libtorch)
		r, err := Run(t.Context(), Spec{Scripted: at("model_scripted.pt"), Inputs: spec.Inputs, Libtorch: []string{other, build.ShimPath}})
		require.NoError(t, err)
		assert.Equal(t, Consistent, r.Verdict, r.Summary)
		assert.Equal(t, "scripted@"+other, r.Reference)
	})
	t.Run("what differs is explained where the first version is", func(t *testing.T) {
		other := otherLibtorch(t, build.Libtorch)
		for _, f := range readFaults(t) {
			if f.Finding != string(WeightValues) && f.Finding != string(CastInside) {
				continue
			}
			s := f.spec(t)
			s.Libtorch = []string{other}
			r, err := Run(t.Context(), s)
			require.NoError(t, err)
			assert.Equal(t, f.Verdict, string(r.Verdict), f.Name)
			found := false
			for _, one := range r.Findings {
				found = found || string(one.Code) == f.Finding
			}
			assert.True(t, found, "%s: %s", f.Name, r.Findings)
		}
	})
	t.Run("what a state lacks is said once", func(t *testing.T) {
		at := func(name string) string {
			return filepath.Join("../testdata/scenarios/dynamic_model_safe_save/attribute", name)
		}
		r, err := Run(t.Context(), Spec{Scripted: at("model_scripted.pt"), State: at("checkpoint.pt"), Expected: at("expected.npy"), Inputs: []string{at("x.npy")},
			Libtorch: []string{build.ShimPath, filepath.Dir(build.ShimPath) + "/./" + filepath.Base(build.ShimPath)}})
		require.NoError(t, err)
		assert.Equal(t, "inconsistent: my_embed is used by forward but is not in the state", r.Summary)
		assert.Len(t, r.Uncovered, 1)
	})
	t.Run("a version that is not there", func(t *testing.T) {
		spec := spec
		spec.Libtorch = []string{"0.0.1"}
		_, err := Run(t.Context(), spec)
		require.ErrorContains(t, err, "no shim is built for libtorch 0.0.1")
		assert.ErrorContains(t, err, "run 'scripts/shim 0.0.1' in a checkout of torchgo")
		assert.ErrorIs(t, err, torch.ErrNotLoaded)
	})
	t.Run("kinds that use none", func(t *testing.T) {
		spec := spec
		spec.Legs = []LegSpec{{Kind: "planted", File: at("x.npy"), Libtorch: "2.15.0"}}
		_, err := Run(t.Context(), spec)
		assert.ErrorContains(t, err, "has a libtorch, which planted computes without")
	})
}
