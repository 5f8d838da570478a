package loyalty

import (
	"math"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

// priceTags is a shop in which half of all purchases are worth 10 and a tenth more than 40.
func priceTags(t testing.TB) *SpendCopula {
	t.Helper()
	m := &SpendCopula{Correlation: 0.4, Amounts: []float64{5, 10, 10, 10, 10, 10, 20, 25, 30, 50}}
	if err := m.Check(); err != nil {
		t.Fatal(err)
	}
	return m
}

// spent is the log of customers whose amounts a law draws, one to five purchases each.
func spent(m Spending, customers int, seed uint64) (log []Purchase) {
	family := rng.New(seed, 0).Family("spent")
	for c := range customers {
		s := family.At(uint64(c))
		law := m.Draw(&s)
		for day := range 1 + s.Intn(5) {
			log = append(log, Purchase{Customer: c, Day: day, Amount: law.Spend(&s)})
		}
	}
	return log
}

// TestCopulaIsRecovered: a continuous law of known correlation, 20 seeds; the mean within 4 of its standard errors (a false
// alarm in 1 of 16,000 other seed sets), and the quantiles those of the law.
func TestCopulaIsRecovered(t *testing.T) {
	truth := &SpendCopula{Correlation: 0.4}
	for k := range 200 {
		truth.Amounts = append(truth.Amounts, 5*math.Exp(float64(k)/60))
	}
	if err := truth.Check(); err != nil {
		t.Fatal(err)
	}
	sum, squares, middle := 0.0, 0.0, 0.0
	const seeds = 20
	for seed := range uint64(seeds) {
		m, err := FitSpendCopula(spent(truth, 2000, seed))
		if err != nil {
			t.Fatal(err)
		}
		sum, squares, middle = sum+m.Correlation/seeds, squares+m.Correlation*m.Correlation/seeds, middle+m.Amounts[100]/seeds
	}
	if se := math.Sqrt((squares - sum*sum) / (seeds - 1)); math.Abs(sum-0.4) > 4*se || se > 0.01 {
		t.Errorf("correlation %.4f ± %.4f, truth 0.4", sum, se)
	}
	if math.Abs(middle/truth.Amounts[100]-1) > 0.02 {
		t.Errorf("the middle of amounts is %.2f, truth %.2f", middle, truth.Amounts[100])
	}
}

// TestCopulaSpendsWhatTheLogDid, price tags included, and what a gamma cannot: shares within 4 binomial standard errors.
func TestCopulaSpendsWhatTheLogDid(t *testing.T) {
	m, err := FitSpendCopula(spent(priceTags(t), 3000, 1))
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []float64{9, 10, 20, 31} {
		share := func(log []Purchase) (s float64) {
			for _, p := range log {
				if p.Amount <= at {
					s += 1 / float64(len(log))
				}
			}
			return s
		}
		real, made := share(spent(priceTags(t), 3000, 2)), share(spent(m, 3000, 3))
		if math.Abs(real-made) > 0.03 {
			t.Errorf("%.3f of purchases up to %g, %.3f of the made ones", real, at, made)
		}
	}
	if c, err := FitSpendCopula([]Purchase{}); err == nil {
		t.Errorf("fitted on nobody: %+v", c)
	}
	if _, err := FitSpendCopula([]Purchase{{Amount: math.NaN()}}); err == nil {
		t.Error("an amount that is no number was taken")
	}
}

func TestCopulaLoadsToTheSameBehaviour(t *testing.T) {
	m, err := FitSpendCopula(spent(priceTags(t), 500, 4))
	if err != nil {
		t.Fatal(err)
	}
	b, err := Save(nil, m)
	if err != nil {
		t.Fatal(err)
	}
	_, again, err := Load(b)
	if err != nil {
		t.Fatal(err)
	}
	was, is := spent(m, 50, 5), spent(again, 50, 5)
	for i := range was {
		if was[i] != is[i] {
			t.Fatalf("purchase %d is %v, was %v", i, is[i], was[i])
		}
	}
	for _, bad := range []*SpendCopula{{Correlation: 2, Amounts: []float64{1, 2}}, {Amounts: []float64{1}}, {Amounts: []float64{2, 1}}, {Amounts: []float64{1, math.Inf(1)}}} {
		if bad.Check() == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}
