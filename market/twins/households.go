package twins

import (
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/market/choice"
	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios/field"
)

// HouseholdOptions say how the choices of a panel are looked at.
type HouseholdOptions struct {
	Price string // the attribute that is a price; empty where there is none
	// History adds to situations the attributes that their choices so far make (last choice, loyalty, gain and loss), as the
	// fitted model wants them; nil where it wants none. What it gives a situation may depend on earlier choices of the same
	// household only, such as Situations.LastChoice does. Real households are met in the middle of their lives: with
	// Situations.PastShares beside LastChoice synthetic ones soon know what they like, with Loyalty they begin too fickle.
	History func(*choice.Situations) (*choice.Situations, error)
}

// FitHouseholds fits the model of one half, History already in it.
type FitHouseholds func(train *choice.Situations) (choice.Individual, error)

// Households is the twin test of a panel of choices. There is a synthetic household for each held-out one, with its traits and
// before its situations in turn (prices, features, what was there, and how often it bought); what it takes, and so what it
// remembers, is the model's.
func Households(s *choice.Situations, h HouseholdOptions, fit FitHouseholds, o Options) (*Report, error) {
	if h.History == nil {
		h.History = func(s *choice.Situations) (*choice.Situations, error) { return s, nil }
	}
	price := slices.Index(s.Attributes, h.Price)
	if h.Price != "" && price < 0 {
		return nil, field.New("price", h.Price, fmt.Sprintf("one of the attributes %q", s.Attributes))
	}
	all := byHousehold(s)
	if len(all) < 2*fewest {
		return nil, field.New("households", len(all), fmt.Sprintf("%d or more", 2*fewest))
	}
	train, heldOut := Halves(len(all), o.Streams.Family("twins/halves"))
	half := s.Subset(slices.Concat(pick(all, train)...))
	with, err := h.History(half)
	if err != nil {
		return nil, err
	}
	model, err := fit(with)
	if err != nil {
		return nil, fmt.Errorf("fitting the training half: %w", err)
	}
	real := s.Subset(slices.Concat(pick(all, heldOut)...))
	made, err := choose(real, model, h, o)
	if err != nil {
		return nil, err
	}
	synthetic := households(made, price)
	for i := range heldOut {
		synthetic.Pair = append(synthetic.Pair, i)
	}
	r, err := Compare("households and their choices", households(half, price), households(real, price), synthetic, o)
	if err != nil {
		return nil, err
	}
	r.Notes = append(r.Notes, "each synthetic household met the prices and promotions of a held-out one, as often as that one bought; the two are never parted in cross-validation")
	return r, nil
}

// byHousehold is the situations of each household, households in the order in which they first appear.
func byHousehold(s *choice.Situations) (all [][]int) {
	at := map[int]int{}
	for i := range s.Len() {
		h := i
		if s.Household != nil {
			h = s.Household[i]
		}
		if _, known := at[h]; !known {
			at[h] = len(all)
			all = append(all, nil)
		}
		all[at[h]] = append(all[at[h]], i)
	}
	return all
}

// choose gives the situations new choices, in rounds: each household's first, then each one's second, with the history that
// its new choices make.
func choose(s *choice.Situations, m choice.Individual, h HouseholdOptions, o Options) (*choice.Situations, error) {
	made := *s
	made.Chosen = slices.Clone(s.Chosen)
	all, names := byHousehold(s), m.Concomitants()
	shopper, err := choice.NewShopper(m)
	if err != nil {
		return nil, err
	}
	tastes, moments := o.Streams.Family("twins/tastes"), o.Streams.Family("twins/moments")
	rounds := 0
	for _, own := range all {
		rounds = max(rounds, len(own))
	}
	u, traits := make([]float64, m.Draws()), make([]float64, len(names))
	for round := range rounds {
		with, err := h.History(&made)
		if err != nil {
			return nil, err
		}
		if want := m.Summary(); !slices.Equal(with.Alternatives, want.Alternatives) || !slices.Equal(with.Attributes, want.Attributes) || with.Outside != want.Outside {
			return nil, field.New("model", fmt.Sprintf("attributes %q of %q", want.Attributes, want.Alternatives), fmt.Sprintf("one fitted on %q of %q", with.Attributes, with.Alternatives))
		}
		wide, nJ := len(with.Alternatives)*len(with.Attributes), len(with.Alternatives)
		for k, own := range all {
			if round >= len(own) {
				continue
			}
			person := tastes.At(uint64(k))
			for d := range u {
				u[d] = person.Open()
			}
			for t, name := range names {
				traits[t] = s.Trait[own[0]*len(s.Traits)+slices.Index(s.Traits, name)]
			}
			i := own[round]
			var available []bool
			if with.Available != nil {
				available = with.Available[i*nJ : (i+1)*nJ]
			}
			shopper.Become(u, traits)
			shopper.See(with.X[i*wide:(i+1)*wide], available)
			moment := moments.At(uint64(k), uint64(round))
			made.Chosen[i] = shopper.Choose(moment.Float64())
		}
	}
	return &made, nil
}

// panel is situations as they are described: by household, nothing as an alternative more.
type panel struct {
	*choice.Situations
	all   [][]int
	names []string
	price int // attribute, -1 for none
}

func (p *panel) chosen(i int) int {
	if c := p.Chosen[i]; c != choice.Outside {
		return c
	}
	return len(p.Alternatives)
}

func (p *panel) there(i, j int) bool {
	return p.Available == nil || p.Available[i*len(p.Alternatives)+j]
}

func (p *panel) value(i, j, a int) float64 {
	return p.X[(i*len(p.Alternatives)+j)*len(p.Attributes)+a]
}

// shelf is the mean and the least of an attribute over what was there.
func (p *panel) shelf(i, a int) (mean, least float64) {
	n := 0.0
	least = math.Inf(1)
	for j := range p.Alternatives {
		if p.there(i, j) {
			v := p.value(i, j, a)
			mean, least, n = mean+v, min(least, v), n+1
		}
	}
	return mean / n, least
}

// cheapest says whether what was taken in situation i had the lowest price.
func (p *panel) cheapest(i int) bool {
	c := p.Chosen[i]
	if c == choice.Outside || p.price < 0 {
		return false
	}
	_, least := p.shelf(i, p.price)
	return p.value(i, c, p.price) <= least
}

// households describes the choices of each household.
func households(s *choice.Situations, price int) *Population {
	p := &panel{Situations: s, all: byHousehold(s), names: slices.Clone(s.Alternatives), price: price}
	if s.Outside {
		p.names = append(p.names, "nothing")
	}
	out := &Population{Features: []string{"log choices", "distinct", "switching rate", "concentration", "share of the favourite", "log longest run", "mean log run",
		"returns after a switch", "repeats at the first chance", "first half other than second"}}
	for _, a := range s.Attributes {
		out.Features = append(out.Features, a+" taken over the shelf's mean", "sd of "+a+" taken")
	}
	if price >= 0 {
		out.Features = append(out.Features, "share of the cheapest", "switches to what costs less")
	}
	for _, a := range p.names {
		out.Features = append(out.Features, "share of "+a)
	}
	for _, own := range p.all {
		out.People = append(out.People, p.features(own))
	}
	p.measure(out)
	return out
}

func (p *panel) features(own []int) []float64 {
	nJ := len(p.names)
	taken := make([]int, len(own))
	for at, i := range own {
		taken[at] = p.chosen(i)
	}
	f := walkFeatures(taken, nJ)
	shares, squares := make([]float64, nJ), 0.0
	for x := range nJ {
		shares[x] = f[10+3*x]
		squares += shares[x] * shares[x]
	}
	repeat := math.NaN()
	if len(taken) > 1 {
		repeat = indicator(taken[0] == taken[1])
	}
	out := []float64{f[0], f[1], f[3], squares, slices.Max(shares), f[4], f[5], f[6], repeat, f[8]}
	for a := range p.Attributes {
		var over, values []float64
		for _, i := range own {
			if c := p.Chosen[i]; c != choice.Outside {
				mean, _ := p.shelf(i, a)
				over, values = append(over, p.value(i, c, a)-mean), append(values, p.value(i, c, a))
			}
		}
		out = append(out, stats.Mean(over), math.Sqrt(stats.Variance(values)))
	}
	if p.price >= 0 {
		out = append(out, p.bargains(own)...)
	}
	return append(out, shares...)
}

// bargains is the share of choices that were the cheapest, and of the switches the share that went to what cost less than
// what had been taken before would have.
func (p *panel) bargains(own []int) []float64 {
	cheap, down, switches := 0.0, 0.0, 0.0
	for at, i := range own {
		cheap += indicator(p.cheapest(i)) / float64(len(own))
		if at == 0 {
			continue
		}
		before, now := p.Chosen[own[at-1]], p.Chosen[i]
		if before == now || before == choice.Outside || now == choice.Outside || !p.there(i, before) {
			continue
		}
		switches++
		down += indicator(p.value(i, now, p.price) < p.value(i, before, p.price))
	}
	return []float64{cheap, down / switches}
}

// measure adds measures and tables.
func (p *panel) measure(out *Population) {
	n, nJ := len(p.all), len(p.names)
	sum := func(k int, f func(at, i int) float64) (total float64) {
		for at, i := range p.all[k] {
			total += f(at, i)
		}
		return total
	}
	choices := func(k int) float64 { return float64(len(p.all[k])) }
	further := func(k int) float64 { return choices(k) - 1 }
	out.Measures = append(out.Measures, ratio("repeat rate", n, func(k int) float64 {
		return sum(k, func(at, i int) float64 { return indicator(at > 0 && p.Chosen[i] == p.Chosen[p.all[k][max(0, at-1)]]) })
	}, further))
	for j, name := range p.names {
		out.Measures = append(out.Measures, ratio("share of "+name, n, func(k int) float64 {
			return sum(k, func(_, i int) float64 { return indicator(p.chosen(i) == j) })
		}, choices))
	}
	if p.price >= 0 {
		out.Measures = append(out.Measures, ratio("share of the cheapest", n, func(k int) float64 {
			return sum(k, func(_, i int) float64 { return indicator(p.cheapest(i)) })
		}, choices))
	}
	common, err := choice.FitLogit(p.Situations, choice.Utility{})
	for _, a := range p.Attributes {
		response := Measure{Name: "coefficient of " + a + " in a common logit", Value: math.NaN(), SE: math.NaN()}
		if err == nil { // otherwise these choices do not tell it
			at := slices.IndexFunc(common.Coefficients, func(c choice.Parameter) bool { return c.Name == a })
			response.Value, response.SE = common.Coefficients[at].Estimate, common.Coefficients[at].ClusteredSE
		}
		out.Measures = append(out.Measures, response)
	}
	switching := make([][]float64, n)
	for k, own := range p.all {
		switching[k] = make([]float64, nJ*nJ)
		for at := 1; at < len(own); at++ {
			switching[k][p.chosen(own[at-1])*nJ+p.chosen(own[at])]++
		}
	}
	if p.price >= 0 {
		out.Tables = append(out.Tables, p.response())
	}
	out.Tables = append(out.Tables, transitions("switching: next choice", p.names, p.names, switching))
}

// response is each alternative's share of the choices that found it at its place among the prices on the shelf: the lowest, the
// lower half, the upper half. A place in which it never stood is not defined.
func (p *panel) response() Table {
	places := []string{"cheapest", "lower half", "upper half"}
	t := Table{Name: "share by place among the prices", Rows: p.Alternatives, Columns: places}
	place := func(i, j int) int {
		below, others := 0, 0
		for k := range p.Alternatives {
			if k != j && p.there(i, k) {
				others++
				below += int(indicator(p.value(i, k, p.price) < p.value(i, j, p.price)))
			}
		}
		switch {
		case below == 0:
			return 0
		case 2*below < others+1:
			return 1
		}
		return 2
	}
	for j := range p.Alternatives {
		taken, met := make([][3]float64, len(p.all)), make([][3]float64, len(p.all))
		for k, own := range p.all {
			for _, i := range own {
				if p.there(i, j) {
					at := place(i, j)
					met[k][at]++
					taken[k][at] += indicator(p.Chosen[i] == j)
				}
			}
		}
		t.Weight = append(t.Weight, 1/float64(len(p.Alternatives)))
		t.Value, t.SE = append(t.Value, nil), append(t.SE, nil)
		for c := range places {
			m := ratio("", len(p.all), func(k int) float64 { return taken[k][c] }, func(k int) float64 { return met[k][c] })
			t.Value[j], t.SE[j] = append(t.Value[j], m.Value), append(t.SE[j], m.SE)
		}
	}
	return t
}
