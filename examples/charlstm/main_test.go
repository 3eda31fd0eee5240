package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/examples/training"
	"github.com/seed06459138/torchgo/internal/torchtest"
)

func TestMain(m *testing.M) { torchtest.Main(m) }

func TestLearn(t *testing.T) {
	torchtest.Require(t)
	o := options{text: filepath.Join(t.TempDir(), "text"), window: 25, batch: 16, write: 40, hyper: Hyper{Hidden: 48, Layers: 1, LR: 0.01}}
	require.NoError(t, os.WriteFile(o.text, []byte(strings.Repeat("der Fuß läuft über den Fluß. ", 60)), 0o666))
	var out bytes.Buffer
	s := training.Settings{Dir: t.TempDir(), Epochs: 30, Every: 10, Last: 1, Seed: 1, Out: &out, Progress: io.Discard}
	require.NoError(t, learn(context.Background(), s, o))
	assert.Contains(t, out.String()[out.Len()-150:], " Fuß läuft", "it writes words of the text: %s", &out)

	run, err := training.Last[*CharLSTM](s, adam)
	require.NoError(t, err)
	defer run.Close()
	assert.Less(t, run.Loss, 0.2)
	assert.Len(t, []rune(run.Hyper.Vocabulary), 15)

	for _, window := range []int{10_000, 0, -1} {
		o.window = window
		assert.ErrorContains(t, learn(context.Background(), s, o), fmt.Sprint("cannot be cut into windows of ", window))
	}
	require.NoError(t, os.WriteFile(o.text, []byte("Flu\xdf"), 0o666))
	assert.ErrorContains(t, learn(context.Background(), s, o), "no text in UTF-8")
}
