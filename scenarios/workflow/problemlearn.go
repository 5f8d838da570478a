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
	var curves []*learningCurve
	moments := st.moments()
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
			if job.Start, err = startOf(s, &s.Agents[i]); err != nil {
				return err
			}
			curve := &learningCurve{study: st}
			curves, job.Moments, job.Look = append(curves, curve), moments, curve.look
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
		name := s.Agents[i].Name
		values, err := st.learned(name, outcomes[from:to])
		if err != nil {
			return err
		}
		st.course(name, moments, curves[from:to])
		st.regret(name, worlds[from:to])
		st.pick(name, outcomes[from:to], values, worlds[from:to])
	}
	return nil
}

// learned measures an agent's frozen policies, and gives their values; nil where the problem is too large to be solved.
func (st *problemStudy) learned(agent string, outcomes []train.Outcome) (values []float64, err error) {
	if st.solved == nil {
		return nil, nil
	}
	var shares, gaps []float64
	for i := range outcomes {
		value, err := st.solved.Evaluate(outcomes[i].Policy)
		if err != nil {
			return nil, err
		}
		score := st.solved.Score(value)
		values, shares, gaps = append(values, value), append(shares, score.OfOptimum), append(gaps, score.GapClosed)
	}
	st.over("value:"+agent, "$", values)
	st.over("of-optimum:"+agent, "", shares)
	st.all = append(st.all, Measure{Name: "worst-of-optimum:" + agent, Value: slices.Min(shares), Error: math.NaN(), N: len(shares)})
	st.over("gap-closed:"+agent, "", gaps)
	return values, nil
}

// over is a mean over seeds and its standard error; none where there is no such number.
func (st *problemStudy) over(name, unit string, x []float64) {
	if m := mean(name, unit, x); possible(m.Value) {
		st.all = append(st.all, m)
	}
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
	if value, se := growth(worlds); possible(value) {
		st.all = append(st.all, Measure{Name: "regret-slope:" + agent, Value: value, Error: se, N: len(worlds)})
	}
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
	if step.Stage != env.First && w.study.solved == nil {
		w.live(1, w.study.rate-step.Reward)
	}
	if w.earned += step.Reward; step.Stage == env.Last {
		w.episodes++
		w.live(int64(w.study.process.Periods())-w.within, w.study.rate)
		w.within = 0
	}
	return true
}

// Act keeps what the offer gives up, and makes it.
func (w *regretful) Act(action int) {
	w.within++
	if m := w.study.solved; m != nil {
		period, s := w.study.process.Locate(w.seen)
		w.live(1, m.Loss(period, s, action))
	}
	w.Market.Act(action)
}

// live adds periods and what each gave up, and reads the regret when its time comes.
func (w *regretful) live(periods int64, gave float64) {
	for range periods {
		w.lived++
		w.lost += gave
		if k := len(w.curve); k < len(w.times) && w.lived == w.times[k] {
			w.curve = append(w.curve, w.lost)
		}
	}
}

// slope is that of log regret on log time over the last five readings, by least squares, of the mean over runs but one (−1: of all); NaN where regret is not positive.
func slope(worlds []*regretful, but int) float64 {
	times := worlds[0].times
	from := max(0, len(times)-5)
	var n, x, y, xx, xy float64
	for k, t := range times[from:] {
		sum := 0.0
		for i, w := range worlds {
			if len(w.curve) < len(times) { // training was stopped before
				return math.NaN()
			}
			if i != but {
				sum += w.curve[from+k]
			}
		}
		a, b := math.Log(float64(t)), math.Log(sum)
		n, x, y, xx, xy = n+1, x+a, y+b, xx+float64(a*a), xy+float64(a*b)
	}
	return (float64(n*xy) - float64(x*y)) / (float64(n*xx) - float64(x*x))
}

// growth is the slope and its standard error by the jackknife over runs; that of one is not known.
func growth(worlds []*regretful) (value, se float64) {
	value = slope(worlds, -1)
	n, mean, square := float64(len(worlds)), 0.0, 0.0
	if len(worlds) < 2 {
		return value, math.NaN()
	}
	each := make([]float64, len(worlds))
	for i := range worlds {
		each[i] = slope(worlds, i)
		mean += each[i] / n
	}
	for _, v := range each {
		square += float64((v - mean) * (v - mean))
	}
	return value, math.Sqrt(square * (n - 1) / n)
}
