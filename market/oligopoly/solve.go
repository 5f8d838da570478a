package oligopoly

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/souk-sim/souk/scenarios/field"
)

// Outcome is a period in which the firms make certain choices; slices are by firm. Quantities and profits are of the whole market.
type Outcome struct {
	Choices    []float64 // prices, or quantities per unit of market size where firms choose these
	Prices     []float64
	Quantities []float64
	Profits    []float64
}

// Nash is the equilibrium of the one-shot game in pure strategies over all prices (or quantities), not those of a ladder alone: for these see Game.Equilibria.
//
// Firms answer each other by their best responses, in turn, until these settle; damped Newton steps on the first-order conditions then make the result exact. What is returned
// has passed second-order conditions and a search over a grid for a better response of anybody. (An equilibrium on a kink, where a rival is just kept out, is found to
// 1e-7 of the range.) A firm that cannot sell at a profit is at
// its cost (with quantities: at 0). Where several equilibria exist it is one of them. For Bertrand demand see Bertrand: prices end at the second lowest cost.
//
// Errors are of type *field.Error: of a bad Config, or where no equilibrium was found.
func (cfg *Config) Nash() (*Outcome, error) {
	system, err := cfg.System()
	if err != nil {
		return nil, err
	}
	x := make([]float64, len(cfg.Firms))
	if s, ok := system.(interface{ nash(costs, x []float64) }); ok {
		s.nash(costs(cfg.Firms), x)
		return cfg.outcome(system, x), nil
	}
	return cfg.solve(system.(smooth))
}

// Monopoly is what maximises the firms' joint profit; each demand system has it in closed form. What is better left unsold is priced where nobody
// buys it. Errors are those of System.
func (cfg *Config) Monopoly() (*Outcome, error) {
	system, err := cfg.System()
	if err != nil {
		return nil, err
	}
	x := make([]float64, len(cfg.Firms))
	system.monopoly(costs(cfg.Firms), x)
	return cfg.outcome(system, x), nil
}

func (cfg *Config) outcome(system System, x []float64) *Outcome {
	n := len(x)
	o := &Outcome{Choices: x, Prices: make([]float64, n), Quantities: make([]float64, n), Profits: make([]float64, n)}
	system.Sell(x, o.Prices, o.Quantities)
	for i := range o.Profits {
		o.Quantities[i] *= cfg.Size
		o.Profits[i] = (o.Prices[i] - cfg.Firms[i].Cost) * o.Quantities[i]
	}
	return o
}

// smooth is a system whose equilibria are found by search and by derivatives.
type smooth interface {
	System
	// slopes fills s[i*n+j] with the derivative of firm i's quantity by firm j's price, at prices and their quantities; where firms choose quantities,
	// of i's price by j's quantity.
	slopes(prices, quantities, s []float64)
	// bounds fills between which choices the solutions lie.
	bounds(costs, low, high []float64)
}

func (cfg *Config) solve(system smooth) (*Outcome, error) {
	n := len(cfg.Firms)
	s := &solver{smooth: system, costs: costs(cfg.Firms)}
	for _, v := range []*[]float64{&s.x, &s.p, &s.q, &s.low, &s.high} {
		*v = make([]float64, n)
	}
	s.s = make([]float64, n*n)
	s.bounds(s.costs, s.low, s.high)
	copy(s.x, s.low) // from cost prices rise to the equilibrium in few steps; from above near-equal products undercut each other in very many
	s.respond()
	s.newton()
	if !s.secondOrder() || !s.unbeaten() {
		return nil, field.New("demand", fmt.Sprintf("choices %.4g, from which a firm would depart", s.x), "a one-shot game with an equilibrium in pure strategies")
	}
	return cfg.outcome(system, s.x), nil
}

// solver looks for x such that no firm earns more by changing its own.
type solver struct {
	smooth
	costs     []float64
	low, high []float64
	x         []float64
	p, q, s   []float64 // prices, quantities and slopes at x
}

// profit of firm i at choice x, the others' standing.
func (s *solver) profit(i int, x float64) float64 {
	old := s.x[i]
	s.x[i] = x
	s.Sell(s.x, s.p, s.q)
	s.x[i] = old
	return (s.p[i] - s.costs[i]) * s.q[i]
}

// slope fills f with the derivative of each firm's profit by its own choice: q_i + (p_i − c_i)·∂q_i/∂p_i, or with quantities p_i − c_i + q_i·∂p_i/∂q_i.
func (s *solver) slope(f []float64) {
	s.Sell(s.x, s.p, s.q)
	s.slopes(s.p, s.q, s.s)
	for i, c := range s.costs {
		a, b := s.q[i], s.p[i]-c
		if s.Quantities() {
			a, b = b, a
		}
		f[i] = a + float64(b*s.s[i*len(f)+i])
	}
}

const (
	mostSweeps = 1000
	settled    = 1e-7 // of a choice's range: about as far as comparing profits can tell, the root of the rounding error
)

// respond lets the firms take their best responses one after the other until none moves.
func (s *solver) respond() {
	for range mostSweeps {
		moved := 0.0
		for i := range s.x {
			old := s.x[i]
			s.x[i] = s.best(i)
			moved = max(moved, math.Abs(s.x[i]-old)/(1e-300+s.high[i]-s.low[i]))
		}
		if moved < settled {
			return
		}
	}
}

// best is firm i's best response: the best of a grid, then golden section (Kiefer 1953) between its neighbours. Of equals it takes the lower choice.
func (s *solver) best(i int) float64 {
	const golden, cells = 0.6180339887498949, 64
	top, most := 0, math.Inf(-1)
	width := (s.high[i] - s.low[i]) / cells
	for k := range cells + 1 {
		if g := s.profit(i, s.low[i]+float64(k)*width); g > most {
			top, most = k, g
		}
	}
	a, b := s.low[i]+float64(float64(max(0, top-1))*width), s.low[i]+float64(float64(min(cells, top+1))*width)
	left, right := b-float64(golden*(b-a)), a+float64(golden*(b-a))
	pl, pr := s.profit(i, left), s.profit(i, right)
	for b-a > 1e-15*(math.Abs(a)+math.Abs(b)) && left < right {
		if pl >= pr {
			b, right, pr = right, left, pl
			left = b - float64(golden*(b-a))
			pl = s.profit(i, left)
		} else {
			a, left, pl = left, right, pr
			right = a + float64(golden*(b-a))
			pr = s.profit(i, right)
		}
	}
	if x := (a + b) / 2; s.profit(i, x) > s.profit(i, s.low[i]) {
		return x
	}
	return s.low[i]
}

// free lists the firms whose choice derivatives decide: who sell, and are not at a bound.
func (s *solver) free() []int {
	s.Sell(s.x, s.p, s.q)
	var free []int
	for i, x := range s.x {
		if span := float64(settled * (s.high[i] - s.low[i])); s.q[i] > 0 && x > s.low[i]+span && x < s.high[i]-span {
			free = append(free, i)
		}
	}
	return free
}

// hessian is the matrix of derivatives of slope among the free, by central differences of the closed form.
func (s *solver) hessian(free []int) *mat.Dense {
	n := len(s.x)
	up, down := make([]float64, n), make([]float64, n)
	h := mat.NewDense(len(free), len(free), nil)
	for k, j := range free {
		step, old := float64(1e-6*(s.high[j]-s.low[j])), s.x[j]
		s.x[j] = old + step
		s.slope(up)
		s.x[j] = old - step
		s.slope(down)
		s.x[j] = old
		for r, i := range free {
			h.Set(r, k, (up[i]-down[i])/(2*step))
		}
	}
	return h
}

// newton makes the free choices exact. A step that does not bring the derivatives nearer to 0 is halved; it is given up where it would lead away from the best
// responses, as these can lie on a kink, just where a rival is kept out.
func (s *solver) newton() {
	const astray = 1e-3 // of a choice's range
	free, settled := s.free(), slices.Clone(s.x)
	f := make([]float64, len(s.x))
	if len(free) == 0 {
		return
	}
	size := func() float64 {
		s.slope(f)
		sum := 0.0
		for _, i := range free {
			sum += float64(f[i] * f[i])
		}
		return sum
	}
	for range 50 {
		before, old := size(), slices.Clone(s.x)
		b, step := mat.NewVecDense(len(free), nil), new(mat.VecDense)
		for k, i := range free {
			b.SetVec(k, f[i])
		}
		if step.SolveVec(s.hessian(free), b) != nil {
			return
		}
		better := false
		for share := 1.0; !better && share > 1e-3; share /= 2 {
			for k, i := range free {
				s.x[i] = old[i] - share*step.AtVec(k)
				if math.Abs(s.x[i]-settled[i]) > astray*(s.high[i]-s.low[i]) {
					copy(s.x, settled)
					return
				}
			}
			better = size() < before
		}
		if !better {
			copy(s.x, old)
			return
		}
	}
}

// secondOrder holds when the second derivative of each free firm's profit by its own choice is negative.
func (s *solver) secondOrder() bool {
	free := s.free()
	if len(free) == 0 {
		return true
	}
	h := s.hessian(free)
	for i := range free {
		if h.At(i, i) >= 0 {
			return false
		}
	}
	return true
}

// unbeaten tells whether no choice of a grid earns anybody more.
func (s *solver) unbeaten() bool {
	const cells = 1000
	for i, x := range s.x {
		profit := s.profit(i, x)
		for k := range cells + 1 {
			if s.profit(i, s.low[i]+float64(float64(k)/cells*(s.high[i]-s.low[i]))) > profit+float64(1e-9*(math.Abs(profit)+1e-12)) {
				return false
			}
		}
	}
	return true
}
