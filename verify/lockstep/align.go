package lockstep

import (
	"fmt"

	"github.com/seed06459138/torchgo/internal/layout"
	"github.com/seed06459138/torchgo/jit"
)

// Pair is a step of one method that is held against a step of the other.
type Pair struct{ Got, Want jit.Step }

// Alignment says which steps of two methods belong together.
type Alignment struct {
	Pairs    []Pair
	OneToOne bool // every step has a partner: the methods are of one structure

	got, want []int // index of the pair, by step; -1 without
}

// Align pairs the steps of two methods. Those of one structure pair one to one.
// Else, where both have as many steps of a kind in a submodule, those pair in their
// order: its calls, its operators. So a trace pairs with what it was traced from.
func Align(got, want []jit.Step) *Alignment {
	a := &Alignment{OneToOne: len(got) == len(want), got: make([]int, len(got)), want: make([]int, len(want))}
	for i := range got {
		a.OneToOne = a.OneToOne && kindOf(got[i]) == kindOf(want[i])
	}
	if a.OneToOne {
		for i := range got {
			a.Pairs = append(a.Pairs, Pair{got[i], want[i]})
			a.got[i], a.want[i] = i, i
		}
		return a
	}
	of := make(map[kind][]int)
	for i := range want {
		a.want[i] = -1
		of[kindOf(want[i])] = append(of[kindOf(want[i])], i)
	}
	count := make(map[kind]int)
	for _, s := range got {
		count[kindOf(s)]++
	}
	next := make(map[kind]int)
	for i, s := range got {
		a.got[i] = -1
		k := kindOf(s)
		if len(of[k]) != count[k] {
			continue
		}
		partner := of[k][next[k]]
		next[k]++
		a.got[i], a.want[partner] = len(a.Pairs), len(a.Pairs)
		a.Pairs = append(a.Pairs, Pair{s, want[partner]})
	}
	return a
}

// String says how many steps were paired, and how.
func (a *Alignment) String() string {
	if a.OneToOne {
		return layout.Count(len(a.Pairs), "step") + ", one to one"
	}
	return fmt.Sprintf("%d of %d steps, by submodule and operator", len(a.Pairs), max(len(a.got), len(a.want)))
}

// kind is what steps of two methods must have in common.
type kind struct{ module, operator string }

func kindOf(s jit.Step) kind { return kind{s.Module, s.Source.Operator} }
