package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/seed06459138/torchgo/verify/history"
	"github.com/seed06459138/torchgo/verify/night"
	"github.com/seed06459138/torchgo/verify/notice"
)

const tellLong = `tell tells people and machines what a night found out: NIGHT is what verify
suite or verify merge wrote. With what verify history check --json says, what is
new since the nights before stands first.

An address of a webhook is often a secret; @FILE takes it from a file. A message
that nobody takes is tried again for a minute, and then kept in the folder of
--spool, for the next night, at most 100 of them and for 14 days.

Exit code: 0 told, or kept in the spool; 2 something could not be written.`

const tellExamples = `  # After a night
  verify history check --json > changes.json
  verify tell night.jsonl --changes changes.json --markdown summary.md \
    --junit junit.xml --metrics /var/lib/node_exporter/verify.prom

  # To a channel of Slack, and to a service of one's own
  verify tell night.jsonl --slack @/etc/verify/slack \
    --webhook https://ci.example.com/nights --spool /var/spool/verify`

// telling holds the flags that say whom to tell of a night.
type telling struct {
	markdown, junit, metrics string
	webhooks, slacks         []string
	spool                    string
}

func (t *telling) declare(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&t.markdown, "markdown", "", "write a summary as Markdown to `FILE`; - is standard output")
	f.StringVar(&t.junit, "junit", "", "write JUnit XML to `FILE`, with a case for each check")
	f.StringVar(&t.metrics, "metrics", "", "write metrics to `FILE`.prom, for Prometheus' textfile collector")
	f.StringArrayVar(&t.webhooks, "webhook", nil, "post JSON to `URL`, or to that in @FILE; repeatable")
	f.StringArrayVar(&t.slacks, "slack", nil, "post to Slack's incoming webhook `URL`, or to that in @FILE; repeatable")
	f.StringVar(&t.spool, "spool", "", "`FOLDER` for messages that nobody took, to be sent the next time")
}

// receiver is a webhook and what it is sent.
type receiver struct {
	*notice.Hook
	body func(*notice.Notice) ([]byte, error)
}

// receivers reads the addresses, which is done before a night is run for them.
func (t *telling) receivers() (all []receiver, err error) {
	for _, kind := range []struct {
		flag      string
		addresses []string
		body      func(*notice.Notice) ([]byte, error)
	}{{"--webhook", t.webhooks, (*notice.Notice).JSON}, {"--slack", t.slacks, (*notice.Notice).Slack}} {
		for _, address := range kind.addresses {
			hook, err := notice.NewHook(address)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", kind.flag, err)
			}
			all = append(all, receiver{hook, kind.body})
		}
	}
	return all, nil
}

// tell writes the files and sends the messages. What a receiver did not take is said
// on stderr and is no error: the night is not worse for it.
func (t *telling) tell(ctx context.Context, n *notice.Notice, to []receiver, stdout, stderr io.Writer) error {
	var errs []error
	failed := func(flag, path string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("%s %s: %w", flag, path, err))
		}
	}
	failed("--markdown", t.markdown, writeTo(t.markdown, stdout, n.WriteMarkdown))
	failed("--junit", t.junit, writeTo(t.junit, stdout, n.WriteJUnit))
	if t.metrics != "" {
		failed("--metrics", t.metrics, n.WriteMetricsFile(t.metrics))
	}
	for _, r := range to {
		body, err := r.body(n)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		sent, err := notice.NewSpool(t.spool).Send(ctx, r.Hook, body)
		for _, note := range sent.Notes {
			fmt.Fprintf(stderr, "verify: note: %s\n", note)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// writeTo writes a whole report to a file, to standard output for -, or nowhere.
func writeTo(path string, stdout io.Writer, write func(io.Writer) error) error {
	if path == "" {
		return nil
	}
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return err
	}
	if path == "-" {
		_, err := stdout.Write(b.Bytes())
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o666)
}

// newTell makes the command that tells of a night that is over.
func newTell(stdout, stderr io.Writer) *cobra.Command {
	t := &telling{}
	var changes string
	cmd := &cobra.Command{
		Use:                   "tell NIGHT [--changes FILE] [--markdown FILE] [--slack URL]",
		DisableFlagsInUseLine: true,
		Short:                 "tell people what a night of a suite found out",
		Long:                  tellLong,
		Example:               tellExamples,
		Args:                  files("tell", "the file of a night", 1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			to, err := t.receivers()
			if err != nil {
				return err
			}
			n := &notice.Notice{}
			if n.Night, err = night.Read(args[0]); err != nil {
				return err
			}
			if changes != "" {
				if n.Changes, err = readChanges(changes, cmd.InOrStdin()); err != nil {
					return fmt.Errorf("--changes %s %w", changes, err)
				}
			}
			if err := t.tell(cmd.Context(), n, to, stdout, stderr); err != nil {
				return err
			}
			if t.markdown == "-" || t.junit == "-" {
				return nil
			}
			_, err = fmt.Fprintln(stdout, n.Headline())
			return err
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&changes, "changes", "", "`FILE` of verify history check --json; - is standard input")
	t.declare(cmd)
	return cmd
}

func readChanges(path string, stdin io.Reader) (*history.Report, error) {
	if path == "-" {
		return notice.ReadChanges(stdin)
	}
	file, err := os.Open(path)
	if err != nil {
		var cause *os.PathError
		if errors.As(err, &cause) {
			err = cause.Err
		}
		return nil, fmt.Errorf("cannot be read: %w", err)
	}
	defer file.Close()
	return notice.ReadChanges(file)
}
