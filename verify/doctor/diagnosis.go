package doctor

import (
	"context"
	"fmt"
	"io"
	"strings"
)

// State says how an item is.
type State string

// The states.
const (
	Good    State = "ok"      // there, and in use or usable
	Absent  State = "-"       // not there, and not needed
	Missing State = "missing" // needed and not there
)

// Item is one thing that was looked at.
type Item struct {
	Name   string   // "libtorch"
	State  State    //
	Value  string   // what it is: "2.15.0"
	From   string   // where it came from: a path, an environment variable
	Notes  []string // more lines
	Remedy string   // what to do, when there is something to do
}

// Diagnosis is all that was looked at.
type Diagnosis struct {
	Items []Item
}

// Examine looks at everything. It opens libtorch, and runs the compilers it finds
// to ask for their versions; ctx bounds those. It may be called at any time and
// from any goroutine.
func Examine(ctx context.Context) *Diagnosis {
	d := &Diagnosis{}
	native := examineNative()
	d.add(examineGo(ctx), examineCompiler(ctx, native.usable()), examineCMake(ctx, native.usable()), examinePython(ctx))
	d.add(native.items()...)
	d.add(examineCPU(native), examineThreads())
	d.add(examineCUDA(native)...)
	d.add(examineFolders()...)
	return d
}

func (d *Diagnosis) add(items ...Item) { d.Items = append(d.Items, items...) }

// Healthy tells whether nothing that is needed is missing.
func (d *Diagnosis) Healthy() bool {
	for _, i := range d.Items {
		if i.State == Missing {
			return false
		}
	}
	return true
}

// WriteText writes a table, the remedies below the items that need them, and in
// the last line what follows.
func (d *Diagnosis) WriteText(w io.Writer) error {
	var b strings.Builder
	for _, i := range d.Items {
		fmt.Fprintf(&b, "%-10s %-8s %s\n", i.Name, i.State, i.Value)
		hang := strings.Repeat(" ", 20)
		if i.From != "" {
			fmt.Fprintf(&b, "%sfrom %s\n", hang, i.From)
		}
		for _, n := range i.Notes {
			fmt.Fprintf(&b, "%s%s\n", hang, n)
		}
		if i.Remedy != "" {
			fmt.Fprintf(&b, "%s-> %s\n", hang, i.Remedy)
		}
	}
	if d.Healthy() {
		b.WriteString("ready: nothing that is needed is missing\n")
	} else {
		b.WriteString("not ready: do what the lines with -> say\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}
