package html

import (
	"bytes"
	"fmt"
	"image/png"
	"math"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/verify"
	"github.com/seed06459138/torchgo/verify/history"
	"github.com/seed06459138/torchgo/verify/night"
)

// sampleCourse is a check that failed for some nights, moved to another libtorch, and
// whose error then grew.
func sampleCourse(nights int) *history.Course {
	r := rand.New(rand.NewPCG(1, 2))
	c := &history.Course{Check: "vision/resnet<50>"}
	old := history.NewMachine(night.Machine{Host: "gpu-1", CPU: "EPYC", Libtorch: "2.14.0"})
	now := history.NewMachine(night.Machine{Host: "gpu-1", CPU: "EPYC", Libtorch: "2.15.0"})
	yes, no := true, false
	for i := range nights {
		n := &history.Night{Suite: "zoo", ID: fmt.Sprint("n", i), Started: time.Date(2026, 1, 1+i, 2, 0, 0, 0, time.UTC)}
		t := history.Turn{Night: n, On: old, Result: night.Result{Verdict: verify.Consistent, Summary: "consistent", Peak: int64(6e8 * (1 + 0.02*r.Float64()))}}
		e, same := 1e-7*(1+r.Float64()), &yes
		switch {
		case i > nights/2:
			t.On, e = now, 30*e
		case i > nights/4 && i < nights/3:
			t.Verdict, t.Summary, same = verify.Inconsistent, "inconsistent: fc.bias is not in the state", &no
		}
		for j, device := range []string{"cpu", "cuda:0"} {
			t.Legs = append(t.Legs, night.Leg{Name: "state", Device: device, Same: same, MaxAbs: verify.Number(e * float64(1+8*j)), Share: verify.Number(e * 1e5), P50: 0.012 / float64(1+9*j) * (1 + 0.05*r.Float64())})
		}
		if i == 3 {
			t.Legs[0].MaxAbs = verify.Number(math.NaN())
		}
		if i == 5 {
			t.Legs = nil
		}
		c.Turns = append(c.Turns, t)
	}
	return c
}

func writeCourse(t *testing.T, c *history.Course) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, WriteCourse(c, "zoo", &b))
	return b.String()
}

func TestCoursePage(t *testing.T) {
	page := writeCourse(t, sampleCourse(60))
	for _, want := range []string{
		"<h1>✓ vision/resnet&lt;50&gt; of zoo: consistent</h1>", "60 nights from 2026-01-01 to 2026-03-01, the last n59 on gpu-1, libtorch 2.15.0",
		`<rect class="bad" x="16" y="0" width="4" height="1"><title>inconsistent, 4 nights from 2026-01-17</title>`,
		"<h2>Errors</h2>", "<h2>Latency on cpu</h2>", "<h2>Latency on cuda:0</h2>", "<h2>Memory of the process</h2>",
		"libtorch 2.14.0 → 2.15.0", "inconsistent: fc.bias is not in the state", "leg state on cpu: max |Δ|",
	} {
		assert.Contains(t, page, want)
	}
	assert.NotContains(t, page, "<script")
	assert.Empty(t, regexp.MustCompile(`(src|href)="[^"]`).FindAllString(strings.ReplaceAll(page, `xlink:href="data:`, ""), -1))
	assert.Equal(t, 4, strings.Count(page, "<figure"))
	colors := regexp.MustCompile(`background:(#\w+)"></span> state on (\S+):`).FindAllStringSubmatch(page, -1)
	require.Len(t, colors, 4) // a leg has one colour, in every chart
	assert.Equal(t, colors[0][1], colors[2][1])
	assert.Equal(t, colors[1][1], colors[3][1])
	assert.NotEqual(t, colors[0][1], colors[1][1])
}

func TestCoursePageIsBounded(t *testing.T) {
	c := sampleCourse(1000)
	for i := range c.Turns {
		for j := range 20 {
			c.Turns[i].Legs = append(c.Turns[i].Legs, night.Leg{Name: fmt.Sprint("leg", j), Device: "cpu", P50: 0.01})
		}
	}
	page := writeCourse(t, c)
	assert.Contains(t, page, "and 900 earlier")
	assert.Contains(t, page, "and 13 legs more")
	assert.Less(t, len(page), 1_000_000)
}

func TestCourseOfLittle(t *testing.T) {
	yes := true
	for name, leg := range map[string]night.Leg{
		"one night":  {Name: "state", Same: &yes, MaxAbs: 1e-7, P50: 0.01, Peak: 5},
		"no error":   {Name: "state", Same: &yes},
		"infinities": {Name: "state", Same: &yes, MaxAbs: verify.Number(math.Inf(1))},
	} {
		t.Run(name, func(t *testing.T) {
			c := sampleCourse(1)
			c.Turns[0].Legs = []night.Leg{leg}
			assert.Contains(t, writeCourse(t, c), "<figure")
		})
	}
	assert.Error(t, WriteCourse(&history.Course{}, "zoo", &bytes.Buffer{}))
}

func TestCourseInBrowser(t *testing.T) {
	browser(t)
	for _, c := range []struct {
		name, scheme string
		width        int
		dark         bool
	}{{"course-light", "1", 1100, false}, {"course-dark", "0", 1100, true}, {"course-narrow", "1", 500, false}} {
		t.Run(c.name, func(t *testing.T) {
			data := show(t, writeCourse(t, sampleCourse(60)), c.name+".png", "--blink-settings=preferredColorScheme="+c.scheme, "--window-size="+strconv.Itoa(c.width)+",3200")
			shot, err := png.Decode(bytes.NewReader(data))
			require.NoError(t, err)
			assert.Equal(t, c.dark, brightness(shot, 0, 0) < 0.2)
			for y := range shot.Bounds().Dy() {
				require.Equal(t, shot.At(0, 0), shot.At(shot.Bounds().Dx()-1, y), "line %d is wider than the page", y)
			}
		})
	}
}
