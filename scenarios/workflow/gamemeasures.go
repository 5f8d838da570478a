package workflow

import (
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/market/oligopoly"
	"github.com/souk-sim/souk/results/stats"
)

// gameMeasures lists what is measured in a repeated game.
func gameMeasures() []MeasureKind {
	var all []MeasureKind
	for _, o := range []struct{ name, where string }{{"nash", "in the one-shot equilibrium"}, {"monopoly", "at the joint optimum"},
		{"limit", "on the limit cycle of greedy play from the end of a session"}, {"final", "in the last periods of a session (sessions.last), exploration included"}} {
		all = append(all, MeasureKind{o.name + "-price", "$", "price " + o.where + ", mean of the firms"},
			MeasureKind{o.name + "-price:FIRM", "$", "likewise of a firm"},
			MeasureKind{o.name + "-profit", "$", "a firm's profit a period " + o.where + ", mean of the firms"},
			MeasureKind{o.name + "-profit:FIRM", "$", "likewise of a firm"},
			MeasureKind{o.name + "-joint-profit", "$", "profit a period " + o.where + " of all firms together"},
			MeasureKind{o.name + "-output", "units", "sold a period " + o.where + " by all firms together"})
		if o.name == "limit" || o.name == "final" {
			all = append(all, MeasureKind{o.name + "-price@P", "$", "the P-th percentile of that price over the sessions, 0 to 100"},
				MeasureKind{o.name + "-gain", "", "profit gain Δ " + o.where + ": 0 in the one-shot equilibrium, 1 at the joint optimum"},
				MeasureKind{o.name + "-gain:FIRM", "", "likewise of a firm; none where the joint optimum earns it no more than the one-shot equilibrium"},
				MeasureKind{o.name + "-gain-sd", "", "its standard deviation over sessions"})
		}
	}
	return append(all,
		MeasureKind{"converged", "share", "sessions in which no greedy choice has changed for sessions.converged periods"},
		MeasureKind{"periods", "periods", "until the last change of a greedy choice: without the stable ones after it"},
		MeasureKind{"periods-sd", "periods", "their standard deviation"},
		MeasureKind{"periods@P", "periods", "their P-th percentile"},
		MeasureKind{"cycle", "periods", "length of the limit cycle"},
		MeasureKind{"cycle@K", "share", "sessions with a limit cycle of K periods"},
		MeasureKind{"cycle-beyond@K", "share", "with one of more than K"},
		MeasureKind{"limit-gain-cycle@K", "", "Δ of sessions with a limit cycle of K periods"},
		MeasureKind{"limit-gain-cycle-beyond@K", "", "of those with more than K"},
		MeasureKind{"limit-gain-misread", "", "Δ where firms and periods are mixed up in the state that a session of two or more periods of memory ended in, as by the program of Calvano et al. (2020)"},
		MeasureKind{"undeviating", "share", "sessions in which on the limit cycle no firm gains by another choice for once, the equilibrium of Calvano et al. (2020)"},
		MeasureKind{"equilibrium", "share", "sessions in which on the limit cycle no firm has a better strategy, that of Klein (2021)"},
		MeasureKind{"equilibrium-everywhere", "share", "sessions in which that is so in all states"},
		MeasureKind{"optimality", "share", "what strategies are worth on the limit cycle of what the best response is, mean of the firms (Klein 2021)"},
		MeasureKind{"optimality-everywhere", "share", "in all states"},
		MeasureKind{"loss", "share", "of a value that going once for the best choice would add, on the limit cycle, mean of the firms"},
		MeasureKind{"loss-everywhere", "share", "in all states"},
		MeasureKind{"deviator-price@K", "$", "deviating firm (sessions.deviate): price K periods on, 1 being that of the deviation and 0 the mean before"},
		MeasureKind{"deviator-profit@K", "$", "its profit"},
		MeasureKind{"rival-price@K", "$", "its rivals' mean price"},
		MeasureKind{"rival-profit@K", "$", "and profit"},
		MeasureKind{"returned", "share", "deviations after which play is back on the limit cycle at last"},
		MeasureKind{"punished", "periods", "from a deviation until then"})
}

// measures are those of the sessions that were played.
func (c *rivalry) measures() []Measure {
	all := append(c.computed("nash", c.nash), c.computed("monopoly", c.monopoly)...)
	all = append(all, c.convergence()...)
	if !slices.ContainsFunc(c.sessions, func(s session) bool { return s.cycle == nil }) {
		all = append(all, c.outcomes("limit", func(s *session) *oligopoly.Outcome { return &s.cycle.Mean })...)
		all = append(all, c.cycles()...)
		all = append(all, c.judged()...)
		all = append(all, c.deviations()...)
	}
	if !slices.ContainsFunc(c.sessions, func(s session) bool { return s.final == nil }) {
		all = append(all, c.outcomes("final", func(s *session) *oligopoly.Outcome { return s.final })...)
	}
	return all
}

// over is a figure of each session.
func (c *rivalry) over(of func(s *session) float64) []float64 {
	x := make([]float64, len(c.sessions))
	for i := range x {
		x[i] = of(&c.sessions[i])
	}
	return x
}

// computed are the measures of an outcome that follows from the game alone.
func (c *rivalry) computed(name string, o *oligopoly.Outcome) []Measure {
	all := []Measure{{Name: name + "-price", Unit: "$", Value: stats.Mean(o.Prices)}, {Name: name + "-profit", Unit: "$", Value: stats.Mean(o.Profits)},
		{Name: name + "-joint-profit", Unit: "$", Value: total(o.Profits)}, {Name: name + "-output", Unit: "units", Value: total(o.Quantities)}}
	for i, f := range c.cfg.Firms {
		all = append(all, Measure{Name: name + "-price:" + f.Name, Unit: "$", Value: o.Prices[i]}, Measure{Name: name + "-profit:" + f.Name, Unit: "$", Value: o.Profits[i]})
	}
	return all
}

// outcomes are the measures of what is sold and earned in a part of each session.
func (c *rivalry) outcomes(name string, part func(s *session) *oligopoly.Outcome) []Measure {
	price := c.over(func(s *session) float64 { return stats.Mean(part(s).Prices) })
	gain := c.over(func(s *session) float64 {
		return oligopoly.ProfitGain(part(s).Profits, c.nash.Profits, c.monopoly.Profits)
	})
	all := []Measure{mean(name+"-price", "$", price),
		mean(name+"-profit", "$", c.over(func(s *session) float64 { return stats.Mean(part(s).Profits) })),
		mean(name+"-joint-profit", "$", c.over(func(s *session) float64 { return total(part(s).Profits) })),
		mean(name+"-output", "units", c.over(func(s *session) float64 { return total(part(s).Quantities) })),
		mean(name+"-gain", "", gain)}
	if possible(all[len(all)-1].Value) {
		all = append(all, deviation(name+"-gain-sd", "", gain))
	}
	all = append(all, percentiles(name+"-price", "$", price)...)
	for i, f := range c.cfg.Firms {
		all = append(all, mean(name+"-price:"+f.Name, "$", c.over(func(s *session) float64 { return part(s).Prices[i] })),
			mean(name+"-profit:"+f.Name, "$", c.over(func(s *session) float64 { return part(s).Profits[i] })))
		if c.monopoly.Profits[i] > c.nash.Profits[i] {
			all = append(all, mean(name+"-gain:"+f.Name, "", c.over(func(s *session) float64 {
				return oligopoly.ProfitGain(part(s).Profits[i:i+1], c.nash.Profits[i:i+1], c.monopoly.Profits[i:i+1])
			})))
		}
	}
	return slices.DeleteFunc(all, func(m Measure) bool { return m.Name == name+"-gain" && !possible(m.Value) })
}

// possible tells whether a profit gain is one: of a game in which nothing can be gained it is no number.
func possible(gain float64) bool { return !math.IsNaN(gain) && !math.IsInf(gain, 0) }

// convergence is whether and when sessions came to rest.
func (c *rivalry) convergence() []Measure {
	if c.scenario.Sessions.Converged == 0 {
		return nil
	}
	periods := c.over(func(s *session) float64 { return s.periods })
	all := []Measure{share("converged", c.over(func(s *session) float64 { return indicator(s.converged) })), mean("periods", "periods", periods), deviation("periods-sd", "periods", periods)}
	return append(all, percentiles("periods", "periods", periods)...)
}

// cycles are the measures by length of the limit cycle.
func (c *rivalry) cycles() []Measure {
	all := []Measure{mean("cycle", "periods", c.over(func(s *session) float64 { return float64(s.length) }))}
	for k := 1; k <= 10; k++ {
		all = append(all, share(fmt.Sprintf("cycle@%d", k), c.over(func(s *session) float64 { return indicator(s.length == k) })),
			share(fmt.Sprintf("cycle-beyond@%d", k), c.over(func(s *session) float64 { return indicator(s.length > k) })))
		var at, beyond []float64
		for i := range c.sessions {
			s := &c.sessions[i]
			gain := oligopoly.ProfitGain(s.cycle.Mean.Profits, c.nash.Profits, c.monopoly.Profits)
			switch {
			case s.length == k:
				at = append(at, gain)
			case s.length > k:
				beyond = append(beyond, gain)
			}
		}
		for _, part := range []Measure{mean(fmt.Sprintf("limit-gain-cycle@%d", k), "", at), mean(fmt.Sprintf("limit-gain-cycle-beyond@%d", k), "", beyond)} {
			if part.N > 1 && !math.IsNaN(part.Value) && !math.IsInf(part.Value, 0) {
				all = append(all, part)
			}
		}
	}
	if !slices.ContainsFunc(c.sessions, func(s session) bool { return s.misread == nil }) {
		all = append(all, mean("limit-gain-misread", "", c.over(func(s *session) float64 {
			return oligopoly.ProfitGain(s.misread.Mean.Profits, c.nash.Profits, c.monopoly.Profits)
		})))
	}
	return all
}

// judged is how good strategies are as answers to each other.
func (c *rivalry) judged() []Measure {
	of := func(name string, x func(s *session) float64) Measure { return mean(name, "share", c.over(x)) }
	return []Measure{
		share("undeviating", c.over(func(s *session) float64 { return indicator(s.on.Undeviating) })),
		share("equilibrium", c.over(func(s *session) float64 { return indicator(s.on.Equilibrium) })),
		share("equilibrium-everywhere", c.over(func(s *session) float64 { return indicator(s.off.Equilibrium) })),
		of("optimality", func(s *session) float64 { return stats.Mean(s.on.Optimality) }),
		of("optimality-everywhere", func(s *session) float64 { return stats.Mean(s.off.Optimality) }),
		of("loss", func(s *session) float64 { return stats.Mean(s.on.QLoss) }),
		of("loss-everywhere", func(s *session) float64 { return stats.Mean(s.off.QLoss) }),
	}
}

// deviations are the paths after a deviation.
func (c *rivalry) deviations() []Measure {
	var all []Measure
	for k := range c.scenario.Sessions.Deviate.Periods + 1 {
		at := func(name, unit string, path func(i *oligopoly.Impulse) []float64) {
			all = append(all, mean(fmt.Sprintf("%s@%d", name, k), unit, c.over(func(s *session) float64 { return path(s.deviated)[k] })))
		}
		at("deviator-price", "$", func(i *oligopoly.Impulse) []float64 { return i.Price })
		at("deviator-profit", "$", func(i *oligopoly.Impulse) []float64 { return i.Profit })
		if len(c.cfg.Firms) > 1 {
			at("rival-price", "$", func(i *oligopoly.Impulse) []float64 { return i.RivalPrice })
			at("rival-profit", "$", func(i *oligopoly.Impulse) []float64 { return i.RivalProfit })
		}
	}
	return append(all, mean("returned", "share", c.over(func(s *session) float64 { return s.deviated.Returned })),
		mean("punished", "periods", c.over(func(s *session) float64 { return s.deviated.Punished })))
}

func total(x []float64) (sum float64) {
	for _, v := range x {
		sum += v
	}
	return sum
}

func indicator(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// mean is the mean of independent values; of one the standard error is not known. Of values that are alike but for the rounding of their sums it is 0.
func mean(name, unit string, x []float64) Measure {
	m := Measure{Name: name, Unit: unit, Value: stats.Mean(x), N: len(x), Error: math.NaN()}
	if len(x) > 1 {
		m.Error = math.Sqrt(stats.Variance(x) / float64(len(x)))
	}
	if m.Error <= 1e-14*math.Abs(m.Value) {
		m.Error = 0
	}
	return m
}

// share is that of ones among zeros. Its standard error is that of the share with one more of either, so that it is not 0 where all are alike; of one session it
// is not known, as that of a mean.
func share(name string, x []float64) Measure {
	m, n := Measure{Name: name, Unit: "share", Value: stats.Mean(x), N: len(x)}, float64(len(x))
	p := (m.Value*n + 1) / (n + 2)
	if m.Error = math.NaN(); n > 1 {
		m.Error = math.Sqrt(p * (1 - p) / n)
	}
	return m
}

// deviation is the standard deviation, of one value not known; its standard error follows from the fourth moment, √((m₄ − s⁴)/n)/2s.
func deviation(name, unit string, x []float64) Measure {
	m := Measure{Name: name, Unit: unit, N: len(x)}
	if len(x) < 2 {
		m.Value, m.Error = math.NaN(), math.NaN()
		return m
	}
	centre, fourth := stats.Mean(x), 0.0
	for _, v := range x {
		fourth += (v - centre) * (v - centre) * (v - centre) * (v - centre) / float64(len(x))
	}
	variance := stats.Variance(x)
	if m.Value = math.Sqrt(variance); m.Value > 0 {
		m.Error = math.Sqrt(max(fourth-variance*variance, 0)/float64(len(x))) / (2 * m.Value)
	}
	return m
}

// percentiles are some quantiles; their standard errors are half the way between those a standard deviation of the rank below and above (David & Nagaraja
// 2003, Order Statistics, §7.1), of extremes the way to the next value.
func percentiles(name, unit string, x []float64) []Measure {
	var all []Measure
	for _, p := range []int{0, 5, 10, 25, 50, 75, 90, 95, 100} {
		q := float64(p) / 100
		off := max(math.Sqrt(q*(1-q)/float64(len(x))), 1/float64(len(x)))
		below, above := max(q-off, 0), min(q+off, 1)
		m := Measure{Name: fmt.Sprintf("%s@%d", name, p), Unit: unit, Value: stats.Quantile(x, q), N: len(x), Error: math.NaN()}
		if len(x) > 1 {
			m.Error = (stats.Quantile(x, above) - stats.Quantile(x, below)) * off / (above - below)
		}
		all = append(all, m)
	}
	return all
}
