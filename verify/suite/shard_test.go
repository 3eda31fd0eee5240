package suite

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/verify/night"
)

func manyNames(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("team/model_%d", i)
	}
	return names
}

// moved counts the names that are elsewhere now.
func moved(before, after map[string]int) (n int) {
	for name, at := range before {
		if after[name] != at {
			n++
		}
	}
	return n
}

func loads(placed map[string]int, count int, seconds func(name string) float64) (load []float64, total float64) {
	load = make([]float64, count)
	for name, at := range placed {
		load[at-1] += seconds(name)
		total += seconds(name)
	}
	return load, total
}

// Without times a check that is added or removed moves no other, and another shard
// takes only its own part.
func TestAssignIsStable(t *testing.T) {
	names := manyNames(2000)
	before := Assign(names, 8, nil)
	assert.Zero(t, moved(before, Assign(append([]string{"new"}, names...), 8, nil)))
	more := Assign(names, 9, nil)
	for name, at := range before {
		assert.True(t, more[name] == at || more[name] == 9, name)
	}
	load, total := loads(before, 8, func(string) float64 { return 1 })
	for _, l := range load {
		assert.InDelta(t, total/8, l, total/8*0.25)
	}
	// What shards of other machines and versions must agree on.
	assert.Equal(t, map[string]int{"bert": 5, "resnet50": 1, "gpt2": 7, "vision/vit": 4}, Assign([]string{"bert", "resnet50", "gpt2", "vision/vit"}, 8, nil))
}

// With times the load is even, the order of names does not matter, and few checks move
// from night to night.
func TestAssignIsBalanced(t *testing.T) {
	names, times := manyNames(500), make(map[string]float64)
	random := rand.New(rand.NewPCG(1, 2))
	for _, name := range names {
		times[name] = 1 + 100*random.Float64()*random.Float64()*random.Float64()
	}
	placed := Assign(names, 8, times)
	load, total := loads(placed, 8, func(name string) float64 { return times[name] })
	for _, l := range load {
		assert.LessOrEqual(t, l, total/8*slack)
	}
	random.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	assert.Equal(t, placed, Assign(names, 8, times))
	assert.Less(t, moved(Assign(names, 8, nil), placed), len(names)/5, "most stay where their hash puts them")

	tomorrow := make(map[string]float64)
	for name, seconds := range times {
		tomorrow[name] = seconds * (0.95 + 0.1*random.Float64())
	}
	next := Assign(append(names, "new one"), 8, tomorrow)
	assert.Less(t, moved(placed, next), len(names)/5)
}

// One check that takes longer than all others has a shard nearly to itself.
func TestAssignOfALongOne(t *testing.T) {
	names := manyNames(20)
	times := map[string]float64{names[3]: 1000, "gone": 5}
	for _, name := range names[4:] {
		times[name] = 5
	}
	load, _ := loads(Assign(names, 4, times), 4, func(name string) float64 {
		if seconds, known := times[name]; known {
			return seconds
		}
		return 5
	})
	assert.ElementsMatch(t, []float64{1000, 30, 30, 35}, load)
}

func TestParseShard(t *testing.T) {
	for _, c := range []struct {
		text string
		env  map[string]string
		want night.Shard
		err  string
	}{
		{"3/8", nil, night.Shard{Index: 3, Count: 8}, ""},
		{"1/1", nil, night.Shard{Index: 1, Count: 1}, ""},
		{"0/8", nil, night.Shard{}, "there is no shard 0 of 8; the first is 1/8"},
		{"9/8", nil, night.Shard{}, "there is no shard 9 of 8"},
		{"1/0", nil, night.Shard{}, "there is no shard 1 of 0"},
		{"3", nil, night.Shard{}, `the shard "3" is not two numbers; write 3/8, or auto`},
		{"auto", nil, night.Shard{}, "neither $SLURM_ARRAY_TASK_ID nor $JOB_COMPLETION_INDEX is set"},
		{"auto", map[string]string{"SLURM_ARRAY_TASK_ID": "0", "SLURM_ARRAY_TASK_COUNT": "8"}, night.Shard{Index: 1, Count: 8}, ""},
		{"auto", map[string]string{"SLURM_ARRAY_TASK_ID": "3", "SLURM_ARRAY_TASK_COUNT": "8", "SLURM_ARRAY_TASK_MIN": "1"}, night.Shard{Index: 3, Count: 8}, ""},
		{"auto", map[string]string{"SLURM_ARRAY_TASK_ID": "14", "SLURM_ARRAY_TASK_COUNT": "3", "SLURM_ARRAY_TASK_MIN": "10", "SLURM_ARRAY_TASK_STEP": "2"}, night.Shard{Index: 3, Count: 3}, ""},
		{"auto", map[string]string{"SLURM_ARRAY_TASK_ID": "x", "SLURM_ARRAY_TASK_COUNT": "3"}, night.Shard{}, `$SLURM_ARRAY_TASK_ID is "x", which is no number`},
		{"auto", map[string]string{"JOB_COMPLETION_INDEX": "7", "JOB_COMPLETIONS": "8"}, night.Shard{Index: 8, Count: 8}, ""},
		{"auto", map[string]string{"JOB_COMPLETION_INDEX": "7"}, night.Shard{}, `$JOB_COMPLETIONS is ""`},
	} {
		t.Run(fmt.Sprint(c.text, c.env), func(t *testing.T) {
			for _, e := range environments {
				for _, name := range []string{e.index, e.first, e.step, e.count} {
					if name != "" {
						t.Setenv(name, c.env[name])
					}
				}
			}
			got, err := ParseShard(c.text)
			if c.err != "" {
				assert.ErrorContains(t, err, c.err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
			assert.Equal(t, len(c.env) > 0, Sharded() != "")
		})
	}
}

func TestRunHere(t *testing.T) {
	t.Setenv("SLURM_ARRAY_JOB_ID", "")
	t.Setenv("JOB_COMPLETION_INDEX", "")
	assert.Empty(t, RunHere())
	t.Setenv("SLURM_ARRAY_JOB_ID", "77")
	assert.Equal(t, "slurm-77", RunHere())
}
