package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/seed06459138/torchgo/internal/layout"
	"github.com/seed06459138/torchgo/verify/history"
)

// judge prints what is newly worse, or open, by the reports of the nights, and says
// whether it is what was planted, all of it and nothing else.
func judge(reports []string) error {
	found := make(map[string]bool)
	for i, name := range reports {
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		var report history.Report
		if err := json.Unmarshal(data, &report); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		for _, c := range report.Changes {
			if !c.New || c.Weight != history.Worse && c.Weight != history.Open {
				continue
			}
			found[c.Check] = true
			fmt.Printf("night %d  %s\n%s\n", i+1, c.Subject(), layout.Hang("         ", c.Text()))
		}
	}
	var wrong []string
	for _, r := range regressions {
		is := func(check string) bool { return strings.HasPrefix(path.Base(check), r.model+"_v") }
		known := false
		for check := range found {
			if is(check) {
				known = true
				delete(found, check)
			}
		}
		if !known {
			wrong = append(wrong, r.model+" was not found")
		}
	}
	for check := range found {
		wrong = append(wrong, check+" was not planted")
	}
	if slices.Sort(wrong); len(wrong) > 0 {
		return fmt.Errorf("the rules are wrong: %s", strings.Join(wrong, "; "))
	}
	fmt.Printf("those are the %d regressions that were planted\n", len(regressions))
	return nil
}
