package workflow

import (
	"fmt"
	"strings"

	"github.com/souk-sim/souk/market"
	"github.com/souk-sim/souk/policies"
)

// Segments are what the shoppers of each persona from each channel did under a policy: means of a period over the first evaluation paths.
type Segments struct {
	Policy string           `json:"policy,omitempty"` // "" where all sellers have a brain
	Paths  int              `json:"paths"`
	Each   []market.Segment `json:"each"`

	text string
}

// addSegments adds a share of an episode's segments to a sum, which may be empty yet.
func addSegments(sum, of []market.Segment, by float64) []market.Segment {
	if sum == nil {
		sum = make([]market.Segment, len(of))
	}
	for i, o := range of {
		s := &sum[i]
		s.Persona, s.Channel = o.Persona, o.Channel
		s.Visits += o.Visits / by
		s.Orders += o.Orders / by
		s.Units += o.Units / by
		s.Revenue += o.Revenue / by
		s.Surplus += o.Surplus / by
	}
	return sum
}

// segments plays a policy once more, and tells its segments.
func (b *bazaar) segments(name string, policy policies.Policy) (*Segments, error) {
	paths := min(drawnPaths, b.s.Evaluate.Paths)
	c, err := b.follow(b.full, policy, paths)
	if err != nil {
		return nil, err
	}
	return b.segmented(name, paths, c.segments), nil
}

// segmented puts segments into words; of a market of one segment there are none, for the accounts are its.
func (b *bazaar) segmented(name string, paths int, each []market.Segment) *Segments {
	s := &Segments{Policy: name, Paths: paths, Each: each}
	if len(each) == 1 {
		return s
	}
	rows := [][]string{{"", "visits", "orders", "conversion", "units", "revenue", "surplus"}}
	for i := range each[:min(len(each), mostSegments)] {
		o := &each[i]
		conversion := 0.0
		if o.Visits > 0 {
			conversion = o.Orders / o.Visits
		}
		called := o.Persona
		if len(b.cfg.Channels) > 1 {
			called += ", " + o.Channel
		}
		rows = append(rows, []string{called, amountText(o.Visits), amountText(o.Orders), fmt.Sprintf("%.1f%%", 100*conversion), amountText(o.Units), amountText(o.Revenue), amountText(o.Surplus)})
	}
	under := ""
	if name != "" {
		under = " under " + name
	}
	title := fmt.Sprintf("Who did what%s, a %s, in the whole market; revenue and surplus in $; mean of %s:", under, b.s.Time.Period, plural(paths, "path"))
	s.text = strings.Join(wrap(title, width), "\n") + "\n\n" + align(rows)
	if n := len(each) - mostSegments; n > 0 {
		s.text += fmt.Sprintf("… and %s more; --json and summary.json have all\n", plural(n, "segment"))
	}
	return s
}

// mostSegments is how many segments a table has.
const mostSegments = 24
