package twins

import (
	"math"
	"slices"
	"testing"

	"github.com/souk-sim/souk/market/loyalty"
	"github.com/souk-sim/souk/sim/rng"
)

// held counts, over splits of a data set, what the bars of a twin test say.
func held(t *testing.T, name string, test func(o Options) (*Report, error)) (reports []*Report) {
	t.Helper()
	for seed := range uint64(splits) {
		r, err := test(Options{Streams: rng.New(seed+1, 0), Workers: 2})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s, split %d: AUC %.3f [%.3f, %.3f], real %.3f (of this split %.3f), passes %v, giveaways %q", name, seed+1, r.AUC.Value, r.AUC.Low, r.AUC.High, r.RealAUC.Value, r.SplitAUC.Value, r.Passes, r.Giveaways)
		reports = append(reports, r)
	}
	return reports
}

// fitCustomers fits a law of visits, Pareto/NBD or BG/NBD, and the spend copula.
func fitCustomers(pareto bool) FitCustomers {
	return func(train []loyalty.Purchase) (loyalty.Model, loyalty.Spending, error) {
		customers, err := loyalty.Summarise(train, loyalty.Window{End: cdnowEnd.End, Unit: cdnowEnd.Unit})
		if err != nil {
			return nil, nil, err
		}
		spend, err := loyalty.FitSpendCopula(train)
		if err != nil {
			return nil, nil, err
		}
		if pareto {
			m, err := loyalty.FitParetoNBD(customers)
			return m, spend, err
		}
		m, err := loyalty.FitBGNBD(customers)
		return m, spend, err
	}
}

// TestSyntheticCustomersOfCDNOWPass with the Pareto/NBD on every split. The BG/NBD, whose customers wait too long for their first
// return, keeps the absolute bar, and the report says why it is told apart more.
func TestSyntheticCustomersOfCDNOWPass(t *testing.T) {
	log := cdnow(t, nth)
	for _, r := range held(t, "Pareto/NBD", func(o Options) (*Report, error) { return Customers(log, cdnowEnd, fitCustomers(true), o) }) {
		if !r.Passes {
			t.Errorf("the Pareto/NBD does not pass:\n%v", r)
		}
	}
	for _, r := range held(t, "BG/NBD", func(o Options) (*Report, error) { return Customers(log, cdnowEnd, fitCustomers(false), o) }) {
		if r.AUC.Value > MostAUC || splits > 1 && !slices.Contains(r.Giveaways, "log first gap") {
			t.Errorf("the BG/NBD:\n%v", r)
		}
	}
}

// TestHomogeneousPoissonBuyersAreToldApart: the same mean number of purchases, without differences between people or lapsing.
func TestHomogeneousPoissonBuyersAreToldApart(t *testing.T) {
	log := cdnow(t, 4)
	r, err := Customers(log, cdnowEnd, func(train []loyalty.Purchase) (loyalty.Model, loyalty.Spending, error) {
		customers, err := loyalty.Summarise(train, loyalty.Window{End: cdnowEnd.End, Unit: cdnowEnd.Unit})
		purchases, weeks := 0.0, 0.0
		for _, c := range customers {
			purchases, weeks = purchases+float64(c.Frequency), weeks+c.T
		}
		return &loyalty.BGNBD{R: 1e4, Alpha: 1e4 * weeks / purchases, A: 1e-6, B: 1}, nil, err
	}, Options{Streams: rng.New(1, 0)})
	if err != nil {
		t.Fatal(err)
	}
	if r.Passes || r.AUC.Low < 0.7 || len(r.Giveaways) == 0 {
		t.Errorf("%v", r)
	}
}

// TestGammaGammaGivesItselfAway on CDNOW, where amounts cluster at the prices of a few discs: the report names money.
func TestGammaGammaGivesItselfAway(t *testing.T) {
	log := cdnow(t, 2)
	r, err := Customers(log, cdnowEnd, func(train []loyalty.Purchase) (loyalty.Model, loyalty.Spending, error) {
		customers, err := loyalty.Summarise(train, loyalty.Window{End: cdnowEnd.End, Unit: cdnowEnd.Unit})
		if err != nil {
			return nil, nil, err
		}
		spend, err := loyalty.FitGammaGamma(customers)
		if err != nil {
			return nil, nil, err
		}
		m, err := loyalty.FitParetoNBD(customers)
		return m, spend, err
	}, Options{Streams: rng.New(1, 0)})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("Gamma–Gamma: AUC %.3f, giveaways %q", r.AUC.Value, r.Giveaways)
	if len(r.Giveaways) == 0 || r.Giveaways[0] != "log first spend" {
		t.Errorf("%v", r)
	}
}

// TestCustomersAreDescribedAsTheyBought: one made customer by hand, who bought on days 0, 7, 7, 35 of 70.
func TestCustomersAreDescribedAsTheyBought(t *testing.T) {
	h := histories([]loyalty.Purchase{{Customer: 1, Day: 35, Amount: 4}, {Customer: 1, Day: 7, Amount: 1}, {Customer: 1, Day: 0, Amount: 9}, {Customer: 1, Day: 7, Amount: 2}, {Customer: 1, Day: 99}}, 70)
	if len(h) != 1 || len(h[0]) != 3 || h[0][1].Amount != 3 {
		t.Fatalf("%v", h)
	}
	p := customers(h, 0, 70, true)
	want := map[string]float64{"log repeat purchases": math.Log(3), "weeks since the first": 71.0 / 7, "recency in weeks": 5, "log first gap": math.Log(7), "log mean gap": math.Log(17.5),
		"cv of gaps": math.Sqrt(2*10.5*10.5) / 17.5, "log last gap over first": math.Log(4), "back within 4 weeks": 1, "log longest silence": math.Log(36), "share in the second half": 0,
		"log first spend": math.Log(10), "log mean later spend": math.Log(4.5)}
	for j, name := range p.Features {
		if v, known := want[name]; known && math.Abs(p.People[0][j]-v) > 1e-12 {
			t.Errorf("%s is %v, want %v", name, p.People[0][j], v)
		}
	}
	if row := p.Tables[0].Value[0]; row[0] != 1 || row[1] != 1 || row[2] != 0 || row[5] != 1 || len(row) != 11 {
		t.Errorf("by week: %v", row)
	}
	for _, bad := range []CustomerOptions{{End: 70, Unit: -1}, {End: 70}, {End: -1}} {
		if _, err := Customers([]loyalty.Purchase{{Customer: 1}}, bad, fitCustomers(true), Options{}); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}
