package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/night"
)

// shardIn begins the journal of one of two shards, with one check.
func shardIn(t *testing.T, folder string, index int) *night.Journal {
	t.Helper()
	check := fmt.Sprintf("check-%d", index)
	j, err := night.Create(filepath.Join(folder, fmt.Sprintf("shard-%d.jsonl", index)),
		night.Header{ID: "n", Suite: "s", Shard: night.Shard{Index: index, Count: 2}, Checks: []string{check}, Total: 2})
	require.NoError(t, err)
	t.Cleanup(func() { _ = j.Close() })
	require.NoError(t, j.Add(night.Result{Check: check, Verdict: verify.Consistent}))
	return j
}

func TestMergeWaits(t *testing.T) {
	folder := t.TempDir()
	pattern := []string{filepath.Join(folder, "shard-*.jsonl")}
	require.NoError(t, shardIn(t, folder, 1).Finish(night.End{}))
	second := shardIn(t, folder, 2)
	done := make(chan []night.Part)
	go func() {
		parts, err := awaitShards(t.Context(), pattern, time.Minute)
		assert.NoError(t, err)
		done <- parts
	}()
	select {
	case <-done:
		t.Fatal("a shard in progress was not waited for")
	case <-time.After(200 * time.Millisecond):
	}
	require.NoError(t, second.Finish(night.End{}))
	assert.Len(t, <-done, 2)
}

func TestMergeWaitsNoLonger(t *testing.T) {
	folder := t.TempDir()
	first := filepath.Join(folder, "shard-1.jsonl")
	_, err := awaitShards(t.Context(), []string{first}, 20*time.Millisecond)
	assert.ErrorIs(t, err, fs.ErrNotExist, "no shard at all")

	require.NoError(t, shardIn(t, folder, 1).Finish(night.End{}))
	parts, err := awaitShards(t.Context(), []string{first, filepath.Join(folder, "shard-2.jsonl")}, 20*time.Millisecond)
	require.NoError(t, err, "the merge tells what is missing")
	assert.Len(t, parts, 1)

	bad := filepath.Join(folder, "shard-2.jsonl")
	require.NoError(t, os.WriteFile(bad, []byte("PK\x03\x04\n"), 0o600))
	_, err = awaitShards(t.Context(), []string{first, bad}, 20*time.Millisecond)
	assert.ErrorContains(t, err, "is not of a night")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = awaitShards(ctx, []string{first}, time.Minute)
	assert.ErrorIs(t, err, context.Canceled)
}
