package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/inputs"
)

// making holds the flags that say which inputs there are beside those of --input.
type making struct {
	random               int
	seed                 uint64
	shapes, ranges, sets []string
	edges                []string
	failing              string
	cmd                  *cobra.Command
}

func (m *making) declare(cmd *cobra.Command) {
	m.cmd = cmd
	f := cmd.Flags()
	f.IntVar(&m.random, "random", 0, "also run on `N` sets of random inputs, the same bytes everywhere")
	f.Uint64Var(&m.seed, "seed", 0, "`SEED` of the random inputs")
	f.StringArrayVar(&m.shapes, "shape", nil, "`x=1x3x224x224:float32` to make an input of; else as --input has it; repeatable")
	f.StringArrayVar(&m.ranges, "range", nil, "`x=LOW:HIGH` for random numbers, without x= for all: floats are from -1:1, integers from 0:2; repeatable")
	f.StringArrayVar(&m.edges, "edge", nil, "also run on edge `CASES`, with commas between them: zeros, ones, huge, denormal, nan, empty-batch, batch=1/2/7")
	f.StringArrayVar(&m.sets, "set", nil, "another set of inputs, `NAME=FILE`[,FILE…]; repeatable")
	f.StringVar(&m.failing, "save-failing", "", "`FOLDER` for the inputs on which legs differ, and the smallest part of their batch that still shows it")
}

// apply says in spec what the flags ask for.
func (m *making) apply(spec *verify.Spec) error {
	spec.SaveFailing = m.failing
	for _, text := range m.sets {
		name, files, ok := strings.Cut(text, "=")
		if !ok || name == "" || files == "" {
			return fmt.Errorf("--set %s: write NAME=FILE[,FILE…]", text)
		}
		spec.Sets = append(spec.Sets, verify.InputSet{Name: name, Files: strings.Split(files, ",")})
	}
	plan := inputs.Plan{Seed: m.seed, Random: m.random}
	for _, text := range m.shapes {
		field, err := inputs.ParseField(text)
		if err != nil {
			return fmt.Errorf("--shape: %w", err)
		}
		plan.Fields = append(plan.Fields, field)
	}
	for _, text := range m.ranges {
		r, err := inputs.ParseRange(text)
		if err != nil {
			return fmt.Errorf("--range: %w", err)
		}
		plan.Ranges = append(plan.Ranges, r)
	}
	for _, text := range m.edges {
		edges, err := inputs.ParseEdges(text)
		if err != nil {
			return fmt.Errorf("--edge: %w", err)
		}
		plan.Edges = append(plan.Edges, edges...)
	}
	for _, flag := range []string{"random", "shape", "range", "edge", "seed"} {
		if m.cmd.Flags().Changed(flag) {
			spec.Generate = &plan
		}
	}
	return nil
}
