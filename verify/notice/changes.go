package notice

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/seed06459138/torchgo/verify/history"
)

// ReadChanges reads what history.Report.WriteJSON wrote.
func ReadChanges(r io.Reader) (*history.Report, error) {
	var changes history.Report
	if err := json.NewDecoder(r).Decode(&changes); err != nil {
		return nil, fmt.Errorf("is not what verify history check --json wrote: %w", err)
	}
	if changes.Schema != history.Schema {
		return nil, fmt.Errorf("is of format %q, not %s; use the verify that wrote it", changes.Schema, history.Schema)
	}
	return &changes, nil
}
