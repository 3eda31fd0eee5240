package layout

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// units are those of sizes; the SI ones count thousands.
var units = map[string]float64{
	"": 1, "B": 1,
	"KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
	"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40,
	"KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30, "TIB": 1 << 40,
}

// ParseSize reads a number of bytes: 512MiB, 4GB, 1.5G.
func ParseSize(text string) (int64, error) {
	trimmed := strings.TrimSpace(text)
	digits := strings.TrimRight(trimmed, "BKMGTIbkmgti")
	unit, known := units[strings.ToUpper(trimmed[len(digits):])]
	n, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
	if size := n * unit; known && err == nil && size >= 1 && size < math.MaxInt64 {
		return int64(size), nil
	}
	return 0, fmt.Errorf("%q is no size; write 512MiB or 4GB", text)
}
