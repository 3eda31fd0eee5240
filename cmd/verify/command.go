package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/html"
	"github.com/seed06459138/torchgo/verify/record"
)

// exitUnanswered is the exit code when there is no answer.
var exitUnanswered = verify.Unanswered.ExitCode()

// run runs the command and gives its exit code.
func run(args []string, stdout, stderr io.Writer) int {
	ctx, release := interruptible(stderr)
	defer release()
	code := 0
	root := newCheck(stdout, stderr, &code)
	root.AddCommand(newInspect(stdout, &code), newConvert(stdout), newCheckCertificate(stdout, &code), newInit(stdout), newDoctor(stdout, &code),
		newRecord(stdout, stderr, &code), newTell(stdout, stderr), newHistory(stdout, stderr, &code), newSuite(stdout, stderr, &code), newMerge(stdout, &code))
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	if err := root.ExecuteContext(ctx); err != nil {
		fmt.Fprintf(stderr, "verify: %v\n", err)
		return exitUnanswered
	}
	return code
}

// check holds what the flags say.
type check struct {
	spec      verify.Spec
	judging   judging
	isolating isolating
	making    making
	legs      []string
	device    string
	config    string    // the file that describes the check, instead of the flags
	against   string    // folder of records
	name      string    // of the check among them
	formats   []*format // of the reports beside the text
	quiet     bool
	verbose   bool

	stdout, stderr io.Writer
}

const long = `verify tells whether files that were saved from one model still compute the
same: a TorchScript file, a state_dict, and outputs recorded before saving.
The weights are compared bit by bit, then the outputs for the given inputs,
element by element, with the first there is of --expected and --scripted.

A state_dict has no structure: that of the scripted file is filled, from the
state alone. What the scripted file computes with and the state does not hold is
found and named, so that a tensor which was never saved can't pass unseen.

Exit code: 0 consistent, 1 inconsistent, 2 unstable (the same file gives
different results each time) or the question could not be answered.`

const examples = `  # Do both files compute what the model computed before it was saved?
  verify --scripted model_scripted.pt --state model_state.pt --input x.npy \
    --expected y.npy

  # Two inputs, a checkpoint of several state_dicts, a report for machines
  verify --scripted m.pt --state checkpoint.pt --state-key ema_state_dict \
    --input ids.npy --input mask.npy --rtol 1e-4 --json report.json

  # Judged as classifiers are, by the five best classes of each row
  verify --scripted m.pt --leg half=scripted:m.pt,dtype=float16 --input x.npy \
    --atol inf --metric 'cosine>=0.999' --metric topk=5

  # Does the trace ignore a branch that the inputs at hand do not take?
  verify --scripted m.pt --leg traced:traced.pt --input x.npy --random 20 \
    --edge zeros,batch=1/7 --save-failing failing

  # May we move to the new libtorch? Each leg runs with both, in processes of
  # their own, which scripts/shim VERSION has built for
  verify --scripted m.pt --state s.pt --input x.npy --libtorch 2.11.0,2.15.0

  # On the second GPU, with a buffer that the constructor makes again
  verify --scripted m.pt --state s.pt --input batch.npz --device cuda:1 \
    --non-persistent rope.inv_freq

  # What freezing, float16 and float64 make of it
  verify --expected y.npy --input x.npy --scripted m.pt --leg frozen:m.pt \
    --leg half=scripted:m.pt,dtype=float16 --leg oracle:m.pt`

// newCheck makes the root command. code is set to the exit code of the verdict.
func newCheck(stdout, stderr io.Writer, code *int) *cobra.Command {
	c := &check{stdout: stdout, stderr: stderr}
	cmd := &cobra.Command{
		Use:                   "verify --scripted FILE --state FILE --input FILE [--expected FILE]",
		DisableFlagsInUseLine: true,
		Short:                 "tell whether the files that were saved from one model compute the same",
		Long:                  long,
		Example:               examples,
		Version:               versionText(),
		SilenceUsage:          true,
		SilenceErrors:         true,
		Args:                  noArguments,
		CompletionOptions:     cobra.CompletionOptions{HiddenDefaultCmd: true},
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if err := c.ask(cmd.Flags()); err != nil {
				return err
			}
			if c.against != "" {
				c.spec.Legs = append(c.spec.Legs, record.At(c.against).Leg(c.called()))
			}
			*code, err = c.run(cmd.Context())
			return err
		},
	}
	cmd.SetUsageTemplate(strings.ReplaceAll(cmd.UsageTemplate(), ".FlagUsages ", ".FlagUsagesWrapped 80 "))
	cmd.SetVersionTemplate("{{.Version}}\n")
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return fmt.Errorf("%w; see verify -h", err) })
	c.declare(cmd)
	f := cmd.Flags()
	f.StringVar(&c.against, "against", "", "`FOLDER` of what verify record kept, which is a leg too")
	f.StringVar(&c.name, "name", "", "`NAME` under which it was recorded; that of the file by default")
	report := func(name, usage string, write func(*verify.Report, io.Writer) error) *format {
		one := &format{flag: "--" + name, write: write}
		c.formats = append(c.formats, one)
		f.StringVar(&one.path, name, "", usage)
		return one
	}
	report("json", "write the report as JSON to `FILE`; - is standard output", (*verify.Report).WriteJSON)
	report("junit", "write it as JUnit XML to `FILE`, for CI systems", (*verify.Report).WriteJUnit)
	report("markdown", "write it as Markdown to `FILE`, for pull requests", (*verify.Report).WriteMarkdown)
	page := report("html", "write it as a page of HTML with charts to `FILE`", html.Write)
	certify := report("certify", "write a certificate to `FILE`; see verify check -h", nil)
	certify.write = func(r *verify.Report, w io.Writer) error { return writeCertificate(r, w, certify.path) }
	cmd.PreRun = func(*cobra.Command, []string) { c.spec.Profile = page.path != "" } // which only its charts need
	f.BoolVar(&c.quiet, "quiet", false, "print the verdict only")
	f.BoolVar(&c.verbose, "verbose", false, "also print libtorch's tracebacks")
	return cmd
}

// declare declares the flags that say what to check.
func (c *check) declare(cmd *cobra.Command) {
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&c.spec.Scripted, "scripted", "", "TorchScript `FILE`, scripted or traced")
	f.StringVar(&c.spec.State, "state", "", "`FILE` with a state_dict, alone or in a checkpoint")
	f.StringVar(&c.spec.Expected, "expected", "", "recorded outputs: `FILE` of npy, npz, safetensors or torch.save")
	f.StringArrayVar(&c.spec.Inputs, "input", nil, "input: `FILE` of the same kinds; repeat in the order of the arguments")
	f.StringArrayVar(&c.legs, "leg", nil, "another `LEG`: NAME=KIND:FILE[,OPTION=VALUE…]; repeatable; the kinds are "+strings.Join(verify.Kinds(), ", "))
	f.StringVar(&c.spec.Method, "method", "forward", "`NAME` of the method to call")
	f.StringVar(&c.device, "device", "cpu", "`DEVICE` to run on: cpu, cuda, cuda:N; all runs the scripted file on the CPU and every GPU")
	f.BoolVar(&c.spec.RequireGPU, "require-gpu", false, "fail when nothing would run on a GPU")
	c.isolating.declare(cmd)
	c.judging.declare(cmd)
	c.making.declare(cmd)
	f.StringVar(&c.spec.StateKey, "state-key", "", "`KEY` of the state_dict in its file; searched for by default")
	f.StringArrayVar(&c.spec.AcceptUncovered, "accept-uncovered", nil, "`PATTERN` of tensors that need not be in the state; repeatable")
	f.BoolVar(&c.spec.Bisect, "bisect", false, "find the operator or submodule at which legs that differ part")
	f.IntVar(&c.spec.Runs, "runs", 4, "`NUMBER` of runs of each leg; TorchScript optimises the second")
	f.IntVar(&c.spec.Latency, "latency", 0, "time `NUMBER` calls of each leg, and measure its GPU's memory")
	f.StringArrayVar(&c.spec.NonPersistent, "non-persistent", nil, "`NAME` of a buffer of persistent=False; repeatable")
	f.StringVar(&c.config, "config", "", "`FILE` that describes the check, instead of these flags; see verify init -h")
}

// noArguments refuses words that belong to no flag.
func noArguments(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%q belongs to no flag; files are given as --scripted, --state, --input, --expected; see verify -h", args[0])
	}
	return nil
}

// ask takes the check from the file that describes it, or from the flags.
func (c *check) ask(flags *pflag.FlagSet) error {
	if c.config != "" {
		return c.configured(flags)
	}
	return c.described()
}

// described takes the check from the flags.
func (c *check) described() (err error) {
	if err = c.spec.PutOn(c.device); err != nil {
		return fmt.Errorf("--device: %w", err)
	}
	for _, text := range c.legs {
		leg, err := verify.ParseLeg(text)
		if err != nil {
			return fmt.Errorf("--leg: %w", err)
		}
		c.spec.Legs = append(c.spec.Legs, leg)
	}
	if err := c.isolating.apply(&c.spec); err != nil {
		return err
	}
	if err := c.judging.apply(&c.spec); err != nil {
		return err
	}
	return c.making.apply(&c.spec)
}

// run checks and writes the reports.
func (c *check) run(ctx context.Context) (int, error) {
	if c.spec.Threads == 0 {
		c.spec.Threads = runtime.GOMAXPROCS(0)
	}

	// Opened first: nobody wants to wait for a report that can't be written.
	out, err := openReports(c.formats, c.stdout)
	if err != nil {
		return 0, err
	}
	report, err := verify.Run(ctx, c.spec)
	if err != nil {
		if errors.Is(err, context.Canceled) {
			err = errors.New("interrupted before there was an answer")
		}
		if writing := out.write(verify.FailedReport(c.spec, err)); writing != nil {
			err = errors.Join(err, writing)
		}
		c.detail(err)
		return 0, err
	}
	if err := out.write(report); err != nil {
		return 0, err
	}
	// For people, on standard error when a report takes standard output.
	if out.toStandardOutput() {
		return report.ExitCode(), c.print(c.stderr, report)
	}
	return report.ExitCode(), c.print(c.stdout, report)
}

// print writes the report for people.
func (c *check) print(w io.Writer, report *verify.Report) error {
	opts := textOptions(w)
	opts.Verbose = c.verbose
	if c.quiet {
		return report.WriteVerdict(w, opts)
	}
	return report.WriteText(w, opts)
}

// detail writes what libtorch said besides, when that is asked for.
func (c *check) detail(err error) {
	if text := verify.Detail(err); c.verbose && text != "" {
		fmt.Fprintln(c.stderr, strings.TrimRight(text, "\n"))
	}
}

func versionText() string {
	return fmt.Sprintf("verify %s %s %s/%s, report format %s", verify.Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH, verify.Schema)
}

// isFile gives the file behind a writer, if it is one.
func isFile(w io.Writer) (*os.File, bool) {
	f, ok := w.(*os.File)
	return f, ok
}
