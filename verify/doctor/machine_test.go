package doctor

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/verify"
)

func put(t *testing.T, path, text string) string {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
	return path
}

func TestMachine(t *testing.T) {
	m := Machine(t.Context(), verify.Host{Versions: verify.Versions{Libtorch: "2.15.0", CPU: "AVX2"}})
	assert.Equal(t, "2.15.0", m.Libtorch)
	assert.Equal(t, "AVX2", m.Kernels)
	assert.NotEmpty(t, m.Platform)
	assert.Positive(t, m.Processors)
	assert.Empty(t, m.Devices, "none that the worker did not see")
	assert.NotNil(t, m.Devices)
}

const smi = `0, GPU-11111111-aaaa, NVIDIA H100 80GB HBM3, 550.54.15, 81559
1, GPU-22222222-bbbb, NVIDIA H100 80GB HBM3, 550.54.15, [N/A]
a line that is none
`

func TestCards(t *testing.T) {
	cards := cardsIn(smi)
	require.Len(t, cards, 2)
	assert.Equal(t, card{"0", "GPU-11111111-aaaa", "NVIDIA H100 80GB HBM3", "550.54.15", 81559 << 20}, cards[0])
	assert.Zero(t, cards[1].memory)
	for list, want := range map[string][]string{
		"": {"0", "1"}, "1": {"1"}, "1,0": {"1", "0"}, "GPU-2222": {"1"}, "0,7,1": {"0"}, "-1": nil,
	} {
		var got []string
		for _, c := range visible(cards, list) {
			got = append(got, c.index)
		}
		assert.Equal(t, want, got, list)
	}

	folder := t.TempDir()
	put(t, filepath.Join(folder, "0000:18:00.0", "information"), "Model: \t\t NVIDIA A100-SXM4-40GB\nIRQ:   \t\t 48\nGPU UUID: \t GPU-33333333\n")
	assert.Equal(t, []card{{index: "0", uuid: "GPU-33333333", model: "NVIDIA A100-SXM4-40GB"}}, cardsUnder(folder))
	assert.Empty(t, cardsUnder("/nowhere"))
}

func TestDriverVersion(t *testing.T) {
	at := filepath.Join(t.TempDir(), "version")
	for text, want := range map[string]string{
		"NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 22:23:56 UTC 2024\nGCC version:  gcc version 12.3.0\n":    "550.54.15",
		"NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  535.183.01  Release Build  (dvs-builder@U16)  Sun May 12 19:39:15 UTC": "535.183.01",
		"": "",
	} {
		assert.Equal(t, want, driverVersion(put(t, at, text)))
	}
	assert.Empty(t, driverVersion("/nowhere"))
}

func TestGroupLimits(t *testing.T) {
	root := t.TempDir()
	at := func(name string) string { return filepath.Join(root, name) }
	put(t, at("two"), "0::/system.slice/job.scope\n")
	put(t, at("fs/system.slice/job.scope/memory.max"), "max\n")
	put(t, at("fs/system.slice/memory.max"), "1073741824\n")
	assert.Equal(t, []int64{1 << 30}, groupLimits(at("two"), at("fs")))
	put(t, at("one"), "11:cpu:/x\n7:memory:/slurm/job_1\n0::/\n")
	put(t, at("fs/memory/slurm/job_1/memory.limit_in_bytes"), "2147483648\n")
	put(t, at("fs/memory/memory.limit_in_bytes"), "9223372036854771712\n")
	assert.Equal(t, []int64{2 << 30}, groupLimits(at("one"), at("fs")))
	assert.Empty(t, groupLimits("/nowhere", root))
	assert.Positive(t, Memory())
}
