package night

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed06459138/torchgo/internal/layout"
	"github.com/seed06459138/torchgo/verify"
)

// mostListed is how many checks of a kind the text names.
const mostListed = 100

// WriteText writes a night for people: the verdict, what is not consistent by name, and
// what is worth knowing; the last line is for schedulers and scripts.
func (n *Night) WriteText(w io.Writer, opts verify.TextOptions) error {
	t := &text{w: w}
	t.line("%s", painted(opts, n.verdict(), n.sentence()))
	for _, of := range []struct {
		verdict verify.Verdict
		title   string
	}{{verify.Inconsistent, "inconsistent"}, {verify.Unstable, "unstable"}, {verify.Unanswered, "without an answer"}} {
		t.results(of.title, n.with(of.verdict))
	}
	if missing := n.Missing(); len(missing) > 0 {
		t.line("%s", layout.Hang("not run    ", fmt.Sprintf("%s: %s", layout.Count(len(missing), "check"), few(missing))))
	}
	t.notes(n)
	t.facts(n)
	t.line("%s", n.LastLine())
	return t.err
}

// LastLine gives the outcome in one line of words and numbers, which begins with the
// exit code.
func (n *Night) LastLine() string {
	c := n.Counts()
	return fmt.Sprintf("exit=%d checks=%d consistent=%d inconsistent=%d unstable=%d unanswered=%d missing=%d", n.ExitCode(), max(len(n.Checks), n.Total*b2i(n.Shard.Count == 0)),
		c[verify.Consistent], c[verify.Inconsistent], c[verify.Unstable], c[verify.Unanswered], len(n.Missing())+n.Unassigned())
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// verdict is that of the whole night.
func (n *Night) verdict() verify.Verdict {
	switch n.ExitCode() {
	case 0:
		return verify.Consistent
	case 1:
		return verify.Inconsistent
	}
	return verify.Unanswered
}

// sentence says the verdict.
func (n *Night) sentence() string {
	c, lost := n.Counts(), len(n.Missing())+n.Unassigned()
	all := layout.Count(len(n.Checks)+n.Unassigned(), "check")
	var open []string
	for _, of := range []struct {
		n    int
		what string
	}{{c[verify.Unstable], "unstable"}, {c[verify.Unanswered], "without an answer"}, {lost, "not run"}} {
		if of.n > 0 {
			open = append(open, fmt.Sprintf("%d %s", of.n, of.what))
		}
	}
	rest := strings.Join(open, ", ")
	switch n.verdict() {
	case verify.Consistent:
		return "consistent: " + all
	case verify.Inconsistent:
		text := fmt.Sprintf("inconsistent: %d of %s", c[verify.Inconsistent], all)
		if rest != "" {
			text += "; " + rest
		}
		return text
	}
	if rest == "" {
		return "not complete: the run did not come to its end"
	}
	return fmt.Sprintf("not complete: of %s, %s", all, rest)
}

// painted gives text in the colour of a verdict.
func painted(opts verify.TextOptions, v verify.Verdict, text string) string {
	if !opts.Color {
		return text
	}
	color := map[verify.Verdict]string{verify.Consistent: "\x1b[32m", verify.Inconsistent: "\x1b[31m", verify.Unanswered: "\x1b[33m"}[v]
	return color + text + "\x1b[0m"
}

// with gives the results of a verdict, in the order of their names.
func (n *Night) with(v verify.Verdict) (all []Result) {
	for i := range n.Results {
		if n.Results[i].Verdict == v {
			all = append(all, n.Results[i])
		}
	}
	Sort(all)
	return all
}

// text writes lines until one fails.
type text struct {
	w   io.Writer
	err error
}

func (t *text) line(format string, args ...any) {
	if t.err == nil {
		_, t.err = fmt.Fprintf(t.w, format+"\n", args...)
	}
}

// results names checks, each with what is wrong in a line or two. What many have in
// common, as a libtorch that is not there, is said once.
func (t *text) results(title string, all []Result) {
	if len(all) == 0 {
		return
	}
	t.line("%s", title)
	sharing := make(map[string][]string)
	for i := range all {
		reason := Reason(&all[i])
		sharing[reason] = append(sharing[reason], all[i].Check)
	}
	columns := 12
	for i := range all {
		columns = max(columns, min(len([]rune(all[i].Check))+2, 34))
	}
	listed := 0
	for i := range all {
		reason := Reason(&all[i])
		names := sharing[reason]
		switch {
		case listed == mostListed:
			t.line("  and %d more", len(all)-i)
			return
		case len(names) >= common && names[0] != all[i].Check:
			continue // said
		case len(names) >= common:
			lead := "  " + layout.Count(len(names), "check") + "  "
			t.line("%s", layout.Hang(lead, reason))
			t.line("%s", layout.Hang(strings.Repeat(" ", len(lead)), few(names)))
		default:
			t.line("%s", layout.Hang("  "+layout.Pad(layout.Shorten(all[i].Check, columns-2), columns), reason))
		}
		listed++
	}
}

// common is how many checks must have the same reason for it to be said once.
const common = 5

// Reason gives a result's summary without the verdict that it begins with.
func Reason(r *Result) string {
	for _, begin := range []string{"inconsistent: ", "unstable: ", "can't answer: ", "consistent: "} {
		if rest, ok := strings.CutPrefix(r.Summary, begin); ok {
			return rest
		}
	}
	return r.Summary
}

// notes tells what a reader must know besides.
func (t *text) notes(n *Night) {
	var all []string
	if n.End != nil {
		if n.End.Stopped != "" {
			all = append(all, "stopped: "+n.End.Stopped)
		}
		all = append(all, n.End.Notes...)
	}
	for i := range n.Results {
		if r := &n.Results[i]; len(r.Attempts) > 0 {
			all = append(all, fmt.Sprintf("%s: %s spoilt by the machine, the last by: %s", r.Check, layout.Count(len(r.Attempts), "attempt"), r.Attempts[len(r.Attempts)-1]))
		}
	}
	for i, note := range all {
		if i == mostListed {
			t.line("note       and %d more", len(all)-i)
			return
		}
		t.line("%s", layout.Hang("note       ", note))
	}
}

// facts tells what ran, where, and for how long.
func (t *text) facts(n *Night) {
	run := n.Suite + ", " + n.ID
	if n.Shard.Count > 0 {
		run += fmt.Sprintf(", shard %d/%d", n.Shard.Index, n.Shard.Count)
	}
	if n.Commit != "" {
		run += ", commit " + n.Commit[:min(len(n.Commit), 12)]
	}
	t.line("%s", layout.Hang("run        ", run))
	hosts, kinds := make(map[string][]string), []string{}
	for _, m := range append([]Machine{n.Machine}, n.Others...) {
		if hosts[m.hardware()] == nil {
			kinds = append(kinds, m.hardware())
		}
		hosts[m.hardware()] = append(hosts[m.hardware()], m.Host)
	}
	for _, one := range kinds {
		t.line("%s", layout.Hang("machine    ", few(hosts[one])+", "+one))
	}
	if n.End == nil || len(n.Results) == 0 {
		return
	}
	slow := slices.Clone(n.Results)
	slices.SortStableFunc(slow, func(a, b Result) int { return cmp.Compare(b.Seconds, a.Seconds) })
	var names []string
	for i := range slow[:min(len(slow), 3)] {
		names = append(names, fmt.Sprintf("%s %s", slow[i].Check, Duration(slow[i].Seconds)))
	}
	t.line("%s", layout.Hang("time       ", fmt.Sprintf("%s; longest: %s", Duration(n.End.Seconds), strings.Join(names, ", "))))
}

// String describes a machine in a line.
func (m Machine) String() string { return m.Host + ", " + m.hardware() }

// hardware describes what machines of one kind have in common.
func (m Machine) hardware() string {
	var parts []string
	if m.CPU != "" {
		parts = append(parts, fmt.Sprintf("%d × %s", m.Processors, m.CPU))
	}
	if m.Memory > 0 {
		parts = append(parts, layout.Size(m.Memory))
	}
	switch {
	case m.Libtorch == "":
		parts = append(parts, "no libtorch")
	default:
		parts = append(parts, "libtorch "+m.Libtorch)
	}
	models := make(map[string]int)
	for _, d := range m.Devices {
		models[cmp.Or(d.Model, "GPU")+", driver "+cmp.Or(d.Driver, "unknown")]++
	}
	for _, d := range m.Devices {
		key := cmp.Or(d.Model, "GPU") + ", driver " + cmp.Or(d.Driver, "unknown")
		if count := models[key]; count > 0 {
			parts = append(parts, fmt.Sprintf("%d × %s", count, key))
		}
		delete(models, key)
	}
	if len(m.Devices) == 0 {
		parts = append(parts, "no GPU")
	}
	return strings.Join(parts, ", ")
}

// Duration writes seconds with as many digits as people read.
func Duration(seconds float64) string {
	switch {
	case seconds < 1:
		return strconv.FormatFloat(seconds*1000, 'f', 0, 64) + " ms"
	case seconds < 59.95:
		return strconv.FormatFloat(seconds, 'f', 1, 64) + " s"
	}
	d := time.Duration(seconds * float64(time.Second)).Round(time.Second)
	if d < time.Hour {
		return fmt.Sprintf("%d m %02d s", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d h %02d m", int(d.Hours()), int(d.Minutes())%60)
}
