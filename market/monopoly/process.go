package monopoly

import (
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// Process is a pricing problem as a finite Markov decision process. It is read-only, and safe for concurrent use.
//
// A State is what matters of the past. An episodic problem has the period beside it and not in it; one without end has the place in the season in it. A
// stock that is sold out is the end of an episode: state 0 of any other kind never comes back.
type Process struct {
	cfg      *Config
	prices   []float64
	spec     env.Spec
	at       places
	phases   int // of the season
	lasts    int // last rungs, and one for none; 1: does not matter
	grid     []float64
	start    []Outcome // of the reference price
	rivals   int
	chain    [][]Outcome // of the rival's price
	laws     []law       // [((phase*grid+reference)*rivals+rival)*prices+rung]
	masks    [][]bool    // [last*grid+reference]
	remember []Outcome   // [(reference*prices+rung)*2…] neighbours on the grid
}

// State is what the future depends on, beside the period of an episodic problem.
type State struct {
	Phase     int // place in the season; 0 in an episodic problem, where the period tells it
	Stock     int // units left; 0 where there is no limit
	Last      int // rung of the period before, or the number of rungs at the opening; 0 where it does not matter
	Reference int // point of the grid
	Rival     int // its price, by its index
}

// Outcome is a state, by its number, or a part of one, and how probable it is.
type Outcome struct {
	Next        int32
	Probability float64
}

// NewProcess checks a problem. Errors are of type *field.Error.
func NewProcess(cfg *Config) (*Process, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	prices, err := cfg.Prices.prices()
	if err != nil {
		return nil, err
	}
	if l := cfg.Limit; l != nil && !slices.ContainsFunc(prices, func(price float64) bool { return l.bounds().Excess(nil, price) == 0 }) {
		return nil, field.New("limit", fmt.Sprintf("floor %g, ceiling %g", l.Floor, l.Ceiling), "a price of the ladder between them")
	}
	p := &Process{cfg: cfg, prices: prices, phases: max(1, len(cfg.Season)), lasts: 1, rivals: 1}
	if cfg.Markdown || cfg.PriceChange > 0 {
		p.lasts = len(prices) + 1
	}
	if !p.Endless() && cfg.Reviews > mostPlaces {
		return nil, field.New("reviews", cfg.Reviews, fmt.Sprintf("at most %d in an episode", mostPlaces))
	}
	if cfg.Stock > mostPlaces {
		return nil, field.New("stock", cfg.Stock, fmt.Sprintf("at most %d", mostPlaces))
	}
	if err := p.reference(); err != nil {
		return nil, err
	}
	p.rival()
	if err := p.tabulate(); err != nil {
		return nil, err
	}
	p.describe()
	return p, nil
}

// reference lays the grid and says where each price leads on it.
func (p *Process) reference() error {
	r := p.cfg.Reference
	if r == nil {
		p.grid, p.start = []float64{0}, []Outcome{{0, 1}}
		p.remember = make([]Outcome, 2*len(p.prices))
		for i := 0; i < len(p.remember); i += 2 {
			p.remember[i].Probability = 1
		}
		return nil
	}
	low, high := p.prices[0], p.prices[len(p.prices)-1]
	if low == high {
		return field.New("reference", "one price", "several: there is nothing to remember")
	}
	start := high
	if r.Start != nil {
		if start = *r.Start; !(start >= low && start <= high) {
			return field.New("reference.start", start, fmt.Sprintf("one of %g to %g, as prices are", low, high))
		}
	}
	p.grid = make([]float64, r.Points)
	for i := range p.grid {
		p.grid[i] = low + (high-low)*float64(i)/float64(r.Points-1)
	}
	a, b := p.neighbours(start)
	p.start = []Outcome{a, b}
	for _, reference := range p.grid {
		for _, price := range p.prices {
			a, b := p.neighbours(float64(r.Memory*reference) + float64((1-r.Memory)*price))
			p.remember = append(p.remember, a, b)
		}
	}
	return nil
}

// neighbours are the points of the grid on both sides of a price, with probabilities whose mean it is.
func (p *Process) neighbours(x float64) (a, b Outcome) {
	last := len(p.grid) - 1
	at := min(max((x-p.grid[0])/(p.grid[last]-p.grid[0]), 0), 1) * float64(last)
	i := min(int(at), last-1)
	share := at - float64(i)
	if share < 1e-12 { // rounding makes no outcomes
		share = 0
	} else if share > 1-1e-12 {
		share = 1
	}
	return Outcome{int32(i), 1 - share}, Outcome{int32(i + 1), share}
}

// rival writes the script as a chain.
func (p *Process) rival() {
	r := p.cfg.Rival
	if r == nil {
		p.chain = [][]Outcome{{{0, 1}}}
		return
	}
	p.rivals = len(r.Prices)
	for i := range r.Prices {
		if len(r.Transitions) == 0 {
			p.chain = append(p.chain, []Outcome{{int32((i + 1) % p.rivals), 1}})
			continue
		}
		var row []Outcome
		for k, probability := range r.Transitions[i] {
			if probability > 0 {
				row = append(row, Outcome{int32(k), probability})
			}
		}
		p.chain = append(p.chain, row)
	}
}

// felt is the price that shoppers feel.
func (p *Process) felt(price float64, reference, rival int) float64 {
	felt := price
	if r := p.cfg.Reference; r != nil {
		felt += float64(r.Loss*max(0, price-p.grid[reference])) - float64(r.Gain*max(0, p.grid[reference]-price))
	}
	if r := p.cfg.Rival; r != nil {
		regular := 0.0
		for _, q := range r.Prices {
			regular = max(regular, q)
		}
		if r.Regular != nil {
			regular = *r.Regular
		}
		felt += float64(r.Effect * (regular - r.Prices[rival]))
	}
	return felt
}

// mostPlaces bounds the periods of an episode and the units in stock, which Encoder writes one by one.
const mostPlaces = 10_000_000

// tabulate computes the law of sales in each state that tells them.
func (p *Process) tabulate() error {
	if n := float64(p.phases) * float64(len(p.grid)) * float64(p.rivals) * float64(len(p.prices)); n > mostLaws {
		return field.New("prices", fmt.Sprintf("%g combinations of price, season, reference price and rival's price", n), fmt.Sprintf("at most %d", mostLaws))
	}
	if n := float64(p.lasts) * float64(len(p.grid)) * float64(len(p.prices)); n > mostMasks {
		return field.New("prices", fmt.Sprintf("%g combinations of price, last price and reference price", n), fmt.Sprintf("at most %d", mostMasks))
	}
	for phase := range p.phases {
		season := 1.0
		if len(p.cfg.Season) > 0 {
			season = p.cfg.Season[phase]
		}
		for reference := range p.grid {
			for rival := range p.rivals {
				for _, price := range p.prices {
					l, err := p.cfg.law(p.felt(price, reference, rival), season)
					if err != nil {
						return err
					}
					p.laws = append(p.laws, l)
				}
			}
		}
	}
	return nil
}

// law is that of the period's sales.
func (p *Process) law(phase int, s *State, rung int) *law {
	return &p.laws[((phase*len(p.grid)+s.Reference)*p.rivals+s.Rival)*len(p.prices)+rung]
}

// Config is the problem; not to be changed.
func (p *Process) Config() *Config { return p.cfg }

// Spec is the seller's features and ladder.
func (p *Process) Spec() *env.Spec { return &p.spec }

// Periods is the length of an episode, which is all that an episodic problem has.
func (p *Process) Periods() int { return p.cfg.Reviews }

// Endless tells whether the problem has no end: its criterion is discounted or average.
func (p *Process) Endless() bool { return !p.cfg.episodic() }

// Phases is how many places the season has; 1 without one. Rows of an episodic problem depend on the period modulo it.
func (p *Process) Phases() int { return p.phases }

// Rivals is how many prices the rival has; 1 without one.
func (p *Process) Rivals() int { return p.rivals }

// States is how many states there are.
func (p *Process) States() int {
	n := (p.cfg.Stock + 1) * p.lasts * len(p.grid) * p.rivals
	if p.Endless() {
		n *= p.phases
	}
	return n
}

// Number is a state's, from 0 to States−1.
func (p *Process) Number(s State) int {
	return (((s.Phase*(p.cfg.Stock+1)+s.Stock)*p.lasts+s.Last)*len(p.grid)+s.Reference)*p.rivals + s.Rival
}

// State is the inverse of Number.
func (p *Process) State(number int) (s State) {
	s.Rival, number = number%p.rivals, number/p.rivals
	s.Reference, number = number%len(p.grid), number/len(p.grid)
	s.Last, number = number%p.lasts, number/p.lasts
	s.Stock, s.Phase = number%(p.cfg.Stock+1), number/(p.cfg.Stock+1)
	return s
}

// Opening is the law of the first state. A rival begins with its first price.
func (p *Process) Opening() []Outcome {
	var all []Outcome
	for _, o := range p.start {
		if o.Probability > 0 {
			s := State{Stock: p.cfg.Stock, Last: p.lasts - 1, Reference: int(o.Next)}
			all = append(all, Outcome{int32(p.Number(s)), o.Probability})
		}
	}
	return all
}

// Over tells whether a state ends the episode: all is sold.
func (p *Process) Over(s State) bool { return p.cfg.Stock > 0 && s.Stock == 0 }

// Salvage is what a state is worth when the episode ends in it, $.
func (p *Process) Salvage(s State) float64 { return p.cfg.Salvage * float64(s.Stock) }

// Allowed tells which rungs may be posted in a state; borrowed.
func (p *Process) Allowed(s State) []bool { return p.masks[s.Last*len(p.grid)+s.Reference] }

// Row is what a rung brings in a state: the expected reward of the period, $, and the law of the next state, appended to an empty buffer. The period matters
// in episodic problems only. A state that is over earns nothing and stays.
func (p *Process) Row(period int, s State, rung int, buffer []Outcome) (reward float64, outcomes []Outcome) {
	if p.Over(s) {
		return 0, append(buffer, Outcome{int32(p.Number(s)), 1})
	}
	phase := s.Phase
	if !p.Endless() {
		phase = period % p.phases
	}
	l := p.law(phase, &s, rung)
	next := State{Stock: s.Stock}
	if p.Endless() {
		next.Phase = (phase + 1) % p.phases
	}
	if p.lasts > 1 {
		next.Last = rung
	}
	if p.cfg.Stock == 0 {
		return float64((p.prices[rung]-p.cfg.Cost)*l.mean) - p.change(s.Last, rung), p.spread(next, s, rung, 1, buffer)
	}
	var few [256]float64
	from, probabilities := l.sold(s.Stock, few[:0])
	sold := 0.0
	for i, probability := range probabilities {
		if probability > 0 {
			sold += float64(probability * float64(from+i))
			next.Stock = s.Stock - from - i
			buffer = p.spread(next, s, rung, probability, buffer)
		}
	}
	return float64((p.prices[rung]-p.cfg.Cost)*sold) - float64(p.cfg.Holding*(float64(s.Stock)-sold)) - p.change(s.Last, rung), buffer
}

// change is what posting a rung after the last costs.
func (p *Process) change(last, rung int) float64 {
	if p.cfg.PriceChange == 0 || last == rung || last == len(p.prices) {
		return 0
	}
	return p.cfg.PriceChange
}

// spread appends what shoppers remember and the rival does next.
func (p *Process) spread(next, s State, rung int, probability float64, buffer []Outcome) []Outcome {
	at := 2 * (s.Reference*len(p.prices) + rung)
	for _, r := range p.remember[at : at+2] {
		if r.Probability == 0 {
			continue
		}
		next.Reference = int(r.Next)
		for _, q := range p.chain[s.Rival] {
			next.Rival = int(q.Next)
			buffer = append(buffer, Outcome{int32(p.Number(next)), probability * r.Probability * q.Probability})
		}
	}
	return buffer
}

// Mean is the expected demand of a period for a rung, units, before stock limits it; the reference price and the rival's are those of the state.
func (p *Process) Mean(period int, s State, rung int) float64 {
	return p.law(period%p.phases, &s, rung).mean
}

// Encoder numbers the states exactly, the period of an episodic problem included.
func (p *Process) Encoder() policies.Encoder {
	var e policies.Encoder
	whole := func(index, values int) {
		if index < 0 || values < 2 {
			return
		}
		d := policies.Dimension{Feature: p.spec.Features[index].Name, Index: index}
		for k := 1; k < values; k++ {
			d.Edges = append(d.Edges, float64(k)-0.5)
		}
		e.Dimensions = append(e.Dimensions, d)
	}
	if whole(p.at.period, p.cfg.Reviews); p.Endless() {
		whole(p.at.phase, p.phases)
	}
	whole(p.at.stock, p.cfg.Stock+1)
	if p.lasts > 1 {
		whole(p.at.last, len(p.prices))
	}
	whole(p.at.reference, len(p.grid))
	whole(p.at.rival, p.rivals)
	return e
}

// Locate is the period and the state of an observation.
func (p *Process) Locate(observation []float64) (period int, s State) {
	whole := func(index int) int {
		if index < 0 || math.IsNaN(observation[index]) {
			return 0
		}
		return int(observation[index])
	}
	if p.lasts > 1 {
		if s.Last = whole(p.at.last); math.IsNaN(observation[p.at.last]) {
			s.Last = p.lasts - 1
		}
	}
	if p.Endless() {
		s.Phase = whole(p.at.phase)
	}
	s.Stock, s.Reference, s.Rival = whole(p.at.stock), whole(p.at.reference), whole(p.at.rival)
	return whole(p.at.period), s
}
