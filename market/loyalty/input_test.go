package loyalty

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

func TestCustomersThatCannotBeAreRefusedByName(t *testing.T) {
	good := Customer{Frequency: 2, Recency: 3, T: 9, Spend: 5}
	for _, c := range []struct {
		says      string
		customers []Customer
	}{
		{"customers: found 0", nil},
		{"customers: found 1", []Customer{good}},
		{"no repeat purchase", []Customer{{T: 3}, {T: 4}}},
		{"customer 2: recency: found 10 with T 9", []Customer{good, {Frequency: 1, Recency: 10, T: 9}}},
		{"customer 1: frequency: found -1", []Customer{{Frequency: -1, T: 3}, good}},
		{"customer 1: frequency: found 200000", []Customer{{Frequency: 200_000, Recency: 1, T: 3}, good}},
		{"customer 2: T: found NaN", []Customer{good, {T: math.NaN()}}},
		{"customer 2: T: found -3", []Customer{good, {T: -3}}},
		{"customer 2: T: found +Inf", []Customer{good, {T: math.Inf(1)}}},
		{"customer 2: recency: found NaN", []Customer{good, {Frequency: 1, Recency: math.NaN(), T: 2}}},
		{"customer 2: recency: found -1", []Customer{good, {Frequency: 1, Recency: -1, T: 2}}},
		{"without a repeat purchase", []Customer{good, {Recency: 1, T: 2}}},
		{"merge purchases", []Customer{good, {Frequency: 3, T: 2}}},
		{"customer 2: spend: found NaN", []Customer{good, {Frequency: 3, Recency: 1, T: 2, Spend: math.NaN()}}},
		{"customer 2: holdout: found -1", []Customer{good, {T: 2, Holdout: -1}}},
	} {
		_, err := FitBGNBD(c.customers)
		_, err2 := FitParetoNBD(c.customers)
		if err == nil || err2 == nil || err.Error() != err2.Error() || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v and %v, want %q", err, err2, c.says)
		}
	}
	for _, customers := range [][]Customer{nil, {good}, {{T: 3}, {T: 4}}, {good, {Frequency: 1, Recency: 1, T: 2, Spend: -4}}} {
		if m, err := FitGammaGamma(customers); err == nil {
			t.Errorf("%v give %+v", customers, m)
		}
	}
}

func TestLogsThatCannotBeSummarisedAreRefused(t *testing.T) {
	if _, err := Summarise([]Purchase{{1, 1, math.NaN()}}, Window{End: 9}); err == nil {
		t.Error("an amount that is no number is taken")
	}
	if _, err := Summarise(nil, Window{Unit: -7}); err == nil {
		t.Error("a negative unit is taken")
	}
	if c, err := Summarise(nil, Window{End: 3}); err != nil || len(c) != 0 {
		t.Errorf("no purchases make %v (%v)", c, err)
	}
}

func TestSummariesMergeDaysAndForgetWhoCameAfterwards(t *testing.T) {
	log := []Purchase{{7, 24, 5}, {3, 10, 2}, {7, 10, 9}, {7, 10, 1}, {7, 17, 6}, {7, 17, 4}, {7, 24, 9}, {7, 50, 1}, {7, 50, 1}, {7, 61, 1}, {9, 40, 3}}
	want := []Customer{{T: 4}, {Frequency: 2, Recency: 2, T: 4, Spend: 12, Holdout: 1, HoldoutSpend: 2}}
	for range 2 {
		got, err := Summarise(log, Window{End: 38, HoldoutEnd: 60, Unit: 7})
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%+v (%v), want %+v", got, err, want)
		}
		slices.Reverse(log)
	}
}

// Where the data cannot tell a parameter the fit says so, and never hangs or gives what is no number.
func TestLimitsOfTheModelsAreWarnedOf(t *testing.T) {
	same := make([]Customer, 200)
	for i := range same {
		same[i] = Customer{Frequency: 10, Recency: 20, T: 20 + float64(i%3), Spend: 7}
	}
	few := []Customer{{Frequency: 1, Recency: 4, T: 10, Spend: 3}, {T: 10}}
	mixed := []Customer{{Frequency: 1, Recency: 1e-6, T: 1e6, Spend: 1e-3}, {Frequency: 5_000, Recency: 1e6, T: 1e6, Spend: 1e9}, {T: 1e-9}, {T: 0}}
	family := rng.New(5, 0).Family("loyal")
	faithful := make([]Customer, 500) // a Poisson rate that does not vary, and nobody lost
	for i := range faithful {
		stream := family.At(uint64(i))
		c := Customer{T: 30}
		for at := stream.Exponential() * 5; at < 30; at += stream.Exponential() * 5 {
			c.Frequency++
			c.Recency = at
		}
		faithful[i] = c
	}
	for i, customers := range [][]Customer{same, few, mixed, faithful} {
		bg, err := FitBGNBD(customers)
		if err != nil {
			t.Fatal(err)
		}
		pareto, err := FitParetoNBD(customers)
		if err != nil {
			t.Fatal(err)
		}
		estimates := map[*Estimates][]float64{bg.Estimates: bg.Parameters(), pareto.Estimates: pareto.Parameters()}
		if i < 3 {
			gg, err := FitGammaGamma(append(customers, Customer{Frequency: 2, Recency: 1, T: 3, Spend: 5}))
			if err != nil {
				t.Fatal(err)
			}
			estimates[gg.Estimates] = gg.Parameters()
		}
		for e, values := range estimates {
			if err := checkParameters(e.Names, values); err != nil || math.IsNaN(e.LogLikelihood) {
				t.Errorf("data %d: %v %+v", i, err, e)
			}
			if len(e.Warnings) == 0 {
				t.Errorf("data %d: %v at %v without a warning: %+v", i, e.Names, values, e)
			}
		}
	}
}

func models() []Model {
	return []Model{&BGNBD{R: 0.24259290720457619, Alpha: 4.413531561214097, A: 0.1 + 0.2, B: 2.4257534366014593},
		&ParetoNBD{R: 1 / 3.0, Alpha: 10.577612238553579, S: 0.6062135687442725, Beta: 11.667911240235497}}
}

func TestLoadedModelsBehaveAlikeToTheLastBit(t *testing.T) {
	fitted, err := FitBGNBD(simulate(models()[0], 300, 1, 1))
	if err != nil {
		t.Fatal(err)
	}
	spend := &GammaGamma{P: 6.249572272201819, Q: 3.7442246669360544, Gamma: 15.443520959356116}
	c := Customer{Frequency: 4, Recency: 22.2, T: 31, Spend: 9.75}
	for _, m := range append(models(), fitted) {
		b, err := Save(m, spend)
		if err != nil {
			t.Fatal(err)
		}
		l, s, err := Load(b)
		if err != nil {
			t.Fatalf("%v of %s", err, b)
		}
		if l.Conditional(c, 39) != m.Conditional(c, 39) || l.Alive(c) != m.Alive(c) || s.(*GammaGamma).Conditional(c) != spend.Conditional(c) {
			t.Errorf("%s loads to another model", b)
		}
		x, y := rng.New(1, 1).Family("a").At(), rng.New(1, 1).Family("a").At()
		if l.Draw(&x) != m.Draw(&y) {
			t.Errorf("%s draws other shoppers", b)
		}
		again, err := Save(l, s)
		if err != nil || !bytes.Equal(again, b) {
			t.Errorf("saved again it is %s, not %s (%v)", again, b, err)
		}
	}
}

func TestDocumentsThatAreNoModelsAreRefused(t *testing.T) {
	const head = `{"schema":"souk.loyalty/1",`
	for _, c := range [][2]string{
		{``, "EOF"}, {`{}`, "schema"}, {`{"schema":"souk.loyalty/2"}`, "schema"}, {head + `"bg":{}}`, "unknown field"},
		{`{"schema":"souk.loyalty/1"}`, "model: found none"}, {head + `"bg_nbd":{"r":1,"alpha":1,"a":1}}`, "bg_nbd.b: found 0"},
		{head + `"pareto_nbd":{"r":-1,"alpha":1,"s":1,"beta":2}}`, "pareto_nbd.r: found -1"},
		{head + `"gamma_gamma":{"p":1,"q":0,"gamma":2}}`, "gamma_gamma.q: found 0"},
		{head + `"bg_nbd":{"r":1,"alpha":1,"a":1,"b":1},"pareto_nbd":{"r":1,"alpha":1,"s":1,"beta":2}}`, "one model of purchases"},
		{head + `"gamma_gamma":{"p":1,"q":2,"gamma":2},"spend_copula":{"correlation":0.5,"amounts":[1,2]}}`, "one model of spend"},
		{head + `"spend_copula":{"correlation":2,"amounts":[1,2]}}`, "spend_copula.correlation: found 2"},
		{head + `"gamma_gamma":{"p":1,"q":2,"gamma":2}}}`, "more after"},
	} {
		if _, _, err := Load([]byte(c[0])); err == nil || !strings.Contains(err.Error(), c[1]) {
			t.Errorf("%s: %v, want %q", c[0], err, c[1])
		}
	}
	if b, err := Save(nil, nil); err == nil {
		t.Errorf("nothing is saved as %s", b)
	}
	if b, err := Save(&BGNBD{R: 1, Alpha: math.NaN(), A: 1, B: 1}, nil); err == nil {
		t.Errorf("a model without a parameter is saved as %s", b)
	}
}

func FuzzLoad(f *testing.F) {
	for _, m := range models() {
		b, err := Save(m, &GammaGamma{P: 1, Q: 2, Gamma: 3})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(`{"schema":"souk.loyalty/1","spend_copula":{"correlation":0.5,"amounts":[1,2]}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, spend, err := Load(b)
		if err != nil {
			return
		}
		if stream := rng.New(1, 0).Family("fuzz").At(); m != nil {
			shopper := m.Draw(&stream)
			ahead := m.Conditional(Customer{Frequency: 2, Recency: 3, T: 7}, 5)
			if wait := shopper.Return(&stream, 1, false); math.IsNaN(wait) || math.IsNaN(ahead) {
				t.Fatalf("%+v comes back after %v, %v times expected, by %+v", shopper, wait, ahead, m)
			}
		}
		if stream := rng.New(1, 0).Family("spend").At(); spend != nil {
			if spender := spend.Draw(&stream); math.IsNaN(spender.Spend(&stream)) {
				t.Fatalf("%+v spends no number, by %+v", spender, spend)
			}
		}
		first, err := Save(m, spend)
		if err != nil {
			t.Fatal(err)
		}
		if m, spend, err = Load(first); err != nil {
			t.Fatalf("%v of %s", err, first)
		}
		if second, err := Save(m, spend); err != nil || !bytes.Equal(first, second) {
			t.Fatalf("%s, then %s (%v)", first, second, err)
		}
	})
}

func benchmarkFit(b *testing.B, fit func([]Customer) error) {
	customers := cdnow(b)
	b.ReportAllocs()
	for b.Loop() {
		if err := fit(customers); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(customers))*float64(b.N)/b.Elapsed().Seconds(), "customers/s")
}

func BenchmarkFitBGNBD(b *testing.B) {
	benchmarkFit(b, func(c []Customer) error { _, err := FitBGNBD(c); return err })
}

func BenchmarkFitParetoNBD(b *testing.B) {
	benchmarkFit(b, func(c []Customer) error { _, err := FitParetoNBD(c); return err })
}
