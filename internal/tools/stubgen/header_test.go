package main

import (
	"bytes"
	"go/format"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const small = `
#define TS_ABI 7

/* ts_thing is opaque. */
typedef struct ts_thing ts_thing;

enum ts_tag {
  TS_TAG_ONE = 1, /* the first */
  TS_TAG_TWO_MORE = 3
};

/* ts_pair is two numbers. */
typedef struct ts_pair {
  int64_t left; /* in bytes */
  const char *right;
} ts_pair;

/* ts_thing_new makes one,
 * of many. */
TS_API ts_error *ts_thing_new(const void *data, size_t n, ts_thing **out) TS_NOEXCEPT;

/* ts_thing_free frees it. */
TS_API void ts_thing_free(ts_thing *t) TS_NOEXCEPT;
`

func TestParse(t *testing.T) {
	h, err := parse(source{"small.h", small})
	require.NoError(t, err)
	assert.Equal(t, []typedef{{"ts_thing", "ts_thing is opaque."}}, h.opaque)
	assert.Equal(t, []constant{{"TS_ABI", "7", "the number of this ABI"}, {"TS_TAG_ONE", "1", "the first"}, {"TS_TAG_TWO_MORE", "3", ""}}, h.constants)
	require.Len(t, h.structs, 1)
	assert.Equal(t, []variable{{"int64_t", "left", "in bytes"}, {"const char *", "right", ""}}, h.structs[0].fields)
	require.Len(t, h.functions, 2)
	assert.Equal(t, "func ThingNew(data unsafe.Pointer, n int, out **Thing) *Error", h.functions[0].goSignature())
	assert.Equal(t, "ts_thing_new makes one,\nof many.", h.functions[0].doc)
	assert.Equal(t, "TagTwoMore", goName("TS_TAG_TWO_MORE"))

	for name, write := range map[string]func(*bytes.Buffer, *header){"api": writeAPI, "cgo": writeCgo, "nocgo": writeNoCgo} {
		var b bytes.Buffer
		write(&b, h)
		_, err := format.Source(b.Bytes())
		assert.NoError(t, err, "%s is Go", name)
	}
	var table bytes.Buffer
	writeTable(&table, h)
	assert.Contains(t, table.String(), "  ts_error *(*thing_new)(const void *data, size_t n, ts_thing **out);\n  void (*thing_free)(ts_thing *t);\n")
}

func TestParseRefuses(t *testing.T) {
	cases := map[string]string{
		"a prototype over two lines":     "/* ts_a_b does. */\nTS_API void ts_a_b(int32_t x,\n  int32_t y) TS_NOEXCEPT;\n",
		"a prototype that may throw":     "/* ts_a_b does. */\nTS_API void ts_a_b(int32_t x);\n",
		"a prototype without a comment":  "TS_API void ts_a_b(int32_t x) TS_NOEXCEPT;\n",
		"a comment of another function":  "/* ts_c_d does. */\nTS_API void ts_a_b(int32_t x) TS_NOEXCEPT;\n",
		"an enum entry without a value":  "enum ts_e {\n  TS_E_ONE,\n};\n",
		"a header without any prototype": "/* nothing */\n",
	}
	for name, src := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := parse(source{"small.h", src})
			assert.Error(t, err)
		})
	}
}
