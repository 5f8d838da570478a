package logs

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

// Split cuts a panel by time, the only way that does not let a model see the future: first and last period of each part,
// both included.
type Split struct {
	Train      [2]int `toml:"train" json:"train"`
	Validation [2]int `toml:"validation" json:"validation"`
	Test       [2]int `toml:"test" json:"test"`
}

// Check tells whether the parts are in order, do not overlap, lie inside the panel and hold at least one row each. Its
// errors carry the key of the part ("train", "validation", "test").
func (s Split) Check(p Panel) error {
	if len(p.Periods) == 0 {
		return field.New("train", "an empty panel", "at least one period")
	}
	first, last := p.Periods[0], p.Periods[len(p.Periods)-1]
	previous, before := first-1, ""
	for _, part := range []struct {
		key  string
		span [2]int
	}{{"train", s.Train}, {"validation", s.Validation}, {"test", s.Test}} {
		found := fmt.Sprintf("[%d, %d]", part.span[0], part.span[1])
		switch {
		case part.span[0] > part.span[1]:
			return field.New(part.key, found, "first period ≤ last period")
		case part.span[0] < first || part.span[1] > last:
			return field.New(part.key, found, fmt.Sprintf("periods in [%d, %d], where the data are", first, last))
		case part.span[0] <= previous:
			return field.New(part.key, found, fmt.Sprintf("a first period after %d, where %s ends", previous, before))
		case len(p.Between(part.span).Periods) == 0:
			return field.New(part.key, found, "at least one period with data")
		}
		previous, before = part.span[1], part.key
	}
	return nil
}

// SplitByTime tells the rows before a time from those at it and later, in their order.
func SplitByTime(times []int64, t int64) (before, after []int32) {
	return divide(len(times), func(i int) bool { return times[i] < t })
}

// SplitCustomers draws a share of n customers, rounded to whole ones, to be held out, so that each is wholly on one side. It takes a draw a customer at
// most (Knuth 1997, The Art of Computer Programming 2, §3.4.2, algorithm S).
func SplitCustomers(n int, fraction float64, stream *rng.Stream) (held []bool, err error) {
	if n < 0 {
		return nil, field.New("customers", n, "0 or more")
	}
	if !(fraction >= 0 && fraction <= 1) {
		return nil, field.New("fraction", fraction, "a share from 0 to 1")
	}
	held = make([]bool, n)
	left := int(math.Round(fraction * float64(n)))
	for i := range held {
		if stream.Intn(n-i) < left {
			held[i] = true
			left--
		}
	}
	return held, nil
}

// RowsOf tells the rows of the customers who are held out from those of the others, in their order.
func RowsOf(customer []int32, held []bool) (others, out []int32) {
	return divide(len(customer), func(i int) bool { return !held[customer[i]] })
}

func divide(n int, first func(i int) bool) (a, b []int32) {
	for i := range n {
		if first(i) {
			a = append(a, int32(i))
		} else {
			b = append(b, int32(i))
		}
	}
	return a, b
}
