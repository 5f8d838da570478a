package agents

import (
	"math"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

// ThompsonGaussian is Thompson sampling of normal rewards.
//
//   - Noise > 0, a known standard deviation σ: the mean reward of an offer has the prior N(PriorMean, PriorSD²), so after n
//     rewards of sum S the posterior N((PriorMean/PriorSD² + S/σ²)/w, 1/w), w = 1/PriorSD² + n/σ² (Agrawal & Goyal 2017, Journal of the ACM 64(5), the
//     Gaussian variant).
//   - Noise = 0, an unknown variance: the prior is σ^(−2−2·Prior), Prior = −1 is uniform; after max(2, 3 − ⌊2·Prior⌋) rewards of each offer its
//     mean is drawn as x̄ + √(SS/(n·ν))·t_ν, ν = n + 2·Prior − 1, SS = Σ(x−x̄)² (Honda & Takemura 2014, AISTATS, algorithm 1, who prove that Prior < 0 reaches
//     the optimal regret and that the usual reference prior, 0, does not).
//
// Deviations: none.
type ThompsonGaussian struct {
	Noise     float64 `toml:"noise" json:"noise" doc:"standard deviation of a period's reward where it is known, $; 0: unknown, estimated"`
	PriorMean float64 `toml:"prior_mean" json:"prior_mean" doc:"of known noise: an offer's mean reward before it is tried, $"`
	PriorSD   float64 `toml:"prior_sd" json:"prior_sd" doc:"of known noise: how far means are believed to lie from it, $"`
	Prior     float64 `toml:"prior" json:"prior" doc:"of unknown noise: the power in the prior of the variance; -1 uniform, 0 reference"`
}

func newThompsonGaussian() *ThompsonGaussian { return &ThompsonGaussian{PriorSD: 1e3, Prior: -1} }

// Validate implements Params.
func (p *ThompsonGaussian) Validate() error {
	switch {
	case !(p.Noise >= 0 && p.Noise < 1e12):
		return field.New("noise", p.Noise, "at least 0")
	case math.IsNaN(p.PriorMean) || math.IsInf(p.PriorMean, 0):
		return field.New("prior_mean", p.PriorMean, "a finite number")
	case !(p.PriorSD > 0 && p.PriorSD < 1e12):
		return field.New("prior_sd", p.PriorSD, "more than 0")
	case !(p.Prior >= -10 && p.Prior <= 10):
		return field.New("prior", p.Prior, "-10 to 10")
	}
	return nil
}

// Explore implements Params: none, because posteriors explore of themselves.
func (p *ThompsonGaussian) Explore(Moment) float64 { return 0 }

// WarmupTransitions implements Params.
func (p *ThompsonGaussian) WarmupTransitions() int { return 0 }

// New implements Params.
func (p *ThompsonGaussian) New(task Task) (Agent, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	a, err := newArms(task)
	if err != nil {
		return nil, err
	}
	n := len(a.plays)
	return &thompsonGaussian{arms: a, params: *p, means: make([]float64, n), squares: make([]float64, n), worth: make([]float64, n)}, nil
}

type thompsonGaussian struct {
	arms
	params         ThompsonGaussian
	means, squares []float64 // [action], of rewards: mean and Σ(x−x̄)²
	worth          []float64 // [action], scratch
}

func (g *thompsonGaussian) Act(s *State, exploration float64, stream *rng.Stream) (action int, exploring bool) {
	if action, exploring = g.explores(s, exploration, stream); exploring {
		return action, true
	}
	if g.params.Noise == 0 {
		least := max(2, 3-math.Floor(2*g.params.Prior))
		if action = g.untried(s.Mask, least); action >= 0 {
			return action, false
		}
	}
	for a, n := range g.plays {
		if g.params.Noise > 0 {
			mean, sd := g.known(a)
			g.worth[a] = mean + float64(sd*stream.Normal())
		} else if s.Mask[a] { // the others may not have been tried yet
			degrees := n + 2*g.params.Prior - 1
			g.worth[a] = g.means[a] + float64(math.Sqrt(g.squares[a]/(n*degrees))*student(degrees, stream))
		}
	}
	return highestAllowed(g.worth, s.Mask), false
}

// known is the posterior of an offer's mean reward where σ is known.
func (g *thompsonGaussian) known(a int) (mean, sd float64) {
	p := &g.params
	prior, data := 1/(p.PriorSD*p.PriorSD), g.plays[a]/(p.Noise*p.Noise)
	return (float64(prior*p.PriorMean) + float64(data*g.means[a])) / (prior + data), 1 / math.Sqrt(prior+data)
}

func (g *thompsonGaussian) Learn(x Transition) {
	g.played(x.Action)
	off := x.Reward - g.means[x.Action]
	g.means[x.Action] += float64(g.rate * off)
	g.squares[x.Action] += float64(off * (x.Reward - g.means[x.Action]))
}

// Policy implements Agent: the offer of the highest posterior mean.
func (g *thompsonGaussian) Policy() (policies.Policy, error) {
	means := append([]float64(nil), g.means...)
	if g.params.Noise > 0 {
		for a := range means {
			means[a], _ = g.known(a)
		}
	}
	return g.frozen(means, true)
}

func (g *thompsonGaussian) MarshalBinary() ([]byte, error) {
	return packed("soukgauss", g.plays, g.means, g.squares, []float64{g.rate}), nil
}

func (g *thompsonGaussian) UnmarshalBinary(b []byte) error {
	var rate [1]float64
	if err := unpack(b, "soukgauss", g.plays, g.means, g.squares, rate[:]); err != nil {
		return err
	}
	g.rate = rate[0]
	return counted(g.plays)
}
