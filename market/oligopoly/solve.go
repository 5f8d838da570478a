package oligopoly

import (
	"fmt"
	"math"

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
// has passed second-order conditions and a search over a grid for a better response of anybody. A firm that cannot sell at a profit is at
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
	return cfg.solve(system, false)
}

// Monopoly is what maximises the firms' joint profit, found like Nash and checked like it: the Hessian is negative definite, and no change of one price of a grid
// does better.
func (cfg *Config) Monopoly() (*Outcome, error) {
	system, err := cfg.System()
	if err != nil {
		return nil, err
	}
	x := make([]float64, len(cfg.Firms))
	if s, ok := system.(interface{ monopoly(costs, x []float64) }); ok {
		s.monopoly(costs(cfg.Firms), x)
		return cfg.outcome(system, x), nil
	}
	return cfg.solve(system, true)
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

func (cfg *Config) solve(system System, joint bool) (*Outcome, error) {
	n := len(cfg.Firms)
	s := &solver{smooth: system.(smooth), joint: joint, costs: costs(cfg.Firms)}
	for _, v := range []*[]float64{&s.x, &s.p, &s.q, &s.low, &s.high} {
		*v = make([]float64, n)
	}
	s.s = make([]float64, n*n)
	s.bounds(s.costs, s.low, s.high)
	for i := range s.x {
		s.x[i] = (s.low[i] + s.high[i]) / 2
	}
	s.respond()
	s.newton()
	if !s.secondOrder() || !s.unbeaten() {
		return nil, field.New("demand", fmt.Sprintf("choices %.4g that are not the best", s.x), map[bool]string{
			false: "a one-shot game with an equilibrium in pure strategies", true: "a joint profit with a maximum"}[joint])
	}
	return cfg.outcome(system, s.x), nil
}

// solver looks for x such that no firm gains by changing its own: in its own profit, or with joint in that of all.
type solver struct {
	smooth
	joint     bool
	costs     []float64
	low, high []float64
	x         []float64
	p, q, s   []float64 // prices, quantities and slopes at x
}

// gain is what firm i maximises.
func (s *solver) gain(i int) float64 {
	s.Sell(s.x, s.p, s.q)
	if !s.joint {
		return (s.p[i] - s.costs[i]) * s.q[i]
	}
	sum := 0.0
	for j, p := range s.p {
		sum += float64((p - s.costs[j]) * s.q[j])
	}
	return sum
}

// at is the gain of firm i from choice x, the others' standing.
func (s *solver) at(i int, x float64) float64 {
	old := s.x[i]
	s.x[i] = x
	g := s.gain(i)
	s.x[i] = old
	return g
}

// slope fills f with the derivative of each firm's gain by its choice: with prices q_i + Σ_j (p_j − c_j)·∂q_j/∂p_i, with quantities
// p_i − c_i + Σ_j q_j·∂p_j/∂q_i, the sum over j = i alone unless joint.
func (s *solver) slope(f []float64) {
	s.Sell(s.x, s.p, s.q)
	s.slopes(s.p, s.q, s.s)
	n := len(f)
	for i := range f {
		if f[i] = s.q[i]; s.Quantities() {
			f[i] = s.p[i] - s.costs[i]
		}
		for j := range f {
			if j != i && !s.joint {
				continue
			}
			weight := s.p[j] - s.costs[j]
			if s.Quantities() {
				weight = s.q[j]
			}
			f[i] += float64(weight * s.s[j*n+i])
		}
	}
}

const (
	mostSweeps = 2000
	settled    = 1e-9 // of a choice's range: about as far as comparing gains can tell
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

// best is firm i's best response by golden section (Kiefer 1953): gains are unimodal in the own choice. Of equals it takes the lower choice.
func (s *solver) best(i int) float64 {
	const golden = 0.6180339887498949
	a, b := s.low[i], s.high[i]
	left, right := b-golden*(b-a), a+golden*(b-a)
	gl, gr := s.at(i, left), s.at(i, right)
	for b-a > 1e-15*(math.Abs(a)+math.Abs(b)) && left < right {
		if gl >= gr {
			b, right, gr = right, left, gl
			left = b - golden*(b-a)
			gl = s.at(i, left)
		} else {
			a, left, gl = left, right, gr
			right = a + golden*(b-a)
			gr = s.at(i, right)
		}
	}
	x, rest := (a+b)/2, s.low[i]
	if !s.Quantities() && !s.joint {
		rest = s.costs[i] // where it waits if nothing can be earned
	}
	if s.at(i, x) > s.at(i, rest) {
		return x
	}
	return rest
}

// free lists the firms whose choice derivatives decide: who sell, and are not at a bound.
func (s *solver) free() []int {
	s.Sell(s.x, s.p, s.q)
	var free []int
	for i, x := range s.x {
		span := settled * (s.high[i] - s.low[i])
		if s.q[i] > 0 && s.p[i] > 0 && x > s.low[i]+span && x < s.high[i]-span {
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
		step, old := 1e-6*(s.high[j]-s.low[j]), s.x[j]
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

// newton makes the free choices exact. A step that does not bring the derivatives nearer to 0 is halved, and given up where they jump: a best response can lie
// on a kink, just where a rival begins to sell.
func (s *solver) newton() {
	free := s.free()
	f := make([]float64, len(s.x))
	if len(free) == 0 {
		return
	}
	size := func() float64 {
		s.slope(f)
		sum := 0.0
		for _, i := range free {
			sum += f[i] * f[i]
		}
		return sum
	}
	for range 50 {
		before := size()
		b := mat.NewVecDense(len(free), nil)
		for k, i := range free {
			b.SetVec(k, f[i])
		}
		var step mat.VecDense
		if step.SolveVec(s.hessian(free), b) != nil {
			return
		}
		old := append([]float64(nil), s.x...)
		share := 1.0
		for ; share > 1e-3; share /= 2 {
			for k, i := range free {
				s.x[i] = min(max(old[i]-share*step.AtVec(k), s.low[i]), s.high[i])
			}
			if size() < before {
				break
			}
		}
		if share <= 1e-3 {
			copy(s.x, old)
			return
		}
	}
}

// secondOrder holds among the free: each firm's own second derivative is negative, or with joint the Hessian is negative definite.
func (s *solver) secondOrder() bool {
	free := s.free()
	if len(free) == 0 {
		return true
	}
	h := s.hessian(free)
	m := mat.NewSymDense(len(free), nil)
	for i := range free {
		if h.At(i, i) >= 0 {
			return false
		}
		for j := range i + 1 {
			m.SetSym(i, j, -(h.At(i, j)+h.At(j, i))/2)
		}
	}
	var cholesky mat.Cholesky
	return !s.joint || cholesky.Factorize(m)
}

// unbeaten tells whether no choice of a grid gains anybody more.
func (s *solver) unbeaten() bool {
	const cells = 1000
	for i := range s.x {
		gain := s.gain(i)
		for k := range cells + 1 {
			if better := s.at(i, s.low[i]+float64(k)/cells*(s.high[i]-s.low[i])); better > gain+1e-9*(math.Abs(gain)+1e-12) {
				return false
			}
		}
	}
	return true
}
