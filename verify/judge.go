package verify

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed06459138/torchgo/internal/layout"
)

// judgement decides what uncovered tensors mean.
type judgement struct {
	method        string
	accept        []string // patterns
	nonPersistent []string // names
	unstable      bool     // dependence could not be found out: runs differ
	// leftover are tensors of the state that a frozen file may have folded into
	// its constants; empty for files that keep their parameters.
	leftover []string
}

// decide sets the status of every gap and says what follows.
func (j *judgement) decide(gaps []*gap) []Finding {
	var findings []Finding
	used := make(map[string]bool)
	for _, g := range gaps {
		r := &g.report
		r.By = g.acceptedBy(j.accept)
		if r.By != "" {
			used[r.By] = true
		}
		declared := r.Role == roleBuffer && g.acceptedBy(j.nonPersistent) != ""
		if declared {
			used[g.acceptedBy(j.nonPersistent)] = true
		}
		switch {
		case r.Depends != nil && !*r.Depends:
			r.Status = Unused
		case r.By != "":
			r.Status = Accepted
			findings = append(findings, Finding{UncoveredAccepted, Note, r.Name,
				fmt.Sprintf("%s is not in the state; accepted by --accept-uncovered %s", r.Name, r.By), ""})
		case declared:
			r.Status, r.By = Declared, g.acceptedBy(j.nonPersistent)
			findings = append(findings, Finding{UncoveredAccepted, Note, r.Name,
				fmt.Sprintf("buffer %s is not in the state; --non-persistent says that the constructor makes it", r.Name), ""})
		case r.Values != "":
			r.Status = Reproducible
			findings = append(findings, Finding{UncoveredHarmless, Note, r.Name,
				fmt.Sprintf("%s is not in the state; its values are those of a structure (%s)", j.subject(g), r.Values), ""})
		default:
			findings = append(findings, j.open(g))
		}
	}
	return append(findings, j.unmatched(gaps, used)...)
}

// open judges a tensor whose values nothing explains.
func (j *judgement) open(g *gap) Finding {
	r := &g.report
	switch {
	case r.Depends == nil:
		r.Status = Undecided
		reason := "cannot be overwritten to see what depends on it"
		if j.unstable {
			reason = "is not in the state, and as runs differ it cannot be told what depends on it"
		}
		remedy := j.remedy(r)
		if r.Role == roleBuffer {
			remedy = "if it was registered with persistent=False " + remedy
		}
		return Finding{UncoveredTensor, Open, r.Name, fmt.Sprintf("%s %s", j.subject(g), reason), remedy}
	case len(j.leftover) > 0:
		r.Status = Undecided
		return Finding{UncoveredFrozen, Open, r.Name,
			fmt.Sprintf("%s of the frozen file equals no tensor of the state: folded, or other weights", r.Name),
			fmt.Sprintf("compare a file that was saved before torch.jit.freeze; %s of the state %s unmatched, such as %s",
				layout.Count(len(j.leftover), "tensor"), isAre(len(j.leftover)), j.leftover[0])}
	case r.Role == roleBuffer:
		r.Status = Undecided
		return Finding{UncoveredBuffer, Open, r.Name, fmt.Sprintf("buffer %s is used by %s but is not in the state: persistent=False?", r.Name, j.method), j.remedy(r)}
	}
	r.Status = Used
	return Finding{UncoveredTensor, Proof, r.Name, fmt.Sprintf("%s is used by %s but is not in the state", j.subject(g), j.method), j.remedy(r)}
}

// subject names a gap, with what it is where the name does not say so.
func (j *judgement) subject(g *gap) string {
	if g.report.Role == roleConstant && !strings.HasPrefix(g.report.Name, "CONSTANTS.") {
		return "constant " + g.report.Name
	}
	return g.report.Name
}

func (j *judgement) remedy(r *Uncovered) string {
	switch r.Role {
	case roleBuffer:
		return "then --non-persistent " + r.Name
	case roleConstant:
		return "make the tensor it was traced from a buffer or parameter; if it need not be saved: --accept-uncovered " + r.Name
	}
	return "register it as a buffer or parameter"
}

// unmatched notes patterns and names that fit no uncovered tensor: most likely
// they are misspelt.
func (j *judgement) unmatched(gaps []*gap, used map[string]bool) []Finding {
	var findings []Finding
	note := func(flag string, given []string) {
		for _, name := range given {
			if used[name] {
				continue
			}
			f := Finding{PatternUnused, Note, name, fmt.Sprintf("%s %s fits no tensor that needs it", flag, name), ""}
			for _, g := range gaps {
				if flag == "--non-persistent" && slices.Contains(g.names(), name) {
					f.Text = fmt.Sprintf("%s is no registered buffer, so --non-persistent does not apply to it", name)
				}
			}
			findings = append(findings, f)
		}
	}
	note("--accept-uncovered", j.accept)
	note("--non-persistent", j.nonPersistent)
	return findings
}

func isAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}
