package onnx

import (
	"context"

	"github.com/seed06459138/torchgo/verify"
)

// Importing the package is enough for verify to have legs of the kind onnx.
func init() {
	verify.RegisterKind(verify.Kind{Name: "onnx", Label: "ONNX", Options: []string{"optimize"}, Open: open})
}

// open makes the runner of a leg. Its option optimize=off runs the graph as it
// was written.
func open(_ context.Context, leg verify.LegSpec) (verify.Runner, error) {
	options := Options{Threads: leg.Threads}
	if leg.Device != nil {
		options.Device = *leg.Device
	}
	switch how := leg.Options["optimize"]; how {
	case "", "on":
	case "off":
		options.Plain = true
	default:
		return nil, &verify.Error{Path: leg.File, Msg: "optimize=" + how + " is not possible", Remedy: "give optimize=on or optimize=off"}
	}
	s, err := Open(leg.File, options)
	if err != nil {
		return nil, err // not s: a nil session is no nil runner
	}
	return s, nil
}
