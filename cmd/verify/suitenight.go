package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/doctor"
	"github.com/seed06459138/torchgo/verify/night"
	"github.com/seed06459138/torchgo/verify/notice"
	"github.com/seed06459138/torchgo/verify/schedule"
)

// night runs the chosen checks and tells what they found out.
func (s *suiteRun) night(ctx context.Context, c *chosen) (int, error) {
	receivers, err := s.telling.receivers()
	if err != nil {
		return 0, err
	}
	options, err := s.options(ctx, c)
	if err != nil {
		return 0, err
	}
	workers := &warm{count: options.Jobs, limit: options.Memory}
	defer workers.close()
	options.Start = workers.start
	n, journal, err := s.open(ctx, c, workers)
	if err != nil {
		return 0, err
	}
	defer journal.Close()
	if len(n.Missing()) > 0 || n.End == nil {
		here, asking := s.machine(ctx, workers)
		if asking != nil {
			return 0, asking
		}
		options.GPUs = len(here.Devices)
		err = s.sit(ctx, c, n, journal, options, movedTo(here, n))
	}
	// Those who are told wait for nobody's second Ctrl-C: the first was for the checks.
	err = errors.Join(err, s.telling.tell(context.WithoutCancel(ctx), &notice.Notice{Night: n}, receivers, s.stdout, s.stderr))
	return n.ExitCode(), errors.Join(err, s.tell(n))
}

// movedTo tells when a resumed night goes on elsewhere than it began.
func movedTo(here night.Machine, n *night.Night) []string {
	if here.String() == n.Machine.String() {
		return nil
	}
	return []string{"it went on on another machine than it began: " + here.String()}
}

// options says how the checks are run.
func (s *suiteRun) options(ctx context.Context, c *chosen) (schedule.Options, error) {
	jobs := s.jobsHere(len(c.here))
	o := schedule.Options{
		Jobs: jobs, PerGPU: s.gpuJobs, Threads: max(runtime.GOMAXPROCS(0)/jobs, 1), Memory: c.suite.Memory, Timeout: s.timeout,
		Retries: s.retries, Pause: time.Second, FailFast: s.failFast, Times: c.times, Stop: ctx.Done(),
	}
	if s.memory != "" {
		var err error
		if o.Memory, err = verify.ParseMemory(s.memory); err != nil {
			return o, fmt.Errorf("--memory: %w", err)
		}
	}
	if o.Memory == 0 {
		o.Memory = doctor.Memory() / 10 * 9
	}
	if s.jobs < 0 || s.gpuJobs < 1 || s.retries < 0 || s.timeout < 0 {
		return o, errors.New("--jobs, --gpu-jobs, --retries and --timeout count from 0, --gpu-jobs from 1")
	}
	return o, nil
}

// sit runs what is missing of a night.
func (s *suiteRun) sit(ctx context.Context, c *chosen, n *night.Night, journal *night.Journal, o schedule.Options, notes []string) error {
	screen := &screen{w: s.stderr, quiet: s.quiet}
	o.Watch = screen
	explainOn(ctx, screen)
	kill, release := secondSignal(ctx)
	defer release()
	before, notes := earlier(n), slices.Concat(c.suite.Notes, notes)
	screen.begin(len(n.Results), len(c.here))
	results, end, err := schedule.Run(kill, c.here, n.Results, &completing{journal, before, notes}, o)
	screen.end()
	n.Results = results
	n.End = &end
	if len(n.Missing()) > 0 {
		fmt.Fprintf(s.stderr, "verify: the same command with --resume --journal %s goes on\n", s.journal)
	}
	before.addTo(n.End, notes)
	if errors.Is(err, schedule.ErrUnwritten) {
		s.pour(n, err)
	}
	return err
}

// sittings is what earlier sittings of a resumed night leave to its end.
type sittings struct {
	seconds float64
	notes   []string
}

// earlier sums up the sittings before. One that was killed did not say how long it
// was: its last result tells that.
func earlier(n *night.Night) *sittings {
	b := &sittings{}
	if n.End != nil {
		b.seconds, b.notes = n.End.Seconds, n.End.Notes
		return b
	}
	for i := range n.Results {
		r := &n.Results[i]
		b.seconds = max(b.seconds, r.Started.Sub(n.Started).Seconds()+r.Seconds)
	}
	return b
}

// addTo makes the end that of all sittings.
func (b *sittings) addTo(e *night.End, more []string) {
	e.Seconds += b.seconds
	has := make(map[string]bool)
	var all []string
	for _, notes := range [][]string{b.notes, more, e.Notes} {
		for _, note := range notes {
			if !has[note] {
				has[note] = true
				all = append(all, note)
			}
		}
	}
	e.Notes = append([]string{}, all...)
}

// completing is a journal whose end is that of all sittings.
type completing struct {
	*night.Journal
	before *sittings
	notes  []string
}

// Finish writes the end of all sittings.
func (c *completing) Finish(e night.End) error {
	c.before.addTo(&e, c.notes)
	return c.Journal.Finish(e)
}

// pour prints what could not be written, so that it is not lost.
func (s *suiteRun) pour(n *night.Night, err error) {
	fmt.Fprintf(s.stderr, "verify: %v; the whole night follows, for %s:\n", err, s.journal)
	if err := n.Write(s.stderr); err != nil {
		fmt.Fprintf(s.stderr, "verify: %v\n", err)
	}
}

// tell prints the summary.
func (s *suiteRun) tell(n *night.Night) error {
	w := s.stdout
	if s.telling.markdown == "-" || s.telling.junit == "-" {
		w = s.stderr
	}
	if s.quiet {
		_, err := fmt.Fprintln(w, n.LastLine())
		return err
	}
	return n.WriteText(w, textOptions(w))
}
