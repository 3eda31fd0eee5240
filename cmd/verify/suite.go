package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed06459138/torchgo/internal/layout"
	"github.com/seed06459138/torchgo/verify/night"
	"github.com/seed06459138/torchgo/verify/record"
	"github.com/seed06459138/torchgo/verify/suite"
)

// suiteRun holds what the flags of verify suite say.
type suiteRun struct {
	path      string
	selection suite.Selection
	list      bool

	jobs     int
	gpuJobs  int
	memory   string
	timeout  time.Duration
	retries  int
	failFast bool

	device     string
	requireGPU bool
	against    string

	journal string
	resume  bool
	shard   string
	times   string
	run     string
	commit  string

	quiet   bool
	telling telling

	here *night.Machine // once it was asked for

	stdout, stderr io.Writer
}

const suiteLong = `suite runs many checks, each in a child process within its limits: one broken
model never stops the others. SUITE is a file of YAML, described by
docs/suite.schema.json, or a folder, in which m_scripted.pt, m_state.pt,
m_input.npy, m_expected.npy and verify.yaml are found, by names that
docs/suite.md lists.

Results go into a journal as soon as they are there. A run that was stopped or
killed goes on with --resume. Ctrl-C or SIGTERM begins no more checks and ends
with the report of what ran; the second kills the checks in progress.

Attempts that the machine spoilt (a process killed from outside, no memory, a
busy GPU, a failed disk) are repeated; what is wrong with files never is.

Exit code: 0 every check ran and is consistent, 1 one is inconsistent, 2 one is
unstable or without an answer, or did not run. The last line has it in numbers.`

const suiteExamples = `  # All models of a folder, four at a time
  verify suite models/ -j 4

  # Tonight's run of a suite, with last night's times to go by
  verify suite zoo.yaml --journal tonight.jsonl --times lastnight.jsonl

  # After the machine was restarted
  verify suite zoo.yaml --journal tonight.jsonl --resume

  # The third of eight machines; then all of them together
  verify suite zoo.yaml --shard 3/8 --run 2026-11-28 --journal shard3.jsonl
  verify merge -o tonight.jsonl shard*.jsonl`

// newSuite makes the command that runs a suite.
func newSuite(stdout, stderr io.Writer, code *int) *cobra.Command {
	s := &suiteRun{stdout: stdout, stderr: stderr}
	cmd := &cobra.Command{
		Use:                   "suite SUITE [--only NAME] [-j N] [--journal FILE] [--resume]",
		DisableFlagsInUseLine: true,
		Short:                 "run many checks, and keep what they found out",
		Long:                  suiteLong,
		Example:               suiteExamples,
		Args:                  files("suite", "the suite to run", 1, 1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			s.path = args[0]
			*code, err = s.perform(cmd.Context())
			return err
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringArrayVar(&s.selection.Only, "only", nil, "run the check of this `NAME` or pattern, in which * is any text; repeatable")
	f.StringArrayVar(&s.selection.Skip, "skip", nil, "leave out the check of this `NAME` or pattern; repeatable")
	f.StringArrayVar(&s.selection.Tags, "tag", nil, "run checks with this `TAG`; repeatable")
	f.BoolVar(&s.list, "list", false, "print what would run, and run nothing")
	f.IntVarP(&s.jobs, "jobs", "j", 0, "`NUMBER` of checks at a time, among which processors are divided; as many as processors by default")
	f.IntVar(&s.gpuJobs, "gpu-jobs", 1, "`NUMBER` of checks at a time on one GPU")
	f.StringVar(&s.memory, "memory", "", "`SIZE` that checks may take together, such as 12GB; nine tenths of the machine's by default")
	f.DurationVar(&s.timeout, "timeout", time.Hour, "`TIME` after which a check that has no limit of its own is ended")
	f.IntVar(&s.retries, "retries", 2, "`NUMBER` of attempts after one that the machine spoilt")
	f.BoolVar(&s.failFast, "fail-fast", false, "begin no more checks after one that is not consistent")
	f.StringVar(&s.device, "device", "", "`DEVICE` to run on, in place of what the suite says: cpu, cuda for any GPU, cuda:N, or all")
	f.BoolVar(&s.requireGPU, "require-gpu", false, "fail when there is no GPU")
	f.StringVar(&s.against, "against", "", "`FOLDER` of what verify record kept, which is a leg of each check too")
	f.StringVar(&s.journal, "journal", "", "`FILE` to keep results in; SUITE.night.jsonl by default, where that of the last run becomes SUITE.previous.jsonl")
	f.BoolVar(&s.resume, "resume", false, "go on with the run in the journal, if there is one")
	f.StringVar(&s.shard, "shard", "", "run only `I/N` of the suite; auto takes them from a Slurm array or an Indexed Job of Kubernetes")
	f.StringVar(&s.times, "times", "", "`FILE` of an earlier night: the longest checks go first, and shards get as much as each other")
	f.StringVar(&s.run, "run", "", "`NAME` of the run, which its shards share; of Slurm's or Kubernetes' job, or of the time, by default")
	f.StringVar(&s.commit, "commit", "", "`COMMIT` of the models' source; that of the suite's git checkout by default")
	s.telling.declare(cmd)
	f.BoolVar(&s.quiet, "quiet", false, "print no progress, and of the summary the last line only")
	return cmd
}

// chosen is what of a suite is to run here.
type chosen struct {
	suite  *suite.Suite
	all    []suite.Check // that were selected
	here   []suite.Check // those of the shard
	shard  night.Shard
	times  map[string]float64
	digest string
}

// choose reads the suite and takes out of it what is meant.
func (s *suiteRun) choose() (*chosen, error) {
	c := &chosen{}
	var err error
	if c.suite, err = suite.Load(s.path); err != nil {
		return nil, err
	}
	if c.all, err = c.suite.Select(s.selection); err != nil {
		return nil, err
	}
	for i := range c.all {
		check := &c.all[i]
		if s.device != "" {
			if err := check.On(s.device); err != nil {
				return nil, fmt.Errorf("--device: %w", err)
			}
		}
		if s.against != "" {
			check.Spec.Legs = append(slices.Clone(check.Spec.Legs), record.At(s.against).Leg(check.Name))
		}
	}
	if s.times != "" {
		earlier, err := night.Read(s.times)
		if err != nil {
			return nil, fmt.Errorf("--times %w", err)
		}
		c.times = suite.Times(earlier)
	}
	c.here = c.all
	if s.shard != "" {
		if c.shard, err = suite.ParseShard(s.shard); err != nil {
			return nil, fmt.Errorf("--shard: %w", err)
		}
		at := suite.Assign(suite.Names(c.all), c.shard.Count, c.times)
		c.here = nil
		for _, check := range c.all {
			if at[check.Name] == c.shard.Index {
				c.here = append(c.here, check)
			}
		}
	}
	c.digest = suite.Digest(c.all, "device="+s.device, fmt.Sprint("against=", s.against != ""))
	return c, nil
}

// perform lists or runs the suite.
func (s *suiteRun) perform(ctx context.Context) (int, error) {
	c, err := s.choose()
	if err != nil {
		return 0, err
	}
	if s.list {
		return 0, s.print(c)
	}
	if env := suite.Sharded(); env != "" && s.shard == "" {
		fmt.Fprintf(s.stderr, "verify: this is one of several jobs of %s, and runs the whole suite; --shard auto runs its part\n", env)
	}
	return s.night(ctx, c)
}

// print lists the checks that would run.
func (s *suiteRun) print(c *chosen) error {
	var b strings.Builder
	columns := 4
	for i := range c.here {
		columns = max(columns, min(len([]rune(c.here[i].Name)), 40))
	}
	for i := range c.here {
		check := &c.here[i]
		line := layout.Pad(check.Name, columns+2) + strings.Join(check.Tags, " ")
		if check.Problem != "" {
			line += "  no answer: " + check.Problem
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	for _, note := range c.suite.Notes {
		b.WriteString(layout.Hang("note  ", note) + "\n")
	}
	text := layout.Count(len(c.here), "check")
	if len(c.here) < len(c.suite.Checks) {
		text = fmt.Sprintf("%d of %s", len(c.here), layout.Count(len(c.suite.Checks), "check"))
	}
	if c.shard.Count > 0 {
		text += fmt.Sprintf(", shard %d/%d", c.shard.Index, c.shard.Count)
	}
	fmt.Fprintf(&b, "%s of %s\n", text, c.suite.Name)
	_, err := io.WriteString(s.stdout, b.String())
	return err
}

// jobsHere is how many checks run at a time.
func (s *suiteRun) jobsHere(checks int) int {
	jobs := s.jobs
	if jobs == 0 {
		jobs = runtime.GOMAXPROCS(0)
	}
	return max(min(jobs, checks), 1)
}
