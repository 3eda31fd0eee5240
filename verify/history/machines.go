package history

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed06459138/torchgo/internal/layout"
)

// earlier gives the night before that ran on the same hardware, and the machine, or nil.
func (p *Past) earlier(hardware, id string) (*Night, *Machine) {
	for i := len(p.Nights) - 1; i >= 0; i-- {
		if n := p.Nights[i]; n.ID != id {
			if m := n.on(hardware); m != nil {
				return n, m
			}
		}
	}
	return nil, nil
}

// machineChanges notes what is another than the night before: causes, most likely.
func (p *Past) machineChanges() (all []Change) {
	told := make(map[string]bool)
	for _, n := range p.tonight() {
		for _, m := range n.Machines {
			if told[m.Hardware] {
				continue
			}
			told[m.Hardware] = true
			if one, other := p.machineChange(n, m); other {
				all = append(all, one)
			}
		}
	}
	return all
}

func (p *Past) machineChange(n *Night, m *Machine) (one Change, other bool) {
	e, was := p.earlier(m.Hardware, n.ID)
	if e == nil {
		return one, false
	}
	var parts []string
	compare := func(name, before, now string) {
		if before != now {
			parts = append(parts, fmt.Sprintf("%s %s → %s", name, orNone(before), orNone(now)))
		}
	}
	compare("libtorch", was.Libtorch, m.Libtorch)
	compare("torchgo", was.Torchgo, m.Torchgo)
	compare("Go", was.Go, m.Go)
	compare("commit", shortCommit(e.Commit), shortCommit(n.Commit))
	if len(was.Devices) > 0 && len(m.Devices) > 0 {
		compare("driver", was.Devices[0].Driver, m.Devices[0].Driver)
	}
	if len(parts) == 0 {
		return one, false
	}
	one = change(MachineRule, Note, "", &Turn{Night: n, On: m})
	than := e.mark(was)
	one.Than, one.Nights, one.Now = &than, 1, strings.Join(parts, ", ")
	return one, true
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func shortCommit(s string) string { return fmt.Sprintf("%.12s", s) }

// presenceChanges tells checks that are new or have vanished, and what was not run.
func (p *Past) presenceChanges() (all []Change) {
	tonight := p.tonight()
	last := &Turn{Night: tonight[len(tonight)-1]}
	notRun := make(map[string]bool, len(p.NotRun))
	for _, name := range p.NotRun {
		notRun[name] = true
	}
	before := make(map[string]bool) // the nights that tonight's follow, by ID
	for _, n := range tonight {
		for _, m := range n.Machines {
			if e, _ := p.earlier(m.Hardware, n.ID); e != nil {
				before[e.ID] = true
			}
		}
	}
	for i := range p.Courses {
		c := &p.Courses[i]
		newest := &c.Turns[len(c.Turns)-1]
		switch {
		case newest.Night.ID == last.Night.ID && c.Fresh && len(before) > 0:
			one := change(PresenceRule, Note, c.Check, newest)
			one.Now = "is new"
			all = append(all, one)
		case newest.Night.ID != last.Night.ID && before[newest.Night.ID] && !notRun[c.Check]:
			one := change(PresenceRule, Note, c.Check, last)
			than := newest.mark()
			one.Before, one.Now, one.Than, one.Nights = string(newest.Verdict), "not in this night: no longer in the suite, or not selected", &than, 1
			all = append(all, one)
		}
	}
	count := 0 // that of shards which are not here too, whose names nobody knows
	for _, n := range tonight {
		count += n.Missing
	}
	if count = max(count, len(p.NotRun)); count > 0 {
		one := change(NotRunRule, Open, "", last)
		one.Now = layout.Count(count, "check") + " not run"
		one.Detail = some(p.NotRun)
		for _, n := range tonight {
			if n.Stopped != "" {
				one.Now += " (" + n.Stopped + ")"
				break
			}
		}
		all = append(all, one)
	}
	return append(all, shardChanges(tonight)...)
}

// shardChanges tells shards that have not come.
func shardChanges(tonight []*Night) []Change {
	count := tonight[0].Shard.Count
	var missing []string
	for i := 1; i <= count; i++ {
		if !slices.ContainsFunc(tonight, func(n *Night) bool { return n.Shard.Index == i }) {
			missing = append(missing, fmt.Sprint(i))
		}
	}
	if len(missing) == 0 {
		return nil
	}
	one := change(NotRunRule, Open, "", &Turn{Night: tonight[0]})
	one.Machine = ""
	one.Now = fmt.Sprintf("%s of %d not taken in", layout.Count(len(missing), "shard"), count)
	one.Detail = some(missing)
	return []Change{one}
}
