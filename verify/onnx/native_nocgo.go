//go:build !cgo

package onnx

import (
	"context"

	"github.com/seed06459138/torchgo/verify"
)

// native stands for the model in ONNX Runtime, which needs cgo.
type native struct{}

func load() (library, version string, err error) { return "", "", ErrNoCgo }

func newNative([]byte, string, *model, []string, Options) (native, error) { return native{}, ErrNoCgo }

func (native) run(context.Context, *model, []verify.Array) ([]verify.Array, error) {
	return nil, ErrNoCgo
}

func (native) close() error { return nil }
