package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/history"
	"github.com/seed06459138/torchgo/verify/night"
)

// nightFiles writes three nights, in the last of which check b has become inconsistent.
func nightFiles(t *testing.T) (folder string) {
	folder = t.TempDir()
	yes := true
	for i := 1; i <= 3; i++ {
		n := night.Night{Header: night.Header{Schema: night.Schema, ID: fmt.Sprint("n", i), Suite: "zoo", Started: time.Date(2026, 11, i, 2, 0, 0, 0, time.UTC),
			Checks: []string{"a", "b"}, Machine: night.Machine{Host: "box", Libtorch: "2.15.0"}}, End: &night.End{Seconds: 60}}
		for _, check := range n.Checks {
			r := night.Result{Check: check, Verdict: verify.Consistent, Summary: "consistent", Peak: 1e9,
				Legs: []night.Leg{{Name: "state", Device: "cpu", Same: &yes, MaxAbs: 1e-7, P50: 0.01}}}
			if i == 3 && check == "b" {
				r.Verdict, r.Summary = verify.Inconsistent, "inconsistent: fc.bias is not in the state"
			}
			n.Results = append(n.Results, r)
		}
		var text bytes.Buffer
		require.NoError(t, n.Write(&text))
		require.NoError(t, os.WriteFile(filepath.Join(folder, n.ID+".jsonl"), text.Bytes(), 0o644))
	}
	return folder
}

// historyIn runs verify history in a folder, whose histories are those of the tests.
func historyIn(t *testing.T, folder string, args ...string) ran {
	t.Helper()
	cmd := exec.Command(program(t), append([]string{"history"}, args...)...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "TORCHGO_HISTORY=", "XDG_STATE_HOME="+filepath.Join(folder, "state"))
	return finish(t, cmd)
}

func TestHistory(t *testing.T) {
	folder := nightFiles(t)
	r := historyIn(t, folder)
	assert.Equal(t, 2, r.code)
	assert.Contains(t, r.stderr, "there is no history here; take nights in with verify history import")
	assert.NoDirExists(t, filepath.Join(folder, "state"))

	// In the order in which they began, whatever they are called.
	r = historyIn(t, folder, "import", "n3.jsonl", "n1.jsonl", "n2.jsonl")
	require.Zero(t, r.code, r.stderr)
	assert.Equal(t, "n1.jsonl: night n1 of zoo taken in\nn2.jsonl: night n2 of zoo taken in\nn3.jsonl: night n3 of zoo taken in\n", r.stdout)
	assert.FileExists(t, filepath.Join(folder, "state/torchgo/history.db"))
	r = historyIn(t, folder, "import", "n3.jsonl")
	assert.Equal(t, "n3.jsonl: night n3 of zoo is there already\n", r.stdout)

	r = historyIn(t, folder, "--last", "1")
	require.Zero(t, r.code, r.stderr)
	assert.Contains(t, r.stdout, "and 2 earlier ones")
	assert.Contains(t, r.stdout, "n3               2026-11-03 02:00      1     1      -   1m0s  box\n")

	r = historyIn(t, folder, "check")
	assert.Equal(t, 1, r.code, r.stderr)
	assert.Equal(t, "night n3 of zoo: 1 newly worse (2 checks)\n  held against 2 nights, the last n2 of 2026-11-02 02:00\n\nnewly worse\n  b\n      consistent → inconsistent: fc.bias is not in the state; on box\n", r.stdout)
	r = historyIn(t, folder, "check", "--night", "n2", "--quiet")
	assert.Equal(t, ran{0, "night n2 of zoo: nothing newly worse (2 checks)\n", ""}, r)
	r = historyIn(t, folder, "check", "--json")
	var report history.Report
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &report))
	assert.Len(t, report.New(history.Worse), 1)

	r = historyIn(t, folder, "b", "--html", "b.html")
	require.Zero(t, r.code, r.stderr)
	assert.Contains(t, r.stdout, "! 2026-11-03 n3           inconsistent: fc.bias")
	page, err := os.ReadFile(filepath.Join(folder, "b.html"))
	require.NoError(t, err)
	assert.Contains(t, string(page), "b of zoo: inconsistent")

	r = historyIn(t, folder, "export", "--output", "all.jsonl")
	require.Zero(t, r.code, r.stderr)
	r = historyIn(t, folder, "import", "--db", "other.db", "all.jsonl")
	require.Zero(t, r.code, r.stderr)
	first, second := historyIn(t, folder, "export"), historyIn(t, folder, "export", "--db", "other.db")
	assert.Equal(t, first.stdout, second.stdout)
	assert.Len(t, lines(first.stdout), 3*4)

	r = historyIn(t, folder, "prune", "--keep", "1")
	require.Zero(t, r.code, r.stderr)
	assert.Contains(t, r.stdout, "2 nights taken out")
	r = historyIn(t, folder, "--json")
	assert.Contains(t, r.stdout, `"id": "n3"`)
	assert.NotContains(t, r.stdout, `"id": "n2"`)
}

func TestHistoryBadInput(t *testing.T) {
	folder := nightFiles(t)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "broken.jsonl"), []byte("{}\n"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "broken.db"), bytes.Repeat([]byte("no database "), 1000), 0o644))
	require.Zero(t, historyIn(t, folder, "import", "n1.jsonl").code)
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no files":          {[]string{"import"}, "import takes files that verify suite wrote"},
		"broken file":       {[]string{"import", "broken.jsonl"}, "broken.jsonl: line 1: no night begins here"},
		"missing file":      {[]string{"import", "none.jsonl", "n2.jsonl"}, "none.jsonl: cannot be read: no such file or directory"},
		"damaged":           {[]string{"import", "--db", "broken.db", "n1.jsonl"}, "what can be read is saved by verify history export --db broken.db"},
		"damaged, listed":   {[]string{"--db", "broken.db"}, "the database is damaged"},
		"unknown check":     {[]string{"c"}, `suite zoo has no check "c"`},
		"unknown suite":     {[]string{"--suite", "other"}, `no night of a suite "other"`},
		"unknown night":     {[]string{"check", "--night", "n9"}, `there is no night "n9"`},
		"nothing to export": {[]string{"export", "--night", "n9"}, "there is no such night"},
		"two checks":        {[]string{"a", "b"}, "history takes one check"},
		"page of nothing":   {[]string{"--html", "x.html"}, "--html is for one check"},
		"prune all":         {[]string{"prune"}, "--keep must say"},
		"no server":         {[]string{"--db", "postgres://me:secret@/db?host=/nowhere"}, "postgres://me:xxxxx@/db?host=/nowhere: cannot be opened"},
	} {
		t.Run(name, func(t *testing.T) {
			r := historyIn(t, folder, c.args...)
			assert.Equal(t, 2, r.code)
			assert.Contains(t, r.stderr, c.want)
			assert.NotContains(t, r.stderr, "secret")
		})
	}
	assert.Contains(t, historyIn(t, folder).stdout, "n2") // what could be read was taken in
}

func TestHistoryHelp(t *testing.T) {
	for _, args := range [][]string{{"-h"}, {"import", "-h"}, {"check", "-h"}, {"export", "-h"}, {"prune", "-h"}} {
		r := historyIn(t, t.TempDir(), args...)
		assert.Zero(t, r.code)
		assert.Contains(t, r.stdout, "Exit code: 0")
		for _, line := range strings.Split(r.stdout, "\n") {
			assert.LessOrEqual(t, utf8.RuneCountInString(line), 80, line)
		}
	}
}
