package experiment

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

// two arms of so many units that alternate, with a number each.
func alternating(units int, value func(unit int) float64) *Rows {
	r := &Rows{Arms: []string{"A", "B"}, Units: units, Metrics: []Metric{{Name: "m"}}}
	for u := range units {
		r.Unit, r.Arm = append(r.Unit, int32(u)), append(r.Arm, int32(u%2))
		r.Metrics[0].Numerator = append(r.Metrics[0].Numerator, value(u))
	}
	return r
}

func TestWhatCannotBeAnalysedIsRefused(t *testing.T) {
	one := func(u int) float64 { return float64(u * u % 7) }
	for name, c := range map[string]struct {
		rows    *Rows
		options Options
		says    string
	}{
		"one unit an arm":    {rows: alternating(2, one), says: "arm A: found 1 units"},
		"nothing":            {rows: alternating(0, one), says: "arm A: found 0 units"},
		"one arm":            {rows: func() *Rows { r := alternating(8, one); r.Arms = r.Arms[:1]; return r }(), says: "arms: found 1"},
		"a unit in two arms": {rows: func() *Rows { r := alternating(8, one); r.Unit[5] = 2; return r }(), says: "row 6: found a unit in two arms"},
		"no metric":          {rows: func() *Rows { r := alternating(8, one); r.Metrics = nil; return r }(), says: "metrics: found none"},
		"short column":       {rows: func() *Rows { r := alternating(8, one); r.Metrics[0].Before = []float64{1}; return r }(), says: "m: found columns of another length"},
		"all missing":        {rows: alternating(8, func(int) float64 { return math.NaN() }), says: "m: found an arm with fewer than two units that have a value"},
		"alpha":              {rows: alternating(8, one), options: Options{Alpha: 2}, says: "alpha: found 2"},
		"shares":             {rows: alternating(8, one), options: Options{Shares: []float64{1}}, says: "shares: found 1"},
		"stopping":           {rows: alternating(8, one), options: Options{Stopping: "never"}, says: "stopping: found \"never\""},
		"unplanned looks":    {rows: alternating(8, one), options: Options{Stopping: Group}, says: "planned: found none"},
		"unplanned clusters": {rows: inTime(func() *Rows { r := alternating(8, one); r.Clustered = true; return r }()), options: Options{Stopping: Anytime}, says: "planned: found none"},
		"a mixed cluster":    {rows: visited(true), says: "persona: found a cluster with more than one value (row 9)"},
		"clusters in order":  {rows: func() *Rows { r := alternating(8, one); r.Clustered = true; return r }(), options: Options{Stopping: Anytime}, says: "stopping: found \"anytime\" of clusters"},
	} {
		_, err := Analyse(c.rows, c.options)
		var bad *field.Error
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, expected %q", name, err, c.says)
		}
	}
}

// inTime gives rows the times 0, 1, 2, …
func inTime(r *Rows) *Rows {
	for row := range r.Arm {
		r.Time = append(r.Time, float64(row))
	}
	return r
}

// visited are eight units, two rows each; the first has another persona in its second row.
func visited(clustered bool) *Rows {
	r := alternating(8, func(u int) float64 { return float64(u * u % 7) })
	r.Clustered = clustered
	r.Unit, r.Arm, r.Metrics[0].Numerator = append(r.Unit, r.Unit...), append(r.Arm, r.Arm...), append(r.Metrics[0].Numerator, r.Metrics[0].Numerator...)
	r.Segments = []Segment{{Name: "persona", Values: []string{"a", "b"}, Of: make([]int32, 16)}}
	r.Segments[0].Of[8] = 1
	return r
}

func TestASegmentThatVariesWithinUnitsIsTold(t *testing.T) {
	if w := analysed(t, visited(false), Options{}).Warnings; !slices.ContainsFunc(w, func(text string) bool { return strings.HasPrefix(text, "persona varies within 1 of 8 units") }) {
		t.Errorf("%q", w)
	}
}

// TestPeekingGoesByOneStatistic: where arms differ by their strata alone, the anytime test does not find the difference that strata take off.
func TestPeekingGoesByOneStatistic(t *testing.T) {
	stream := rng.New(5, 0).Family("strata").At()
	r := alternating(400, func(int) float64 { return stream.Normal() })
	r.Strata = []string{"x", "y"}
	for u := range r.Units {
		stratum := int32(u / 2 % 2)
		if r.Arm[u] == 0 && u%3 > 0 { // more of x in A
			stratum = 0
		}
		r.Stratum = append(r.Stratum, stratum)
		r.Metrics[0].Numerator[u] += 10 * float64(r.Stratum[u])
	}
	if report := analysed(t, r, Options{Stopping: Anytime, Planned: 400, Every: 1e6}); report.Anytime[0].P < 0.05 {
		t.Errorf("p = %g of peeking, %g with the strata", report.Anytime[0].P, report.Metrics[0].Effects[0].P)
	}
}

// TestAnEarlyFindingKeepsItsSign: what was found when units so far were better is not called worse because those after them are.
func TestAnEarlyFindingKeepsItsSign(t *testing.T) {
	stream := rng.New(6, 0).Family("sign").At()
	r := alternating(2000, func(u int) float64 {
		return stream.Normal() + float64(u%2)*map[bool]float64{true: 1, false: -1.1}[u < 1000]
	})
	report := analysed(t, r, Options{Stopping: Anytime})
	if v := report.Verdicts[0]; v.Finding != "better" || report.Metrics[0].Effects[0].Difference.Value > 0 {
		t.Errorf("%+v after %+v", v, report.Anytime[0])
	}
}

// TestIntervalsOfSeveralTreatmentsHoldTogether: a verdict's interval is at 1 − α/2 of two treatments, by any rule; the table's stays at 1 − α.
func TestIntervalsOfSeveralTreatmentsHoldTogether(t *testing.T) {
	stream := rng.New(7, 0).Family("three").At()
	r := alternating(600, func(int) float64 { return stream.Normal() })
	r.Arms = append(r.Arms, "C")
	for u := range r.Arm {
		r.Arm[u] = int32(u % 3)
	}
	half := func(low, high float64) float64 { return (high - low) / 2 }
	plain, once := analysed(t, r, Options{}), analysed(t, r, Options{Alpha: 0.025})
	for i, v := range plain.Verdicts {
		want := once.Metrics[0].Effects[i].Difference
		near(t, "fixed", half(v.Range.Low, v.Range.High), half(want.Low, want.High), 1e-9)
	}
	peeked := analysed(t, r, Options{Stopping: Anytime})
	for i, v := range peeked.Verdicts {
		if alone := peeked.Anytime[i].Range; half(v.Range.Low, v.Range.High) < 1.01*half(alone.Low, alone.High) {
			t.Errorf("anytime: %+v of two treatments, %+v of one", v.Range, alone)
		}
	}
}

// TestMetricsWithoutSpreadTellNothing, not even where arms differ in all of their units: no test is made, and the report is sound JSON.
func TestMetricsWithoutSpreadTellNothing(t *testing.T) {
	for _, step := range []float64{0, 1} {
		r := analysed(t, alternating(100, func(u int) float64 { return step * float64(u%2) }), Options{Stopping: Group, Planned: 100})
		e := r.Metrics[0].Effects[0]
		if e.Note == "" || e.P != 1 || e.Difference.Value != step || r.Verdicts[0].Finding != "open" || r.Sizing != nil {
			t.Errorf("%+v, %+v", e, r.Verdicts[0])
		}
		if _, err := json.Marshal(r); err != nil {
			t.Error(err)
		}
	}
}

// TestWrongArmSizesStopTheAnalysis, unless it is asked for all the same.
func TestWrongArmSizesStopTheAnalysis(t *testing.T) {
	r := alternating(1000, func(u int) float64 { return float64(u % 5) })
	for u := range 100 {
		r.Arm[2*u] = 1
	}
	if report := analysed(t, r, Options{}); !report.Imbalance.Failed || report.Metrics != nil || report.Verdicts != nil {
		t.Errorf("400 against 600: %+v", report.Imbalance)
	}
	if report := analysed(t, r, Options{Imbalanced: true}); !report.Imbalance.Failed || len(report.Metrics) != 1 {
		t.Error("not analysed although it was asked for")
	}
	if report := analysed(t, r, Options{Shares: []float64{2, 3}}); report.Imbalance.Failed || report.Imbalance.P != 1 {
		t.Errorf("400 against 600 where that is the plan: %+v", report.Imbalance)
	}
}

// TestRowsOfAUnitAreAddedUp: an experiment of visits is one of their sums by shopper, in any order of rows where they have times.
func TestRowsOfAUnitAreAddedUp(t *testing.T) {
	stream := rng.New(1, 0).Family("rows").At()
	visits := &Rows{Arms: []string{"A", "B"}, Units: 60, Metrics: []Metric{{Name: "spend"}}}
	sums := alternating(60, func(int) float64 { return 0 })
	for range 400 {
		u := stream.Intn(60)
		spend := stream.Float64()
		visits.Unit, visits.Arm = append(visits.Unit, int32(u)), append(visits.Arm, int32(u%2))
		visits.Metrics[0].Numerator = append(visits.Metrics[0].Numerator, spend)
		sums.Metrics[0].Numerator[u] += spend
	}
	got, want := analysed(t, visits, Options{}).Metrics[0].Effects[0], analysed(t, sums, Options{}).Metrics[0].Effects[0]
	near(t, "difference", got.Difference.Value, want.Difference.Value, 1e-10)
	near(t, "p", got.P, want.P, 1e-10)
}

// TestWhoBuysNothingIsNotMissing: a treatment that makes small baskets buy lowers revenue per order, and knowing which customers have small ones does not take that away. The covariate and the strata
// are the same in both arms, so that adjusting by them moves nothing.
func TestWhoBuysNothingIsNotMissing(t *testing.T) {
	r := alternating(4000, func(int) float64 { return 0 })
	m := &r.Metrics[0]
	r.Strata = []string{"large", "small"}
	for u := range r.Units {
		small, orders, basket := u/2%2, 1.0, 100.0
		if small == 1 {
			if orders, basket = 0, 10; u/4%2 == 0 && u%2 == 1 {
				orders = 1
			}
		}
		m.Numerator[u] = orders * (basket + float64(u/8%5-2))
		m.Denominator, m.Before, r.Stratum = append(m.Denominator, orders), append(m.Before, float64(small)), append(r.Stratum, int32(small))
	}
	plain, cuped := *r, *r
	plain.Stratum, cuped.Stratum = nil, nil
	plain.Metrics = []Metric{{Name: "basket", Numerator: m.Numerator, Denominator: m.Denominator}}
	want := analysed(t, &plain, Options{}).Metrics[0].Effects[0].Difference.Value
	if math.Abs(want+30) > 1 { // (100 + 10/2)/(1 + 1/2) against 100
		t.Errorf("revenue per order changes by %g", want)
	}
	for name, adjusted := range map[string]*Rows{"CUPED": &cuped, "CUPED and strata": r} {
		near(t, name, analysed(t, adjusted, Options{}).Metrics[0].Effects[0].Difference.Value, want, 1e-9)
	}
	m.Denominator[0] = math.NaN()
	if found := analysed(t, r, Options{}).Metrics[0].Missing; found != 1 {
		t.Errorf("%d units without a value, one is NaN", found)
	}
}

// TestAFadingEffectIsNoticed, and a steady one is not called fading.
func TestAFadingEffectIsNoticed(t *testing.T) {
	family := rng.New(2, 0).Family("novelty")
	for k, c := range []struct {
		finding string
		effect  func(day float64) float64
	}{{"fading", func(day float64) float64 { return 1 - day/14 }}, {"steady", func(float64) float64 { return 0.5 }}, {"growing", func(day float64) float64 { return day / 14 }}} {
		stream := family.At(uint64(k))
		r := alternating(4000, func(int) float64 { return stream.Normal() })
		for u := range r.Units {
			r.Time = append(r.Time, float64(u*14/r.Units))
			if r.Arm[u] == 1 {
				r.Metrics[0].Numerator[u] += c.effect(r.Time[u])
			}
		}
		if got := analysed(t, r, Options{}).Novelty[0]; got.Finding != c.finding {
			t.Errorf("%s where it is %s: slope %.3f, p = %.3g", got.Finding, c.finding, got.Slope, got.P)
		}
	}
}

// TestSegmentsWithAnEffectAreTold from those without.
func TestSegmentsWithAnEffectAreTold(t *testing.T) {
	stream := rng.New(3, 0).Family("segments").At()
	r := alternating(3000, func(int) float64 { return stream.Normal() })
	s := Segment{Name: "persona", Values: []string{"moved", "unmoved", "rare"}}
	for u := range r.Units {
		s.Of = append(s.Of, int32(u/2%2))
		if u < 10 {
			s.Of[u] = 2
		}
		if s.Of[u] == 0 && r.Arm[u] == 1 {
			r.Metrics[0].Numerator[u] += 0.4
		}
	}
	r.Segments = []Segment{s}
	d := analysed(t, r, Options{}).Segments[0]
	if len(d.Parts) != 2 || d.TooFew != 10 || d.P > 1e-4 || d.Parts[0].Q > 1e-6 || d.Parts[1].Q < 0.05 {
		t.Errorf("%+v", d)
	}
}

// TestAMillionShoppersTakeSeconds.
func TestAMillionShoppersTakeSeconds(t *testing.T) {
	if testing.Short() {
		t.Skip("a million rows")
	}
	stream := rng.New(4, 0).Family("million").At()
	r := alternating(1_000_000, func(int) float64 { return stream.Float64() })
	began := time.Now()
	report := analysed(t, r, Options{})
	t.Logf("%v, %d looks", time.Since(began), report.Anytime[0].Looks)
	if report.Anytime[0].Looks < 9999 {
		t.Errorf("%d looks", report.Anytime[0].Looks)
	}
}

// TestMissingRowsAreCountedByArm, of ratios too: R's chisq.test(matrix(c(40, 60, 460, 440), 2), correct = FALSE)$p.value is 0.03501498.
func TestMissingRowsAreCountedByArm(t *testing.T) {
	r := alternating(1000, func(u int) float64 { return float64(u % 7) })
	for u := range 1000 { // a second row of each
		r.Unit, r.Arm = append(r.Unit, int32(u)), append(r.Arm, int32(u%2))
		y := 1.0
		if u/2 < 40+20*(u%2) {
			y = math.NaN()
		}
		r.Metrics[0].Numerator = append(r.Metrics[0].Numerator, y)
	}
	r.Metrics[0].Denominator = slices.Repeat([]float64{1}, 2000)
	m := analysed(t, r, Options{}).Metrics[0]
	if !slices.Equal(m.Gaps, []Gaps{{"A", 40, 40}, {"B", 60, 60}}) || m.GapsP == nil || math.Abs(*m.GapsP-0.03501498) > 1e-8 || m.Missing != 0 {
		t.Errorf("%+v", m)
	}
	r.Metrics[0].Numerator[0] = math.NaN() // of unit 0, whose other row is missing
	if m = analysed(t, r, Options{}).Metrics[0]; m.Missing != 1 || m.Gaps[0] != (Gaps{"A", 40, 41}) {
		t.Errorf("%+v", m)
	}
}

// TestNoveltyIsCorrectedForArms: of three treatments whose effects are steady, any is said to fade or grow in at most 5% of 1,000 experiments, and three standard errors of that count.
func TestNoveltyIsCorrectedForArms(t *testing.T) {
	const units, experiments = 800, 1000
	family := rng.New(4, 0).Family("novelty")
	alarms := 0
	for k := range experiments {
		stream := family.At(uint64(k))
		r := &Rows{Arms: []string{"A", "B", "C", "D"}, Units: units, Metrics: []Metric{{Name: "m"}}}
		for u := range units {
			r.Unit, r.Arm, r.Time = append(r.Unit, int32(u)), append(r.Arm, int32(u%4)), append(r.Time, float64(u))
			r.Metrics[0].Numerator = append(r.Metrics[0].Numerator, stream.Normal())
		}
		for _, v := range analysed(t, r, Options{}).Novelty {
			if v.Finding != "steady" {
				alarms++
				break
			}
		}
	}
	if limit := 0.05 + 3*math.Sqrt(0.05*0.95/experiments); float64(alarms)/experiments > limit {
		t.Errorf("%d alarms in %d experiments, above %.3f", alarms, experiments, limit)
	}
}
