package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
)

func TestMain(m *testing.M) { torchtest.Main(m) }

const folder = "../../testdata/scenarios/safe_model_save"

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// scores reads what was written.
func scores(t *testing.T, text string) (values [][]float64) {
	t.Helper()
	records, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	require.NoError(t, err)
	for _, record := range records {
		var row []float64
		for _, field := range record {
			v, err := strconv.ParseFloat(field, 64)
			require.NoError(t, err)
			row = append(row, v)
		}
		values = append(values, row)
	}
	return values
}

func TestScoresEveryRowOfACSV(t *testing.T) {
	torchtest.Require(t)
	var table strings.Builder
	table.WriteString("a,b,c,d\n")
	for i := range 1000 {
		fmt.Fprintf(&table, "%d, %d, %d, %d\n", i, i+1, i+2, i+3)
	}
	path := file(t, "rows.csv", table.String())
	var whole, parts, progress bytes.Buffer
	rows, err := score(t.Context(), folder+"/model_scripted.pt", path, 1000, &whole, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, int64(1000), rows)
	_, err = score(t.Context(), folder+"/model_scripted.pt", path, 64, &parts, &progress) // the last batch is smaller
	require.NoError(t, err)
	a, b := scores(t, whole.String()), scores(t, parts.String())
	require.Len(t, a, 1000)
	require.Len(t, b, 1000)
	for i := range a {
		assert.InDeltaSlice(t, a[i], b[i], 1e-3)
	}
	assert.InDeltaSlice(t, []float64{-2.2181, 1.7639}, a[1], 1e-3, "what Python gives for 1, 2, 3, 4")
	assert.Contains(t, progress.String(), "scoring")
}

func TestScoresAnNPY(t *testing.T) {
	torchtest.Require(t)
	var out bytes.Buffer
	rows, err := score(t.Context(), folder+"/model_scripted.pt", folder+"/x.npy", 256, &out, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, int64(1), rows)
	assert.Len(t, scores(t, out.String())[0], 2)
}

func TestRefusals(t *testing.T) {
	torchtest.Require(t)
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx         context.Context
		model, path string
		says        string
	}{
		"no table":    {t.Context(), folder + "/model_scripted.pt", "none.csv", "none.csv"},
		"no model":    {t.Context(), "none.pt", folder + "/x.npy", "none.pt"},
		"words":       {t.Context(), folder + "/model_scripted.pt", file(t, "w.csv", "1,2,3,4\n1,2,x,4\n"), "line 2, column 3"},
		"ragged":      {t.Context(), folder + "/model_scripted.pt", file(t, "r.csv", "1,2,3,4\n1,2\n"), "wrong number of fields"},
		"empty":       {t.Context(), folder + "/model_scripted.pt", file(t, "e.csv", ""), "no rows"},
		"too narrow":  {t.Context(), folder + "/model_scripted.pt", file(t, "n.csv", "1,2\n3,4\n"), "rows 1 to 2"},
		"interrupted": {stopped, folder + "/model_scripted.pt", folder + "/x.npy", "context canceled"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := score(c.ctx, c.model, c.path, 10, io.Discard, io.Discard)
			assert.ErrorContains(t, err, c.says)
		})
	}
}
