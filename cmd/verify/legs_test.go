package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/verify"
)

// modelFiles is what scripts/fixtures/leg_models.py says of one model.
type modelFiles struct {
	Inputs  []string
	Missing map[string]string // why there is no such file; of "", why there is none at all
	Changed string            // the tensor that changed.pt has another element in
}

// legKind is a column of the table.
type legKind struct {
	name, file, leg string // leg is what follows NAME= of --leg, with the file as %s
	exact           bool   // the leg computes as the scripted one does, to the last bit or nearly
}

var legKinds = []legKind{
	{"expected npy", "expected.npy", "expected:%s", true},
	{"expected npz", "expected.npz", "expected:%s", true},
	{"expected pt", "expected.pt", "expected:%s", true},
	{"expected safetensors", "expected.safetensors", "expected:%s", true},
	{"traced", "traced.pt", "traced:%s", true},
	{"state", "state.pt", "state:%s", true},
	{"checkpoint", "checkpoint.pt", "checkpoint:%s", true},
	{"frozen", "scripted.pt", "frozen:%s", false},
	{"optimized", "scripted.pt", "optimized:%s", false},
	{"oracle", "scripted.pt", "oracle:%s", false},
	{"float64", "scripted.pt", "scripted:%s,dtype=float64", false},
	{"threads", "scripted.pt", "scripted:%s,threads=2", false},
	{"onnx", "model.onnx", "onnx:%s", false},
	{"aoti", "model.pt2", "aoti:%s", false},
	{"command", "state.pt", "", false},
}

// TestPythonLegs runs every kind of leg on every model of leg_models.py beside the
// scripted one, and writes what came of it to build/legs.md. A leg of which a weight
// was changed must be found to differ, so that agreement says something.
func TestPythonLegs(t *testing.T) {
	torchtest.Require(t)
	python := os.Getenv("PYTHON")
	if python == "" {
		t.Skip("PYTHON does not name a Python with torch; make test-python does")
	}
	script, err := filepath.Abs("../../scripts/fixtures/leg_models.py")
	require.NoError(t, err)
	folder := os.Getenv("LEG_MODELS") // of an earlier run
	if folder == "" {
		folder = t.TempDir()
		out, err := exec.Command(python, script, folder).CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	data, err := os.ReadFile(filepath.Join(folder, "manifest.json"))
	require.NoError(t, err)
	var models map[string]modelFiles
	require.NoError(t, json.Unmarshal(data, &models))

	var table, reasons strings.Builder
	table.WriteString("| model |")
	for _, k := range legKinds {
		fmt.Fprintf(&table, " %s |", k.name)
	}
	fmt.Fprintf(&table, " changed |\n%s\n", strings.Repeat("|---", len(legKinds)+2)+"|")
	names := make([]string, 0, len(models))
	for name := range models {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		m := models[name]
		fmt.Fprintf(&table, "| %s |", name)
		if why := m.Missing[""]; why != "" {
			fmt.Fprintf(&reasons, "- %s: %s\n", name, why)
			fmt.Fprintf(&table, "%s |\n", strings.Repeat(" – |", len(legKinds)+1))
			continue
		}
		at := func(file string) string { return filepath.Join(folder, name, file) }
		for _, k := range legKinds {
			cell := "–"
			if why, missing := m.Missing[k.file]; missing {
				fmt.Fprintf(&reasons, "- %s, %s: %s\n", name, k.name, why)
			} else {
				t.Run(name+"/"+k.name, func(t *testing.T) {
					leg := fmt.Sprintf(k.leg, at(k.file))
					if k.leg == "" {
						leg = fmt.Sprintf("command:%s,args=%s --predict %s %s {output} {inputs}", python, script, name, at(k.file))
					}
					cell = runLeg(t, m, at, leg, k.exact)
				})
			}
			fmt.Fprintf(&table, " %s |", cell)
		}
		changed := "–"
		t.Run(name+"/changed", func(t *testing.T) {
			report := verifyLeg(t, m, at, "state:"+at("changed.pt"))
			assert.Equal(t, verify.Inconsistent, report.Verdict, report.Summary)
			assert.True(t, slices.ContainsFunc(report.Findings, func(f verify.Finding) bool { return f.Subject == m.Changed }), "%s is named", m.Changed)
			if changed = "found"; t.Failed() {
				changed = "missed"
			}
		})
		fmt.Fprintf(&table, " %s |\n", changed)
	}
	text := table.String()
	if reasons.Len() > 0 {
		text += "\nWhat is not there, and why:\n\n" + reasons.String()
	}
	t.Log("\n" + text)
	require.True(t, utf8.ValidString(text))
	require.NoError(t, os.WriteFile("../../build/legs.md", []byte(text), 0o644))
}

// runLeg holds a leg against the scripted file and says how far they are apart.
func runLeg(t *testing.T, m modelFiles, at func(string) string, leg string, exact bool) string {
	t.Helper()
	report := verifyLeg(t, m, at, leg)
	require.Equal(t, verify.Consistent, report.Verdict, report.Summary)
	require.Len(t, report.Comparisons, 1)
	worst := 0.0
	for _, o := range report.Comparisons[0].Outputs {
		worst = max(worst, float64(o.MaxAbs))
		if exact {
			assert.LessOrEqual(t, o.MaxULP, uint64(64), o.Name)
		}
	}
	require.NotEmpty(t, report.Comparisons[0].Outputs)
	if worst == 0 {
		return "equal"
	}
	return fmt.Sprintf("%.0e", worst)
}

// verifyLeg runs the built program on the scripted file and one more leg, and reads
// its report.
func verifyLeg(t *testing.T, m modelFiles, at func(string) string, leg string) *verify.Report {
	t.Helper()
	out := filepath.Join(t.TempDir(), "report.json")
	args := []string{"--scripted", at("scripted.pt"), "--leg", "other=" + leg, "--rtol", "1e-4", "--atol", "1e-5", "--runs", "2", "--json", out}
	for _, input := range m.Inputs {
		args = append(args, "--input", at(input))
	}
	r := invoke(t, args...)
	data, err := os.ReadFile(out)
	require.NoError(t, err, r.stderr)
	var report verify.Report
	require.NoError(t, json.Unmarshal(data, &report))
	return &report
}
