package jit_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
)

const greet = `
def forward(self, x: int, scale: float = 1.5, name: Optional[str] = None, steps: Tuple[int, int] = (1, 2)) -> Tuple[int, float, Optional[str], Tuple[int, int]]:
    return x, scale, name, steps

def needs(self, a: int, b: str) -> int:
    return a
`

func TestArguments(t *testing.T) {
	m := compiled(t, greet)
	method, err := m.Method("forward")
	require.NoError(t, err)
	assert.Equal(t, []jit.Argument{
		{Name: "x", Type: "int"},
		{Name: "scale", Type: "float", Default: torch.Float(1.5)},
		{Name: "name", Type: "Optional[str]", Default: torch.None{}},
		{Name: "steps", Type: "Tuple[int, int]", Default: torch.Tuple{torch.Int(1), torch.Int(2)}},
	}, method.Arguments())
	assert.Equal(t, `forward(x: int, scale: float = 1.5, name: Optional[str] = None, steps: Tuple[int, int] = (1, 2)) -> Tuple[int, float, Optional[str], Tuple[int, int]]`,
		method.Signature().String())
}

func TestKeywords(t *testing.T) {
	m := compiled(t, greet)
	want := func(scale float64, name torch.Value, last int64) torch.Tuple {
		return torch.Tuple{torch.Int(7), torch.Float(scale), name, torch.Tuple{torch.Int(1), torch.Int(last)}}
	}
	x := torch.Int(7)
	cases := []struct {
		name string
		args []torch.Value
		want torch.Tuple
	}{
		{"defaults", []torch.Value{x}, want(1.5, torch.None{}, 2)},
		{"by position", []torch.Value{x, torch.Float(3)}, want(3, torch.None{}, 2)},
		{"skipping a default", []torch.Value{x, jit.Keyword("name", torch.String("n"))}, want(1.5, torch.String("n"), 2)},
		{"in any order", []torch.Value{jit.Keyword("steps", torch.Tuple{torch.Int(1), torch.Int(9)}), jit.Keyword("x", x)}, want(1.5, torch.None{}, 9)},
		{"an int for a float", []torch.Value{x, jit.Keyword("scale", torch.Int(4))}, want(4, torch.None{}, 2)},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := m.Call("forward", c.args...)
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
}

func TestArgumentsThatDoNotFit(t *testing.T) {
	m := compiled(t, greet)
	x := torch.Int(7)
	cases := []struct {
		name, method string
		args         []torch.Value
		code         torch.Code
		want         string
	}{
		{"too many", "forward", []torch.Value{x, x, x, x, x}, torch.CodeArgument, "takes 4 arguments, 5 were given"},
		{"none", "forward", nil, torch.CodeArgument, "x is missing"},
		{"one of two", "needs", []torch.Value{x}, torch.CodeArgument, "b is missing, 1 were given"},
		{"unknown keyword", "forward", []torch.Value{x, jit.Keyword("sacle", x)}, torch.CodeArgument, "has no argument sacle"},
		{"twice", "forward", []torch.Value{x, jit.Keyword("x", x)}, torch.CodeArgument, "x is given twice"},
		{"the same keyword twice", "needs", []torch.Value{jit.Keyword("a", x), jit.Keyword("a", x)}, torch.CodeArgument, "a is given twice"},
		{"missing beside keywords", "needs", []torch.Value{jit.Keyword("b", torch.String(""))}, torch.CodeArgument, "a is missing"},
		{"position after keyword", "forward", []torch.Value{jit.Keyword("x", x), x}, torch.CodeArgument, "follows the keyword"},
		{"too many and a keyword", "needs", []torch.Value{x, x, x, jit.Keyword("a", x)}, torch.CodeArgument, "takes 2 arguments"},
		{"nil keyword", "forward", []torch.Value{jit.Keyword("x", nil)}, torch.CodeArgument, "nil"},
		{"a keyword inside a list", "forward", []torch.Value{torch.List{jit.Keyword("x", x)}}, torch.CodeType, "no value that has a place"},
		{"wrong type", "needs", []torch.Value{torch.String("a"), torch.String("b")}, torch.CodeType, "argument a: expected int, got a string"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := m.Call(c.method, c.args...)
			var failure *torch.Error
			require.ErrorAs(t, err, &failure)
			require.ErrorIs(t, err, c.code)
			if c.name == "a keyword inside a list" {
				return
			}
			assert.Contains(t, err.Error(), c.want)
			if c.name != "nil keyword" {
				assert.Contains(t, err.Error(), c.method+"(", "the schema")
			}
		})
	}
}
