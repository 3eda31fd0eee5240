package suite

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/seed06459138/torchgo/verify/night"
)

// slack is how much more than its part a shard may be given before checks go
// elsewhere.
const slack = 1.05

// Assign divides checks over shards and gives for each name its shard, from 1 to
// count. It depends on names and times alone, not on their order.
//
// Without times each check is where the hash of its name and the shard's number is the
// greatest (rendezvous hashing, Thaler and Ravishankar 1998): a check that is added
// or taken away moves no other. With times, in seconds, it stays there unless
// that shard would be given more than 1.05 of its part (consistent hashing with
// bounded loads, Mirrokni, Thorup and Zadimoghaddam 2018); then it goes to the one with
// the least to do. The longest are placed first. A check whose time is not known is
// taken for one of the median.
func Assign(names []string, count int, times map[string]float64) map[string]int {
	placed := make(map[string]int, len(names))
	if len(times) == 0 {
		for _, name := range names {
			placed[name] = home(name, count)
		}
		return placed
	}
	type job struct {
		name    string
		seconds float64
	}
	usual, total := median(times), 0.0
	jobs := make([]job, len(names))
	for i, name := range names {
		seconds, known := times[name]
		if !known || !(seconds > 0) {
			seconds = usual
		}
		jobs[i] = job{name, seconds}
		total += seconds
	}
	slices.SortFunc(jobs, func(a, b job) int { return cmp.Or(cmp.Compare(b.seconds, a.seconds), cmp.Compare(a.name, b.name)) })
	most := slack * total / float64(count)
	load := make([]float64, count+1)
	for _, j := range jobs {
		at := home(j.name, count)
		if load[at]+j.seconds > most {
			for i := 1; i <= count; i++ {
				if load[i] < load[at] {
					at = i
				}
			}
		}
		placed[j.name] = at
		load[at] += j.seconds
	}
	return placed
}

// home is the shard with the greatest hash.
func home(name string, count int) int {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // a hash takes everything
	base, best, at := h.Sum64(), uint64(0), 1
	for i := 1; i <= count; i++ {
		if score := mix(base ^ mix(uint64(i))); score > best {
			best, at = score, i
		}
	}
	return at
}

// mix is the finaliser of SplitMix64, which makes every bit depend on every other.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func median(times map[string]float64) float64 {
	all := make([]float64, 0, len(times))
	for _, seconds := range times {
		if seconds > 0 {
			all = append(all, seconds)
		}
	}
	if len(all) == 0 {
		return 1
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// Times takes from a night how long its checks took, in seconds.
func Times(n *night.Night) map[string]float64 {
	times := make(map[string]float64, len(n.Results))
	for i := range n.Results {
		times[n.Results[i].Check] = n.Results[i].Seconds
	}
	return times
}

// ParseShard reads "3/8", or "auto", which asks the environment: a task of a Slurm array
// (SLURM_ARRAY_TASK_ID, _MIN, _STEP and _COUNT), or a pod of an Indexed Job of
// Kubernetes (JOB_COMPLETION_INDEX, from 0, and JOB_COMPLETIONS, which the Job's manifest
// must set to its completions, since Kubernetes does not).
func ParseShard(text string) (night.Shard, error) {
	if text == "auto" {
		return shardHere()
	}
	index, count, ok := strings.Cut(text, "/")
	i, err := strconv.Atoi(index)
	n, err2 := strconv.Atoi(count)
	if !ok || err != nil || err2 != nil {
		return night.Shard{}, fmt.Errorf("the shard %q is not two numbers; write 3/8, or auto in an array of Slurm or an Indexed Job of Kubernetes", text)
	}
	return checked(i, n)
}

// mostShards bounds what is surely mistyped.
const mostShards = 1 << 16

func checked(index, count int) (night.Shard, error) {
	if count < 1 || count > mostShards || index < 1 || index > count {
		return night.Shard{}, fmt.Errorf("there is no shard %d of %d; the first is 1/%d and the last %d/%d", index, count, max(count, 1), max(count, 1), max(count, 1))
	}
	return night.Shard{Index: index, Count: count}, nil
}

// environments are those that ParseShard knows, by the variable that tells them.
var environments = []struct{ name, index, first, step, count string }{
	{"Slurm", "SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_STEP", "SLURM_ARRAY_TASK_COUNT"},
	{"Kubernetes", "JOB_COMPLETION_INDEX", "", "", "JOB_COMPLETIONS"},
}

// Sharded names the environment when this process runs in one that divides work, or "".
func Sharded() string {
	for _, e := range environments {
		if os.Getenv(e.index) != "" {
			return e.name
		}
	}
	return ""
}

func shardHere() (night.Shard, error) {
	for _, e := range environments {
		if os.Getenv(e.index) == "" {
			continue
		}
		read := func(name string, without int) (int, error) {
			text := os.Getenv(name)
			if text == "" && without >= 0 {
				return without, nil
			}
			n, err := strconv.Atoi(text)
			if err != nil {
				return 0, fmt.Errorf("$%s is %q, which is no number; %s sets it, or the job's description", name, text, e.name)
			}
			return n, nil
		}
		index, err := read(e.index, -1)
		if err != nil {
			return night.Shard{}, err
		}
		first, err := read(e.first, 0)
		if err != nil {
			return night.Shard{}, err
		}
		step, err := read(e.step, 1)
		if err != nil {
			return night.Shard{}, err
		}
		count, err := read(e.count, -1)
		if err != nil {
			return night.Shard{}, err
		}
		return checked((index-first)/max(step, 1)+1, count)
	}
	return night.Shard{}, fmt.Errorf("neither $SLURM_ARRAY_TASK_ID nor $JOB_COMPLETION_INDEX is set; write the shard as 3/8")
}

// RunHere gives the name that all shards of a run share, by what the environment says:
// the job of a Slurm array, the Job of Kubernetes; "" elsewhere.
func RunHere() string {
	if job := os.Getenv("SLURM_ARRAY_JOB_ID"); job != "" {
		return "slurm-" + job
	}
	if index := os.Getenv("JOB_COMPLETION_INDEX"); index != "" {
		// The host name of a pod of an Indexed Job is the Job's, a dash, and the index.
		host, err := os.Hostname()
		if job, ok := strings.CutSuffix(host, "-"+index); ok && err == nil {
			return "kubernetes-" + job
		}
	}
	return ""
}
