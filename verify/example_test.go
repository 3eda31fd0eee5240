package verify_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/seed06459138/torchgo/verify"
)

// A service checks the files that it was given before it serves them.
func Example() {
	const files = "../testdata/scenarios/dynamic_model_safe_save/attribute/"
	report, err := verify.Run(context.Background(), verify.Spec{
		Scripted: files + "model_scripted.pt",
		State:    files + "checkpoint.pt",
		Inputs:   []string{files + "x.npy"},
	})
	if err != nil {
		log.Fatal(err) // the question could not be put
	}
	if report.Verdict != verify.Consistent {
		_ = report.WriteVerdict(os.Stdout, verify.TextOptions{})
	}
	for _, u := range report.Uncovered {
		fmt.Println(u.Name, u.Status)
	}
	// Output:
	// inconsistent: my_embed is used by forward but is not in the state
	// my_embed used
}
