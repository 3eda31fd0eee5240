package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/history"
	"github.com/seed06459138/torchgo/verify/night"
)

// gathering puts results of nights together by their checks. Findings are not read.
type gathering struct {
	*session
	nights   []*history.Night // by their number
	machines map[int64]*history.Machine
	only     string // a check, with all its texts; else texts are read where they differ

	courses []history.Course
	places  map[int64]int // of courses, by the id of their check
	texts   [][]textIDs   // of turns, in the order of courses
	next    []int         // the turn of each course that points come to next
}

// textIDs are the texts of a turn.
type textIDs struct{ summary, files, uncovered int64 }

func (g *gathering) load(ctx context.Context) error {
	if len(g.nights) == 0 {
		return nil
	}
	if err := g.loadResults(ctx); err != nil {
		return err
	}
	if err := g.loadPoints(ctx); err != nil {
		return err
	}
	return g.loadTexts(ctx)
}

// seqs are the numbers of the nights, and the suite that they are all of.
func (g *gathering) seqs() (seqs []int64, suite string) {
	for _, n := range g.nights {
		seqs = append(seqs, n.Seq)
	}
	return seqs, g.nights[0].Suite
}

func (g *gathering) loadResults(ctx context.Context) error {
	seqs, suite := g.seqs()
	type named struct {
		name  string
		since int64
	}
	names := make(map[int64]named)
	ids := []int64{}
	query, args := "SELECT id, name, since FROM checks WHERE suite = ?", []any{suite}
	if g.only != "" {
		query, args = query+" AND name = ?", append(args, g.only)
	}
	if err := g.each(ctx, func(rows *sql.Rows) error {
		var id int64
		var n named
		err := rows.Scan(&id, &n.name, &n.since)
		names[id], ids = n, append(ids, id)
		return err
	}, query, args...); err != nil {
		return err
	}
	nights := make(map[int64]*history.Night, len(g.nights))
	for _, n := range g.nights {
		nights[n.Seq] = n
	}
	g.places = make(map[int64]int)
	query = "SELECT night, check_id, machine, verdict, summary, files, uncovered, started, seconds, peak FROM results WHERE night IN " + in(seqs)
	if g.only != "" {
		query += " AND check_id IN " + in(ids)
	}
	r := newCells(10)
	return g.each(ctx, func(rows *sql.Rows) error {
		if err := rows.Scan(r.into...); err != nil {
			return err
		}
		seq, id := r.int(0), r.int(1)
		turn := history.Turn{Night: nights[seq], On: g.machines[r.int(2)]}
		if _, there := names[id]; !there || turn.Night == nil || turn.On == nil {
			return fmt.Errorf("%w: what a result of night %d belongs to is missing", ErrDamaged, seq)
		}
		turn.Check, turn.Verdict = names[id].name, verdictOf(r.text(3))
		if r.values[7] != nil {
			turn.Started = time.Unix(0, r.int(7)).UTC()
		}
		turn.Seconds, turn.Peak = float64(r.number(8)), r.int(9)
		t := textIDs{r.int(4), r.int(5), r.int(6)}
		place, there := g.places[id]
		if !there {
			place = len(g.courses)
			g.places[id] = place
			g.courses = append(g.courses, history.Course{Check: turn.Check})
			g.texts = append(g.texts, nil)
		}
		c := &g.courses[place]
		if last := g.nights[len(g.nights)-1]; turn.Night.ID == last.ID {
			c.Fresh = len(c.Turns) == 0 && names[id].since >= turn.Night.Seq
		}
		c.Turns = append(c.Turns, turn)
		g.texts[place] = append(g.texts[place], t)
		return nil
	}, query+" ORDER BY night, check_id")
}

// loadPoints puts in the numbers of legs, which come in the order of nights as turns do.
func (g *gathering) loadPoints(ctx context.Context) error {
	seqs, suite := g.seqs()
	type leg struct {
		night.Leg
		place int
	}
	legs := make(map[int64]*leg)
	ids := []int64{}
	query, args := "SELECT l.id, l.check_id, l.name, l.kind, l.device, l.libtorch FROM legs l JOIN checks c ON c.id = l.check_id WHERE c.suite = ?", []any{suite}
	if g.only != "" {
		query, args = query+" AND c.name = ?", append(args, g.only)
	}
	devices := make(map[string]string) // so that equal names share their bytes
	share := func(s *string) {
		if known, there := devices[*s]; there {
			*s = known
		} else {
			devices[*s] = *s
		}
	}
	if err := g.each(ctx, func(rows *sql.Rows) error {
		var id, check int64
		l := &leg{}
		if err := rows.Scan(&id, &check, &l.Name, &l.Kind, &l.Device, &l.Libtorch); err != nil {
			return err
		}
		place, there := g.places[check]
		if !there {
			return nil
		}
		for _, s := range []*string{&l.Name, &l.Kind, &l.Device, &l.Libtorch} {
			share(s)
		}
		l.place = place
		legs[id], ids = l, append(ids, id)
		return nil
	}, query, args...); err != nil {
		return err
	}
	g.next = make([]int, len(g.courses))
	query = "SELECT night, leg, same, max_abs, max_rel, share, p50, peak FROM points WHERE night IN " + in(seqs)
	if g.only != "" {
		query += " AND leg IN " + in(ids)
	}
	yes, no := true, false
	r := newCells(8)
	return g.each(ctx, func(rows *sql.Rows) error {
		if err := rows.Scan(r.into...); err != nil {
			return err
		}
		seq, id := r.int(0), r.int(1)
		l := legs[id]
		if l == nil {
			return nil
		}
		turns := g.courses[l.place].Turns
		for g.next[l.place] < len(turns) && turns[g.next[l.place]].Night.Seq < seq {
			g.next[l.place]++
		}
		if g.next[l.place] == len(turns) {
			return fmt.Errorf("%w: a result of night %d is missing", ErrDamaged, seq)
		}
		turn := &turns[g.next[l.place]]
		if turn.Night.Seq != seq {
			return fmt.Errorf("%w: a result of night %d is missing", ErrDamaged, seq)
		}
		one := l.Leg
		switch {
		case r.values[2] == nil:
		case r.int(2) != 0:
			one.Same = &yes
		default:
			one.Same = &no
		}
		one.MaxAbs, one.MaxRel, one.Share, one.P50, one.Peak = r.number(3), r.number(4), r.number(5), float64(r.number(6)), r.int(7)
		turn.Legs = append(turn.Legs, one)
		return nil
	}, query+" ORDER BY night, leg")
}

// loadTexts reads what rules look at: of the last turn why it is not consistent, and
// files and tensors where they are not those of all other turns.
func (g *gathering) loadTexts(ctx context.Context) error {
	want := make(map[int64]bool)
	all := func(texts []textIDs, of func(textIDs) int64) bool {
		differ := g.only != "" || slices.ContainsFunc(texts, func(t textIDs) bool { return of(t) != of(texts[0]) })
		if differ {
			for _, t := range texts {
				want[of(t)] = true
			}
		}
		return differ
	}
	files := func(t textIDs) int64 { return t.files }
	uncovered := func(t textIDs) int64 { return t.uncovered }
	type needs struct{ files, uncovered bool }
	needed := make([]needs, len(g.courses))
	for i, texts := range g.texts {
		needed[i] = needs{all(texts, files), all(texts, uncovered)}
		for j, t := range texts {
			if turn := &g.courses[i].Turns[j]; turn.Verdict != verify.Consistent && (g.only != "" || j == len(texts)-1) {
				want[t.summary] = true
			}
		}
	}
	bodies, err := g.bodies(ctx, want)
	if err != nil {
		return err
	}
	parsed := newParsed(bodies)
	for i, texts := range g.texts {
		for j, t := range texts {
			turn := &g.courses[i].Turns[j]
			if turn.Summary, err = parsed.summary(t.summary); err != nil {
				return err
			}
			if needed[i].files {
				if turn.Files, err = parsed.files(t.files); err != nil {
					return err
				}
			}
			if needed[i].uncovered {
				if turn.Uncovered, err = parsed.names(t.uncovered); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// bodies reads texts.
func (t *session) bodies(ctx context.Context, want map[int64]bool) (map[int64][]byte, error) {
	ids := make([]int64, 0, len(want))
	for id := range want {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	bodies := make(map[int64][]byte, len(ids))
	for part := range slices.Chunk(ids, 1000) {
		if err := t.each(ctx, func(rows *sql.Rows) error {
			var id int64
			var body []byte
			err := rows.Scan(&id, &body)
			bodies[id] = body
			return err
		}, "SELECT id, body FROM texts WHERE id IN "+in(part)); err != nil {
			return nil, err
		}
	}
	return bodies, nil
}

// parsed are texts that are parsed once, however many turns share them.
type parsed struct {
	bodies    map[int64][]byte
	fileLists map[int64][]verify.File
	nameLists map[int64][]string
}

func newParsed(bodies map[int64][]byte) *parsed {
	return &parsed{bodies, make(map[int64][]verify.File), make(map[int64][]string)}
}

func (p *parsed) summary(id int64) (text string, err error) {
	if body := p.bodies[id]; body != nil {
		err = json.Unmarshal(body, &text)
	}
	return text, err
}

func (p *parsed) files(id int64) (files []verify.File, err error) {
	files, there := p.fileLists[id]
	if body := p.bodies[id]; body != nil && !there {
		err = json.Unmarshal(body, &files)
		p.fileLists[id] = files
	}
	return files, err
}

func (p *parsed) names(id int64) (names []string, err error) {
	names, there := p.nameLists[id]
	if body := p.bodies[id]; body != nil && !there {
		err = json.Unmarshal(body, &names)
		p.nameLists[id] = names
	}
	return names, err
}

// unknown says that a check is not there, and names those like it.
func (t *session) unknown(ctx context.Context, suite, check string) error {
	var like []string
	err := t.each(ctx, func(rows *sql.Rows) error {
		var name string
		err := rows.Scan(&name)
		like = append(like, name)
		return err
	}, "SELECT name FROM checks WHERE suite = ? AND name LIKE ? ORDER BY name LIMIT 5", suite, "%"+check+"%")
	if err != nil {
		return err
	}
	remedy := "verify history check --json lists what a night had"
	if len(like) > 0 {
		remedy = "there is " + strings.Join(like, ", ")
	}
	return &Error{Where: t.s.where, Msg: fmt.Sprintf("suite %s has no check %q", suite, check), Remedy: remedy}
}
