package workflow

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/souk-sim/souk/market"
	"github.com/souk-sim/souk/policies/evaluate/experiment"
)

// trialMetric is one that a market's outcomes have.
type trialMetric struct {
	name      string
	of, below int // of trialLine's sums; below −1: a mean over units
}

// The sums of what a unit came to.
const (
	sumProfit = iota
	sumRevenue
	sumUnits
	sumOrders
	sumVisits
	sumShoppers
	sums
)

// metrics are those of the design: by shopper a mean; by cluster for each new shopper there, and in a slot for each visit; by product a mean over products.
func (t *trialRun) metrics() (all []trialMetric, err error) {
	below := map[market.Design]int{market.ByShopper: -1, market.ByCluster: sumShoppers, market.ByProduct: -1, market.Switchback: sumVisits}[market.Design(t.table.Design)]
	known := []trialMetric{{"profit", sumProfit, below}, {"revenue", sumRevenue, below}, {"units", sumUnits, below}}
	if t.table.Design != string(market.ByProduct) {
		known = append(known, trialMetric{"conversion", sumOrders, sumVisits})
	}
	if t.table.Metrics == nil {
		return known, nil
	}
	for i, name := range t.table.Metrics {
		at := slices.IndexFunc(known, func(m trialMetric) bool { return m.name == name })
		if at < 0 || slices.Contains(t.table.Metrics[:i], name) {
			var names []string
			for _, m := range known {
				names = append(names, m.name)
			}
			return nil, t.Scenario.Fault(fmt.Sprintf("%q", name), "each at most once: "+strings.Join(names, ", "), "abtest", "metrics")
		}
		all = append(all, known[at])
	}
	return all, nil
}

// trialUnits adds up what each unit of an experiment came to.
type trialUnits struct {
	design market.Design
	start  float64
	market *market.Config
	index  map[uint64]int
	lines  []trialLine

	// nobodys is profit of the truth alone: what keeping a shared stock costs, and what spoils, is no shopper's or region's. To deal it out would not make an experiment tell what it
	// costs: by visits the arms bear it alike, and by units the arm that clears the shelf would pay for what spoils.
	nobodys float64

	slotDays, washout float64       // of a switchback
	washed            [sums]float64 // what the first parts of slots came to, of the truth alone too
}

// trialLine is a unit.
type trialLine struct {
	arm, persona, channel int32
	time                  float64 // of the first entry after the start, NaN before there is one
	after, before         [sums]float64
}

func (u *trialUnits) take(batch []market.Outcome) {
	for i := range batch {
		o := &batch[i]
		var key uint64
		switch u.design {
		case market.ByShopper:
			key = uint64(uint32(o.Period))<<32 | uint64(uint32(o.Number))
		case market.ByCluster:
			key = uint64(uint32(o.Cluster))
		case market.ByProduct:
			key = uint64(uint32(o.Product))
		case market.Switchback:
			key = uint64(uint32(o.Slot))
		}
		if int32(uint32(key)) == market.None {
			if o.Number == market.None && o.Time >= u.start {
				u.nobodys += o.Profit
			}
			continue
		}
		if u.washout > 0 && o.Time < u.start+float64(o.Slot)*u.slotDays+u.washout-1e-9 {
			add(&u.washed, o)
			continue
		}
		k, known := u.index[key]
		if !known {
			k = len(u.lines)
			u.index[key] = k
			u.lines = append(u.lines, trialLine{arm: o.Arm, persona: o.Persona, channel: o.Channel, time: math.NaN()})
		}
		l := &u.lines[k]
		to := &l.before
		if o.Time >= u.start {
			if to = &l.after; math.IsNaN(l.time) {
				l.time = o.Time
			}
		}
		add(to, o)
	}
}

func add(to *[sums]float64, o *market.Outcome) {
	to[sumProfit] += o.Profit
	to[sumRevenue] += o.Revenue
	to[sumUnits] += o.Units
	to[sumOrders] += o.Orders
	to[sumVisits] += o.Visits
	if o.New {
		to[sumShoppers] += o.Visits
	}
}

// ratio is a metric of all units together.
func (u *trialUnits) ratio(m trialMetric) float64 {
	y, d := u.washed[m.of], 0.0
	if m.of == sumProfit {
		y += u.nobodys
	}
	if m.below >= 0 {
		d = u.washed[m.below]
	}
	for i := range u.lines {
		l := &u.lines[i]
		if math.IsNaN(l.time) {
			continue
		}
		y += l.after[m.of]
		if m.below < 0 {
			d++
		} else {
			d += l.after[m.below]
		}
	}
	if d == 0 {
		return 0
	}
	return y / d
}

// rows are the units as an experiment, a row each.
func (u *trialUnits) rows(arms []string, metrics []trialMetric) *experiment.Rows {
	r := &experiment.Rows{Arms: arms, Clustered: u.design == market.ByCluster || u.design == market.Switchback}
	n := 0
	personas, channels := experiment.Segment{Name: "persona"}, experiment.Segment{Name: "channel"}
	for _, p := range u.market.Personas {
		personas.Values = append(personas.Values, p.Name)
	}
	for _, c := range u.market.Channels {
		channels.Values = append(channels.Values, c.Name)
	}
	r.Metrics = make([]experiment.Metric, len(metrics))
	for i := range u.lines {
		l := &u.lines[i]
		if math.IsNaN(l.time) {
			continue
		}
		r.Unit, r.Arm = append(r.Unit, int32(n)), append(r.Arm, l.arm)
		if u.design == market.ByShopper || u.design == market.Switchback { // clusters and products are there all the time
			r.Time = append(r.Time, l.time)
		}
		n++
		personas.Of, channels.Of = append(personas.Of, l.persona), append(channels.Of, l.channel)
		for k, m := range metrics {
			to := &r.Metrics[k]
			to.Name = m.name
			to.Numerator = append(to.Numerator, l.after[m.of])
			before := l.before[m.of]
			if m.below >= 0 {
				to.Denominator = append(to.Denominator, l.after[m.below])
				if before = math.NaN(); l.before[m.below] > 0 {
					before = l.before[m.of] / l.before[m.below]
				}
			}
			if u.start > 0 && u.design != market.Switchback {
				to.Before = append(to.Before, before)
			}
		}
	}
	r.Units = n
	if first := r.Metrics[0]; first.Before != nil {
		r.Covariates = []experiment.Covariate{{Name: beforePrefix + first.Name, Of: first.Before}}
	}
	if u.design == market.ByShopper {
		for _, s := range []experiment.Segment{personas, channels} {
			if len(s.Values) > 1 {
				r.Segments = append(r.Segments, s)
			}
		}
	}
	return r
}

// csv writes the units as souk abtest --log reads them.
func (u *trialUnits) csv(w io.Writer) error {
	var b strings.Builder
	b.WriteString("unit,arm,time,persona,channel,visits,shoppers,orders,units,revenue,profit\n")
	n := 0
	for i := range u.lines {
		l := &u.lines[i]
		if math.IsNaN(l.time) {
			continue
		}
		name := func(k int32, of func(int32) string) string {
			if k < 0 || u.design != market.ByShopper {
				return ""
			}
			return of(k)
		}
		channel := func(k int32) string {
			if int(k) >= len(u.market.Channels) {
				return ""
			}
			return u.market.Channels[k].Name
		}
		fmt.Fprintf(&b, "%d,%d,%.6f,%s,%s,%g,%g,%g,%g,%.4f,%.4f\n", n, l.arm, l.time, name(l.persona, func(k int32) string { return u.market.Personas[k].Name }), name(l.channel, channel),
			l.after[sumVisits], l.after[sumShoppers], l.after[sumOrders], l.after[sumUnits], l.after[sumRevenue], l.after[sumProfit])
		n++
	}
	_, err := io.WriteString(w, b.String())
	return err
}
