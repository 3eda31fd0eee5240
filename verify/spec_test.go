package verify

import (
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/verify/compare"
)

func TestSpecCheck(t *testing.T) {
	two := Spec{Scripted: "m.pt", State: "s.pt"}
	with := func(change func(*Spec)) Spec {
		s := two
		change(&s)
		return s
	}
	for _, c := range []struct {
		name string
		spec Spec
		want string // part of the error; "" when there is none
	}{
		{"two files", two, ""},
		{"state and expected", Spec{State: "s.pt", Expected: "y.npy"}, ""},
		{"nothing", Spec{}, "nothing to check"},
		{"scripted alone", Spec{Scripted: "m.pt"}, "m.pt: nothing to compare"},
		{"state alone", Spec{State: "s.pt"}, "s.pt: nothing to compare"},
		{"expected alone", Spec{Expected: "y.npy"}, "y.npy: nothing to compare"},
		{"zero tolerance", with(func(s *Spec) { s.Tolerance = &compare.Tolerance{} }), ""},
		{"negative tolerance", with(func(s *Spec) { s.Tolerance = &compare.Tolerance{RTol: -1} }), "must be zero or more"},
		{"NaN tolerance", with(func(s *Spec) { s.Tolerance = &compare.Tolerance{ATol: math.NaN()} }), "must be zero or more"},
		{"threads", with(func(s *Spec) { s.Threads = -1 }), "threads"},
		{"a pattern", with(func(s *Spec) { s.AcceptUncovered = []string{"rope.*"} }), ""},
		{"no pattern", with(func(s *Spec) { s.AcceptUncovered = []string{"rope.["} }), `"rope.["`},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.spec.check()
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
			var known *Error
			assert.ErrorAs(t, err, &known)
		})
	}
}

func TestErrorIsOneLine(t *testing.T) {
	cause := &torch.Error{Op: "forward", Code: torch.CodeRuntime, Msg: "first\n  second line"}
	for _, c := range []struct {
		name string
		err  *Error
		want string
	}{
		{"all parts", &Error{Path: "m.pt", Msg: "failed", Remedy: "do this", Err: cause}, "m.pt: failed: first; do this"},
		{"no path", &Error{Msg: "failed"}, "failed"},
		{"a cause alone", &Error{Err: errors.New("s.pt: is\tdamaged")}, "s.pt: is damaged"},
	} {
		t.Run(c.name, func(t *testing.T) { assert.Equal(t, c.want, c.err.Error()) })
	}
	assert.Equal(t, "first\n  second line", Detail(&Error{Err: cause}))
	assert.Empty(t, Detail(errors.New("plain")))
}
