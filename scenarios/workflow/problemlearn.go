package workflow

import (
	"context"
	"math"
	"slices"
	"strconv"
	"sync/atomic"

	"github.com/souk-sim/souk/agents/train"
	"github.com/souk-sim/souk/market/monopoly"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/sim/env"
)

// learn trains every agent under every seed, and holds what they learned, and what learning cost, against the optimum.
func (st *problemStudy) learn(ctx context.Context, watch func(done, total int)) error {
	s := st.scenario
	encoder, err := st.encoder()
	if err != nil || len(s.Agents) == 0 {
		return err
	}
	var jobs []train.Job
	var worlds []*regretful
	var done atomic.Int64
	total := len(s.Agents) * s.Train.Seeds * s.Train.Episodes
	for i := range s.Agents {
		for seed := int64(1); seed <= int64(s.Train.Seeds); seed++ {
			master := train.MasterSeed(s.Seed, seed)
			w := newRegretful(st, st.process.Market(master), s.Train.Episodes)
			worlds = append(worlds, w)
			job := train.Job{Key: results.Key{Scenario: s.Name, Agent: s.Agents[i].Name, Seed: seed}, Params: s.Agents[i].Params, Master: master,
				World: func() (train.World, error) { return w, nil }, Others: []policies.Policy{nil}, Encoder: encoder, Episodes: s.Train.Episodes}
			if s.Train.Stop != nil {
				job.Stop = *s.Train.Stop
			}
			job.Watch = func(p train.Progress) {
				if n := done.Add(1); watch != nil && n%4096 == 0 {
					watch(int(n), total)
				}
			}
			jobs = append(jobs, job)
		}
	}
	outcomes, err := train.Run(ctx, jobs, st.workers)
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return err
	}
	for i := range s.Agents {
		from, to := i*s.Train.Seeds, (i+1)*s.Train.Seeds
		if err := st.learned(s.Agents[i].Name, outcomes[from:to]); err != nil {
			return err
		}
		st.regret(s.Agents[i].Name, worlds[from:to])
	}
	return nil
}

// learned measures an agent's frozen policies.
func (st *problemStudy) learned(agent string, outcomes []train.Outcome) error {
	if st.solved == nil {
		return nil
	}
	var values, shares, gaps []float64
	for i := range outcomes {
		value, err := st.solved.Evaluate(outcomes[i].Policy)
		if err != nil {
			return err
		}
		score := st.solved.Score(value)
		values, shares, gaps = append(values, value), append(shares, score.OfOptimum), append(gaps, score.GapClosed)
	}
	st.over("value:"+agent, "$", values)
	st.over("of-optimum:"+agent, "", shares)
	st.all = append(st.all, Measure{Name: "worst-of-optimum:" + agent, Value: slices.Min(shares), N: len(shares)})
	st.over("gap-closed:"+agent, "", gaps)
	return nil
}

// over is a mean over seeds and its standard error; none where there is no such number.
func (st *problemStudy) over(name, unit string, x []float64) {
	n, mean, square := float64(len(x)), 0.0, 0.0
	for _, v := range x {
		mean += v / n
	}
	for _, v := range x {
		square += float64((v - mean) * (v - mean))
	}
	if math.IsNaN(mean) || math.IsInf(mean, 0) {
		return
	}
	m := Measure{Name: name, Unit: unit, Value: mean, N: len(x)}
	if n > 1 {
		m.Error = math.Sqrt(square / (n - 1) / n)
	}
	st.all = append(st.all, m)
}

// regret measures what an agent gave up while it learned.
func (st *problemStudy) regret(agent string, worlds []*regretful) {
	each := func(of func(*regretful) float64) []float64 {
		all := make([]float64, len(worlds))
		for i, w := range worlds {
			all[i] = of(w)
		}
		return all
	}
	st.over("earned:"+agent, "$", each(func(w *regretful) float64 { return w.earned / float64(w.episodes) }))
	if st.solved == nil && st.rate == 0 {
		return
	}
	st.over("regret:"+agent, "$", each(func(w *regretful) float64 { return w.lost }))
	st.over("regret-slope:"+agent, "", each((*regretful).slope))
	for k, at := range worlds[0].times {
		st.over("regret:"+agent+"@"+strconv.FormatInt(at, 10), "$", each(func(w *regretful) float64 { return w.curve[k] }))
	}
}

// regretful is a market that keeps what its seller gives up.
type regretful struct {
	*monopoly.Market
	study    *problemStudy
	seen     []float64
	lived    int64 // periods, those after a stock is sold out included
	within   int64 // of the episode
	lost     float64
	earned   float64
	episodes int
	times    []int64   // at which regret is read, ascending
	curve    []float64 // read so far
}

// mostHalves is how often the time of training is halved.
const mostHalves = 8

func newRegretful(st *problemStudy, m *monopoly.Market, episodes int) *regretful {
	w := &regretful{Market: m, study: st}
	for t, k := int64(episodes)*int64(st.process.Periods()), 0; t > 0 && k <= mostHalves; t, k = t/2, k+1 {
		w.times = append(w.times, t)
	}
	slices.Reverse(w.times)
	return w
}

// Next is the market's.
func (w *regretful) Next(step *env.TimeStep) bool {
	if !w.Market.Next(step) {
		return false
	}
	w.seen = step.Observation
	if w.earned += step.Reward; step.Stage == env.Last {
		w.episodes++
		w.live(int64(w.study.process.Periods())-w.within, 0)
		w.within = 0
	}
	return true
}

// Act keeps what the offer gives up, and makes it.
func (w *regretful) Act(action int) {
	p := w.study.process
	period, s := p.Locate(w.seen)
	gave := 0.0
	if w.study.solved != nil {
		gave = w.study.solved.Loss(period, s, action)
	} else if w.study.rate > 0 {
		var few [64]monopoly.Outcome
		reward, _ := p.Row(period, s, action, few[:0])
		gave = -reward
	}
	w.within++
	w.live(1, gave)
	w.Market.Act(action)
}

// live adds periods and a loss, and reads the regret when its time comes.
func (w *regretful) live(periods int64, gave float64) {
	w.lost += gave
	for range periods {
		w.lived++
		if w.study.solved == nil {
			w.lost += w.study.rate
		}
		if k := len(w.curve); k < len(w.times) && w.lived == w.times[k] {
			w.curve = append(w.curve, w.lost)
		}
	}
}

// slope is that of log regret on log time over the last five readings, by least squares.
func (w *regretful) slope() float64 {
	n := min(len(w.curve), 5)
	if n < 2 || len(w.curve) < len(w.times) {
		return math.NaN()
	}
	var x, y, xx, xy float64
	for k := len(w.curve) - n; k < len(w.curve); k++ {
		a, b := math.Log(float64(w.times[k])), math.Log(w.curve[k])
		x, y, xx, xy = x+a/float64(n), y+b/float64(n), xx+a*a/float64(n), xy+a*b/float64(n)
	}
	return (xy - x*y) / (xx - x*x)
}
