package report

import (
	"fmt"
	"math"
	"strconv"

	"gonum.org/v1/plot/vg"
)

// frameLabels is frameX for an axis of periods that have labels: dates are marked where a year, or a round number of years or
// months, begins, numbers where they are round, anything else evenly; as many as have room.
func (p *panel) frameLabels(name string, label func(int) string) {
	if label == nil {
		p.frameX(name, false)
		return
	}
	text := style(textSize, false, soft, atCentre, atTop)
	first, last := int(math.Ceil(p.x0)), int(math.Floor(p.x1))
	widest := max(text.Width(label(first)), text.Width(label(last)))
	room := max(1, int((p.area.Max.X-p.area.Min.X)/(widest+14)))
	foot := p.area.Min.Y
	p.StrokeLine2(axisLine, p.area.Min.X, foot, p.area.Max.X, foot)
	for _, at := range marks(first, last, room, label) {
		x, half := p.x(float64(at)), text.Width(label(at))/2
		p.StrokeLine2(axisLine, x, foot, x, foot-3)
		write(p.Canvas, text, vg.Point{X: min(x, width-4-half), Y: foot - 6}, label(at))
	}
	write(p.Canvas, style(textSize, false, soft, atCentre, atTop), vg.Point{X: (p.area.Min.X + p.area.Max.X) / 2, Y: foot - 21}, name)
}

// marks are the periods from first to last to label, at most room of them.
func marks(first, last, room int, label func(int) string) []int {
	count, aYear := make([]int, last-first+2), 0 // [0] is before the first
	for i := range count {
		n, per := ordinal(label(first - 1 + i))
		if per == 0 || aYear != 0 && per != aYear || i > 0 && n < count[i-1] {
			return evenly(first, last, room)
		}
		count[i], aYear = n, per
	}
	var steps []int
	for _, step := range []int{1, 2, 3, 6} { // of quarters and months, those that divide the year
		if step < aYear && aYear%step == 0 {
			steps = append(steps, step)
		}
	}
	for power := aYear; power < 1<<40; power *= 10 {
		steps = append(steps, power, 2*power, 5*power)
	}
	for _, step := range steps {
		var at []int
		for i := 1; i < len(count) && len(at) <= room; i++ {
			if math.Floor(float64(count[i])/float64(step)) != math.Floor(float64(count[i-1])/float64(step)) {
				at = append(at, first-1+i)
			}
		}
		if len(at) <= room {
			if len(at) < 2 {
				break
			}
			return at
		}
	}
	return evenly(first, last, room)
}

func evenly(first, last, room int) (at []int) {
	step := 1
	for (last-first)/step > room {
		step++
	}
	for k := first; k <= last; k += step {
		at = append(at, k)
	}
	return at
}

// ordinal counts the months of a label that begins with a month or a date (2024-01-31), the quarters of 2024Q1, the years of 2024-W05, and is a
// whole number itself; aYear is how many make a year, 1 for a number, 0 for any other label.
func ordinal(label string) (n, aYear int) {
	var year, part int
	if n, err := strconv.Atoi(label); err == nil {
		return n, 1
	}
	if _, err := fmt.Sscanf(label, "%4dQ%1d", &year, &part); err == nil {
		return 4*year + part - 1, 4
	}
	if _, err := fmt.Sscanf(label, "%4d-W%2d", &year, &part); err == nil {
		return year, 1
	}
	if _, err := fmt.Sscanf(label, "%4d-%2d", &year, &part); err == nil && (len(label) == 7 || len(label) > 7 && label[7] == '-') && 1 <= part && part <= 12 {
		return 12*year + part - 1, 12
	}
	return 0, 0
}
