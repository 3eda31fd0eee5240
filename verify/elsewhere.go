package verify

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// remote tells whether a leg computes in a process of its own.
func (r *run) remote(l LegSpec) bool {
	switch {
	case recorded(l.Kind) > 0 || r.inWorker:
		return false
	case l.Libtorch != "":
		return l.Libtorch != r.own
	}
	return r.spec.isolated()
}

// computesHere tells whether libtorch is needed in this process.
func (r *run) computesHere() bool {
	return slices.ContainsFunc(r.spec.legs(), func(l LegSpec) bool { return usesLibtorch(l.Kind) && !r.remote(l) })
}

// startWorkers starts the processes of legs, so that they open libtorch beside each
// other, and while the files are read.
func (r *run) startWorkers() error {
	r.workers = make(map[int]*Worker)
	for i, l := range r.spec.legs() {
		if !r.remote(l) {
			continue
		}
		w, err := startWorker(WorkerOptions{Libtorch: l.Libtorch, Memory: r.spec.Memory}, usesLibtorch(l.Kind))
		if err != nil {
			return err
		}
		r.workers[i] = w
	}
	return nil
}

// runsOn describes what computes: this process, or the first of the others.
func (r *run) runsOn() (*running, error) {
	if r.computesHere() {
		return runsHere()
	}
	for _, l := range r.legs {
		if l, ok := l.(*remoteLeg); ok && l.opened.On != nil {
			return l.opened.On, nil
		}
	}
	return &running{Versions: emptyReport(r.spec, time.Time{}).Versions, Threads: r.spec.Threads}, nil
}

// explainsElsewhere tells whether what explains differences has to be looked for in
// another process: it takes two legs in one.
func (r *run) explainsElsewhere() bool {
	_, remote := r.base.(*remoteLeg)
	return remote || r.base == nil && len(r.workers) > 0 && r.spec.isolated()
}

// explainElsewhere puts the question once more, in a worker that has the legs of one
// libtorch together, and takes over what explains the differences. Legs that ended
// their processes stay out of it.
func (r *run) explainElsewhere(ctx context.Context) error {
	if !slices.ContainsFunc(r.allComparisons(), func(c Comparison) bool {
		return c.Same == nil && r.legNamed(c.Leg).entry().Ended == nil || c.Same != nil && !*c.Same
	}) {
		return nil
	}
	asked := checkRequest{Spec: sendSpec(*r.spec), Lost: make(map[string]string)}
	together := 0
	for i, l := range r.spec.legs() {
		if e := r.legs[i].entry(); e.Ended != nil {
			asked.Lost[l.Name] = e.Error
		}
		if r.legs[i] == r.base {
			asked.Own = l.Libtorch
		}
		together += b2i(r.workers[i] != nil)
	}
	// Limits are for a leg; this process has several.
	o := WorkerOptions{Libtorch: asked.Own, Memory: r.spec.Memory * int64(together), Timeout: r.spec.Timeout * time.Duration(together)}
	asked.Spec.Spec.Isolate, asked.Spec.Spec.Memory, asked.Spec.Spec.Timeout = false, 0, 0
	asked.Spec.Spec.SaveFailing, asked.Spec.Spec.Latency = "", 0 // those are not asked for again
	asked.Spec.Spec.AllDevices, asked.Spec.Spec.RequireGPU = false, false
	w, err := StartWorker(o)
	if err != nil {
		return err
	}
	defer w.Close()
	answer, err := w.check(ctx, asked)
	if err == nil {
		err = answer.Err.receive()
	}
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		r.say(Finding{Unexplained, Note, "", fmt.Sprintf("what explains the difference was looked for in one process, which failed: %s", causeOf(err)), ""})
		return nil
	}
	r.findings = append(r.findings, answer.Report.Findings[min(answer.Explained, len(answer.Report.Findings)):]...)
	r.truth = answer.Report.Truth
	r.bisections = append(r.bisections, answer.Report.Bisections...)
	return nil
}
