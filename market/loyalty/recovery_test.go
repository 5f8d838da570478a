package loyalty

import (
	"math"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

// simulate lets n shoppers of the model come and go, each observed for a time uniform on [20, 40).
func simulate(m Model, n int, seed uint64, service float64) []Customer {
	family := rng.New(seed, 0).Family("loyalty/test")
	customers := make([]Customer, n)
	for i := range customers {
		stream := family.At(uint64(i))
		c := Customer{T: 20 + 20*stream.Float64()}
		s := m.Draw(&stream)
		for at := s.Return(&stream, service, true); at < c.T; at += s.Return(&stream, service, false) {
			c.Frequency++
			c.Recency = at
		}
		customers[i] = c
	}
	return customers
}

// recovers fits a model to 20 simulated sets of customers and looks at z, the error of each log parameter in its standard
// error. Were z standard normal, its mean times √20 would be beyond 4.5 with probability 1e-5 (the margin is for its
// skewness) and more than 5 of 20 beyond 1.96 with probability 3e-4: with four parameters a false alarm in 750 runs.
func recovers(t *testing.T, truth []float64, fit func(seed uint64) ([]float64, *Estimates)) {
	const sets = 20
	sum, outside := make([]float64, len(truth)), make([]int, len(truth))
	for seed := range uint64(sets) {
		values, e := fit(seed)
		if !e.Converged || e.SE == nil {
			t.Fatalf("seed %d: %+v", seed, e)
		}
		for i, v := range values {
			z := math.Log(v/truth[i]) / (e.SE[i] / v)
			sum[i] += z
			if math.Abs(z) > 1.96 {
				outside[i]++
			}
		}
	}
	for i, s := range sum {
		if math.Abs(s)/math.Sqrt(sets) > 4.5 || outside[i] > 5 {
			t.Errorf("parameter %d: mean z %.2f, %d of %d beyond 1.96", i, s/sets, outside[i], sets)
		}
	}
}

func TestBGNBDIsRecoveredFromSimulatedShoppers(t *testing.T) {
	truth := &BGNBD{R: 0.8, Alpha: 4, A: 0.9, B: 2.5}
	recovers(t, truth.Parameters(), func(seed uint64) ([]float64, *Estimates) {
		m, err := FitBGNBD(simulate(truth, 1500, seed, 1))
		if err != nil {
			t.Fatal(err)
		}
		return m.Parameters(), m.Estimates
	})
}

func TestParetoNBDIsRecoveredFromSimulatedShoppers(t *testing.T) {
	truth := &ParetoNBD{R: 1.2, Alpha: 4, S: 0.9, Beta: 12}
	recovers(t, truth.Parameters(), func(seed uint64) ([]float64, *Estimates) {
		m, err := FitParetoNBD(simulate(truth, 1000, seed, 1))
		if err != nil {
			t.Fatal(err)
		}
		return m.Parameters(), m.Estimates
	})
}

func TestGammaGammaIsRecoveredFromSimulatedShoppers(t *testing.T) {
	truth := &GammaGamma{P: 5, Q: 4, Gamma: 15}
	recovers(t, truth.Parameters(), func(seed uint64) ([]float64, *Estimates) {
		family := rng.New(seed, 0).Family("loyalty/spend")
		customers := make([]Customer, 1500)
		for i := range customers {
			stream := family.At(uint64(i))
			s := truth.Draw(&stream)
			c := Customer{Frequency: 1 + i%4, Recency: 1, T: 2}
			for range c.Frequency {
				c.Spend += s.Spend(&stream) / float64(c.Frequency)
			}
			customers[i] = c
		}
		m, err := FitGammaGamma(customers)
		if err != nil {
			t.Fatal(err)
		}
		return m.Parameters(), m.Estimates
	})
}

// 40,000 shoppers; each comparison is of a mean with its expectation and fails by chance once in 16,000 (4 standard errors).
func TestSimulatedShoppersFollowTheModelsProbabilities(t *testing.T) {
	const n = 40_000
	for _, m := range []Model{&BGNBD{R: 0.8, Alpha: 4, A: 0.9, B: 2.5}, &BGNBD{R: 0.24, Alpha: 4.4, A: 0.01, B: 0.02},
		&ParetoNBD{R: 1.2, Alpha: 4, S: 0.9, Beta: 12}} {
		customers := simulate(m, n, 7, 1)
		count, square, expected := 0.0, 0.0, 0.0
		var seen, chance [4]float64
		for i, c := range customers {
			x := float64(c.Frequency)
			count, square = count+x, square+x*x
			if c.Frequency < len(seen) {
				seen[c.Frequency]++
			}
			if i%100 == 0 { // T is uniform: a hundredth tells as much
				expected += 100 * m.Expected(c.T)
				for x := range chance {
					chance[x] += 100 * m.Probability(x, c.T)
				}
			}
		}
		se := math.Sqrt(square - count*count/n)
		if z := (count - expected) / se; math.Abs(z) > 4.2 { // a little more for the hundredth
			t.Errorf("%+v: %v purchases, expected %v: z = %.1f", m, count, expected, z)
		}
		for x := range seen {
			if z := (seen[x] - chance[x]) / math.Sqrt(chance[x]); math.Abs(z) > 4.2 {
				t.Errorf("%+v: %v customers with %d repeats, expected %.1f", m, seen[x], x, chance[x])
			}
		}
	}
}

func TestProbabilitiesAddUpToOneAndToTheExpectation(t *testing.T) {
	for _, m := range []Model{&BGNBD{R: 0.8, Alpha: 4, A: 0.9, B: 2.5}, &ParetoNBD{R: 1.2, Alpha: 4, S: 0.9, Beta: 12}} {
		sum, mean := 0.0, 0.0
		for x := range 300 {
			p := m.Probability(x, 10)
			sum, mean = sum+p, mean+float64(x)*p
		}
		if math.Abs(sum-1) > 1e-10 || math.Abs(mean/m.Expected(10)-1) > 1e-10 {
			t.Errorf("%+v: probabilities add up to %.15g and mean %.15g, expected %.15g", m, sum, mean, m.Expected(10))
		}
	}
}

func TestBadlyServedShoppersComeBackLessAndNobodyIsLostWithoutHazard(t *testing.T) {
	for _, m := range []Model{&BGNBD{R: 0.8, Alpha: 4, A: 0.9, B: 2.5}, &ParetoNBD{R: 1.2, Alpha: 4, S: 0.9, Beta: 12}} {
		visits := func(service float64) (sum float64) {
			for _, c := range simulate(m, 5000, 3, service) {
				sum += float64(c.Frequency)
			}
			return sum
		}
		none, usual, bad, worse := visits(0), visits(1), visits(2), visits(5)
		if !(none > usual && usual > bad && bad > worse) {
			t.Errorf("%T: %v visits at service 0, then %v, %v, %v", m, none, usual, bad, worse)
		}
		p := m.Parameters()
		if expected := 5000 * p[0] / p[1] * 30; math.Abs(none/expected-1) > 0.08 { // 4 standard errors
			t.Errorf("%T: %v visits of shoppers who cannot be lost, expected %v", m, none, expected)
		}
	}
}

func TestDrawsAreOfAFixedNumber(t *testing.T) {
	for _, c := range []struct {
		draws int
		do    func(s *rng.Stream)
	}{
		{3, func(s *rng.Stream) { (&BGNBD{R: 0.8, Alpha: 4, A: 0.9, B: 2.5}).Draw(s) }},
		{2, func(s *rng.Stream) { (&ParetoNBD{R: 1.2, Alpha: 4, S: 0.9, Beta: 12}).Draw(s) }},
		{2, func(s *rng.Stream) { Shopper{Rate: 1, Stay: 0.5}.Return(s, 2, false) }},
		{2, func(s *rng.Stream) { Shopper{Rate: 1, Stay: 1, Hazard: 1}.Return(s, 2, true) }},
		{1, func(s *rng.Stream) { (&GammaGamma{P: 5, Q: 4, Gamma: 15}).Draw(s) }},
		{1, func(s *rng.Stream) { priceTags(t).Draw(s) }},
		{1, func(s *rng.Stream) { Spender{law: priceTags(t)}.Spend(s) }},
		{1, func(s *rng.Stream) { Spender{Shape: 2, Scale: 3}.Spend(s) }},
	} {
		for i := range uint64(50) {
			a := rng.New(1, i).Family("draws").At()
			b := a
			c.do(&a)
			for range c.draws {
				b.Uint64()
			}
			if a != b {
				t.Fatalf("not %d draws", c.draws)
			}
		}
	}
}
