package verify

import (
	"math"
	"strconv"
	"time"

	"github.com/seed06459138/torchgo/internal/layout"
)

// ParseTimeout reads a time limit: "90s", "10m", or seconds alone. "" is 0, without
// limit.
func ParseTimeout(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	if seconds, err := strconv.ParseFloat(text, 64); err == nil && seconds > 0 && seconds < math.MaxInt64/1e9 {
		return time.Duration(seconds * 1e9), nil
	}
	limit, err := time.ParseDuration(text)
	if err != nil || limit <= 0 {
		return 0, &Error{Msg: text + " is no time", Remedy: "write 90s, 10m or 1h30m"}
	}
	return limit, nil
}

// ParseMemory reads a memory limit: "512MiB", "4GB", or bytes alone. "" is 0, without
// limit.
func ParseMemory(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	return layout.ParseSize(text)
}
