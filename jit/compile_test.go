package jit_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/internal/torchtest"
	"github.com/seed06459138/torchgo/jit"
	"github.com/seed06459138/torchgo/torch"
)

func TestSourceThatDoesNotCompile(t *testing.T) {
	torchtest.Require(t)
	cases := map[string]string{
		"recursive":  "def f(self, x: int) -> int:\n    return self.f(x)\n",
		"in circles": "def f(self, x: int) -> int:\n    return self.g(x)\ndef g(self, x: int) -> int:\n    return self.f(x)\n",
		"a class":    "class A:\n    pass\n",
		"no self":    "def f():\n    return 1\n",
		"no text":    "\xff\xfe\x01",
	}
	for name, source := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := jit.Compile(source)
			require.ErrorIs(t, err, torch.CodeCompile)
		})
	}
}

// libtorch's compiler recurses over the source: what is nested too deep for a
// thread's stack must be refused, and what is long but flat must not.
func TestNestedSource(t *testing.T) {
	torchtest.Require(t)
	r := strings.Repeat
	body := func(lines string) string { return "def f(self, x: int):\n" + lines }
	nestedIf := func(n int) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(r(" ", i+4) + "if x > 0:\n")
		}
		return b.String() + r(" ", n+4) + "x = 1\n    return x\n"
	}
	const n = 20_000
	deep := map[string]string{
		"signs":       body("    return " + r("-", n) + "x\n"),
		"not":         body("    return " + r("not ", n) + "True\n"),
		"sum":         body("    return " + r("x + ", n) + "x\n"),
		"sum, broken": body("    return " + r("x + \\\n", n) + "x\n"),
		"and":         body("    return " + r("x and ", n) + "x\n"),
		"parentheses": body("    return " + r("(", n) + "x" + r(")", n) + "\n"),
		"lists":       body("    return " + r("[", n) + "x" + r("]", n) + "\n"),
		"calls":       body("    return " + r("int(", n) + "x" + r(")", n) + "\n"),
		"methods":     body("    return torch.zeros(1)" + r(".abs()", n) + "\n"),
		"indices":     body("    return [1]" + r("[0]", n) + "\n"),
		"types":       "def f(self, x: " + r("List[", n) + "int" + r("]", n) + "):\n    return 1\n",
		"elif":        body("    if x == 0:\n        return 0\n" + r("    elif x == 1:\n        return 1\n", n) + "    return 1\n"),
		"conditions":  body("    return " + r("1 if x == 1 else ", n) + "x\n"),
		"if":          body(nestedIf(2000)),
		"unclosed":    body("    return " + r("(", n)),
	}
	for name, source := range deep {
		t.Run(name, func(t *testing.T) {
			_, err := jit.Compile(source)
			require.ErrorIs(t, err, torch.CodeCompile)
			assert.Contains(t, err.Error(), "nested deeper")
		})
	}
	flat := map[string]string{
		"statements": body(r("    x = -x + 1 * 2\n", 2000) + "    return x\n"),
		"list":       body("    return [" + r("-1, ", 2000) + "x]\n"),
		"comments":   body(r("    # ((((((\n", 2000) + "    return x\n"),
		"strings":    body("    a = '" + r("(", 2000) + "'\n    b = \"\"\"" + r("[\n", 2000) + "\"\"\"\n    return x\n"),
		"branches":   body(r("    if x > 0:\n        x = 1\n    else:\n        x = 2\n", 600) + "    return x\n"),
		"rather":     body("    return " + r("(", 400) + r("x + ", 400) + "x" + r(")", 400) + "\n"),
		"nothing":    "",
	}
	for name, source := range flat {
		t.Run(name, func(t *testing.T) {
			m, err := jit.Compile(source)
			require.NoError(t, err)
			m.Close()
		})
	}
}
