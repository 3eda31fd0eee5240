package schedule

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/night"
	"github.com/seed06459138/torchgo/verify/suite"
)

// Worker puts questions in a process of its own; *verify.Worker is one. When ctx is
// done the process is killed.
type Worker interface {
	Run(ctx context.Context, spec verify.Spec) (*verify.Report, error)
	Close()
}

// Journal takes results as soon as they are there; *night.Journal is one.
type Journal interface {
	Add(night.Result) error
	Finish(night.End) error
}

// Watcher is told how the night goes, from one goroutine.
type Watcher interface {
	Began(check string)
	Ended(r *night.Result, p Progress)
	Trouble(text string) // what people should know at once
}

// Options say how checks are run.
type Options struct {
	Jobs     int                // checks at a time, at least 1
	Memory   int64              // in bytes, that they may take together; 0 is without limit
	GPUs     int                // that there are
	PerGPU   int                // checks at a time that use one GPU; 0 is 1
	Threads  int                // intra-op threads of a check that does not say
	Timeout  time.Duration      // of a check that does not say; 0 is without limit
	Retries  int                // attempts after one that the machine spoilt
	Pause    time.Duration      // before the first of them; it doubles
	FailFast bool               // no more checks after one that is not consistent
	Times    map[string]float64 // seconds of an earlier night, by which the longest go first
	Stop     <-chan struct{}    // once it is closed no more checks are begun
	Start    func(memory int64) (Worker, error)
	Watch    Watcher
}

// Run runs checks. Results go into the journal as they come; those that it would not
// take, as on a full disk, are offered again, and an error says that some are not in it
// at the end. When ctx is done checks in progress are killed and have no result. done are
// results of earlier sittings, which are part of what is returned.
func Run(ctx context.Context, checks []suite.Check, done []night.Result, journal Journal, o Options) ([]night.Result, night.End, error) {
	s := newScheduler(ctx, checks, done, journal, o)
	defer s.close()
	s.loop()
	return s.finish()
}

// scheduler is a night in progress. Its fields belong to one goroutine.
type scheduler struct {
	Options
	ctx     context.Context
	keeper  *keeper
	watch   *stopwatch
	pending []*job
	running int
	used    int         // of Jobs
	memory  int64       // taken
	gpus    map[int]int // checks on each
	idle    []*slot
	ended   chan ending
	stopped string // why no more checks are begun
	pace    pace
}

// ending is a job that has ended.
type ending struct {
	job    *job
	slot   *slot
	result *night.Result // nil when it was killed with the night
}

func newScheduler(ctx context.Context, checks []suite.Check, done []night.Result, journal Journal, o Options) *scheduler {
	o.Jobs, o.PerGPU, o.Threads = max(o.Jobs, 1), max(o.PerGPU, 1), max(o.Threads, 1)
	s := &scheduler{
		Options: o, ctx: ctx, watch: newStopwatch(), gpus: make(map[int]int), ended: make(chan ending, o.Jobs),
		keeper: newKeeper(journal, o.Watch.Trouble, done),
	}
	has := make(map[string]bool, len(done))
	for i := range done {
		has[done[i].Check] = true
	}
	for i := range checks {
		if !has[checks[i].Name] {
			s.pending = append(s.pending, newJob(&checks[i], &s.Options))
		}
	}
	s.pace = newPace(s.pending, o.Times, len(done))
	if len(o.Times) > 0 {
		slices.SortStableFunc(s.pending, func(a, b *job) int { return cmp.Compare(s.pace.weight(b), s.pace.weight(a)) })
	}
	for range o.Jobs {
		s.idle = append(s.idle, &slot{start: o.Start})
	}
	return s
}

// close ends the workers.
func (s *scheduler) close() {
	for _, one := range s.idle {
		one.close()
	}
}

// loop begins checks and takes their results until there are none.
func (s *scheduler) loop() {
	tick := time.NewTicker(s.keeper.again)
	defer tick.Stop()
	stop, killed := s.Stop, s.ctx.Done()
	for {
		select { // a stop goes before the next check
		case <-stop:
			stop = s.stop("interrupted")
		case <-killed:
			killed = s.stop("interrupted")
		default:
		}
		if s.stopped == "" {
			s.begin()
		}
		if s.running == 0 {
			return
		}
		select {
		case e := <-s.ended:
			s.take(e)
		case <-stop:
			stop = s.stop("interrupted")
		case <-killed:
			killed = s.stop("interrupted")
		case <-tick.C:
			s.keeper.flush()
		}
	}
}

// stop says why no more checks are begun; the first reason stays.
func (s *scheduler) stop(why string) <-chan struct{} {
	if s.stopped == "" {
		s.stopped = why
	}
	return nil
}

// begin starts what there is room for, the first ones first.
func (s *scheduler) begin() {
	for i := 0; i < len(s.pending) && len(s.idle) > 0; {
		j := s.pending[i]
		gpus, fits := s.room(j)
		if !fits {
			i++
			continue
		}
		s.pending = slices.Delete(s.pending, i, i+1)
		j.place(gpus)
		s.reserve(j, 1)
		one := s.idle[len(s.idle)-1]
		s.idle = s.idle[:len(s.idle)-1]
		s.Watch.Began(j.check.Name)
		go func() { s.ended <- ending{j, one, one.run(s.ctx, j, &s.Options)} }()
	}
}

// room tells whether a job can run beside those that do, and on which GPUs. What
// wants more than there is runs alone.
func (s *scheduler) room(j *job) (gpus []int, fits bool) {
	if s.running > 0 && (s.used+j.slots > s.Jobs || s.Memory > 0 && s.memory+j.memory > s.Memory) {
		return nil, false
	}
	free := func(gpu int) bool { return s.gpus[gpu] < s.PerGPU }
	switch {
	case j.anyGPU:
		best := -1
		for gpu := range max(s.GPUs, 1) {
			if free(gpu) && (best < 0 || s.gpus[gpu] < s.gpus[best]) {
				best = gpu
			}
		}
		return []int{best}, best >= 0
	case j.allGPUs:
		for gpu := range s.GPUs {
			gpus = append(gpus, gpu)
		}
	default:
		gpus = j.wanted
	}
	return gpus, !slices.ContainsFunc(gpus, func(gpu int) bool { return !free(gpu) })
}

// reserve takes what a job needs, or gives it back.
func (s *scheduler) reserve(j *job, sign int) {
	s.running += sign
	s.used += sign * j.slots
	s.memory += int64(sign) * j.memory
	for _, gpu := range j.gpus {
		s.gpus[gpu] += sign
	}
}

// take takes in how a job ended.
func (s *scheduler) take(e ending) {
	s.reserve(e.job, -1)
	s.idle = append(s.idle, e.slot)
	if e.result == nil {
		return
	}
	s.keeper.add(*e.result)
	s.pace.done(e.job)
	s.Watch.Ended(e.result, s.pace.progress(s.watch.elapsed()))
	if s.FailFast && e.result.Verdict != verify.Consistent {
		s.stop("--fail-fast")
	}
}

// finish writes the end of the night.
func (s *scheduler) finish() ([]night.Result, night.End, error) {
	end := night.End{Seconds: s.watch.elapsed().Seconds(), Notes: []string{}}
	if s.pace.left() > 0 {
		end.Stopped = s.stopped
	}
	if note := s.watch.jump(); note != "" {
		end.Notes = append(end.Notes, note)
	}
	err := s.keeper.finish(s.ctx, &end)
	return s.keeper.results, end, err
}
