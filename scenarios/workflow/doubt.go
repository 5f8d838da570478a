package workflow

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/souk-sim/souk/market/choice"
	"github.com/souk-sim/souk/market/optimum"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/policies/rules"
	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios"
)

// Robustness is the headline where the fitted model is another: under other memories of the reference price that the validation weeks cannot
// tell from the chosen one, and over draws of the coefficients from their sampling distribution. The learned policy and history are those of the
// comparison; the best fixed price, the best cycle and the optimum are tuned again under each model.
type Robustness struct {
	Memories []UnderMemory `json:"memories,omitempty"`
	Draws    int           `json:"draws"`
	Spreads  []Spread      `json:"over_draws,omitempty"`
}

// Headline is what the main contestants earn under one model.
type Headline struct {
	Fixed  float64            `json:"best_fixed"`
	Cycle  evaluate.Cycle     `json:"best_cycle"`
	Weekly map[string]float64 `json:"weekly"` // $ a week by policy, the chosen one as "learned"
}

// learnedName is the chosen policy's place in a Headline.
const learnedName = "learned"

// over is what one policy earns more than another, $ a week and as a share.
func (h *Headline) over(a, b string) (dollars, share float64) {
	dollars = h.Weekly[a] - h.Weekly[b]
	return dollars, dollars / h.Weekly[b]
}

// UnderMemory is the headline under one memory, with what the data say of it.
type UnderMemory struct {
	Memory   float64 `json:"memory"`
	AIC      float64 `json:"aic"`             // on the training weeks, less that of the chosen memory
	Behind   float64 `json:"behind_per_week"` // validation log density short of the best memory
	BehindSE float64 `json:"behind_se"`       // of Behind
	Tied     bool    `json:"tied"`            // the validation weeks cannot tell it from the best
	Depth    bool    `json:"depth,omitempty"` // shoppers also respond to the depth below the regular price; BehindSE is then that against the chosen model
	Headline
}

// Spread is a difference over the draws of the coefficients: its median, and where 95% of the draws lie.
type Spread struct {
	Of     string  `json:"of"`
	Over   string  `json:"over"` // a policy, or "gap": then the share of the gap from the best fixed price to the optimum
	Median float64 `json:"median"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
	Share  float64 `json:"median_share"` // of what Over earns
	Wins   float64 `json:"wins"`         // share of the draws in which it is above zero
}

// How much doubt looks at.
const (
	mostMemories   = 6
	drawSample     = 6  // paths a draw's rules are tuned on
	drawPaths      = 16 // paths a draw's headline is played on
	drawGridRefine = 10
	longestDoubted = 13 // weeks of a cycle: longer memories want longer ones
	doubtFirst     = 4  // paths that every rule plays where rules are tuned by playing
	doubtPaths     = 32 // that the last ones have played
	doubtDealWeeks = 3
)

// Doubt repeats the headline under other models, with demand in closed form.
func Doubt(ctx context.Context, s *scenarios.Scenario, d *Data, m *Models, b *Baselines, chosen *Chosen, workers int, watch func(done, total int)) (*Robustness, error) {
	r := &Robustness{Draws: s.Evaluate.CoefficientDraws}
	if r.Draws == 0 {
		return r, nil
	}
	q := &question{s: s, d: d, m: m, learned: chosen.Policy, history: b.policies[history]}
	r.Memories = variants(m.Choice)
	total := len(r.Memories) + r.Draws
	for i := range r.Memories {
		u := &r.Memories[i]
		o := choiceOptions(s)
		spec := m.Choice.Spec
		spec.Memory = u.Memory
		work := effort{samplePaths, gridRefine, s.Evaluate.Paths, workers}
		if u.Depth {
			spec.Depth, work.sampled = choice.Common, 0
		}
		o.Spec = &spec
		model, err := choice.Fit(d.forChoice(), o)
		if err == nil {
			u.Headline, err = q.ask(ctx, model, work)
		}
		if err != nil {
			return nil, fmt.Errorf("memory %v: %w", spec.Memory, err)
		}
		watch(i+1, total)
	}
	drawn, err := q.draws(ctx, r.Draws, workers, func(n int) { watch(len(r.Memories)+n, total) })
	if err != nil {
		return nil, err
	}
	for _, pair := range [][2]string{{bestCycle, bestFixed}, {learnedName, bestFixed}, {learnedName, history}} {
		r.Spreads = append(r.Spreads, spread(drawn, pair[0], pair[1]))
	}
	r.Spreads = append(r.Spreads, gapSpread(drawn))
	return r, nil
}

// variants are the models besides the chosen one that the data do not rule out: other memories, and the chosen one with depth.
func variants(c *choice.ShareLogit) []UnderMemory {
	all := tiedMemories(c)
	at := slices.IndexFunc(all, func(u UnderMemory) bool { return u.Memory == c.Spec.Memory })
	k := slices.IndexFunc(c.Diagnostics.Mechanisms, func(m choice.Mechanism) bool { return strings.HasPrefix(m.Name, "depth") })
	if at < 0 || k < 0 || c.Spec.Depth != "" && c.Spec.Depth != choice.Absent {
		return all
	}
	depth := c.Diagnostics.Mechanisms[k]
	return append(all, UnderMemory{Memory: c.Spec.Memory, AIC: depth.AIC, Behind: all[at].Behind - depth.Score, BehindSE: depth.ScoreSE, Depth: true})
}

// tiedMemories are at most mostMemories of the memories that the validation weeks cannot tell apart, spread out, with the chosen one, the next best
// and the one of the highest validation score. There are none where the memory was given.
func tiedMemories(c *choice.ShareLogit) []UnderMemory {
	if len(c.Diagnostics.Selections) == 0 {
		return nil
	}
	var all []UnderMemory
	best, chosenAIC := 0, 0.0
	options := c.Diagnostics.Selections[0].Options
	for i, o := range options {
		memory, err := strconv.ParseFloat(o.Value, 64)
		if err != nil {
			return nil // not a question about the memory
		}
		if o.Score > options[best].Score {
			best = i
		}
		if memory == c.Spec.Memory {
			chosenAIC = o.AIC
		}
		all = append(all, UnderMemory{Memory: memory, AIC: o.AIC, Behind: o.Behind, BehindSE: o.BehindSE, Tied: o.Tied})
	}
	if len(all) < 2 {
		return nil
	}
	var kept []UnderMemory
	for i := range all {
		all[i].AIC -= chosenAIC
		if m := all[i].Memory; m == c.Spec.Memory || m == c.Diagnostics.NextBestMemory || i == best {
			kept = append(kept, all[i])
		}
	}
	for len(kept) < mostMemories {
		farthest, distance := -1, 0.0
		for i, candidate := range all {
			nearest := math.Inf(1)
			for _, k := range kept {
				nearest = min(nearest, math.Abs(candidate.Memory-k.Memory))
			}
			if candidate.Tied && nearest > distance-1e-9 && nearest > 1e-9 { // of equally far ones the longest memory
				farthest, distance = i, nearest
			}
		}
		if farthest < 0 {
			break
		}
		kept = append(kept, all[farthest])
	}
	slices.SortFunc(kept, func(a, b UnderMemory) int { return int(math.Copysign(1, a.Memory-b.Memory)) })
	return kept
}

// question is what is asked again under other models.
type question struct {
	s       *scenarios.Scenario
	d       *Data
	m       *Models
	learned policies.Policy
	history policies.Policy
}

// effort is how much work an answer gets.
type effort struct {
	sampled int // paths of the reduction that rules are tuned on; 0: rules are tuned by playing, and there is no optimum
	refine  int // grid points between rungs
	paths   int // played
	workers int
}

// ask tunes the rules again under a model and plays the headline there, on evaluation paths.
func (q *question) ask(ctx context.Context, model *choice.ShareLogit, e effort) (Headline, error) {
	var h Headline
	full, err := Build(q.s, q.d, &Models{Traffic: q.m.Traffic, Choice: model, Prices: q.m.Prices}, q.s.Market.Stores.EvaluateShare())
	if err != nil {
		return h, err
	}
	w := full.expected()
	c := evaluate.Contest{Arena: arenaOf(w, evaluate.MasterSeed(q.s.Seed), e.workers), Paths: e.paths, Level: level, Resamples: resamples}
	enter := func(name string, p policies.Policy, err error) error {
		c.Contestants = append(c.Contestants, evaluate.Contestant{Name: name, Policies: []policies.Policy{p}})
		return err
	}
	if e.sampled == 0 {
		h.Fixed, h.Cycle, err = w.playTuned(ctx, q.s, e.workers)
	} else {
		var optimal policies.Policy
		h.Fixed, h.Cycle, optimal, err = w.solveTuned(ctx, q.s, e)
		err = errors.Join(err, enter(solved, optimal, nil))
	}
	if err != nil {
		return h, err
	}
	fixed, err := (&rules.Fixed{Price: h.Fixed}).Policy(w.Spec)
	if err := enter(bestFixed, fixed, err); err != nil {
		return h, err
	}
	cycle, err := cycleRule(h.Cycle).Policy(w.Spec)
	if err := enter(bestCycle, cycle, err); err != nil {
		return h, err
	}
	if err := errors.Join(enter(learnedName, q.learned, nil), enter(history, q.history, nil)); err != nil {
		return h, err
	}
	result, err := c.Run(ctx)
	if err != nil {
		return h, err
	}
	h.Weekly = map[string]float64{}
	for _, row := range result.Rows {
		h.Weekly[row.Name] = row.Profit.Value
	}
	return h, nil
}

// playTuned tunes the rules by playing them, where the reduction does not know the model.
func (w *World) playTuned(ctx context.Context, s *scenarios.Scenario, workers int) (fixed float64, cycle evaluate.Cycle, err error) {
	arena := arenaOf(w, tuneMaster(s), workers)
	budget := evaluate.Budget{First: doubtFirst, Paths: doubtPaths}
	best, err := arena.BestFixed(ctx, func(price float64) (policies.Policy, error) { return (&rules.Fixed{Price: price}).Policy(w.Spec) }, budget)
	if err != nil {
		return 0, cycle, err
	}
	cycles := evaluate.Cycles(w.Spec.Offers, longest, doubtDealWeeks)
	tuned, err := arena.BestCycle(ctx, cycles, func(c evaluate.Cycle) (policies.Policy, error) { return cycleRule(c).Policy(w.Spec) }, budget)
	if err != nil {
		return 0, cycle, err
	}
	return best.Price, tuned.Cycle, nil
}

// solveTuned tunes the rules in closed form on a reduction, and solves it.
func (w *World) solveTuned(ctx context.Context, s *scenarios.Scenario, e effort) (fixed float64, cycle evaluate.Cycle, optimal policies.Policy, err error) {
	sample, reduction, err := w.reduce(ctx, s, e.sampled, e.refine)
	if err != nil {
		return 0, cycle, nil, err
	}
	if fixed, cycle, err = retune(sample, reduction); err != nil {
		return 0, cycle, nil, err
	}
	plan, err := reduction.Average(sample.Reward)
	if err != nil {
		return 0, cycle, nil, err
	}
	optimal, err = w.follow(plan, sample)
	return fixed, cycle, optimal, err
}

// retune finds the best fixed price and the best cycle of an episode from its opening reference price on, in the mean of all sampled weeks. Over an
// episode, and not in the long run: a long memory hardly gets there.
func retune(sample *optimum.Sample, r optimum.Reduction) (fixed float64, cycle evaluate.Cycle, err error) {
	alone := *sample
	alone.Rivals = nil // one state: the mean over all
	r.Rivals = nil
	reward, err := r.Tabulate(alone.Reward)
	if err != nil {
		return 0, cycle, err
	}
	ranked, err := r.Cycles(longestDoubted, longestDoubted-1, reward)
	if err != nil {
		return 0, cycle, err
	}
	mean := make([]float64, 1)
	bestOf := [2]float64{math.Inf(-1), math.Inf(-1)} // fixed, cycle
	for i := range ranked {
		reference, total := r.Start, 0.0
		for week := range sample.Weeks {
			action := ranked[i].At(week)
			reward(reference, action, mean)
			total += mean[0]
			reference = float64(r.Memory*reference) + float64((1-r.Memory)*r.Prices[action])
		}
		switch {
		case ranked[i].DealWeeks == 0 && total > bestOf[0]:
			bestOf[0], fixed = total, r.Prices[ranked[i].Regular]
		case ranked[i].DealWeeks > 0 && total > bestOf[1]:
			bestOf[1], cycle = total, priced(r.Prices, ranked[i])
		}
	}
	return fixed, cycle, nil
}

// draws asks under draws of the coefficients, several at once.
func (q *question) draws(ctx context.Context, n, workers int, watch func(done int)) ([]Headline, error) {
	all, errs := make([]Headline, n), make([]error, n)
	next := make(chan int)
	var group sync.WaitGroup
	var lock sync.Mutex
	done := 0
	for range max(1, min(workers, n)) {
		group.Go(func() {
			for k := range next {
				model, err := redrawn(q.s, q.m.Choice, k)
				if err == nil {
					all[k], err = q.ask(ctx, model, effort{drawSample, drawGridRefine, drawPaths, 1})
				}
				errs[k] = err
				lock.Lock()
				done++
				watch(done)
				lock.Unlock()
			}
		})
	}
	for k := range all {
		if ctx.Err() != nil {
			break
		}
		next <- k
	}
	close(next)
	group.Wait()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	for k, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("coefficient draw %d: %w", k, err)
		}
	}
	return all, nil
}

func spread(drawn []Headline, of, over string) Spread {
	var dollars, shares []float64
	for i := range drawn {
		x, share := drawn[i].over(of, over)
		dollars, shares = append(dollars, x), append(shares, share)
	}
	s := summarise(of, over, dollars)
	s.Share = stats.Median(shares)
	return s
}

// gapSpread is the share of the gap from the best fixed price to the optimum that the learned policy closes, in the draws that have a gap.
func gapSpread(drawn []Headline) Spread {
	var shares []float64
	for i := range drawn {
		if gap, _ := drawn[i].over(solved, bestFixed); gap > 0 {
			closed, _ := drawn[i].over(learnedName, bestFixed)
			shares = append(shares, closed/gap)
		}
	}
	s := summarise(learnedName, "gap", shares)
	s.Share = s.Median
	return s
}

func summarise(of, over string, x []float64) Spread {
	if len(x) == 0 {
		return Spread{Of: of, Over: over}
	}
	s := Spread{Of: of, Over: over, Median: stats.Median(x), Low: stats.Quantile(x, (1-level)/2), High: stats.Quantile(x, (1+level)/2)}
	for _, v := range x {
		if v > 0 {
			s.Wins += 1 / float64(len(x))
		}
	}
	return s
}
