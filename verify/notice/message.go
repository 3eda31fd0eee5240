package notice

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/history"
	"github.com/seed06459138/torchgo/verify/night"
)

// Schema names the format of the message for any receiver. A field may be added under
// the same number; any other change raises it.
const Schema = "torchgo.verify.notice/1"

// mostListed is how many checks and changes a message lists.
const mostListed = 100

// Message is what is posted to a receiver of JSON.
type Message struct {
	Schema   string                 `json:"schema"`
	Text     string                 `json:"text"` // one line
	Suite    string                 `json:"suite"`
	Night    string                 `json:"night"` // its ID
	Shard    night.Shard            `json:"shard"`
	Started  time.Time              `json:"started"`
	Seconds  float64                `json:"seconds"` // 0 when it did not come to its end
	Stopped  string                 `json:"stopped"` // why it ended early, or ""
	Machine  string                 `json:"machine"` // host
	Libtorch string                 `json:"libtorch"`
	Commit   string                 `json:"commit"`
	ExitCode int                    `json:"exit_code"`
	Checks   int                    `json:"checks"`
	Counts   map[verify.Verdict]int `json:"counts"`
	Missing  int                    `json:"missing"` // checks that did not run
	Failing  []Failing              `json:"failing"` // the worst first, at most 100
	Changes  []history.Change       `json:"changes"` // what is new, the worst first, at most 100
	Notes    []string               `json:"notes"`
}

// Failing is a check that is not consistent.
type Failing struct {
	Check   string         `json:"check"`
	Verdict verify.Verdict `json:"verdict"`
	Summary string         `json:"summary"`
}

// Message gives the night for any receiver of JSON.
func (n *Notice) Message() Message {
	m := Message{
		Schema: Schema, Text: n.Headline(), Suite: n.Night.Suite, Night: n.Night.ID, Shard: n.Night.Shard, Started: n.Night.Started,
		Machine: n.Night.Machine.Host, Libtorch: n.Night.Machine.Libtorch, Commit: n.Night.Commit, ExitCode: n.Night.ExitCode(),
		Checks: n.checks(), Counts: n.Night.Counts(), Missing: n.missing(), Failing: []Failing{}, Changes: []history.Change{}, Notes: []string{},
	}
	if end := n.Night.End; end != nil {
		m.Seconds, m.Stopped, m.Notes = end.Seconds, end.Stopped, append(m.Notes, end.Notes...)
	}
	for i, r := range n.failing() {
		if i == mostListed {
			break
		}
		m.Failing = append(m.Failing, Failing{r.Check, r.Verdict, summaryOf(r)})
	}
	for _, weight := range []history.Weight{history.Worse, history.Open, history.Better} {
		for _, c := range n.changes(weight, true) {
			if len(m.Changes) < mostListed {
				m.Changes = append(m.Changes, c)
			}
		}
	}
	return m
}

// JSON gives the message as bytes.
func (n *Notice) JSON() ([]byte, error) { return json.Marshal(n.Message()) }

// Slack's bounds: of letters in a block and in a header, and what we list.
const (
	mostSlackText   = 3000
	mostSlackHeader = 150
	mostSlackItems  = 10
)

// slackText escapes what Slack takes for its own, also in plain text.
var slackText = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\n", " ", "\r", " ")

// Slack gives the message in the form that Slack's incoming webhooks take, and those
// of Mattermost and others that follow it: text for notifications, blocks to read.
func (n *Notice) Slack() ([]byte, error) {
	b := &slackBlocks{}
	headline := slackText.Replace(n.Headline())
	b.add("header", slackMark(n.verdict())+" "+headline, mostSlackHeader)
	told := func(weight history.Weight) (items []string) {
		for _, c := range n.changes(weight, true) {
			item := c.Text()
			if subject := c.Subject(); subject != "" {
				item = subject + ": " + item
			}
			items = append(items, item)
		}
		return items
	}
	b.list("Newly worse", told(history.Worse))
	b.list("Newly open", told(history.Open))
	b.list("Better", told(history.Better))
	if n.Changes == nil || n.Changes.Before == nil {
		var items []string
		for _, r := range n.failing() {
			items = append(items, r.Check+": "+summaryOf(r))
		}
		b.list("Not consistent", items)
	}
	b.add("section", slackText.Replace(n.where()), mostSlackText)
	return json.Marshal(struct {
		Text   string       `json:"text"`
		Blocks []slackBlock `json:"blocks"`
	}{headline, b.all})
}

// slackBlock is a block of plain text, in which no name is taken for formatting.
type slackBlock struct {
	Type string `json:"type"`
	Text struct {
		Type  string `json:"type"`
		Text  string `json:"text"`
		Emoji bool   `json:"emoji"`
	} `json:"text"`
}

type slackBlocks struct{ all []slackBlock }

func (b *slackBlocks) add(kind, text string, most int) {
	block := slackBlock{Type: kind}
	block.Text.Type, block.Text.Text, block.Text.Emoji = "plain_text", cut(text, most), kind == "header"
	b.all = append(b.all, block)
}

// list adds a title and items, or nothing without any.
func (b *slackBlocks) list(title string, items []string) {
	if len(items) == 0 {
		return
	}
	lines := []string{title}
	for i, item := range items {
		if i == mostSlackItems {
			lines = append(lines, fmt.Sprintf("and %d more", len(items)-mostSlackItems))
			break
		}
		lines = append(lines, "• "+cut(slackText.Replace(item), mostSlackText/(mostSlackItems+2)))
	}
	b.add("section", strings.Join(lines, "\n"), mostSlackText)
}

// cut shortens a text at its end.
func cut(text string, most int) string {
	letters := []rune(text)
	if len(letters) <= most {
		return text
	}
	return string(letters[:most-1]) + "…"
}

func slackMark(v verify.Verdict) string {
	switch v {
	case verify.Consistent:
		return ":white_check_mark:"
	case verify.Inconsistent:
		return ":x:"
	}
	return ":grey_question:"
}
