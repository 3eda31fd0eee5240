package verify

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
)

// plantedFault is an entry of testdata/faults/manifest.json.
type plantedFault struct {
	Name, Why, Scripted, State, Expected, Finding, Subject, Verdict string

	Inputs, Legs []string
	At           []string // submodule and operator of the first divergence
}

const faults = "../testdata/faults"

func readFaults(t *testing.T) []plantedFault {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(faults, "manifest.json"))
	require.NoError(t, err)
	var all []plantedFault
	require.NoError(t, json.Unmarshal(data, &all))
	require.Len(t, all, 11)
	return all
}

func (f plantedFault) spec(t *testing.T) Spec {
	t.Helper()
	s := Spec{Scripted: filepath.Join(faults, f.Scripted), State: filepath.Join(faults, f.State), Expected: filepath.Join(faults, f.Expected), Bisect: true}
	for _, name := range f.Inputs {
		s.Inputs = append(s.Inputs, filepath.Join(faults, name))
	}
	for _, text := range f.Legs {
		l, err := ParseLeg(text)
		require.NoError(t, err)
		l.File = filepath.Join(faults, l.File)
		s.Legs = append(s.Legs, l)
	}
	return s
}

// TestPlantedFaults has every fault named, and nothing else.
func TestPlantedFaults(t *testing.T) {
	torchtest.Require(t)
	// What names no fault: that outputs differ, and what follows from a fault.
	consequences := []Code{OutputValues, LegFailed, ToleranceSuggested, FarFromTruth, FirstDivergence, BufferMutated}
	for _, f := range readFaults(t) {
		t.Run(f.Name, func(t *testing.T) {
			r, err := Run(context.Background(), f.spec(t))
			require.NoError(t, err)
			var text strings.Builder
			require.NoError(t, r.WriteText(&text, TextOptions{}))
			t.Log("\n" + text.String())
			assert.Equal(t, f.Verdict, string(r.Verdict), f.Why)
			var causes []Finding
			for _, one := range r.Findings {
				if !slices.Contains(consequences, one.Code) {
					causes = append(causes, one)
				}
			}
			require.Len(t, causes, 1, "%s", f.Why)
			assert.Equal(t, f.Finding, string(causes[0].Code), "%s: %s", f.Why, causes[0].Text)
			if f.Subject != "" {
				assert.Equal(t, f.Subject, causes[0].Subject)
			}
			assert.NotEmpty(t, causes[0].Remedy)
			checkSchema(t, r)
			if len(f.At) == 0 {
				return
			}
			require.Len(t, r.Bisections, 1)
			b := r.Bisections[0]
			assert.Empty(t, b.Error)
			require.NotNil(t, b.First, b.Paired)
			at := b.Layers[*b.First]
			assert.Equal(t, f.At, []string{at.Name, at.Op})
			assert.NotEmpty(t, at.Line)
			for _, l := range b.Layers[:*b.First] {
				assert.True(t, l.BitEqual || l.Times == 0, l.Where())
			}
		})
	}
}
