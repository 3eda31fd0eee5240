package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/history"
	"github.com/seed06459138/torchgo/verify/night"
)

// aNight writes a night and what changed in it.
func aNight(t *testing.T) (nightFile, changes string) {
	folder := t.TempDir()
	nightFile, changes = filepath.Join(folder, "night.jsonl"), filepath.Join(folder, "changes.json")
	n := night.Night{Header: night.Header{Schema: night.Schema, ID: "n2", Suite: "zoo", Started: time.Unix(1, 0), Checks: []string{"a", "b"}},
		Results: []night.Result{{Check: "a", Verdict: verify.Consistent}, {Check: "b", Verdict: verify.Inconsistent, Summary: "inconsistent: b"}}, End: &night.End{}}
	var b bytes.Buffer
	require.NoError(t, n.Write(&b))
	require.NoError(t, os.WriteFile(nightFile, b.Bytes(), 0o644))
	b.Reset()
	require.NoError(t, (&history.Report{Schema: history.Schema, Before: &history.Mark{Night: "n1"},
		Changes: []history.Change{{Rule: history.VerdictRule, Weight: history.Worse, New: true, Check: "b", Before: "consistent", Now: "inconsistent"}}}).WriteJSON(&b))
	require.NoError(t, os.WriteFile(changes, b.Bytes(), 0o644))
	return nightFile, changes
}

func TestTell(t *testing.T) {
	var down atomic.Bool
	var bodies []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if down.Load() {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		body, _ := io.ReadAll(r.Body)
		bodies = append(bodies, string(body))
	}))
	defer server.Close()
	file, changes := aNight(t)
	folder := t.TempDir()
	out := func(name string) string { return filepath.Join(folder, name) }
	args := []string{"tell", file, "--changes", changes, "--markdown", out("n.md"), "--junit", out("n.xml"), "--metrics", out("n.prom"),
		"--webhook", server.URL + "/secret", "--slack", server.URL + "/hidden", "--spool", out("spool")}
	down.Store(true)
	r := invoke(t, args...)
	assert.Equal(t, 0, r.code, r.stderr)
	assert.Equal(t, "zoo: of 2 checks 1 is inconsistent\n", r.stdout)
	assert.Equal(t, 2, len(lines(r.stderr)), r.stderr)
	assert.Contains(t, r.stderr, "verify: note: "+server.URL+"/… answers 404 Not Found; 1 kept for the next time\n")
	assert.NotContains(t, r.stderr, "secret")
	markdown, err := os.ReadFile(out("n.md"))
	require.NoError(t, err)
	assert.Contains(t, string(markdown), "New since the night before\n\n- ❌ `b`: consistent → inconsistent")
	for _, name := range []string{"n.xml", "n.prom"} {
		assert.FileExists(t, out(name))
	}
	down.Store(false)
	r = invoke(t, args...)
	assert.Equal(t, 0, r.code)
	assert.Empty(t, r.stderr)
	assert.Len(t, bodies, 4, "this night's two, and those of before")

	r = invoke(t, "tell", file, "--markdown", "-")
	assert.Contains(t, r.stdout, "## ❌ zoo: of 2 checks 1 is inconsistent\n")
	assertRefused(t, invoke(t, "tell", file+"x"), "cannot be read: no such file")
	assertRefused(t, invoke(t, "tell", file, "--slack", "hooks.example.com/secret"), "--slack: the address of a webhook is no http")
	assertRefused(t, invoke(t, "tell", file, "--changes", file), "is not what verify history check --json wrote")
	assertRefused(t, invoke(t, "tell", file, "--metrics", out("no/n.prom")), "--metrics", "no such file")
	assertRefused(t, invoke(t, "tell"), "tell takes")
	for _, line := range lines(invoke(t, "tell", "-h").stdout) {
		assert.LessOrEqual(t, len([]rune(line)), 80, line)
	}
}
