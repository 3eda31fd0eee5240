package ctorch

import "strings"

// Fault is what a ts_error told, copied to Go.
type Fault struct {
	Code    int    // one of the Code constants
	Message string // what went wrong, as libtorch says it, without traces; may have several lines
	Script  string // TorchScript traceback, or ""
	Native  string // C++ backtrace, or ""
}

// Take copies e, frees it, and returns nil for nil. ErrNoCgo stands for every
// error of a build without cgo.
func Take(e *Error) *Fault {
	if e == nil {
		return nil
	}
	if !HasCgo {
		return &Fault{Code: CodeUnknown, Message: ErrNoCgo.Error()}
	}
	var info ErrorInfo
	ErrorRead(e, &info)
	f := &Fault{
		Code:    int(info.Code),
		Message: strings.TrimSpace(GoString(info.Message)),
		Script:  GoString(info.Script),
		Native:  GoString(info.Native),
	}
	ErrorFree(e)
	return f
}
