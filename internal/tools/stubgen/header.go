package main

import (
	"fmt"
	"regexp"
	"strings"
)

// header is what the C header declares, in its order.
type header struct {
	opaque    []typedef
	structs   []structure
	constants []constant
	functions []function
}

type typedef struct{ name, doc string }

type structure struct {
	name, doc string
	fields    []variable
}

type constant struct{ name, value, doc string }

type function struct {
	name, doc string
	result    string
	params    []variable
	steady    bool // pointers go to memory that does not move: cgo need not look at it
}

// variable is a struct field or a parameter; ctype has its stars, as in "const char *".
type variable struct{ ctype, name, doc string }

var (
	opaqueRE   = regexp.MustCompile(`^typedef struct (ts_\w+) (ts_\w+);$`)
	structRE   = regexp.MustCompile(`^typedef struct (ts_\w+) \{$`)
	fieldRE    = regexp.MustCompile(`^\s+(.+?[ *])(\w+);\s*(?:/\* (.+) \*/)?$`)
	enumRE     = regexp.MustCompile(`^enum (ts_\w+) \{$`)
	entryRE    = regexp.MustCompile(`^\s+(TS_\w+) = (\d+),?\s*(?:/\* (.+) \*/)?$`)
	functionRE = regexp.MustCompile(`^TS_API (.+?[ *])(ts_\w+)\((.*)\)( TS_STEADY)? TS_NOEXCEPT;$`)
	paramRE    = regexp.MustCompile(`^(.+?[ *])(\w+)$`)
	abiRE      = regexp.MustCompile(`^#define (TS_ABI) (\d+)$`)
)

// parse reads sources one after the other.
func parse(sources ...source) (*header, error) {
	h := &header{}
	for _, s := range sources {
		if err := h.read(s.text); err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
	}
	if len(h.functions) == 0 {
		return nil, fmt.Errorf("no TS_API prototype found")
	}
	return h, nil
}

// source is the text of one file.
type source struct{ name, text string }

func (h *header) read(src string) error {
	var doc []string
	lines := strings.Split(src, "\n")
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		fail := func(format string, args ...any) error {
			return fmt.Errorf("line %d: %s", i+1, fmt.Sprintf(format, args...))
		}
		switch {
		case strings.HasPrefix(line, "/*"):
			doc = nil
			for {
				text := strings.TrimSuffix(strings.TrimSpace(lines[i]), "*/")
				text = strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(text), "/*"), "*")
				doc = append(doc, strings.TrimSpace(text))
				if strings.Contains(lines[i], "*/") {
					break
				}
				i++
			}
			continue
		case abiRE.MatchString(line):
			m := abiRE.FindStringSubmatch(line)
			h.constants = append(h.constants, constant{name: m[1], value: m[2], doc: "the number of this ABI"})
		case opaqueRE.MatchString(line):
			h.opaque = append(h.opaque, typedef{opaqueRE.FindStringSubmatch(line)[2], strings.Join(doc, "\n")})
		case structRE.MatchString(line):
			s := structure{name: structRE.FindStringSubmatch(line)[1], doc: strings.Join(doc, "\n")}
			for i++; !strings.HasPrefix(lines[i], "}"); i++ {
				m := fieldRE.FindStringSubmatch(lines[i])
				if m == nil {
					return fail("not a field: %q", lines[i])
				}
				s.fields = append(s.fields, variable{strings.TrimSpace(m[1]), m[2], m[3]})
			}
			h.structs = append(h.structs, s)
		case enumRE.MatchString(line):
			for i++; !strings.HasPrefix(lines[i], "}"); i++ {
				m := entryRE.FindStringSubmatch(lines[i])
				if m == nil {
					return fail("not an enum entry with a value: %q", lines[i])
				}
				h.constants = append(h.constants, constant{m[1], m[2], m[3]})
			}
		case strings.HasPrefix(line, "TS_API "):
			m := functionRE.FindStringSubmatch(line)
			if m == nil {
				return fail("not a prototype on one line: %q", line)
			}
			if len(doc) == 0 || !strings.HasPrefix(doc[0], m[2]) {
				return fail("the comment above %s must begin with its name", m[2])
			}
			f := function{name: m[2], result: strings.TrimSpace(m[1]), doc: strings.Join(doc, "\n"), steady: m[4] != ""}
			for p := range strings.SplitSeq(m[3], ", ") {
				pm := paramRE.FindStringSubmatch(p)
				if pm == nil {
					return fail("not a parameter: %q", p)
				}
				f.params = append(f.params, variable{ctype: strings.TrimSpace(pm[1]), name: pm[2]})
			}
			h.functions = append(h.functions, f)
		}
		doc = nil
	}
	return nil
}
