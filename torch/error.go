package torch

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/seed06459138/torchgo/internal/ctorch"
)

var (
	// ErrClosed says that a tensor, module or scope was used after Close.
	ErrClosed = errors.New("used after Close")

	// ErrNotLoaded says that libtorch, or the shim before it, could not be opened.
	ErrNotLoaded = ctorch.ErrNotLoaded

	// ErrAlreadyLoaded says that Load came after libtorch was opened from elsewhere.
	ErrAlreadyLoaded = ctorch.ErrAlreadyLoaded

	// ErrNoCgo says that this program was built without cgo.
	ErrNoCgo = ctorch.ErrNoCgo
)

// Code says what kind of failure an Error is. It comes from the C++ exception's
// type, never from its text. A Code is itself an error, so that
// errors.Is(err, torch.CodeOutOfMemory) works.
type Code int

// The kinds of failures.
const (
	CodeUnknown        Code = ctorch.CodeUnknown        // an exception of an unknown type
	CodeRuntime        Code = ctorch.CodeRuntime        // c10::Error and std::exception: most refusals of operators
	CodeArgument       Code = ctorch.CodeArgument       // refused before libtorch saw it: a wrong count, a nil
	CodeIndex          Code = ctorch.CodeIndex          // an index out of range
	CodeValue          Code = ctorch.CodeValue          // a value that cannot be
	CodeType           Code = ctorch.CodeType           // a wrong type or dtype
	CodeNotImplemented Code = ctorch.CodeNotImplemented // no kernel for this device or dtype
	CodeLinalg         Code = ctorch.CodeLinalg         // a singular matrix and the like
	CodeOutOfMemory    Code = ctorch.CodeOutOfMemory    // of the host or of a device
	CodeCompile        Code = ctorch.CodeCompile        // TorchScript source that this libtorch cannot compile
	CodeScript         Code = ctorch.CodeScript         // raised while TorchScript ran
	CodeDevice         Code = ctorch.CodeDevice         // the device asked for is not there
	CodeNoOperator     Code = ctorch.CodeNoOperator     // this libtorch has no such operator
	CodeNoMethod       Code = ctorch.CodeNoMethod       // the module has no such method
	CodeFault          Code = ctorch.CodeFault          // a GPU failed for good, see Device.Healthy
)

var codeNames = map[Code]string{
	CodeUnknown: "unknown failure", CodeRuntime: "runtime error", CodeArgument: "wrong argument",
	CodeIndex: "index out of range", CodeValue: "impossible value", CodeType: "wrong type",
	CodeNotImplemented: "not implemented", CodeLinalg: "linear algebra error",
	CodeOutOfMemory: "out of memory", CodeCompile: "TorchScript compile error",
	CodeScript: "TorchScript error", CodeDevice: "no such device",
	CodeNoOperator: "no such operator", CodeNoMethod: "no such method",
	CodeFault: "device failed",
}

// Error names the kind.
func (c Code) Error() string {
	if name, ok := codeNames[c]; ok {
		return name
	}
	return fmt.Sprintf("code %d", int(c))
}

// Error is a failure that libtorch, or the shim before it, reported.
type Error struct {
	Op     string // what was called: "aten::matmul", "forward", "load model.pt"
	Code   Code
	Msg    string // libtorch's own words, without traces; may have several lines
	Script string // TorchScript traceback, or ""
	Native string // C++ backtrace, or ""
}

// Error gives one line: the operation, the first line of the message, and the
// line of TorchScript source that failed.
func (e *Error) Error() string {
	msg, _, _ := strings.Cut(e.Msg, "\n")
	text := e.Op + ": " + msg
	if at := e.ScriptLine(); at != "" {
		text += " (at " + at + ")"
	}
	return text
}

// Is matches the error's Code.
func (e *Error) Is(target error) bool {
	code, ok := target.(Code)
	return ok && code == e.Code
}

var scriptFrame = regexp.MustCompile(`(?m)^ *File "([^"]+)", line (\d+), in (\S+)\n((?:.*\n)*?) *~+ *<--- HERE`)

// ScriptLine tells which line of TorchScript source failed, as
// "file:line in function: source", or "" when the error has none.
func (e *Error) ScriptLine() string {
	frames := scriptFrame.FindAllStringSubmatch(e.Script, -1)
	if len(frames) == 0 {
		return ""
	}
	m := frames[len(frames)-1]
	lines := strings.Split(strings.TrimRight(m[4], "\n"), "\n")
	return fmt.Sprintf("%s:%s in %s: %s", m[1], m[2], m[3], strings.TrimSpace(lines[len(lines)-1]))
}

// WrapError turns what a native call returned into an *Error, nil into nil. It
// is for the packages of this module.
func WrapError(op string, e *ctorch.Error) error {
	f := ctorch.Take(e)
	if f == nil {
		return nil
	}
	return &Error{Op: op, Code: Code(f.Code), Msg: f.Message, Script: f.Script, Native: f.Native}
}

// errIn says in which call an argument was refused.
func errIn(op string, err error) error { return fmt.Errorf("%s: %w", op, err) }

func errClosed(op string) error { return fmt.Errorf("%s: tensor %w", op, ErrClosed) }

func errArgument(op, format string, args ...any) error {
	return &Error{Op: op, Code: CodeArgument, Msg: fmt.Sprintf(format, args...)}
}
