package agents

import (
	"cmp"
	"math"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

// ThompsonInventory is Thompson sampling with an inventory constraint (Ferreira, Simchi-Levi & Wang 2018, Operations Research 66(6),
// algorithms 1 and 2, of one product): draw the demand d_a of every offer from its posterior (ThompsonBeta's), solve
//
//	max Σ_a x_a·margin_a·d_a  over x ≥ 0,  Σ_a x_a·d_a ≤ c,  Σ_a x_a ≤ 1
//
// and make offer a with probability x_a. TS-fixed has c = stock/periods at the start of the season; TS-update (Update) the stock
// and the periods that are left. With one constraint the solution mixes the two neighbours of c on the upper hull of the points (d_a, margin_a·d_a)
// and the origin, which a walk along it finds exactly. Nothing is learned from periods without stock.
//
// The frozen policy is a table of stock × periods left, with posterior means for demand: in each cell the vertex of the hull that lies nearest
// to c, which over a season mixes both neighbours since each offer moves c towards the other.
//
// Deviations: the paper shuts the sale off with probability 1 − Σ x; a ladder has no such price, so the dearest allowed offer is made then. Limits forbid
// offers by leaving them out of the programme.
type ThompsonInventory struct {
	ThompsonBeta
	Update    bool   `toml:"update" json:"update" doc:"true: re-solved for the stock and periods left (TS-update); false: for those of the season's start (TS-fixed)"`
	Inventory string `toml:"inventory" json:"inventory" doc:"feature that tells the units left"`
	Left      string `toml:"left" json:"left" doc:"feature that tells the periods to come, the one that begins included"`
}

func newThompsonInventory() *ThompsonInventory {
	return &ThompsonInventory{ThompsonBeta: *newThompsonBeta(), Update: true, Inventory: "stock", Left: "periods_left"}
}

// New implements Params.
func (p *ThompsonInventory) New(task Task) (Agent, error) {
	b, err := newPosterior(&p.ThompsonBeta, task)
	if err != nil {
		return nil, err
	}
	t := &thompsonInventory{
		posterior: *b, update: p.Update, stock: task.Spec.Feature(p.Inventory), left: task.Spec.Feature(p.Left),
		hull: hull{demand: make([]float64, len(b.margins)), reward: make([]float64, len(b.margins))}, capacity: math.NaN(),
	}
	switch {
	case t.stock < 0:
		return nil, field.New("inventory", p.Inventory, "a feature of the observation")
	case t.left < 0:
		return nil, field.New("left", p.Left, "a feature of the observation")
	}
	return t, nil
}

type thompsonInventory struct {
	posterior
	hull        hull
	update      bool
	stock, left int        // features
	capacity    float64    // units a period at the season's start; NaN before it
	most        [2]float64 // stock and periods left seen at most
}

func (t *thompsonInventory) Act(s *State, exploration float64, stream *rng.Stream) (action int, exploring bool) {
	stock, left := s.Observation[t.stock], s.Observation[t.left]
	if math.IsNaN(t.capacity) && !(left <= 0) { // at the end of a season that is cut short the next one has not begun
		t.capacity = capacity(stock, left)
	}
	for i, x := range [...]float64{stock, left} {
		if x > t.most[i] { // and not missing
			t.most[i] = x
		}
	}
	if action, exploring = t.explores(s, exploration, stream); exploring {
		return action, true
	}
	c := t.capacity
	if t.update {
		c = capacity(stock, left)
	}
	for a := range t.margins {
		d := t.draw(a, stream)
		t.hull.demand[a], t.hull.reward[a] = d, t.margins[a]*d
	}
	low, high, share := t.hull.mix(s.Mask, c)
	if action = low; stream.Float64() < share {
		action = high
	}
	if action < 0 {
		action = highestAllowed(t.margins, s.Mask) // the dearest
	}
	return action, false
}

// capacity is what may be sold a period; anything where the stock is not told, nothing where time has no end.
func capacity(stock, left float64) float64 {
	switch {
	case math.IsNaN(stock):
		return math.Inf(1)
	case math.IsNaN(left):
		return 0
	}
	return max(0, stock) / max(left, 1)
}

func (t *thompsonInventory) Learn(x Transition) {
	if x.Last {
		t.capacity = math.NaN() // the next season has its own
	}
	if !(x.State.Observation[t.stock] <= 0) {
		t.count(x.Action, x.Reward)
	}
}

// cells is how finely the frozen policy divides stock and time.
const cells = 40

// Policy implements Agent.
func (t *thompsonInventory) Policy() (policies.Policy, error) {
	var encoder policies.Encoder
	for i, feature := range []int{t.stock, t.left} {
		most := max(t.most[i], 1)
		encoder.Dimensions = append(encoder.Dimensions, policies.Uniform(t.spec.Features[feature].Name, feature, 0, most, int(min(cells, math.Ceil(most)))))
	}
	n := len(t.margins)
	h := hull{demand: make([]float64, n), reward: make([]float64, n)}
	for a := range n {
		h.demand[a] = t.mean(a)
		h.reward[a] = t.margins[a] * h.demand[a]
	}
	values := make([]float64, encoder.States()*n)
	for s := range encoder.States() {
		bins := encoder.Decode(s)
		price := h.unitPrice(capacity(middle(bins[0], 0, max(t.most[0], 1)), middle(bins[1], 0, max(t.most[1], 1))))
		for a := range n {
			values[s*n+a] = h.reward[a] - float64(price*h.demand[a])
		}
	}
	return policies.NewTable(t.spec, encoder, values, nil, 0)
}

// middle is the middle of a bin within low … high.
func middle(b policies.Bin, low, high float64) float64 {
	if b.Missing {
		return math.NaN()
	}
	low, high = max(low, b.Low), min(high, b.High)
	return low + float64((high-low)/2)
}

func (t *thompsonInventory) MarshalBinary() ([]byte, error) {
	return packed("soukstock", t.plays, t.sales, []float64{t.rate, t.capacity, t.most[0], t.most[1]}), nil
}

func (t *thompsonInventory) UnmarshalBinary(b []byte) error {
	var x [4]float64
	if err := unpack(b, "soukstock", t.plays, t.sales, x[:]); err != nil {
		return err
	}
	t.rate, t.capacity, t.most = x[0], x[1], [2]float64{x[2], x[3]}
	return cmp.Or(t.checkCounts(), counted(t.most[:]))
}

// hull is the upper hull of the offers' (demand, reward) and the origin, which stands for offering nothing.
type hull struct{ demand, reward []float64 } // [action]

// at is the point of an offer; -1 is the origin.
func (h *hull) at(action int) (demand, reward float64) {
	if action < 0 {
		return 0, 0
	}
	return h.demand[action], h.reward[action]
}

// next is the hull's vertex after one, -1 where it ends: at the highest reward. slope is that of the edge between, 0 at the end. A nil mask allows all.
func (h *hull) next(from int, mask []bool) (to int, slope float64) {
	to = -1
	d, r := h.at(from)
	for a := range h.demand {
		if mask != nil && !mask[a] || h.demand[a] <= d {
			continue
		}
		s := (h.reward[a] - r) / (h.demand[a] - d)
		if s > slope || s == slope && to >= 0 && h.demand[a] > h.demand[to] {
			to, slope = a, s
		}
	}
	return to, slope
}

// mix solves the linear programme for a capacity: offer high with probability share, else low, of which -1 is nothing.
func (h *hull) mix(mask []bool, capacity float64) (low, high int, share float64) {
	for low = -1; ; low = high {
		high, _ = h.next(low, mask)
		if high < 0 {
			return low, low, 0
		}
		d, _ := h.at(low)
		if e := h.demand[high]; e > capacity {
			return low, high, max(0, capacity-d) / (e - d)
		}
	}
}

// unitPrice is what a unit of stock is worth where the vertex nearest to a capacity is the best offer: the mean of the slopes of the
// hull on both sides of it.
func (h *hull) unitPrice(capacity float64) float64 {
	vertex, slope := h.next(-1, nil)
	if vertex < 0 {
		return 0
	}
	for {
		after, less := h.next(vertex, nil)
		if after < 0 || capacity < (h.demand[vertex]+h.demand[after])/2 {
			return (slope + less) / 2
		}
		vertex, slope = after, less
	}
}
