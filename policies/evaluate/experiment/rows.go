// Package experiment analyses randomised experiments: whether arms are of the sizes they should be, what each treatment
// changes in every metric with intervals that hold for the design, what may be said while it still runs, for whom it
// works, and how large an experiment has to be. It knows no market: an experiment is rows of units, arms and numbers, of
// a simulated market or of a real log.
//
// One mechanism serves all designs. What was randomised (a shopper, a customer, a region, a product, a slot of time) is
// the unit; its rows are added up, and units are independent. A metric of an arm is a ratio of sums R = Σy/Σd, with d = 1
// for a mean; its variance is that of the units' linearised values z = (y − R·d)/mean(d) (delta method: Deng, Knoblich &
// Lu 2018, "Applying the delta method in metric analytics"). Adjustment for what was known before (CUPED) and
// post-stratification act on z.
package experiment

import (
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
)

// Rows are what an experiment recorded, n rows column by column.
type Rows struct {
	Arms  []string // the first is the control
	Arm   []int32  // n
	Unit  []int32  // n: number of the unit, from 0
	Units int
	// Clustered says that a unit is a cluster of what is counted: a region, a product, a slot of time. A mean is then one over rows and
	// not over units, and variances are the jackknife's, which holds where clusters are few and of unlike sizes.
	Clustered bool
	// Time of each row (n), in days or any other unit; nil: rows are in the order of time, but for clusters, which are then all there from the first.
	Time     []float64
	Strata   []string
	Stratum  []int32 // n; nil: none. A unit's first row tells its stratum
	Segments []Segment
	// Covariates are numbers known before, by which, and by the segments, units are told apart for whom a treatment works better.
	Covariates []Covariate
	Metrics    []Metric // the first is what the experiment decides on
}

// Covariate is a number known before the experiment. A unit has the mean of its rows, NaN being missing.
type Covariate struct {
	Name string
	Of   []float64 // n
}

// Segment tells kinds of units apart: personas, channels, countries. A unit's first row tells its value.
type Segment struct {
	Name   string
	Values []string
	Of     []int32 // n
}

// Metric is what is measured. NaN is missing: such a row does not count.
type Metric struct {
	Name        string
	Numerator   []float64 // n
	Denominator []float64 // n; nil: the metric is a mean
	Before      []float64 // n: a number known before the experiment, for CUPED; nil: none. A unit has the mean of its rows
	Lower       bool      // less of it is better
}

// units are the rows added up by unit, in the order in which units first appeared.
type units struct {
	arm, stratum []int32
	segment      [][]int32 // by segment and unit
	time         []float64 // of the first row; of row number where rows have no times
	rank         []int32   // of each number of a unit
	arms         int
	strata       int
	mixed        []string // what is to be said of segments and strata that vary within units
}

func (r *Rows) check() error {
	n := len(r.Arm)
	switch {
	case len(r.Arms) < 2:
		return field.New("arms", len(r.Arms), "two or more: a control and a treatment")
	case len(r.Metrics) == 0:
		return field.New("metrics", "none", "at least one")
	case len(r.Unit) != n || r.Time != nil && len(r.Time) != n || r.Stratum != nil && len(r.Stratum) != n:
		return field.New("rows", "columns of different lengths", "columns of one length")
	}
	for _, s := range r.Segments {
		if len(s.Of) != n {
			return field.New(s.Name, len(s.Of), fmt.Sprintf("%d, one for each row", n))
		}
	}
	for _, c := range r.Covariates {
		if len(c.Of) != n {
			return field.New(c.Name, len(c.Of), fmt.Sprintf("%d, one for each row", n))
		}
	}
	for _, m := range r.Metrics {
		if len(m.Numerator) != n || m.Denominator != nil && len(m.Denominator) != n || m.Before != nil && len(m.Before) != n {
			return field.New(m.Name, "columns of another length", fmt.Sprintf("%d, one for each row", n))
		}
	}
	return nil
}

// gather finds the units.
func (r *Rows) gather() (*units, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	first := make([]int32, r.Units) // row + 1
	for row, u := range r.Unit {
		if u < 0 || int(u) >= r.Units || r.Arm[row] < 0 || int(r.Arm[row]) >= len(r.Arms) {
			return nil, field.New(fmt.Sprintf("row %d", row), fmt.Sprintf("unit %d in arm %d", u, r.Arm[row]), "numbers of units and arms")
		}
		switch f := first[u]; {
		case f == 0 || r.Time != nil && r.Time[row] < r.Time[f-1]:
			if f > 0 && r.Arm[f-1] != r.Arm[row] {
				return nil, crossed(r, row)
			}
			first[u] = int32(row) + 1
		case r.Arm[f-1] != r.Arm[row]:
			return nil, crossed(r, row)
		}
	}
	order := make([]int32, 0, r.Units)
	for u, f := range first {
		if f > 0 {
			order = append(order, int32(u))
		}
	}
	at := func(u int32) float64 {
		if r.Time == nil {
			return float64(first[u])
		}
		return r.Time[first[u]-1]
	}
	slices.SortStableFunc(order, func(a, b int32) int {
		switch ta, tb := at(a), at(b); {
		case ta < tb:
			return -1
		case ta > tb:
			return 1
		}
		return int(first[a]) - int(first[b])
	})
	n := len(order)
	u := &units{arm: make([]int32, n), stratum: make([]int32, n), time: make([]float64, n), rank: make([]int32, r.Units), arms: len(r.Arms), strata: 1}
	for range r.Segments {
		u.segment = append(u.segment, make([]int32, n))
	}
	for k, unit := range order {
		row := first[unit] - 1
		u.arm[k], u.time[k], u.rank[unit] = r.Arm[row], at(unit), int32(k)
		if r.Stratum != nil {
			u.stratum[k] = r.Stratum[row]
		}
		for s := range r.Segments {
			u.segment[s][k] = r.Segments[s].Of[row]
		}
	}
	if r.Stratum != nil {
		u.strata = len(r.Strata)
	}
	kinds := r.Segments
	if r.Stratum != nil {
		kinds = append([]Segment{{Name: "the stratum", Of: r.Stratum}}, kinds...)
	}
	for _, s := range kinds {
		if err := r.constant(s, first, u); err != nil {
			return nil, err
		}
	}
	count := make([]int, len(r.Arms))
	for _, a := range u.arm {
		count[a]++
	}
	for a, units := range count {
		if units < 2 {
			return nil, field.New("arm "+r.Arms[a], fmt.Sprintf("%d units", units), "at least 2: without a spread there is no interval")
		}
	}
	return u, nil
}

// constant looks for units in which a segment or stratum varies: a cluster is not of the kind of its first row.
func (r *Rows) constant(s Segment, first []int32, u *units) error {
	varies := make([]bool, len(first))
	number := 0
	for row, unit := range r.Unit {
		if s.Of[row] == s.Of[first[unit]-1] || varies[unit] {
			continue
		}
		if r.Clustered {
			return field.New(s.Name, fmt.Sprintf("a cluster with more than one value (row %d)", row+1), "one value in each cluster: what was randomised is told apart, not what is in it")
		}
		varies[unit] = true
		number++
	}
	if number > 0 {
		u.mixed = append(u.mixed, fmt.Sprintf("%s varies within %d of %d units: each is taken by its first row, and what came later may be the arm's doing", s.Name, number, len(u.arm)))
	}
	return nil
}

func crossed(r *Rows, row int) error {
	return field.New(fmt.Sprintf("row %d", row+1), "a unit in two arms", "each unit in one arm: what it came to cannot be put down to either")
}

// values are a metric by unit: y over d, and x from before.
type values struct {
	of     [][3]float64 // y, d, x
	has    []bool       // false where all of a unit's rows are missing. Nothing over nothing is a value: who buys nothing may do so because of his arm
	gaps   []int32      // rows of a unit that are missing; nil: none of any
	adjust bool         // there is an x that varies
}

// part is that of some units.
func (v *values) part(from, to int) values {
	return values{of: v.of[from:to], has: v.has[from:to], adjust: v.adjust}
}

// measure adds a metric up by unit.
func (r *Rows) measure(u *units, m *Metric) values {
	v := values{of: make([][3]float64, len(u.arm)), has: make([]bool, len(u.arm))}
	known := make([]int32, len(u.arm)) // rows with an x
	for row, unit := range r.Unit {
		k := u.rank[unit]
		if m.Before != nil && !math.IsNaN(m.Before[row]) {
			v.of[k][2] += m.Before[row]
			known[k]++
		}
		y, d := m.Numerator[row], 1.0
		if m.Denominator != nil {
			d = m.Denominator[row]
		}
		if math.IsNaN(y) || math.IsNaN(d) {
			if v.gaps == nil {
				v.gaps = make([]int32, len(u.arm))
			}
			v.gaps[k]++
			continue
		}
		v.has[k] = true
		v.of[k][0] += y
		if v.of[k][1] += d; m.Denominator == nil && !r.Clustered {
			v.of[k][1] = 1
		}
	}
	if m.Before != nil {
		v.adjust = fillIn(v.of, known)
	}
	return v
}

// fillIn makes means of sums of what was known before, gives who has none the mean of the others, which moves no comparison because arms were
// drawn afterwards, and tells whether it varies.
func fillIn(of [][3]float64, known []int32) bool {
	sum, n := 0.0, 0.0
	for k, rows := range known {
		if rows > 0 {
			of[k][2] /= float64(rows)
			sum += of[k][2]
			n++
		}
	}
	if n == 0 {
		return false
	}
	varies := false
	mean := sum / n
	for k, rows := range known {
		if rows == 0 {
			of[k][2] = mean
		}
		varies = varies || math.Abs(of[k][2]-mean) > 1e-12*math.Abs(mean)
	}
	return varies
}
