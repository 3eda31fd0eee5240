// Package layout lays out text for people in lines of 80 columns.
package layout

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Width is how many columns a line has.
const Width = 80

// Fault words an error as all of ours read, "path: what is wrong: cause; remedy", of
// parts that may be empty, and a remedy that may be.
func Fault(remedy string, parts ...string) string {
	text := strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), ": ")
	if remedy != "" {
		text += "; " + remedy
	}
	return text
}

// Said gives what an error says, "" when there is none.
func Said(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// Pad fills text up to so many columns, or adds a space to longer text.
func Pad(s string, columns int) string {
	if n := utf8.RuneCountInString(s); n < columns {
		return s + strings.Repeat(" ", columns-n)
	}
	return s + " "
}

// wordsOf splits text at spaces, but not within brackets: shapes and indices
// stay whole.
func wordsOf(text string) []string {
	var words []string
	depth := 0
	for _, word := range strings.Fields(text) {
		if depth > 0 {
			words[len(words)-1] += " " + word
		} else {
			words = append(words, word)
		}
		depth = max(0, depth+strings.Count(word, "[")-strings.Count(word, "]"))
	}
	return words
}

// Wrap breaks text at spaces into lines of so many columns.
func Wrap(text string, columns int) []string {
	var lines []string
	line, n := "", 0
	for _, word := range wordsOf(text) {
		word = Shorten(word, columns)
		m := utf8.RuneCountInString(word)
		if n > 0 && n+1+m > columns {
			lines = append(lines, line)
			line, n = "", 0
		}
		if n > 0 {
			line += " "
			n++
		}
		line += word
		n += m
	}
	return append(lines, line)
}

// Hang writes text after a lead, wrapped below its first word.
func Hang(lead, text string) string {
	columns := utf8.RuneCountInString(lead)
	lines := Wrap(text, Width-columns)
	for i, line := range lines {
		if i > 0 {
			lead = strings.Repeat(" ", columns)
		}
		lines[i] = strings.TrimRight(lead+line, " ")
	}
	return strings.Join(lines, "\n")
}

// Shorten takes the middle out of a name that is too long: what it belongs to
// and its last part say most.
func Shorten(name string, columns int) string {
	runes := []rune(name)
	if len(runes) <= columns || columns < 8 {
		return name
	}
	head := (columns - 1) / 3
	return string(runes[:head]) + "…" + string(runes[len(runes)-(columns-1-head):])
}

// ShortenPath takes the first folders off a path that is too long.
func ShortenPath(path string, columns int) string {
	for rest := path; utf8.RuneCountInString(path) > columns; path = "…/" + rest {
		_, after, ok := strings.Cut(rest, "/")
		if !ok {
			return Shorten(path, columns)
		}
		rest = after
	}
	return path
}

// Size writes a number of bytes.
func Size(n int64) string {
	const units = "kMGTPE"
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	size, unit := float64(n)/1000, 0
	for size >= 999.5 && unit < len(units)-1 {
		size /= 1000
		unit++
	}
	if size < 9.95 {
		return fmt.Sprintf("%.1f %cB", size, units[unit])
	}
	return fmt.Sprintf("%.0f %cB", size, units[unit])
}

// Shape writes dimensions or an index as torch does: "[2, 3]".
func Shape(shape []int64) string {
	text := "["
	for i, d := range shape {
		if i > 0 {
			text += ", "
		}
		text += strconv.FormatInt(d, 10)
	}
	return text + "]"
}

// Count writes a number of things: "1 tensor", "2 tensors".
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
