package verify

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/verify/compare"
)

// zooCase is an entry of testdata/zoo/manifest.json.
type zooCase struct {
	Name, Why, Scripted, State, Expected, Method, Verdict string

	Inputs          []string
	StateKey        string   `json:"state_key"`
	NonPersistent   []string `json:"non_persistent"`
	AcceptUncovered []string `json:"accept_uncovered"`
	EqualNaN        bool     `json:"equal_nan"`
	Exit            int
	Mentions        []string
}

const zoo = "../testdata/zoo"

// spec puts the case's question.
func (c zooCase) spec() Spec {
	at := func(name string) string {
		if name == "" {
			return ""
		}
		return filepath.Join(zoo, name)
	}
	tol := compare.Default
	tol.EqualNaN = c.EqualNaN
	s := Spec{Scripted: at(c.Scripted), State: at(c.State), Expected: at(c.Expected), Method: c.Method, StateKey: c.StateKey,
		NonPersistent: c.NonPersistent, AcceptUncovered: c.AcceptUncovered, Tolerance: &tol}
	for _, name := range c.Inputs {
		s.Inputs = append(s.Inputs, at(name))
	}
	return s
}

func readZoo(t *testing.T) []zooCase {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(zoo, "manifest.json"))
	require.NoError(t, err)
	var cases []zooCase
	require.NoError(t, json.Unmarshal(data, &cases))
	require.NotEmpty(t, cases)
	return cases
}

// TestZoo puts the question of every case of the zoo.
func TestZoo(t *testing.T) {
	torchtest.Require(t)
	for _, c := range readZoo(t) {
		t.Run(c.Name, func(t *testing.T) {
			report, err := Run(context.Background(), c.spec())
			if c.Verdict == "unreadable" {
				require.Error(t, err)
				report = FailedReport(c.spec(), err)
			} else {
				require.NoError(t, err)
				assert.Equal(t, c.Verdict, string(report.Verdict), "%s: %s", c.Why, report.Summary)
			}
			assert.Equal(t, c.Exit, report.ExitCode())
			var text strings.Builder
			require.NoError(t, report.WriteText(&text, TextOptions{}))
			for _, word := range c.Mentions {
				assert.Contains(t, text.String(), word)
			}
			if t.Failed() {
				t.Log(text.String())
			}
			checkSchema(t, report)
		})
	}
}
