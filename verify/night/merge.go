package night

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/seed06459138/torchgo/verify"
)

// Part is the night of a shard, and the file that it was read from.
type Part struct {
	Path string
	*Night
}

// Merge joins the nights of all shards of one run into that of the whole suite. What
// is missing, a shard or results of one, is told in the notes of its end, and its exit
// code is not 0. Of two results of one check the later one stands, unless an earlier
// one found it inconsistent. An error, of type *Error, says that the files are not
// of one run.
func Merge(parts ...Part) (*Night, error) {
	if len(parts) == 0 {
		return nil, &Error{Msg: "nothing to merge", Remedy: "name the files of the shards"}
	}
	parts = slices.Clone(parts)
	slices.SortStableFunc(parts, func(a, b Part) int { return cmp.Compare(a.Shard.Index, b.Shard.Index) })
	for _, p := range parts {
		if err := sameRun(parts[0], p); err != nil {
			return nil, err
		}
	}
	m := &merging{results: make(map[string]Result), Night: &Night{Header: parts[0].Header, End: &End{Notes: []string{}}}}
	m.Shard, m.Checks, m.Others = Shard{}, nil, []Machine{}
	m.noteMissing(parts)
	for _, p := range parts {
		m.add(p)
	}
	return m.finish(), nil
}

// sameRun refuses what does not belong together.
func sameRun(first, p Part) error {
	differ := func(what, remedy string) error {
		return &Error{Path: p.Path, Msg: fmt.Sprintf("is of another %s than %s", what, first.Path), Remedy: remedy}
	}
	switch {
	case p.Shard.Count == 0:
		return &Error{Path: p.Path, Msg: "is of a whole suite, not of a shard", Remedy: "name the files of shards alone"}
	case p.Suite != first.Suite:
		return differ("suite", fmt.Sprintf("that is %s, this is %s", first.Suite, p.Suite))
	case p.Digest != first.Digest:
		return differ("state of the suite", "all shards must read the same description, with the same selection")
	case p.ID != first.ID:
		return differ("run", fmt.Sprintf("that is %s, this is %s; shards of one run have the same --run", first.ID, p.ID))
	case p.Shard.Count != first.Shard.Count:
		return differ("division", fmt.Sprintf("that is shard %d/%d, this is %d/%d", first.Shard.Index, first.Shard.Count, p.Shard.Index, p.Shard.Count))
	case p.Shard.Index < 1 || p.Shard.Index > p.Shard.Count:
		return &Error{Path: p.Path, Msg: fmt.Sprintf("is of shard %d/%d, which there is not", p.Shard.Index, p.Shard.Count)}
	}
	return nil
}

// merging is a whole in the making.
type merging struct {
	*Night
	results map[string]Result
	doubles []string // checks with two results
}

func (m *merging) note(format string, args ...any) {
	m.End.Notes = append(m.End.Notes, fmt.Sprintf(format, args...))
}

// noteMissing tells which shards there are not, and which there are twice.
func (m *merging) noteMissing(parts []Part) {
	count := parts[0].Shard.Count
	paths := make([][]string, count+1)
	for _, p := range parts {
		paths[p.Shard.Index] = append(paths[p.Shard.Index], p.Path)
	}
	for i, of := range paths[1:] {
		switch {
		case len(of) == 0:
			m.note("shard %d of %d is missing", i+1, count)
		case len(of) > 1:
			m.note("shard %d of %d is there more than once: %s", i+1, count, strings.Join(of, ", "))
		}
	}
}

// add takes in a shard.
func (m *merging) add(p Part) {
	machine := m.machine(p.Machine)
	label := fmt.Sprintf("shard %d of %d", p.Shard.Index, p.Shard.Count)
	m.Checks = append(m.Checks, p.Checks...)
	m.Total = max(m.Total, p.Total)
	if p.Started.Before(m.Started) {
		m.Started = p.Started
	}
	if p.Commit != m.Commit {
		m.note("%s checked models of commit %q, others those of %q", label, p.Commit, m.Commit)
	}
	if p.Against != m.Against {
		m.note("%s was held against records in %q, others against %q", label, p.Against, m.Against)
	}
	if p.End == nil {
		m.note("%s did not come to its end", label)
	} else {
		m.end(p.End, label)
	}
	if missing := p.Missing(); len(missing) > 0 {
		m.note("%s lacks %d of its %d checks: %s", label, len(missing), len(p.Checks), few(missing))
	}
	for _, r := range p.Results {
		r.Machine = machine
		m.result(r)
	}
}

// machine gives the number of a machine.
func (m *merging) machine(of Machine) int {
	if reflect.DeepEqual(of, m.Machine) {
		return 0
	}
	for i, other := range m.Others {
		if reflect.DeepEqual(of, other) {
			return i + 1
		}
	}
	m.Others = append(m.Others, of)
	return len(m.Others)
}

// end takes in how a shard ended. Shards ran side by side.
func (m *merging) end(e *End, label string) {
	m.End.Seconds = max(m.End.Seconds, e.Seconds)
	if e.Ended.After(m.End.Ended) {
		m.End.Ended = e.Ended
	}
	if e.Stopped != "" {
		m.note("%s was stopped: %s", label, e.Stopped)
	}
	for _, note := range e.Notes {
		m.note("%s: %s", label, note)
	}
}

// result takes in a result, of which there should be no other.
func (m *merging) result(r Result) {
	old, twice := m.results[r.Check]
	if !twice {
		m.results[r.Check] = r
		return
	}
	m.doubles = append(m.doubles, r.Check)
	later := r
	if old.Started.After(r.Started) {
		old, later = r, old
	}
	if old.Verdict == verify.Inconsistent && later.Verdict != verify.Inconsistent {
		m.note("%s was found %s and %s; the proof stands", old.Check, old.Verdict, later.Verdict)
		later = old
	}
	m.results[r.Check] = later
}

// finish puts everything into the order of names, since that of the suite is not known.
func (m *merging) finish() *Night {
	slices.Sort(m.Checks)
	m.Checks = slices.Compact(m.Checks)
	m.Results = slices.Collect(maps.Values(m.results))
	Sort(m.Results)
	if len(m.doubles) > 0 {
		slices.Sort(m.doubles)
		m.doubles = slices.Compact(m.doubles)
		m.note("%d checks have more than one result: %s", len(m.doubles), few(m.doubles))
	}
	if lost := m.Unassigned(); lost > 0 {
		m.note("%d of the suite's %d checks are in no shard that is here", lost, m.Total)
	}
	if lost := len(m.Missing()) + m.Unassigned(); lost > 0 {
		m.End.Stopped = fmt.Sprintf("%d of %d checks have no result", lost, max(m.Total, len(m.Checks)))
	}
	if m.End.Ended.IsZero() {
		m.End.Ended = time.Now()
	}
	return m.Night
}

// few names the first of many.
func few(names []string) string {
	const most = 10
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
