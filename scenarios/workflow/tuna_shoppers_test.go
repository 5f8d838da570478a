package workflow

import (
	"math"
	"slices"
	"testing"

	"github.com/souk-sim/souk/market/category"
	"github.com/souk-sim/souk/market/choice"
	"github.com/souk-sim/souk/market/demand"
	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/rng"
)

// week is what the players saw of a week, by product. Units are those simulated.
type week struct {
	number          int       // of the data's calendar
	rung            []int     // offered
	reference       []float64 // before the week
	sold, stockLeft []float64
	customers       float64
	account         results.Metrics
}

// watch plays an episode and tells its weeks. The other products follow their rules.
func (w *World) watch(m *category.Market, episode uint64, own func(*env.TimeStep) int) (weeks []week) {
	n, spec, share := m.Players(), m.Spec(0), w.Config.Share
	reference, sold, stock, traffic := spec.Feature("reference_price"), spec.Feature("sold"), spec.Feature("stock"), spec.Feature("traffic")
	brain := rng.New(1, episode).Family("brain")
	m.Reset(episode)
	step := &env.TimeStep{}
	for turn := uint64(0); m.Next(step); turn++ {
		i, o := step.Player, step.Observation
		if step.Stage != env.First {
			before := len(weeks) - 1
			if i > 0 && step.Stage == env.Mid {
				before-- // this round's first player has opened the next
			}
			closed := &weeks[before]
			closed.sold[i], closed.stockLeft[i] = math.Round(o[sold]*share), math.Round(o[stock]*share)
			closed.customers, closed.account = o[traffic]*share, *m.Week()
		}
		if step.Stage == env.Last {
			continue
		}
		if i == 0 {
			weeks = append(weeks, week{number: w.Config.Start + len(weeks), rung: make([]int, n), reference: make([]float64, n),
				sold: make([]float64, n), stockLeft: make([]float64, n)})
		}
		action := 0
		if i == w.Config.Own {
			action = own(step)
		} else {
			u := brain.At(turn)
			action = w.Others[i].Decide(o, u.Float64()).Action
		}
		now := &weeks[len(weeks)-1]
		now.rung[i], now.reference[i] = action, o[reference]
		m.Act(action)
	}
	return weeks
}

// probabilities fills p with the fitted model's chances that a customer of the week takes each product, without shocks.
func (w *World) probabilities(shelf *choice.Shelf, k *week, p []float64) {
	shelf.SetWeek(k.number)
	for j, product := range w.Config.Products {
		rung := &product.Rungs[k.rung[j]]
		display := known(rung.Display, w.Config.Choice.Display(j, k.reference[j], rung.Price))
		shelf.Set(j, rung.Price, display, k.reference[j], 0)
	}
	shelf.Probabilities(p)
}

// chiSquare is a sum of squared standardised deviations with its degrees of freedom.
type chiSquare struct{ sum, freedom float64 }

func (c *chiSquare) add(count, mean float64) {
	c.sum += (count - mean) * (count - mean) / mean
	c.freedom++
}

// z is the sum as a nearly standard normal number (Wilson & Hilferty 1931).
func (c *chiSquare) z() float64 {
	v := 2 / (9 * c.freedom)
	return (math.Cbrt(c.sum/c.freedom) - (1 - v)) / math.Sqrt(v)
}

// In the canned-tuna market, with shocks and stock taken out and one unit a purchase, purchases come as Poisson numbers of the traffic times the fitted
// model's probabilities: week by week for all products together (arrivals), and product by product over an episode (choices). 20 episodes of 52
// weeks; |z| < 3.29 has a false-alarm rate of 0.1% each.
func TestTunaShoppersComeAndChooseAsTheModelsSay(t *testing.T) {
	f := cannedTuna(t)
	w := f.world(t, 0.01)
	model := *f.models.Choice
	model.Quantity = choice.Quantity{Intercept: -9.9}
	w.Config.Choice, w.Config.NoShock, w.Config.Stock = &model, true, category.Stock{}
	m, err := category.New(w.Config, 1)
	if err != nil {
		t.Fatal(err)
	}
	shelf, err := model.NewShelf(nil)
	if err != nil {
		t.Fatal(err)
	}
	var arrivals, choices chiSquare
	n := m.Players()
	p, count, mean := make([]float64, n), make([]float64, n), make([]float64, n)
	for episode := range uint64(20) {
		clear(count)
		clear(mean)
		for _, k := range w.watch(m, episode, cycling) {
			w.probabilities(shelf, &k, p)
			arrivals.add(sum(k.sold), k.customers*sum(p))
			for j := range p {
				count[j] += k.sold[j]
				mean[j] += k.customers * p[j]
			}
		}
		for j := range p {
			choices.add(count[j], mean[j])
		}
	}
	t.Logf("arrivals: chi-square %.1f on %.0f (z %.2f); choices: %.1f on %.0f (z %.2f)",
		arrivals.sum, arrivals.freedom, arrivals.z(), choices.sum, choices.freedom, choices.z())
	for name, c := range map[string]chiSquare{"arrivals": arrivals, "choices": choices} {
		if math.Abs(c.z()) > 3.29 {
			t.Errorf("%s: chi-square %.1f on %.0f degrees of freedom", name, c.sum, c.freedom)
		}
	}
}

// Shoppers one by one and demand in closed form earn the same on average: over 200 paired episodes of the same traffic, shocks and rivals the mean
// difference lies within 3.3 standard errors (false alarms 0.1%).
func TestTunaResolutionsAgree(t *testing.T) {
	w := cannedTuna(t).world(t, 0.002)
	w.Config.Stock = category.Stock{}
	quick := w.expected()
	var sampled, expected []float64
	step := &env.TimeStep{}
	for _, c := range []struct {
		world *World
		to    *[]float64
	}{{w, &sampled}, {quick, &expected}} {
		m, err := category.New(c.world.Config, 1)
		if err != nil {
			t.Fatal(err)
		}
		for episode := range uint64(200) {
			c.world.play(m, step, episode, cycling)
			*c.to = append(*c.to, m.Account().Profit)
		}
	}
	difference, err := stats.Paired(sampled, expected, 0.95)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("profit an episode: sampled %.2f, closed form %.2f, difference %.2f ± %.2f", stats.Mean(sampled), stats.Mean(expected), difference.Value, difference.StandardError)
	if math.Abs(difference.Value) > 3.3*difference.StandardError {
		t.Errorf("they differ by %.2f, standard error %.2f", difference.Value, difference.StandardError)
	}
}

// Every week of the canned-tuna market: what was in stock and came in was sold or is left; revenue and profit are those of the order lines.
func TestTunaAccountsBalance(t *testing.T) {
	w := cannedTuna(t).world(t, 0.002)
	m, err := category.New(w.Config, 1)
	if err != nil {
		t.Fatal(err)
	}
	for episode := range uint64(10) {
		inStock := missing
		whole := results.Metrics{}
		for _, k := range w.watch(m, episode, cycling) {
			a := &k.account
			revenue, margin := 0.0, 0.0
			for j, units := range k.sold {
				r := &w.Config.Products[j].Rungs[k.rung[j]]
				price, cost := math.Round(r.Price*1e4)/1e4, math.Round(r.Cost*1e4)/1e4
				revenue += units * price
				margin += units * (price - cost)
			}
			left := sum(k.stockLeft)
			if inStock == inStock && inStock+a.ReceivedUnits-a.Units != left {
				t.Fatalf("week %d: %g in stock + %g received - %g sold is not the %g left", k.number, inStock, a.ReceivedUnits, a.Units, left)
			}
			inStock = left
			if sum(k.sold) != a.Units || math.Abs(revenue-a.Revenue) > 1e-6 || math.Abs(margin-a.HoldingCost-a.Profit) > 1e-6 {
				t.Fatalf("week %d: the order lines give %g units, revenue %g and margin %g; the account is %+v", k.number, sum(k.sold), revenue, margin, *a)
			}
			whole.Add(a)
		}
		if whole != *m.Account() {
			t.Errorf("the weeks add up to %+v, the episode's account is %+v", whole, *m.Account())
		}
	}
}

// Common random numbers: with traffic, shocks and rivals fixed, the difference that one rung of 3.6 cents makes to an episode's profit has at least ten
// times less variance when both prices meet the same shoppers. A deal moves more shoppers than a rung, and gains less.
func TestTunaPricesMeetTheSameShoppers(t *testing.T) {
	w := cannedTuna(t).world(t, 0.01)
	customers := recordedTraffic(slices.Repeat([]float64{2e6}, 2*w.Config.Horizon))
	w.Config.Traffic = func() (demand.Simulator, error) { return customers, nil }
	w.Config.NoShock, w.Config.Stock = true, category.Stock{}
	m, err := category.New(w.Config, 1)
	if err != nil {
		t.Fatal(err)
	}
	profit := func(episode uint64, action int) float64 {
		m.Reset(episode)
		for step := new(env.TimeStep); m.Next(step); {
			switch {
			case step.Stage == env.Last:
			case step.Player == w.Config.Own:
				m.Act(action)
			default:
				m.Act(w.Config.Products[step.Player].Opening)
			}
		}
		return m.Account().Profit
	}
	ladder := w.Spec.Offers
	top := len(ladder) - 1
	for _, c := range []struct {
		other int
		least float64
	}{{top - 1, 10}, {top - 6, 1}} {
		var paired, unpaired []float64
		for e := range uint64(200) {
			a := profit(e, top)
			paired = append(paired, profit(e, c.other)-a)
			unpaired = append(unpaired, profit(e+1000, c.other)-a)
		}
		ratio := stats.Variance(unpaired) / stats.Variance(paired)
		t.Logf("$%.3f against $%.3f: variance of the difference %.1f unpaired, %.1f paired, ratio %.1f",
			ladder[c.other].Price, ladder[top].Price, stats.Variance(unpaired), stats.Variance(paired), ratio)
		if ratio < c.least {
			t.Errorf("$%.3f against $%.3f: unpaired differences have only %.1f times the variance of paired ones", ladder[c.other].Price, ladder[top].Price, ratio)
		}
	}
}
