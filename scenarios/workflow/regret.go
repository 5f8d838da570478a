package workflow

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios"
	"gonum.org/v1/gonum/stat/distuv"
)

// Regret is what an agent gave up while it learned, against the optimum's policy in the market it learned in: means over seeds.
type Regret struct {
	Agent    string    `json:"agent"`
	Optimum  float64   `json:"optimum"`        // $ a period, mean over paths of their own
	Episodes []int     `json:"episodes"`       // played, each twice as many as the one before
	Lost     []float64 `json:"regret"`         // $ until then
	Error    []float64 `json:"standard_error"` // over seeds and the optimum's paths, whose error grows with the number of episodes; 0 of one seed
	// Slope is that of log regret on log episodes over the last five readings, each seed's by least squares: 1 where as much is lost in every episode, ½ where
	// regret grows like √T; nil where a seed's regret is not above 0 at all of them. Its interval has both errors too, the optimum's by the delta method.
	Slope *stats.Estimate `json:"slope,omitempty"`
}

// readings is at how many numbers of episodes, each half of the next, regret is read; its slope goes by the last of them.
const (
	readings  = 8
	slopeOver = 5
)

// regrets holds what agents earned while they learned against a policy that is the best known, in the same market.
func regrets(ctx context.Context, s *scenarios.Scenario, school world, best policies.Policy, m *Summary, workers int) ([]Regret, error) {
	c := &evaluate.Contest{Arena: arenaOf(school, tuneMaster(s), workers), Paths: tunePaths, Level: level, Resamples: resamples,
		Contestants: []evaluate.Contestant{{Name: solved, Policies: []policies.Policy{best}}}}
	r, err := c.Run(ctx)
	if err != nil {
		return nil, err
	}
	var all []Regret
	for i := range s.Agents {
		name := s.Agents[i].Name
		all = append(all, regretOf(name, m.readings(name), m.learning.of(name), r.Rows[0].Profit, s.Time.Horizon))
	}
	return all, nil
}

// halves are so many episodes, and half of them, and so on, ascending.
func halves(episodes int) (all []int) {
	for n := episodes; n > 0 && len(all) < readings; n /= 2 {
		all = append(all, n)
	}
	slices.Reverse(all)
	return all
}

// regretOf is that of one agent, against an optimum that was measured on tunePaths paths.
func regretOf(agent string, episodes []int, courses []Course, optimum stats.Estimate, periods int) Regret {
	r := Regret{Agent: agent, Optimum: optimum.Value, Episodes: episodes}
	curves := make([][]float64, len(courses))
	for i, c := range courses {
		for k, n := range episodes {
			curves[i] = append(curves[i], (float64(optimum.Value*float64(n))-c.earned[k])*float64(periods))
		}
	}
	for k, n := range r.Episodes {
		var at []float64
		for i := range curves {
			at = append(at, curves[i][k])
		}
		r.Lost = append(r.Lost, stats.Mean(at))
		spread := 0.0
		if len(at) > 1 {
			spread = math.Hypot(math.Sqrt(stats.Variance(at)/float64(len(at))), optimum.StandardError*float64(n*periods))
		}
		r.Error = append(r.Error, spread)
	}
	r.Slope = slopes(r.Episodes, curves, optimum.StandardError*float64(periods))
	return r
}

// slopes is the mean of the seeds' slopes of log regret on log episodes. Each seed's regret errs alike, by doubt for every episode: what the optimum earns in one is known up to that standard error.
func slopes(episodes []int, curves [][]float64, doubt float64) *stats.Estimate {
	from := len(episodes) - slopeOver
	if from < 0 {
		return nil
	}
	var all, tilts []float64 // a tilt is by how much a slope rises where the optimum does by doubt
	for _, curve := range curves {
		var x, y, rise []float64
		for k := from; k < len(episodes); k++ {
			if !(curve[k] > 0) {
				return nil
			}
			x, y, rise = append(x, math.Log(float64(episodes[k]))), append(y, math.Log(curve[k])), append(rise, doubt*float64(episodes[k])/curve[k])
		}
		mx, my, xy, xx, tilt := stats.Mean(x), stats.Mean(y), 0.0, 0.0, 0.0
		for k := range x {
			xy += float64((x[k] - mx) * (y[k] - my))
			xx += float64((x[k] - mx) * (x[k] - mx))
			tilt += float64((x[k] - mx) * rise[k])
		}
		all, tilts = append(all, xy/xx), append(tilts, tilt/xx)
	}
	e := stats.Estimate{Value: stats.Mean(all), Level: level}
	half := 0.0
	if n := float64(len(all)); n > 1 {
		seeds, paths := stats.Variance(all)/n, stats.Mean(tilts)*stats.Mean(tilts)
		if e.StandardError = math.Sqrt(seeds + paths); e.StandardError > 0 {
			degrees := (seeds + paths) * (seeds + paths) / (seeds*seeds/(n-1) + paths*paths/(tunePaths-1)) // Satterthwaite's (1946)
			half = e.StandardError * distuv.StudentsT{Sigma: 1, Nu: degrees}.Quantile((1+level)/2)
		}
	}
	e.Low, e.High = e.Value-half, e.Value+half
	return &e
}

// mostRead is how many readings of regret are printed.
const mostRead = 5

// regretText tells regret over time and how it grows.
func (m *Summary) regretText() (text []string) {
	for i := range m.Regret {
		r := &m.Regret[i]
		var parts []string
		for k := max(0, len(r.Episodes)-mostRead); k < len(r.Episodes); k++ {
			part := fmt.Sprintf("%s after %s", thousands(r.Lost[k], ""), plural(r.Episodes[k], "episode"))
			if r.Error[k] > 0 {
				part = fmt.Sprintf("%s (s.e. %s) after %s", thousands(r.Lost[k], ""), thousands(r.Error[k], ""), plural(r.Episodes[k], "episode"))
			}
			parts = append(parts, part)
		}
		growth := ""
		if e := r.Slope; e != nil {
			growth = fmt.Sprintf("; it grows like the number of episodes to the power %.2f [%.2f, %.2f]", e.Value, e.Low, e.High)
		}
		text = append(text, fmt.Sprintf("%s gave up, while it learned and tried things, $ against the optimum's policy in the same market: %s%s", r.Agent, strings.Join(parts, ", "), growth))
	}
	return text
}
