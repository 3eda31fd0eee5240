package record

import (
	"cmp"
	"context"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/compare"
	"github.com/seed06459138/torchgo/verify/night"
)

// Check runs a check and, when it is consistent, records in the folder what its first
// leg that computes gave, over what was recorded of it before. Other verdicts leave
// the older record, if any, in place: recorded tells. A check of one leg is run to
// see whether it computes the same each time. All that is recorded of a check is in
// memory until the verdict is known.
func (f Folder) Check(ctx context.Context, name string, spec verify.Spec, on night.Machine) (report *verify.Report, recorded bool, err error) {
	release, err := f.lock(syscall.LOCK_SH)
	if err != nil {
		return nil, false, err
	}
	defer release()
	var kept []verify.Kept
	spec.Keep = func(k verify.Kept) error {
		kept = append(kept, k)
		return nil
	}
	if report, err = verify.Run(ctx, spec); err != nil || report.Verdict != verify.Consistent {
		return report, false, err
	}
	if len(kept) == 0 {
		return report, false, &verify.Error{Msg: name, Err: errUnset}
	}
	r := &Record{
		Schema: Schema, Check: name, Recorded: time.Now().UTC().Truncate(time.Second), Machine: on, Leg: kept[0].Leg, Device: kept[0].Device,
		Method: report.Settings.Method, Seed: report.Settings.Seed, Tolerance: report.Settings.Tolerance, Files: report.Files,
	}
	for _, k := range kept {
		set, err := f.keep(k, r)
		if err != nil {
			return report, false, &verify.Error{Path: f.path, Msg: "what " + name + " computed cannot be recorded", Err: reason(err)}
		}
		r.Sets = append(r.Sets, set)
	}
	return report, true, f.write(r)
}

// keep writes the blobs of a set. Inputs say nothing of the machine, so that checks and
// machines share them.
func (f Folder) keep(k verify.Kept, r *Record) (Set, error) {
	set := Set{Name: k.Set, Digest: digest(k.Inputs), Of: []Output{}}
	var err error
	if set.Inputs, err = f.writeBlob(k.Inputs, nil); err != nil {
		return set, err
	}
	var files []string
	for _, file := range r.Files {
		files = append(files, file.Role+" "+file.SHA256)
	}
	machine, err := asJSON(r.Machine)
	if err != nil {
		return set, err
	}
	about := map[string]string{"check": r.Check, "set": k.Set, "leg": k.Leg, "device": k.Device, "method": r.Method,
		"tolerance": r.Tolerance, "seed": strconv.FormatUint(r.Seed, 10), "machine": machine, "files": strings.Join(files, "\n"), "inputs": set.Inputs}
	if set.Outputs, err = f.writeBlob(k.Outputs, about); err != nil {
		return set, err
	}
	for _, o := range k.Outputs {
		set.Of = append(set.Of, statistics(o))
	}
	return set, nil
}

// statistics sums an output up.
func statistics(a verify.Array) Output {
	o := Output{Name: cmp.Or(a.Name, "output"), DType: a.DType.String(), Shape: a.Shape}
	s := compare.Summarize(compare.Tensor{DType: a.DType, Shape: a.Shape, Data: a.Data})
	o.Min, o.Max, o.Mean, o.Std = verify.Number(s.Min), verify.Number(s.Max), verify.Number(s.Mean), verify.Number(s.Std)
	o.NaN, o.Infinite = s.NaN, s.Infinite
	return o
}
