package schedule

import (
	"errors"
	"strings"

	"github.com/seed06459138/torchgo/torch"
	"github.com/seed06459138/torchgo/verify"
)

// passing are texts of failures that are the machine's and may pass: the CUDA runtime
// and the kernel word them so in all versions.
var passing = []string{
	"CUDA out of memory", "CUDA error: out of memory",
	"CUDA-capable device(s) is/are busy or unavailable", "all CUDA-capable devices are busy or unavailable",
	"CUDA driver initialization failed",
	"input/output error", "Input/output error",
	"stale NFS file handle", "Stale file handle", "stale file handle",
	"too many open files", "Too many open files", "too many open files in system",
	"cannot allocate memory", "Cannot allocate memory", "resource temporarily unavailable",
	"transport endpoint is not connected", "connection timed out",
}

// machineFault tells what was the machine's fault in a check that has no answer, or "".
func machineFault(r *verify.Report, err error) string {
	if r.Verdict != verify.Unanswered {
		return ""
	}
	var died *verify.WorkerError
	var failure *torch.Error
	switch {
	case errors.As(err, &died):
		if died.ByMachine() {
			return died.Error()
		}
		return ""
	case errors.As(err, &failure) && failure.Code == torch.CodeOutOfMemory:
		return failure.Error()
	}
	texts := []string{r.Summary}
	for i := range r.Legs {
		texts = append(texts, r.Legs[i].Error)
	}
	for _, text := range texts {
		for _, part := range passing {
			if strings.Contains(text, part) {
				return text
			}
		}
	}
	return ""
}
