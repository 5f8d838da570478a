package workflow

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/souk-sim/souk/market"
	"github.com/souk-sim/souk/market/choice"
	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
	"github.com/souk-sim/souk/sim/rng"
)

// Refit is the market as the newest window of a log shows it. All that the log does not tell is the scenario's.
type Refit struct {
	Tastes   *choice.Logit `json:"tastes"`
	HalfLife float64       `json:"half_life,omitempty"` // periods after which a choice counts half, chosen by how well the newest are foretold; 0: all count alike
	Tried    []Forgetting  `json:"half_lives_tried,omitempty"`
	Eras     bool          `json:"eras,omitempty"`    // stretches of the window have levels of their own, so that prices are told from the times
	Visitors float64       `json:"visitors"`          // a period
	Were     float64       `json:"visitors_scenario"` // as the scenario has them
	Spread   float64       `json:"dispersion"`        // of periods, beyond chance
	Notes    []string      `json:"notes,omitempty"`   // what was taken for what the log does not tell
	Compared []Compared    `json:"compared"`          // the tastes beside the scenario's
}

// Compared is a coefficient of the refitted tastes beside what it was. The scenario's is that of the one taste which is nearest to its personas at the seller's offers.
type Compared struct {
	Name     string   `json:"name"`
	Estimate float64  `json:"estimate"`
	SE       float64  `json:"se"`                 // robust to what differs between offers by more than chance; 0: it was held
	Scenario *float64 `json:"scenario,omitempty"` // nil where the scenario does not say
}

// Forgetting is how well choices are foretold from older ones that lose half of their weight in so many periods.
type Forgetting struct {
	HalfLife float64 `json:"half_life"` // periods; 0: they lose none
	LogLik   float64 `json:"loglik_per_shopper"`
}

// priorShoppers is how many shoppers the scenario's own tastes count for beside those of the log, dealt out over the seller's offers: data augmentation (Clogg et al.
// 1991, Journal of the American Statistical Association 86), which keeps estimates finite and of the right sign where a log has little to say.
const priorShoppers = 100

// refit fits tastes and traffic to the ledger and puts them in the place of the market's.
func (b *bazaar) refit(l *ledger, window float64) (*Refit, error) {
	r := &Refit{Notes: l.notes}
	if b.cfg.Loyalty.Model != nil {
		r.Notes = append(r.Notes, "visitors who come back are counted with new ones, in the log and not in what the scenario expects")
	}
	if b.cfg.Visit.Basket > 0 || b.cfg.Visit.CrossSell != nil {
		r.Notes = append(r.Notes, "what is bought beside something else is taken for a choice of its own")
	}
	before, err := b.nearestTaste(l)
	if err != nil {
		return nil, err
	}
	if err := b.refitTastes(r, l, window); err != nil {
		return nil, err
	}
	r.compare(before)
	if err := b.settleTraffic(r, l); err != nil {
		return nil, err
	}
	return r, b.take(b.cfg, r.Tastes)
}

// refitTastes fits tastes to the ledger, and leaves the market as it is.
func (b *bazaar) refitTastes(r *Refit, l *ledger, window float64) error {
	attributes := []string{attributePrice}
	if b.remembers() {
		attributes = append(attributes, attributeGain, attributeLoss)
	}
	before, err := b.nearestTaste(l)
	if err != nil {
		return err
	}
	held := l.held(before)
	for {
		t, at := l.tallies(b, attributes, held)
		if len(at) == 0 {
			return field.New("--log", "no decision under which nothing was short", "one at least that tells what was wanted")
		}
		t.Start = make([]float64, len(l.products)+len(attributes))
		for i, c := range before.Coefficients {
			t.Start[i] = c.Estimate
		}
		var err error
		if r.HalfLife, r.Tried, err = halfLife(t, at, window); err != nil {
			return err
		}
		weigh(t, at, at[len(at)-1], r.HalfLife)
		b.prior(l, t)
		if r.Eras = byEra(t, at, window, float64(b.cfg.Horizon), l.told); r.Eras { // which remember better than forgetting does
			r.HalfLife, r.Tried, t.Weight = 0, nil, nil
		}
		if r.Tastes, err = choice.FitTallies(t); err != nil {
			return fmt.Errorf("refitting tastes: %w", err)
		}
		wrong := slices.IndexFunc(r.Tastes.Coefficients, func(c choice.Parameter) bool {
			return c.Name == attributeGain && c.Estimate < 0 || c.Name == attributeLoss && c.Estimate > 0
		})
		if wrong < 0 {
			break
		}
		name := r.Tastes.Coefficients[wrong].Name
		r.Notes = append(r.Notes, "the log shows no "+name+" against a remembered price: it is left out")
		attributes = slices.DeleteFunc(slices.Clone(attributes), func(a string) bool { return a == name })
	}
	if p := coefficientOf(r.Tastes, attributePrice); !(p.Estimate < 0) {
		return field.New("--log", fmt.Sprintf("choices by which dearer is no worse: %.4g ± %.2g a dollar", p.Estimate, p.ClusteredSE), "a log with more, or more different, prices")
	}
	return nil
}

// compare puts the estimates beside those of the scenario.
func (r *Refit) compare(before *choice.Logit) {
	for _, c := range r.Tastes.Coefficients {
		if strings.HasPrefix(c.Name, eraPrefix) {
			continue
		}
		one := Compared{Name: c.Name, Estimate: c.Estimate, SE: c.ClusteredSE}
		for _, o := range before.Coefficients {
			if o.Name == c.Name {
				one.Scenario = &o.Estimate
			}
		}
		r.Compared = append(r.Compared, one)
	}
}

// remembers tells whether shoppers go by a remembered price.
func (b *bazaar) remembers() bool {
	return slices.ContainsFunc(b.cfg.Personas, func(p market.Persona) bool { return p.Gain > 0 || p.Loss > 0 })
}

// unitsBought is how many units a choice comes to: the mean of a purchase, less the carts that are left.
func (b *bazaar) unitsBought() float64 {
	sum, shares := 0.0, 0.0
	for i := range b.cfg.Personas {
		p := &b.cfg.Personas[i]
		sum, shares = sum+float64(p.Share*p.Units), shares+p.Share
	}
	return sum / shares * (1 - b.cfg.Visit.Abandon)
}

// odds is how much more often than nothing the scenario's shoppers would take a product at a price, before what else there is.
func odds(p *market.Persona, k *market.Product, price float64) float64 {
	return portable.Exp(k.Appeal + p.Appeals[k.Name] + float64(p.Price*price) - p.Outside)
}

// nearestTaste is the one taste that is nearest to the scenario's personas: the logit of what they would take, together, of each of the seller's offers.
func (b *bazaar) nearestTaste(l *ledger) (*choice.Logit, error) {
	t := &choice.Tallies{Alternatives: l.products, Attributes: []string{attributePrice}}
	b.prior(l, t)
	m, err := choice.FitTallies(t)
	if err != nil {
		err = fmt.Errorf("the scenario's tastes: %w", err)
	}
	return m, err
}

// held are the appeals of the products of which outcomes do not tell: those of the scenario's taste. NaN at all others.
func (l *ledger) held(scenario *choice.Logit) []float64 {
	held := slices.Repeat([]float64{math.NaN()}, len(l.products))
	for j := range held {
		if !l.told[j] {
			held[j] = scenario.Coefficients[j].Estimate
		}
	}
	return held
}

func (b *bazaar) product(name string) *market.Product {
	return &b.cfg.Products[slices.IndexFunc(b.cfg.Products, func(p market.Product) bool { return p.Name == name })]
}

// prior adds what the scenario's shoppers would take of each of the seller's offers.
func (b *bazaar) prior(l *ledger, t *choice.Tallies) {
	own := &b.cfg.Sellers[b.player]
	see := seeing{products: l.products, list: listPrices(b.cfg, l.products)}
	for a := range own.Offers {
		if own.Offers[a].Promotion != "" {
			continue
		}
		prices, people := see.posted(own, a, ""), float64(priorShoppers)/float64(len(own.Offers))
		took := make([]float64, len(l.products))
		shares := 0.0
		for i := range b.cfg.Personas {
			shares += b.cfg.Personas[i].Share
		}
		for i := range b.cfg.Personas {
			p, all, of := &b.cfg.Personas[i], 1.0, make([]float64, len(l.products))
			for j, name := range l.products {
				of[j] = odds(p, b.product(name), prices[j])
				all += of[j]
			}
			for j := range took {
				took[j] += float64(people * p.Share / shares * of[j] / all)
			}
		}
		weight := slices.Repeat([]float64{1}, len(t.Faced)-len(t.Weight))
		t.X = append(t.X, l.regressors(b, &entry{prices: prices, reference: math.NaN()}, t.Attributes)...)
		t.Taken, t.Faced, t.Weight = append(t.Taken, took...), append(t.Faced, people), append(append(t.Weight, weight...), 1)
	}
}

func coefficientOf(m *choice.Logit, name string) choice.Parameter {
	return m.Coefficients[slices.IndexFunc(m.Coefficients, func(c choice.Parameter) bool { return c.Name == name })]
}

// take puts fitted tastes in the place of a configuration's personas.
func (b *bazaar) take(cfg *market.Config, tastes *choice.Logit) error {
	other := *b
	other.cfg, other.told = cfg, nil
	return other.tastesOf(tastes, Shopper{Model: &scenarios.Model{Name: "refitted", Part: "choice", Model: "logit"}})
}

// weigh has choices count half for every half-life of their age.
func weigh(t *choice.Tallies, at []float64, now, halfLife float64) {
	t.Weight = make([]float64, len(at))
	for i := range at {
		t.Weight[i] = 1
		if halfLife > 0 {
			t.Weight[i] = portable.Exp(-math.Ln2 * (now - at[i]) / halfLife)
		}
	}
}

// Of choosing a half-life: blocks of the newest half of the window that are foretold, each from all before it, and how few offers tell nothing.
const (
	forgettingBlocks = 4
	forgettingRows   = 40
	forgettingWorth  = 2
)

// halfLife chooses how fast choices are forgotten by how well older ones foretell the newest (Dawid 1984, Journal of the Royal Statistical Society A 147: the
// prequential score), and forgets only where that foretells them better by more than chance would have it of one coefficient: by log-likelihood forgettingWorth.
func halfLife(t *choice.Tallies, at []float64, window float64) (best float64, all []Forgetting, err error) {
	if window == 0 || window > at[len(at)-1]-at[0] {
		window = at[len(at)-1] - at[0]
	}
	if len(at) < forgettingRows || window == 0 {
		return 0, nil, nil
	}
	start, last := at[len(at)-1]-window/2, at[len(at)-1]
	cut := make([]int, forgettingBlocks+1) // rows from which blocks begin
	for k := range cut {
		from := start + float64(float64(k)*(last-start)/forgettingBlocks)
		cut[k], _ = slices.BinarySearch(at, from)
	}
	cut[forgettingBlocks] = len(at)
	most, highest := 0.0, 0.0 // log-likelihoods: of what forgets nothing, and the highest
	for _, life := range []float64{0, window, window / 2, window / 4, window / 8} {
		value, people := 0.0, 0.0
		for k := range forgettingBlocks {
			if cut[k] == 0 || cut[k] == cut[k+1] {
				continue
			}
			past, next := rowsOfTallies(t, 0, cut[k]), rowsOfTallies(t, cut[k], cut[k+1])
			weigh(past, at[:cut[k]], at[cut[k]], life)
			m, err := choice.FitTallies(past)
			if err != nil {
				return 0, nil, nil // too little to choose by
			}
			v, err := next.LogLikelihood(m)
			if err != nil {
				return 0, nil, err
			}
			value += v
			for _, n := range next.Faced {
				people += n
			}
		}
		if people == 0 {
			return 0, nil, nil
		}
		all = append(all, Forgetting{life, value / people})
		if life == 0 || value > most+forgettingWorth && value > highest {
			best, highest = life, value
		}
		if life == 0 {
			most = value
		}
	}
	return best, all, nil
}

// rowsOfTallies are the offers from one to before another.
func rowsOfTallies(t *choice.Tallies, from, to int) *choice.Tallies {
	j, a := len(t.Alternatives), len(t.Attributes)
	part := *t
	part.X, part.Taken, part.Faced, part.Weight = t.X[from*j*a:to*j*a:to*j*a], t.Taken[from*j:to*j:to*j], t.Faced[from:to:to], nil // what is added to them is theirs
	return &part
}

// leastPeriods is how many a model of a series is fitted to at least.
const leastPeriods = 20

// settleTraffic fits how many come: a model of a series to the log's visitors, where the scenario has one and the log is long enough; else the scenario's course
// through time at the log's level, and days that differ as they do in the log.
func (b *bazaar) settleTraffic(r *Refit, l *ledger) error {
	came, _ := l.arrivals()
	for len(came) > 0 && math.IsNaN(came[0]) {
		came = came[1:]
	}
	sum, n := 0.0, 0
	for _, v := range came {
		if !math.IsNaN(v) {
			sum, n = sum+v, n+1
		}
	}
	if n == 0 && !l.crowds {
		return field.New("--log", fmt.Sprintf("no whole %s: decisions are for one customer each, and the log's first and last %s may be parts", b.s.Time.Period, b.s.Time.Period),
			"a longer log, or its --clock, that tells in what it counts time")
	}
	if n == 0 || sum == 0 {
		return field.New("--log", "no visitors", "outcomes that tell how many came")
	}
	r.Visitors, r.Spread = sum/float64(n), l.spread()
	traffic := &b.cfg.Traffic
	r.Were = b.expected()
	if d := b.series; d != nil {
		d.of.Skip = 0
		if n >= max(leastPeriods, 2*d.of.Season) {
			d.Series.Values = slices.Clone(came)
			for i := range d.Series.Values {
				d.Series.Values[i] /= d.of.Share
			}
			return d.fit(b.s.Seed)
		}
		d.of.Share *= r.Visitors / r.Were
		return nil
	}
	traffic.Visitors *= r.Visitors / r.Were
	if len(traffic.Weekdays) == 0 && l.crowds {
		traffic.Dispersion = min(r.Spread, 100)
	} else {
		r.Notes = append(r.Notes, "how much periods differ is the scenario's")
	}
	return nil
}

// expected is how many shoppers the scenario expects in a period, mean over an episode.
func (b *bazaar) expected() float64 {
	if b.series != nil {
		return b.series.visitors(1)
	}
	return b.cfg.Expected() / float64(b.cfg.Horizon)
}

// Draws of a refit's sampling distribution: those that a candidate learns in are not those that it is judged in.
const (
	refitLearned = "refit-train"
	refitJudged  = "refit"
)

// plausible is the mixture of markets whose tastes are draws of the refit's sampling distribution, of one or the other of the families above.
func (b *bazaar) plausible(ctx context.Context, tastes *choice.Logit, draws string) (*mixture, error) {
	family, try := rng.New(evaluate.MasterSeed(b.s.Seed), 0).Family(draws), uint64(0)
	return drawnWorlds(func(int) (world, error) {
		var refused error
		for range mostTries {
			stream := family.At(try)
			try++
			z := make([]float64, len(tastes.Coefficients))
			for i := range z {
				z[i] = stream.Normal()
			}
			drawn := *tastes
			var err error
			if drawn.Coefficients, err = tastes.Redrawn(z); err != nil {
				return nil, err
			}
			w, err := b.altered(ctx, func(cfg *market.Config) error { return b.take(cfg, &drawn) })
			if err == nil {
				return w, nil
			}
			refused = err
		}
		return nil, refused
	})
}
