package main

import (
	"regexp"
	"strings"
)

// unwanted are the operators that have no wrapper for what they are.
var unwanted = []struct {
	form *regexp.Regexp // of the name without its overload
	why  string
}{
	{regexp.MustCompile(`(^|_)(backward|jvp)(_|$)`), "derivatives that autograd calls"},
	{regexp.MustCompile(`^(data|is_leaf|output_nr|requires_grad_|retain_grad|retains_grad|set_data|shallow_copy_data_)$`), "autograd's bookkeeping"},
	{regexp.MustCompile(`^(cudnn|miopen|mkldnn|fbgemm)_|_(mkldnn|mps|vulkan_available)$`), "parts of one backend, which the public operators choose by themselves"},
	{regexp.MustCompile(`^quantized_\w+_cell$`), "old kernels that read packed weights without a look at what they are, and crash"},
	{regexp.MustCompile(`^sym_`), "shapes of graphs that are not known yet"},
}

// foreign are the types that nothing in Go has a value of.
var foreign = regexp.MustCompile(`Storage|Stream|QScheme|Dimname|__torch__|Dict|SymBool|ConstQuantizerPtr`)

// omitted says why a schema has no wrapper; "" when it has one.
func omitted(s *schema) string {
	if s.base[0] == '_' || strings.Contains(s.base, "__") {
		return "private"
	}
	if strings.HasSuffix(s.overload, "_") {
		return "repeats the overload without the underscore, with fewer arguments"
	}
	for _, u := range unwanted {
		if u.form.MatchString(s.base) {
			return u.why
		}
	}
	for _, a := range append(s.arguments, s.results...) {
		if foreign.MatchString(a.kind) {
			return "has no form in Go: " + a.kind
		}
	}
	for _, a := range s.arguments {
		if strings.HasPrefix(a.kind, "Generator") && !a.optional {
			return "differs from another overload by the generator, and libtorch's own is used"
		}
		if strings.HasPrefix(a.kind, "Layout") && !a.optional {
			return "has no form in Go: " + a.kind
		}
	}
	return ""
}

// fixed tells whether an argument is left to its default in every call.
func fixed(a argument) bool {
	return a.optional && (a.kind == "Generator?" || a.kind == "Layout?")
}
