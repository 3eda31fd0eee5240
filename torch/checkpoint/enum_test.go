package checkpoint

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// libtorch writes a member of an enum as a call of its class with the bare value.
func TestEnumOfTorchScript(t *testing.T) {
	const text = "\x80\x02c__torch__.timm.layers.format\nFormat\nX\x04\x00\x00\x00NCHWR."
	v, _, err := unpickle(text, dialect{script: true})
	require.NoError(t, err)
	o, ok := v.(*Object)
	require.True(t, ok, "%T", v)
	assert.Equal(t, "__torch__.timm.layers.format.Format", o.Class)
	assert.Equal(t, []Value{String("NCHW")}, o.Args)

	_, _, err = unpickle(text, dialect{})
	assert.ErrorIs(t, err, ErrUnsafe, "elsewhere such a class is none")
}
