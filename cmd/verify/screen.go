package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/seed06459138/torchgo/internal/layout"
	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/night"
	"github.com/seed06459138/torchgo/verify/schedule"
)

// screen is where people watch: a writer for messages, with a progress bar below them on a
// terminal. Elsewhere each check has a line.
type screen struct {
	mu    sync.Mutex
	w     io.Writer
	quiet bool                     // only trouble is told
	bar   *progressbar.ProgressBar // nil without

	last     schedule.Progress
	drawn    int       // results that the bar shows
	told     time.Time // when
	running  []string
	not      int // results that are not consistent
	finished chan struct{}
}

// barWidth leaves room for what stands beside the bar in 80 columns.
const (
	barWidth    = 16
	beside      = 48
	barInterval = 500 * time.Millisecond
)

// begin shows the bar of so many checks, if w is a terminal.
func (s *screen) begin(done, total int) {
	f, ok := isFile(s.w)
	s.last, s.told = schedule.Progress{Done: done, Total: total}, time.Now()
	if s.quiet || !ok || !term.IsTerminal(int(f.Fd())) || os.Getenv("TERM") == "dumb" {
		return
	}
	bar := progressbar.NewOptions(total, progressbar.OptionSetWriter(s.w), progressbar.OptionSetWidth(barWidth),
		progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(false), progressbar.OptionClearOnFinish(), progressbar.OptionUseANSICodes(true),
		progressbar.OptionSetTheme(progressbar.Theme{Saucer: "█", SaucerPadding: "░", BarStart: "", BarEnd: ""}))
	s.mu.Lock()
	s.bar, s.finished = bar, make(chan struct{})
	s.draw()
	s.mu.Unlock()
	go func() {
		tick := time.NewTicker(barInterval)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				s.mu.Lock()
				s.draw()
				s.mu.Unlock()
			case <-s.finished:
				return
			}
		}
	}()
}

// end takes the bar away.
func (s *screen) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bar != nil {
		close(s.finished)
		_ = s.bar.Clear()
		s.bar = nil
	}
}

// draw shows the bar as it is now. The caller holds the lock.
func (s *screen) draw() {
	if s.bar == nil {
		return
	}
	text := fmt.Sprintf("%d/%d", s.last.Done, s.last.Total)
	if s.not > 0 {
		text += fmt.Sprintf(", %d not consistent", s.not)
	}
	if left := s.last.Left - time.Since(s.told); left > 0 {
		text += ", " + night.Duration(left.Seconds()) + " left"
	}
	if len(s.running) > 0 { // the one that is longest at it
		text += ", " + s.running[0]
	}
	s.bar.Describe(layout.Pad(cut(text, beside), beside))
	if s.last.Done != s.drawn {
		_ = s.bar.Set(s.last.Done) // nothing to lose: the bar is for looking at
		s.drawn = s.last.Done
	}
}

// Write writes a message above the bar.
func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bar != nil {
		_ = s.bar.Clear()
		defer s.draw()
	}
	return s.w.Write(p)
}

// Began is told of a check that begins.
func (s *screen) Began(check string) {
	s.mu.Lock()
	s.running = append(s.running, check) // shown at the next tick
	s.mu.Unlock()
}

// Ended is told of a result. On a terminal those get a line that people act on.
func (s *screen) Ended(r *night.Result, p schedule.Progress) {
	s.mu.Lock()
	for i, name := range s.running {
		if name == r.Check {
			s.running = append(s.running[:i], s.running[i+1:]...)
			break
		}
	}
	s.last, s.told = p, time.Now()
	if r.Verdict != verify.Consistent {
		s.not++
	}
	silent := s.quiet || s.bar != nil && r.Verdict == verify.Consistent
	if silent {
		s.draw()
	}
	s.mu.Unlock()
	if silent {
		return
	}
	digits := len(fmt.Sprint(p.Total))
	lead := fmt.Sprintf("%*d/%d  %-12s  %8s  ", digits, p.Done, p.Total, r.Verdict, night.Duration(r.Seconds))
	text := r.Check
	if r.Verdict != verify.Consistent {
		text += ": " + night.Reason(r)
	}
	fmt.Fprintln(s, lead+cut(text, layout.Width-len([]rune(lead))))
}

// Trouble is told what people should know at once.
func (s *screen) Trouble(text string) { fmt.Fprintln(s, "verify: "+text) }

// cut takes the end off text that is too long: the summary has it all.
func cut(text string, columns int) string {
	runes := []rune(text)
	if len(runes) <= columns {
		return text
	}
	return string(runes[:columns-1]) + "…"
}
