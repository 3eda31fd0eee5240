package verifytest

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/verify"
)

// bounded is a recorder with a context, as a *testing.T has one.
type bounded struct {
	recorder
	ctx context.Context
}

func (b *bounded) Context() context.Context { return b.ctx }

func scenario(folder, state string) verify.Spec {
	at := "../../testdata/scenarios/" + folder + "/"
	return verify.Spec{Scripted: at + "model_scripted.pt", State: at + state, Expected: at + "expected.npy", Inputs: []string{at + "x.npy"}}
}

func TestConsistent(t *testing.T) {
	torchtest.Require(t)
	Consistent(t, scenario("safe_model_save", "model_state.pt"))

	r := &recorder{}
	assert.False(t, Consistent(r, scenario("dynamic_model_safe_save/attribute", "checkpoint.pt")))
	assert.Contains(t, r.text, "inconsistent: my_embed is used by forward but is not in the state")
	assert.Contains(t, r.text, "SAME? state_dict: False", "the report follows")

	r = &recorder{}
	assert.False(t, Consistent(r, verify.Spec{Scripted: "missing.pt", State: "missing.pt"}))
	assert.Contains(t, r.text, "it can't be told whether the files are consistent: missing.pt: no such file")

	stopped, stop := context.WithCancel(context.Background())
	stop()
	b := &bounded{ctx: stopped}
	assert.False(t, Consistent(b, scenario("safe_model_save", "model_state.pt")))
	assert.Contains(t, b.text, context.Canceled.Error())
}
