package stats

import (
	"math"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

// scoreTables draws normal scores of policies, each a tenth better than the last.
func scoreTables(policies, strata, rows, columns int) []Table {
	tables := make([]Table, policies)
	for i := range tables {
		s := rng.New(9, uint64(i)).Family("scores").At()
		tables[i] = make(Table, strata)
		for k := range tables[i] {
			for range rows {
				row := make([]float64, columns)
				for j := range row {
					row[j] = 0.1*float64(i) + s.Normal()
				}
				tables[i][k] = append(tables[i][k], row)
			}
		}
	}
	return tables
}

func TestStratifiedBootstrapIsTheSameOnAnyNumberOfWorkers(t *testing.T) {
	tables := scoreTables(3, 2, 7, 5)
	tables[2][1] = tables[2][1][:1] // a policy that does not learn
	var want Estimate
	for _, workers := range []int{0, 1, 2, 7} {
		b := bootstrap(500, 0.95)
		b.Workers = workers
		all, err := b.Stratified(tables, Mean, InterquartileMean)
		if err != nil {
			t.Fatal(err)
		}
		got, err := all[2][1].Minus(all[0][1]).BCa()
		if err != nil {
			t.Fatal(err)
		}
		if workers == 0 {
			want = got
		} else if got != want {
			t.Errorf("%d workers: %+v, one: %+v", workers, got, want)
		}
	}
}

// One stratum, rows and columns both drawn: what Bootstrap.Crossed does by indices, from the very same draws.
func TestStratifiedIsThePigeonholeBootstrapOfOneTable(t *testing.T) {
	x := scoreTables(1, 1, 6, 9)[0]
	b := bootstrap(300, 0.95)
	want, err := b.Crossed(6, 9, grandMean(x[0]))
	if err != nil {
		t.Fatal(err)
	}
	all, err := b.Stratified([]Table{x}, Mean)
	if err != nil {
		t.Fatal(err)
	}
	got := all[0][0].Percentile()
	agrees(t, "low", got.Low, want.Low, 1e-12)
	agrees(t, "high", got.High, want.High, 1e-12)
	agrees(t, "standard error", got.StandardError, want.StandardError, 1e-12)
}

// Paths that are a seed's own are no more than the seed's mean, as far as means go.
func TestNestedColumnsComeWithTheirRow(t *testing.T) {
	x := scoreTables(1, 2, 6, 9)[0]
	means := make(Table, len(x))
	for k := range x {
		var m []float64
		for _, row := range x[k] {
			m = append(m, Mean(row))
		}
		means[k] = Column(m)
	}
	b := bootstrap(300, 0.95)
	b.Nested = true
	all, err := b.Stratified([]Table{x}, Mean)
	if err != nil {
		t.Fatal(err)
	}
	ofMeans, err := b.Stratified([]Table{means}, Mean)
	if err != nil {
		t.Fatal(err)
	}
	got, _ := all[0][0].BCa()
	want, _ := ofMeans[0][0].BCa()
	agrees(t, "low", got.Low, want.Low, 1e-12)
	agrees(t, "high", got.High, want.High, 1e-12)
	b.Nested = false
	all, _ = b.Stratified([]Table{x}, Mean)
	if shared := all[0][0].Percentile(); shared.StandardError < 1.1*got.StandardError {
		t.Errorf("columns that all rows share: standard error %v, those of their own: %v", shared.StandardError, got.StandardError)
	}
}

func TestAPolicyThatDoesNotLearnIsTakenAsGiven(t *testing.T) {
	learner := scoreTables(1, 1, 8, 1)[0]
	all, err := bootstrap(500, 0.95).Stratified([]Table{learner, {{{1}}}}, Mean)
	if err != nil {
		t.Fatal(err)
	}
	if e, err := all[1][0].BCa(); err != nil || e.Low != 1 || e.High != 1 {
		t.Errorf("one score: %+v, %v", e, err)
	}
	alone, _ := all[0][0].BCa()
	apart, _ := all[0][0].Minus(all[1][0]).BCa()
	agrees(t, "low of the difference", apart.Low, alone.Low-1, 1e-12)
	agrees(t, "high of the difference", apart.High, alone.High-1, 1e-12)
}

func TestStratifiedRefusesWhatItCannotResample(t *testing.T) {
	good := scoreTables(1, 1, 4, 1)[0]
	for name, tables := range map[string][]Table{
		"nothing": nil, "no strata": {{}}, "no rows": {{{}}}, "no columns": {{{{}, {}}}}, "one score": {{{{1}}}},
		"other strata": {good, scoreTables(1, 2, 4, 1)[0]}, "other rows": {good, scoreTables(1, 1, 5, 1)[0]}, "other columns": {good, scoreTables(1, 1, 4, 2)[0]},
		"NaN": {{{{1}, {math.NaN()}}}}, "infinite": {{{{1}, {math.Inf(1)}}}},
	} {
		if _, err := bootstrap(100, 0.95).Stratified(tables, Mean); err == nil {
			t.Errorf("%s was resampled", name)
		}
		if len(tables) == 2 {
			if _, err := bootstrap(100, 0.95).ProbabilityOfImprovement(tables[0], tables[1]); err == nil {
				t.Errorf("%s was compared", name)
			}
		}
	}
	if _, err := bootstrap(100, 0.95).Stratified([]Table{good}, func([]float64) float64 { return math.NaN() }); err == nil {
		t.Error("a statistic without a value got an interval")
	}
	nested := Bootstrap{Resamples: 100, Level: 0.95, Nested: true}
	if _, err := nested.Stratified([]Table{scoreTables(1, 1, 4, 3)[0], scoreTables(1, 1, 1, 3)[0]}, Mean); err == nil {
		t.Error("one row was taken as given beside rows with columns of their own")
	}
}

// A p-value is below 5% where the 95% interval is clear of zero: the same bootstrap says both.
func TestThePValueIsBelowFivePercentWhereTheIntervalExcludesZero(t *testing.T) {
	seen := map[bool]int{}
	for shift := range 60 {
		x := scoreTables(2, 2, 15, 1)
		for k := range x[1] {
			for i := range x[1][k] {
				x[1][k][i][0] += 0.03 * float64(shift-30)
			}
		}
		all, err := bootstrap(2000, 0.95).Stratified(x, InterquartileMean)
		if err != nil {
			t.Fatal(err)
		}
		d := all[1][0].Minus(all[0][0])
		e, err := d.BCa()
		if err != nil {
			t.Fatal(err)
		}
		p, err := d.PValue()
		if err != nil {
			t.Fatal(err)
		}
		excluded := e.Low > 0 || e.High < 0
		seen[excluded]++
		if math.Abs(p-0.05) > 0.002 && (p < 0.05) != excluded {
			t.Errorf("p = %v, interval %v to %v", p, e.Low, e.High)
		}
	}
	if seen[true] < 10 || seen[false] < 10 {
		t.Errorf("%v intervals exclude zero: the test shows little", seen)
	}
	same, _ := bootstrap(200, 0.95).Stratified(scoreTables(1, 1, 5, 1), Mean)
	if p, err := same[0][0].Minus(same[0][0]).PValue(); err != nil || p != 1 {
		t.Errorf("a policy differs from itself: p = %v, %v", p, err)
	}
}

func TestProbabilityOfImprovementIsTheAreaUnderTheCurve(t *testing.T) {
	x := scoreTables(2, 1, 9, 1)
	x[0][0][3][0] = x[1][0][4][0] // a tie
	var score, label []float64
	for i, table := range x {
		for _, row := range table[0] {
			score, label = append(score, row[0]), append(label, float64(1-i))
		}
	}
	want, err := AUC(score, label, 0.95)
	if err != nil {
		t.Fatal(err)
	}
	got, err := bootstrap(200, 0.95).ProbabilityOfImprovement(x[0], x[1])
	if err != nil {
		t.Fatal(err)
	}
	back, _ := bootstrap(200, 0.95).ProbabilityOfImprovement(x[1], x[0])
	agrees(t, "probability", got.Value, want.Value, 1e-12)
	agrees(t, "both ways", got.Value+back.Value, 1, 1e-12)
}

// The bar: below a second on two cores.
func BenchmarkStratified100Policies200Seeds10000Resamples(b *testing.B) {
	tables := scoreTables(100, 1, 200, 1)
	boot := bootstrap(10_000, 0.95)
	boot.Workers = 2
	b.ReportAllocs()
	for b.Loop() {
		all, err := boot.Stratified(tables, InterquartileMean)
		if err != nil {
			b.Fatal(err)
		}
		for _, r := range all {
			if _, err := r[0].BCa(); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.N)*100*200*10_000/b.Elapsed().Seconds(), "scores/s")
}
