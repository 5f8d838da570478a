package workflow

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/souk-sim/souk/agents/train"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/results/report"
	"github.com/souk-sim/souk/results/stats"
)

const (
	// mostMoments is how many points a learning curve has: two an octave, back from the last episode.
	mostMoments = 20
	// mostLooked is how many pairs of state and period a process may have for its learning curve to be computed: a policy's value takes about 0.1 μs for each.
	mostLooked = 1 << 16
)

// moments are the numbers of episodes after which learners are looked at, ascending; none where a look would take too long.
func (st *problemStudy) moments() (all []int) {
	pairs := st.process.States()
	if !st.process.Endless() {
		pairs *= st.process.Periods()
	}
	if st.solved == nil || pairs > mostLooked {
		return nil
	}
	for k := range mostMoments {
		if n := int(math.Round(float64(st.scenario.Train.Episodes) * math.Exp2(-float64(k)/2))); n > 0 {
			all = append(all, n)
		}
	}
	slices.Reverse(all)
	return slices.Compact(all)
}

// learningCurve is what the greedy policy of one training was worth at its moments.
type learningCurve struct {
	study  *problemStudy
	shares []float64 // of the optimum
}

func (c *learningCurve) look(_ int, policy policies.Policy) error {
	value, err := c.study.solved.Evaluate(policy)
	c.shares = append(c.shares, c.study.solved.Score(value).OfOptimum)
	return err
}

// course measures an agent's learning curve. A training that was stopped counts on with the last that was seen of it.
func (st *problemStudy) course(agent string, moments []int, curves []*learningCurve) {
	for k, n := range moments {
		var shares []float64
		for _, c := range curves {
			if len(c.shares) > 0 {
				shares = append(shares, c.shares[min(k, len(c.shares)-1)])
			}
		}
		st.over("of-optimum:"+agent+"@"+strconv.Itoa(n), "", shares)
	}
}

// Pick is the policy that a run hands on: of the learner that is best in the mean of its seeds, the one of the best seed. Where a problem is too large for
// exact values, rewards while learning decide.
type Pick struct {
	Agent     string   `json:"agent"`
	Seed      int64    `json:"seed"`
	Episodes  int      `json:"episodes"`
	Value     *float64 `json:"value,omitempty"` // exact, $
	OfOptimum *float64 `json:"of_optimum,omitempty"`

	Policy policies.Frozen `json:"-"`
}

// pick keeps an agent's best policy where the agent is the best so far.
func (st *problemStudy) pick(agent string, outcomes []train.Outcome, values []float64, worlds []*regretful) {
	exact := values != nil
	if !exact {
		for _, w := range worlds {
			values = append(values, w.earned/float64(w.episodes))
		}
	}
	mean := stats.Mean(values)
	i := slices.Index(values, slices.Max(values))
	policy, writable := outcomes[max(i, 0)].Policy.(policies.Frozen)
	if !writable || i < 0 || st.best != nil && mean <= st.mean {
		return
	}
	st.mean, st.best = mean, &Pick{Agent: agent, Seed: int64(i) + 1, Episodes: outcomes[i].Episodes, Policy: policy}
	if exact {
		st.best.Value = &values[i]
		if share := st.solved.Score(values[i]).OfOptimum; !math.IsNaN(share) && !math.IsInf(share, 0) {
			st.best.OfOptimum = &share
		}
	}
}

// curvesOf draws the learning curves that are among the measures of a pricing problem, in per cent of the optimum; nil where there are none.
func curvesOf(title, subtitle string, all []Measure) *report.Progress {
	l := &report.Progress{Title: title, Subtitle: subtitle, X: "training episode", Y: "value of the greedy policy, % of the optimum"}
	seeds := 0
	for _, m := range all {
		name, is := strings.CutPrefix(m.Name, "of-optimum:")
		agent, text, on := strings.Cut(name, "@")
		switch episodes, err := strconv.ParseFloat(text, 64); {
		case is && name == bestFixed:
			l.References = append(l.References, report.Reference{Name: name, Value: 100 * m.Value})
		case is && on && err == nil:
			if n := len(l.Curves); n == 0 || l.Curves[n-1].Name != agent {
				l.Curves = append(l.Curves, report.Estimates{Name: agent})
			}
			c := &l.Curves[len(l.Curves)-1]
			low, high := m.interval()
			c.X, c.Value, c.Low, c.High = append(c.X, episodes), append(c.Value, 100*m.Value), append(c.Low, 100*low), append(c.High, 100*high)
			seeds = m.N
		}
	}
	if len(l.Curves) == 0 {
		return nil
	}
	l.References = append(l.References, report.Reference{Name: "optimum", Value: 100})
	l.Caption = "Exact values of policies frozen on the way. Lines: mean of " + plural(seeds, "seed") + ". Bands: 95% intervals by Student's t."
	if seeds < 2 {
		l.Caption = "Exact values of policies frozen on the way. One seed."
	}
	return l
}

// interval is the 95% interval of a mean by Student's t; the mean alone where the error is not known.
func (m *Measure) interval() (low, high float64) {
	if m.N < 2 {
		return m.Value, m.Value
	}
	by := m.Error * distuv.StudentsT{Sigma: 1, Nu: float64(m.N - 1)}.Quantile(0.975)
	return m.Value - by, m.Value + by
}
