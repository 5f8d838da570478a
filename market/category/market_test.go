package category

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"

	"github.com/souk-sim/souk/market/choice"
	"github.com/souk-sim/souk/market/demand"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/rng"
)

// shoppers is a hand-made model of three products with known parameters; extra is the log mean of a purchase's units before truncation.
func shoppers(sigma, extra float64) *choice.ShareLogit { return eagerShoppers(sigma, extra, 0) }

// eagerShoppers like all products more by so much utility.
func eagerShoppers(sigma, extra, eager float64) *choice.ShareLogit {
	written := choice.ShareLogit{
		Brands: []string{"ours", "theirs", "third"}, FirstDay: "1989-09-14", Estimator: choice.LeastSquares,
		Spec: choice.Spec{Memory: 0.3, Price: choice.Common, Display: choice.Common, Trend: choice.Absent, Season: choice.Common,
			Lent: choice.Absent, Gain: choice.Common, Loss: choice.Common, Remembers: []bool{true, true, true}},
		Coefficients: []choice.Coefficient{
			{Term: "intercept", Brand: "ours", Estimate: eager - 1}, {Term: "intercept", Brand: "theirs", Estimate: eager - 1.5}, {Term: "intercept", Brand: "third", Estimate: eager - 2},
			{Term: "price", Estimate: -2.5}, {Term: "display", Estimate: 0.5}, {Term: "cos", Estimate: 0.2}, {Term: "gain", Estimate: 6}, {Term: "loss", Estimate: -0.5}},
		Quantity: choice.Quantity{Intercept: extra, Deal: 0.3},
		Shocks:   choice.Shocks{Phi: []float64{0.4, 0.4, 0.4}, Sigma: []float64{sigma, sigma, sigma}, Correlation: [][]float64{{1, 0.2, 0}, {0.2, 1, 0}, {0, 0, 1}}},
		Displays: choice.Displays{Form: "reference price less price", Intercept: []float64{-3, -3, -3}, Gain: []float64{20, 20, 20}, Loss: make([]float64, 3), Price: make([]float64, 3)},
	}
	for range written.Coefficients {
		written.Covariance = append(written.Covariance, make([]float64, len(written.Coefficients)))
	}
	for i := range written.Covariance {
		written.Covariance[i][i] = 0.01
	}
	data, err := json.Marshal(written)
	if err != nil {
		panic(err)
	}
	model, err := choice.Load(data)
	if err != nil {
		panic(err)
	}
	return model
}

// level is traffic that never changes.
type level float64

func (l level) Path(_ *rng.Stream, customers []float64) {
	for t := range customers {
		customers[t] = float64(l)
	}
}

func ladder(cost float64, prices ...float64) []Rung {
	var rungs []Rung
	for _, p := range prices {
		rungs = append(rungs, Rung{Price: p, Cost: cost, Display: math.NaN()})
	}
	return rungs
}

func threeTins() *Config {
	return &Config{
		Products: []Product{
			{Name: "ours", Rungs: ladder(0.5, 0.60, 0.70, 0.80, 0.87, 0.90), Reference: 0.85, Opening: 3, Drop: 0.3},
			{Name: "theirs", Rungs: ladder(0.55, 0.75, 0.89), Reference: 0.89, Opening: 1},
			{Name: "third", Rungs: ladder(0.4, 0.65), Reference: 0.65},
		},
		Choice:  shoppers(0.3, 0),
		Traffic: func() (demand.Simulator, error) { return level(20000), nil },
		Start:   319, Horizon: 52, Share: 1,
		Reward: Reward{Of: CategoryProfit, Discount: 0.95, Holding: 0.002},
		Stock:  Stock{CoverDays: 7, LeadTimeDays: 2},
	}
}

func open(t testing.TB, cfg *Config) *Market {
	t.Helper()
	m, err := New(cfg, 7)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// play runs one episode; act chooses for each turn. weekly, if given, is called after each closed week.
func play(m *Market, episode uint64, act func(*env.TimeStep) int, weekly func()) {
	step := new(env.TimeStep)
	m.Reset(episode)
	for m.Next(step) {
		if step.Player == 0 && step.Stage != env.First && weekly != nil {
			weekly()
		}
		if step.Stage != env.Last {
			m.Act(act(step))
		}
	}
}

// restless changes every price often, by a rule that depends on what is observed.
func restless(step *env.TimeStep) int {
	a := (int(step.Observation[seesWeek])*(step.Player+2) + step.Player) % len(step.Mask)
	for !step.Mask[a] {
		a = (a + 1) % len(step.Mask)
	}
	return a
}

func steady(step *env.TimeStep) int { return len(step.Mask) - 1 }

// Every unit that was sold, received or ordered is somewhere, after every week; revenue is price times units; profit is the sum of its parts.
func TestAccountsBalance(t *testing.T) {
	m := open(t, threeTins())
	var sold, received, opening, onHand float64
	for episode := range uint64(5) {
		sold, received = 0, 0
		play(m, episode, restless, func() {
			w := m.Week()
			sold += w.Units
			received += w.ReceivedUnits
			opening, onHand = 0, 0
			revenue, cost, holding := 0.0, 0.0, 0.0
			for j := range m.price {
				opening += float64(m.store.opening[j])
				onHand += float64(m.store.onHand[j])
				if m.store.onHand[j] < 0 || m.store.onOrder[j] < 0 {
					t.Fatalf("negative stock: %d on hand, %d on order", m.store.onHand[j], m.store.onOrder[j])
				}
				units := float64(m.books.units[j])
				r := m.cfg.Products[j].Rungs[m.rung[j]]
				revenue += units * r.Price
				cost += units * r.Cost
				holding += m.books.holding[j]
			}
			if opening+received-sold != onHand {
				t.Fatalf("week %d: opening %g + received %g − sold %g is not on hand %g", m.week, opening, received, sold, onHand)
			}
			if math.Abs(revenue-w.Revenue) > 1e-6 || math.Abs(revenue-cost-holding-w.Profit) > 1e-6 {
				t.Fatalf("revenue %g and profit %g, the order lines give %g and %g", w.Revenue, w.Profit, revenue, revenue-cost-holding)
			}
		})
		if m.Account().Units != sold || m.Account().Periods != 52 {
			t.Fatalf("the episode's account has %g units over %d weeks, its weeks %g", m.Account().Units, m.Account().Periods, sold)
		}
	}
}

// With prices and shocks fixed, purchases of each product in each week are Poisson with the model's probability times the traffic. The chi-square
// of 52·20 weekly counts a product has a false-alarm rate of 0.1%.
func TestPurchasesArePoissonWithTheModelsProbabilities(t *testing.T) {
	cfg := threeTins()
	cfg.NoShock, cfg.Stock, cfg.Share = true, Stock{}, 0.2
	cfg.Choice = shoppers(0.3, -9) // a purchase is one unit
	m := open(t, cfg)
	chi2, probability := make([]float64, 3), make([]float64, 3)
	n := 0
	for episode := range uint64(20) {
		play(m, episode, restless, func() {
			n++
			m.shelf.Probabilities(probability)
			for j := range chi2 {
				mean := m.traffic[m.week-1] * cfg.Share * probability[j]
				d := float64(m.books.units[j]) - mean
				chi2[j] += d * d / mean
			}
		})
	}
	for j, x := range chi2 {
		// Wilson–Hilferty: the cube root of chi2/n is nearly normal.
		v := 2 / (9 * float64(n))
		if z := (math.Cbrt(x/float64(n)) - (1 - v)) / math.Sqrt(v); math.Abs(z) > 3.29 {
			t.Errorf("product %d: chi-square %.1f on %d weeks (z = %.2f)", j, x, n, z)
		}
	}
}

// Within a week shoppers come uniformly: no strip favours a day. False-alarm rate 0.1%.
func TestShoppersComeEvenlyThroughTheWeek(t *testing.T) {
	cfg := threeTins()
	cfg.NoShock, cfg.Stock = true, Stock{}
	m := open(t, cfg)
	var days [daysPerWeek]float64
	m.Reset(1)
	copy(m.actions, []int{3, 1, 0})
	m.turn = 3
	m.post()
	m.books.open(m)
	m.crowd.begin(0, 400000)
	m.crowd.cover(m, 0)
	total := 0.0
	for {
		now, e, ok := m.calendar.Next()
		if !ok {
			break
		}
		days[int(now*daysPerWeek)]++
		total++
		m.crowd.shopper(int(e.id))
		m.crowd.schedule(&m.calendar, int(e.id), m.crowd.gap(int(e.id), now))
	}
	chi2 := 0.0
	for _, d := range days {
		chi2 += (d - total/daysPerWeek) * (d - total/daysPerWeek) / (total / daysPerWeek)
	}
	if chi2 > 22.46 { // χ²(6) at 0.999
		t.Errorf("arrivals by day %v: chi-square %.1f", days, chi2)
	}
}

// The two resolutions agree in expectation: over 200 episodes the mean difference of weekly profit lies within 3.3 standard errors (false alarms 0.1%).
func TestSampledAndExpectedResolutionsAgree(t *testing.T) {
	sampled, closed := threeTins(), threeTins()
	sampled.Stock, sampled.Share = Stock{}, 0.05
	closed.Stock, closed.Share, closed.Expected = Stock{}, 0.05, true
	a, b := open(t, sampled), open(t, closed)
	var sum, squares float64
	const n = 200
	for episode := range uint64(n) {
		play(a, episode, restless, nil)
		play(b, episode, restless, nil)
		d := a.Account().Profit - b.Account().Profit
		sum += d
		squares += d * d
	}
	mean := sum / n
	if se := math.Sqrt((squares/n - mean*mean) / n); math.Abs(mean) > 3.3*se {
		t.Errorf("sampled − expected profit: %.3f, standard error %.3f", mean, se)
	}
}

// What the path says a price would have earned is what the expected resolution earns with it.
func TestPathProfitIsTheExpectedProfit(t *testing.T) {
	cfg := threeTins()
	cfg.Stock, cfg.Expected = Stock{}, true
	m := open(t, cfg)
	reference, byWeek := cfg.Products[0].Reference, make([]float64, cfg.Horizon)
	play(m, 3, restless, func() {
		week := m.week - 1
		m.Path().Profits(reference, m.rung[0], byWeek)
		if got, want := byWeek[week], m.Week().Profit; math.Abs(got-want) > 1e-9*want {
			t.Fatalf("week %d: path %g, market %g", week, got, want)
		}
		reference = m.ref[0]
	})
}

// Common random numbers: moving the own price by one rung of 3 cents leaves the other products' sales all but alone and cuts the variance of the
// paired difference at least tenfold against independent shoppers.
func TestTwoPricesMeetTheSameShoppers(t *testing.T) {
	cfg := threeTins()
	cfg.NoShock, cfg.Stock, cfg.Share, cfg.Horizon = true, Stock{}, 0.05, 8
	m := open(t, cfg)
	profit := func(episode uint64, rung int) float64 {
		play(m, episode, func(step *env.TimeStep) int {
			if step.Player == 0 {
				return rung
			}
			return 0
		}, nil)
		return m.Account().Profit
	}
	var paired, apart variance
	for e := range uint64(300) {
		paired.add(profit(e, 4) - profit(e, 3))
		apart.add(profit(e, 4) - profit(e+1000, 3))
	}
	if ratio := apart.value() / paired.value(); ratio < 10 {
		t.Errorf("independent differences have only %.1f times the variance of paired ones", ratio)
	}
}

type variance struct{ n, sum, squares float64 }

func (v *variance) add(x float64)  { v.n++; v.sum += x; v.squares += x * x }
func (v *variance) value() float64 { return v.squares/v.n - v.sum/v.n*v.sum/v.n }

// A shelf that runs empty loses sales, and says so; an ample one never does.
func TestThinStockRunsOut(t *testing.T) {
	cfg := threeTins()
	cfg.Stock.CoverDays = 1
	m := open(t, cfg)
	play(m, 0, restless, nil)
	if m.Account().StockOutDays == 0 {
		t.Error("a day's cover with two days' lead time never ran out")
	}
	cfg = threeTins()
	cfg.Stock.CoverDays = 60
	m = open(t, cfg)
	play(m, 0, steady, nil)
	if lost := m.Account().LostUnits; lost != 0 {
		t.Errorf("60 days' cover lost %g units", lost)
	}
}

func TestTheSameEpisodeIsTheSameWorld(t *testing.T) {
	a, b := open(t, threeTins()), open(t, threeTins())
	play(a, 1, restless, nil)
	play(a, 5, restless, nil)
	play(b, 5, restless, nil)
	if *a.Account() != *b.Account() {
		t.Errorf("episode 5 came out as %+v after another episode and as %+v alone", *a.Account(), *b.Account())
	}
	play(b, 6, restless, nil)
	if *a.Account() == *b.Account() {
		t.Error("episodes 5 and 6 are one world")
	}
}

// The seller's mask forbids what its limit forbids, and the reference price follows r' = m·r + (1−m)·p.
func TestMaskAndReferencePrice(t *testing.T) {
	m := open(t, threeTins())
	reference := 0.85
	m.Reset(0)
	var step env.TimeStep
	for m.Next(&step) {
		if step.Stage == env.Last {
			continue
		}
		a := restless(&step)
		if step.Player == 0 {
			if math.Abs(step.Observation[seesReference]-reference) > 1e-12 {
				t.Fatalf("reference price %g, the recursion gives %g", step.Observation[seesReference], reference)
			}
			for i, p := range []float64{0.6, 0.7, 0.8, 0.87, 0.9} {
				if step.Mask[i] != (reference-p <= 0.3+1e-9) {
					t.Fatalf("reference %g: offer %g allowed: %v", reference, p, step.Mask[i])
				}
			}
			reference = 0.3*reference + 0.7*m.cfg.Products[0].Rungs[a].Price
		}
		m.Act(a)
	}
}

// Whatever is tried, no price is further from last week's, or above the reference price, than the limits say.
func TestNoPriceMovesFurtherThanItsLimit(t *testing.T) {
	cfg := threeTins()
	cfg.Products[0].Change, cfg.Products[0].Rise = 0.1, 0.12
	m := open(t, cfg)
	last, moves := cfg.Products[0].Rungs[cfg.Products[0].Opening].Price, 0
	play(m, 3, func(step *env.TimeStep) int {
		a := restless(step)
		if step.Player == 0 {
			price := cfg.Products[0].Rungs[a].Price
			if math.Abs(price-last) > 0.1+1e-9 || price-step.Observation[seesReference] > 0.12+1e-9 {
				t.Fatalf("%v after %v, reference %v", price, last, step.Observation[seesReference])
			}
			if price != last {
				moves++
			}
			last = price
		}
		return a
	}, nil)
	if moves < 10 {
		t.Errorf("%d moves", moves)
	}
}

// A cost of 0.5 allows no price below 0.75, the floor none below 0.65, the ceiling none above 0.88: two rungs are left, and both are posted.
func TestPricesKeepToFloorCeilingAndCost(t *testing.T) {
	cfg := threeTins()
	cfg.Products[0].Floor, cfg.Products[0].Ceiling, cfg.Products[0].Times = 0.65, 0.88, 1.5
	m := open(t, cfg)
	posted := map[float64]bool{}
	play(m, 3, func(step *env.TimeStep) int {
		a := restless(step)
		if step.Player == 0 {
			posted[cfg.Products[0].Rungs[a].Price] = true
		}
		return a
	}, nil)
	if len(posted) != 2 || !posted[0.80] || !posted[0.87] {
		t.Errorf("%v", posted)
	}
}

func TestSteadyStateDoesNotAllocate(t *testing.T) {
	m := open(t, threeTins())
	play(m, 0, restless, nil)
	// play's own TimeStep is one allocation.
	if n := testing.AllocsPerRun(3, func() { play(m, 1, restless, nil) }); n > 1 {
		t.Errorf("%g allocations an episode", n)
	}
}

func BenchmarkWeek(b *testing.B) {
	for _, share := range []float64{1, 0.1} {
		b.Run(fmt.Sprintf("share=%g", share), func(b *testing.B) {
			cfg := threeTins()
			cfg.Share = share
			m := open(b, cfg)
			b.ReportAllocs()
			purchases, weeks := 0.0, 0.0
			for e := uint64(0); b.Loop(); e++ {
				play(m, e%64, restless, nil)
				purchases += m.Account().Purchases
				weeks += 52
			}
			b.ReportMetric(purchases/b.Elapsed().Seconds(), "buyers/s")
			b.ReportMetric(weeks/b.Elapsed().Seconds(), "weeks/s")
		})
	}
}

// BenchmarkStep is the category as a learner meets it: a step is a week, in which all brands review and as many customers buy as the name says, or demand is in
// closed form.
func BenchmarkStep(b *testing.B) {
	for _, c := range []struct {
		name     string
		share    float64
		expected bool
	}{{"20 buyers", 20.0 / 3780, false}, {"expected", 1, true}} {
		b.Run(c.name, func(b *testing.B) {
			cfg := threeTins()
			cfg.Share, cfg.Expected = c.share, c.expected
			m := open(b, cfg)
			play(m, 0, restless, nil)
			b.ReportAllocs()
			purchases, steps := 0.0, 0
			for e := uint64(0); b.Loop(); e++ {
				play(m, e%64, restless, nil)
				purchases += m.Account().Purchases
				steps += 52
			}
			b.ReportMetric(purchases/float64(steps), "buyers/step")
			b.ReportMetric(float64(steps)/b.Elapsed().Seconds(), "steps/s")
		})
	}
}
