package experiment

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios/field"
)

// Stopping says by which test an experiment is decided.
type Stopping string

// The stopping rules.
const (
	Fixed   Stopping = "fixed"   // once, at the end: an interval that holds if nobody looked before
	Anytime Stopping = "anytime" // whenever: the mixture sequential probability ratio test
	Group   Stopping = "group"   // at a few looks that were planned: O'Brien & Fleming's spending
)

// Options say how an experiment is analysed. The zero value of each means what is written beside it.
type Options struct {
	Shares      []float64 // of units that each arm should have; nil: equal
	Alpha       float64   // 0.05, two-sided
	Power       float64   // 0.8, of what is detectable
	Planned     int       // units of all arms; 0: 10,000, but that the group test and the anytime test of clusters want it said
	Every       int       // 100 units between the looks of the anytime test, a look not before each arm has 50 (of clusters: a thousandth, not before 20)
	Looks       int       // 5, of the group test, at equal shares of the plan
	Stopping    Stopping  // Fixed
	Imbalanced  bool      // analyse although the sizes of the arms are wrong
	SRM         float64   // 0.001: the p-value below which they are
	TimeBuckets int       // 10 at most, for the novelty check
	EffectsOnly bool      // of one of many experiments, which are counted: no segments, uplift, novelty or sizing
}

func (o *Options) complete(r *Rows, units int) error {
	for _, d := range []struct {
		at      *float64
		key     string
		usually float64
	}{{&o.Alpha, "alpha", 0.05}, {&o.Power, "power", 0.8}, {&o.SRM, "srm", 0.001}} {
		if *d.at == 0 {
			*d.at = d.usually
		}
		if !(*d.at > 0 && *d.at < 1) {
			return field.New(d.key, *d.at, "a probability above 0 and below 1")
		}
	}
	switch {
	case o.Power <= o.Alpha:
		return field.New("power", o.Power, fmt.Sprintf("above alpha, %g", o.Alpha))
	case o.Planned < 0 || o.Every < 0 || o.Looks < 0 || o.Looks > 100 || o.TimeBuckets < 0:
		return field.New("looks", fmt.Sprintf("%d of a plan of %d, every %d", o.Looks, o.Planned, o.Every), "numbers of at least 0, and at most 100 looks")
	case o.Shares != nil && len(o.Shares) != len(r.Arms):
		return field.New("shares", len(o.Shares), fmt.Sprintf("%d, one for each arm", len(r.Arms)))
	case r.Clustered && r.Time == nil && o.Stopping != "" && o.Stopping != Fixed:
		return field.New("stopping", fmt.Sprintf("%q of clusters without times", o.Stopping), "fixed: clusters are all there from the first, and do not come one after the other")
	case o.Planned == 0 && (o.Stopping == Group || r.Clustered && o.Stopping == Anytime):
		return field.New("planned", "none", fmt.Sprintf("the number of units of all arms that was planned: by how many there happen to be (%d) no test may go", units))
	case !slices.Contains([]Stopping{"", Fixed, Anytime, Group}, o.Stopping):
		return field.New("stopping", fmt.Sprintf("%q", o.Stopping), "fixed, anytime or group")
	}
	if o.Stopping == "" {
		o.Stopping = Fixed
	}
	o.Looks, o.TimeBuckets = either(o.Looks, 5), either(o.TimeBuckets, 10)
	if o.Every = either(o.Every, 100); r.Clustered {
		o.Every = max(1, units/1000)
	} else {
		o.Planned = either(o.Planned, 10_000)
	}
	return o.shares(len(r.Arms))
}

func either(n, usually int) int {
	if n == 0 {
		return usually
	}
	return n
}

func (o *Options) shares(arms int) error {
	if o.Shares == nil {
		o.Shares = slices.Repeat([]float64{1}, arms)
	}
	o.Shares = slices.Clone(o.Shares)
	sum := 0.0
	for _, s := range o.Shares {
		if !(s > 0) || math.IsInf(s, 0) {
			return field.New("shares", s, "numbers above 0")
		}
		sum += s
	}
	for a := range o.Shares {
		o.Shares[a] /= sum
	}
	return nil
}

// Arm is an arm and its size.
type Arm struct {
	Name  string  `json:"name"`
	Units int     `json:"units"`
	Share float64 `json:"share"` // that it should have
}

// Imbalance is the sample-ratio check: Pearson's χ² of the arms' sizes against their shares (Fabijan et al. 2019). Where it
// fails, units were lost or doubled by arm, and no comparison can be trusted.
type Imbalance struct {
	ChiSquare float64 `json:"chi_square"`
	Degrees   int     `json:"degrees_of_freedom"`
	P         float64 `json:"p"`
	Below     float64 `json:"fails_below"`
	Failed    bool    `json:"failed"`
}

// Measured is a metric with what each treatment changes in it.
type Measured struct {
	Name        string   `json:"name"`
	Ratio       bool     `json:"ratio"` // of sums; else a mean
	Lower       bool     `json:"lower_is_better,omitempty"`
	Missing     int      `json:"missing,omitempty"` // units without a value
	Gaps        []Gaps   `json:"gaps,omitempty"`    // by arm, where any value is missing
	GapsP       *float64 `json:"gaps_p,omitempty"`  // of one share of units with gaps in all arms; nil where they are too few to tell
	Correlation float64  `json:"correlation,omitempty"`
	Variance    float64  `json:"variance_ratio"` // of the differences, with CUPED and strata, to that without: the mean over treatments
	Effects     []Effect `json:"effects"`        // by treatment
}

// Report is what an experiment shows.
type Report struct {
	Arms      []Arm         `json:"arms"` // the control first
	Rows      int           `json:"rows"`
	Clustered bool          `json:"clustered,omitempty"`
	Strata    int           `json:"strata,omitempty"`
	Alpha     float64       `json:"alpha"`
	Stopping  Stopping      `json:"stopping"`
	Imbalance Imbalance     `json:"sample_ratio"`
	Metrics   []Measured    `json:"metrics,omitempty"` // none where the sample-ratio check failed
	Verdicts  []Verdict     `json:"verdicts,omitempty"`
	Anytime   []AnytimeTest `json:"anytime,omitempty"` // of the first metric, by treatment
	Group     []GroupTest   `json:"group,omitempty"`   // likewise, where it decides
	Segments  []Divided     `json:"segments,omitempty"`
	Uplift    []Uplift      `json:"uplift,omitempty"` // by treatment
	Novelty   []Novelty     `json:"novelty,omitempty"`
	Sizing    *Sizing       `json:"sizing,omitempty"`
	Warnings  []string      `json:"warnings,omitempty"`
}

// Verdict is what the first metric says of a treatment: "better", "worse" or "open", by the stopping rule and corrected for the number of treatments.
type Verdict struct {
	Arm     string   `json:"arm"`
	Finding string   `json:"finding"`
	P       float64  `json:"p,omitempty"`        // Holm's; none of the group test, which goes by its boundary
	Range   *Range   `json:"interval,omitempty"` // that goes with the rule, at 1 − alpha over the number of treatments, so that all hold together
	Harms   []string `json:"harms,omitempty"`    // other metrics that got worse, at a false-discovery rate of alpha
	Helps   []string `json:"helps,omitempty"`
}

// Analyse is the whole of the analysis.
func Analyse(r *Rows, o Options) (*Report, error) {
	u, err := r.gather()
	if err != nil {
		return nil, err
	}
	if err := o.complete(r, len(u.arm)); err != nil {
		return nil, err
	}
	a := &analysis{rows: r, units: u, options: o, report: &Report{Rows: len(r.Arm), Clustered: r.Clustered, Alpha: o.Alpha, Stopping: o.Stopping}}
	a.report.Warnings = u.mixed
	if u.strata > 1 {
		a.report.Strata = u.strata
	}
	a.imbalance()
	if a.report.Imbalance.Failed && !o.Imbalanced {
		return a.report, nil
	}
	for m := range r.Metrics {
		if err := a.measure(m); err != nil {
			return nil, err
		}
	}
	a.correct()
	a.sequences()
	if !o.EffectsOnly {
		a.segments()
		if err := a.uplift(); err != nil {
			return nil, err
		}
		a.novelty()
		a.size()
	}
	a.decide()
	return a.report, nil
}

// analysis is one under way.
type analysis struct {
	rows    *Rows
	units   *units
	options Options
	report  *Report
	first   values // of the first metric, by unit
	spreads []value
}

func (a *analysis) warn(format string, args ...any) {
	a.report.Warnings = append(a.report.Warnings, fmt.Sprintf(format, args...))
}

func (a *analysis) imbalance() {
	n := make([]int, a.units.arms)
	for _, arm := range a.units.arm {
		n[arm]++
	}
	s := &a.report.Imbalance
	s.Degrees, s.Below = len(n)-1, a.options.SRM
	least := math.Inf(1)
	for arm, units := range n {
		expected := a.options.Shares[arm] * float64(len(a.units.arm))
		s.ChiSquare += (float64(units) - expected) * (float64(units) - expected) / expected
		least = min(least, expected)
		a.report.Arms = append(a.report.Arms, Arm{a.rows.Arms[arm], units, a.options.Shares[arm]})
	}
	s.P = distuv.ChiSquared{K: float64(s.Degrees)}.Survival(s.ChiSquare)
	if s.Failed = s.P < s.Below; least < 5 {
		a.warn("an arm should have %.1f units: so few that their number tells little of whether units were lost", least)
	}
}

// measure estimates one metric.
func (a *analysis) measure(index int) error {
	m := &a.rows.Metrics[index]
	raw := a.rows.measure(a.units, m)
	if index == 0 {
		a.first = raw
	}
	out := Measured{Name: m.Name, Ratio: m.Denominator != nil, Lower: m.Lower}
	for _, has := range raw.has {
		if !has {
			out.Missing++
		}
	}
	by := raw
	if a.rows.Clustered {
		by = raw.jackknifed(a.units.arm, a.units.arms)
	}
	t := newTally(a.units.arms, a.units.strata, raw.adjust)
	plain := newTally(a.units.arms, 1, false)
	for k := range by.of {
		t.add(a.units.arm[k], a.units.stratum[k], &by, k)
		plain.add(a.units.arm[k], 0, &by, k)
	}
	t, few := t.joined()
	if few > 0 && index == 0 {
		a.warn("%d strata with fewer than two units in some arm are taken together", few)
	}
	all, correlation, ok := t.values()
	before, _, ok2 := plain.values()
	if !ok || !ok2 {
		return field.New(m.Name, "an arm with fewer than two units that have a value, or denominators that add up to 0", "at least two in each arm")
	}
	if m.Before != nil && !raw.adjust {
		a.warn("what was known before of %s does not vary: no CUPED", m.Name)
	}
	out.Correlation = correlation
	for arm := 1; arm < len(all); arm++ {
		out.Effects = append(out.Effects, compare(a.rows.Arms[arm], all[arm], all[0], 1-a.options.Alpha))
		if v := before[arm].variance + before[0].variance; v > 0 {
			out.Variance += (all[arm].variance + all[0].variance) / v / float64(len(all)-1)
		}
	}
	if index == 0 {
		a.spreads = all
	}
	a.missing(&out, raw.gaps)
	a.report.Metrics = append(a.report.Metrics, out)
	return nil
}

// Gaps are the missing values of a metric in an arm.
type Gaps struct {
	Arm   string `json:"arm"`
	Units int    `json:"units"` // that lack a value in some row
	Rows  int    `json:"rows"`  // that lack it, and do not count
}

// missing counts what is missing by arm, and warns where the arms' shares of such units differ: what is left need not be comparable. The test is Pearson's χ², on units,
// which are independent as rows are not, and only where it holds: five such units expected in each arm (Cochran 1954).
func (a *analysis) missing(out *Measured, rows []int32) {
	if rows == nil {
		return
	}
	out.Gaps = make([]Gaps, a.units.arms)
	total := 0.0
	for arm := range out.Gaps {
		out.Gaps[arm].Arm = a.rows.Arms[arm]
	}
	for k, n := range rows {
		if n > 0 {
			g := &out.Gaps[a.units.arm[k]]
			g.Units, g.Rows = g.Units+1, g.Rows+int(n)
			total++
		}
	}
	chi, least := 0.0, math.Inf(1)
	for arm, g := range out.Gaps {
		units := float64(a.report.Arms[arm].Units)
		expected := units * total / float64(len(rows))
		least = min(least, expected, units-expected)
		off := float64(g.Units) - expected
		chi += off*off/expected + off*off/(units-expected)
	}
	if least < 5 {
		return
	}
	p := distuv.ChiSquared{K: float64(a.units.arms - 1)}.Survival(chi)
	if out.GapsP = &p; p < a.options.SRM {
		a.warn("%s is missing in some arms more often than in others: what is left of them need not be comparable", out.Name)
	}
}

// correct fills Holm's p-values, of a metric's treatments, and Benjamini and Hochberg's, of all.
func (a *analysis) correct() {
	var every []*Effect
	for m := range a.report.Metrics {
		effects := a.report.Metrics[m].Effects
		p := make([]float64, len(effects))
		for i := range effects {
			every = append(every, &effects[i])
			p[i] = effects[i].P
		}
		for i, adjusted := range stats.Holm(p) {
			effects[i].Holm = adjusted
		}
	}
	p := make([]float64, len(every))
	for i, e := range every {
		p[i] = e.P
	}
	for i, q := range stats.BenjaminiHochberg(p) {
		every[i].Q = q
	}
}

// decide says what follows for each treatment.
func (a *analysis) decide() {
	first := &a.report.Metrics[0]
	p := make([]float64, len(first.Effects))
	for i, e := range first.Effects {
		if p[i] = e.P; a.options.Stopping == Anytime {
			p[i] = a.report.Anytime[i].P
		}
	}
	adjusted := stats.Holm(p)
	alpha := a.options.Alpha / float64(len(p))
	for i, e := range first.Effects {
		v := Verdict{Arm: e.Arm, Finding: "open", P: adjusted[i], Range: &Range{e.Difference.Low, e.Difference.High}}
		se, sign := e.Difference.StandardError, e.Difference.Value
		switch {
		case a.options.Stopping == Group:
			v.Range, v.P = a.report.Group[i].Range, 0
			if v.Range != nil {
				sign = v.Range.Low + v.Range.High
			}
		case e.Note != "":
		case a.options.Stopping == Anytime: // as seen when the p-value was smallest
			v.Range, sign = a.mixture(i+1).within(&e, alpha), a.report.Anytime[i].sign
		default:
			v.Range = e.within(se * distuv.UnitNormal.Quantile(1-alpha/2) * e.widening(alpha))
		}
		found := v.P < a.options.Alpha
		if a.options.Stopping == Group {
			found = a.report.Group[i].Stopped > 0
		}
		if found && e.Note == "" {
			v.Finding = map[bool]string{true: "better", false: "worse"}[(sign > 0) != first.Lower]
		}
		for m := 1; m < len(a.report.Metrics); m++ {
			other := &a.report.Metrics[m]
			if o := other.Effects[i]; o.Q < a.options.Alpha {
				if (o.Difference.Value > 0) != other.Lower {
					v.Helps = append(v.Helps, other.Name)
				} else {
					v.Harms = append(v.Harms, other.Name)
				}
			}
		}
		a.report.Verdicts = append(a.report.Verdicts, v)
	}
}
