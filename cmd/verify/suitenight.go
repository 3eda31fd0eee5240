package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/doctor"
	"github.com/seed06459138/torchgo/verify/night"
	"github.com/seed06459138/torchgo/verify/notice"
	"github.com/seed06459138/torchgo/verify/schedule"
	"github.com/seed06459138/torchgo/verify/suite"
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
		workers.begin()
		err = s.sit(ctx, c, n, journal, options)
	}
	// Those who are told wait for nobody's second Ctrl-C: the first was for the checks.
	err = errors.Join(err, s.telling.tell(context.WithoutCancel(ctx), &notice.Notice{Night: n}, receivers, s.stdout, s.stderr))
	return n.ExitCode(), errors.Join(err, s.tell(n))
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

// open begins the journal, or goes on with the one that is there.
func (s *suiteRun) open(ctx context.Context, c *chosen, w *warm) (*night.Night, *night.Journal, error) {
	path, own := s.journal, s.journal != ""
	if !own {
		path = c.suite.Name + ".night.jsonl"
	}
	s.journal = path
	if s.resume {
		n, j, err := night.Resume(path)
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, night.ErrNone):
		case err != nil:
			return nil, nil, err
		default:
			if err := s.fits(c, n); err != nil {
				return nil, nil, errors.Join(err, j.Close())
			}
			return n, j, nil
		}
	} else if !own {
		if err := setAside(path, c.suite.Name+".previous.jsonl"); err != nil {
			return nil, nil, err
		}
	}
	h, err := s.header(ctx, c, w)
	if err != nil {
		return nil, nil, err
	}
	j, err := night.Create(path, h)
	if errors.Is(err, fs.ErrExist) {
		err = fmt.Errorf("%w; --resume goes on with it", err)
	}
	return &night.Night{Header: h}, j, err
}

// fits refuses a journal of something else.
func (s *suiteRun) fits(c *chosen, n *night.Night) error {
	wrong := func(format string, args ...any) error {
		return fmt.Errorf("%s %s; name another --journal", s.journal, fmt.Sprintf(format, args...))
	}
	switch {
	case n.Suite != c.suite.Name:
		return wrong("is of the suite %s, not of %s", n.Suite, c.suite.Name)
	case n.Digest != c.digest:
		return wrong("is of another state of the suite, or of another selection: its results do not belong to these checks")
	case n.Shard != c.shard:
		return wrong("is of shard %d/%d, not of %d/%d", n.Shard.Index, n.Shard.Count, c.shard.Index, c.shard.Count)
	case s.run != "" && n.ID != s.run:
		return wrong("is of the run %s, not of %s", n.ID, s.run)
	}
	// The checks of a shard move with the times: those of the journal count.
	here := make(map[string]bool, len(n.Checks))
	for _, name := range n.Checks {
		here[name] = true
	}
	c.here = nil
	for _, check := range c.all {
		if here[check.Name] {
			c.here = append(c.here, check)
		}
	}
	return nil
}

// setAside keeps the night of the last run under another name, if it came to its end.
func setAside(path, previous string) error {
	n, err := night.Read(path)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, night.ErrNone):
		return nil
	case err != nil:
		return err
	case n.End == nil || len(n.Missing()) > 0:
		return fmt.Errorf("%s is of a run that has not run all its checks; --resume goes on with it, --journal names another file", path)
	}
	return os.Rename(path, previous)
}

// header says what is to be run, and where.
func (s *suiteRun) header(ctx context.Context, c *chosen, w *warm) (night.Header, error) {
	h := night.Header{
		Schema: night.Schema, ID: s.run, Suite: c.suite.Name, Digest: c.digest, Started: time.Now().UTC(), Commit: s.commit,
		Shard: c.shard, Checks: suite.Names(c.here), Total: len(c.all), Against: s.against, Others: []night.Machine{},
	}
	if h.ID == "" {
		h.ID = suite.RunHere()
	}
	if h.ID == "" {
		if c.shard.Count > 0 {
			return h, errors.New("--shard needs --run NAME, the same for all shards: by it verify merge tells that they belong together")
		}
		var random [2]byte
		_, _ = rand.Read(random[:]) // never fails
		h.ID = h.Started.Format("20060102T150405Z-") + hex.EncodeToString(random[:])
	}
	if h.Commit == "" {
		h.Commit = commitOf(ctx, c.suite.Path)
	}
	var err error
	h.Machine, err = s.machine(ctx, w)
	return h, err
}

// machine asks a worker what checks run on, and refuses a machine without a GPU where
// one is required. The worker is kept for the first check.
func (s *suiteRun) machine(ctx context.Context, w *warm) (night.Machine, error) {
	w.begin()
	host, err := w.host(ctx)
	if s.requireGPU && host.GPUs == 0 {
		missing := host.Missing
		if err != nil {
			missing = err.Error()
		}
		return night.Machine{}, fmt.Errorf("--require-gpu: no GPU is seen: %s; see verify doctor", missing)
	}
	return doctor.Machine(ctx, host), nil // what is wrong with libtorch checks will say
}

// warm are workers that are started before there is something to check.
type warm struct {
	count int
	limit int64
	mu    sync.Mutex
	ready []*verify.Worker
}

// begin starts the workers, which open libtorch beside each other.
func (w *warm) begin() {
	for ; w.count > 0; w.count-- {
		one, err := verify.StartWorker(verify.WorkerOptions{Memory: w.limit})
		if err != nil {
			return // it comes again where a check needs one
		}
		w.ready = append(w.ready, one)
	}
}

// host asks one where it runs. If that ends it, the checks will too, and say so.
func (w *warm) host(ctx context.Context) (verify.Host, error) {
	if len(w.ready) == 0 {
		return verify.Host{}, errors.New("no child process could be started")
	}
	host, err := w.ready[0].Host(ctx)
	if err != nil {
		w.ready[0].Close()
		w.ready = w.ready[1:]
	}
	return host, err
}

// start gives a worker that is there already, or a new one.
func (w *warm) start(memory int64) (schedule.Worker, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.ready) > 0 && memory == w.limit {
		one := w.ready[len(w.ready)-1]
		w.ready = w.ready[:len(w.ready)-1]
		return one, nil
	}
	return verify.StartWorker(verify.WorkerOptions{Memory: memory})
}

func (w *warm) close() {
	for _, one := range w.ready {
		one.Close()
	}
}

// commitOf gives the commit of the checkout that a suite lies in, or "".
func commitOf(ctx context.Context, path string) string {
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		path = filepath.Dir(path)
	}
	out, err := exec.CommandContext(ctx, "git", "-C", path, "rev-parse", "HEAD").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// sit runs what is missing of a night.
func (s *suiteRun) sit(ctx context.Context, c *chosen, n *night.Night, journal *night.Journal, o schedule.Options) error {
	screen := &screen{w: s.stderr, quiet: s.quiet}
	o.Watch, o.GPUs = screen, len(n.Machine.Devices)
	explainOn(ctx, screen)
	kill, release := secondSignal(ctx)
	defer release()
	before := earlier(n)
	screen.begin(len(n.Results), len(c.here))
	results, end, err := schedule.Run(kill, c.here, n.Results, journalOf(n, journal, before, c.suite.Notes), o)
	screen.end()
	n.Results = results
	n.End = &end
	if len(n.Missing()) > 0 {
		fmt.Fprintf(s.stderr, "verify: the same command with --resume --journal %s goes on\n", s.journal)
	}
	before.addTo(n.End, c.suite.Notes)
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

// journalOf completes the end that a journal is given.
func journalOf(n *night.Night, j *night.Journal, b *sittings, notes []string) schedule.Journal {
	return &completing{j, b, notes}
}

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

// secondSignal gives a context that ends with the second Ctrl-C; the first one ends ctx.
func secondSignal(ctx context.Context) (kill context.Context, release func()) {
	kill, cancel := context.WithCancel(context.WithoutCancel(ctx))
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		for count := 0; count < 2; count++ {
			select {
			case <-signals:
			case <-kill.Done():
				return
			}
		}
		signal.Stop(signals) // the third ends this process
		cancel()
	}()
	return kill, func() {
		signal.Stop(signals)
		cancel()
	}
}
