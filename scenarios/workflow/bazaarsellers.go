package workflow

import (
	"context"
	"fmt"
	"sync"

	"github.com/souk-sim/souk/market"
	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/rng"
)

// SellerLine is what a seller came to in simulated episodes: means of an episode.
type SellerLine struct {
	Seller string         `json:"seller"`
	Brain  string         `json:"brain"`
	Earned stats.Estimate `json:"earned"` // of its reward, $ a period
	market.SellerAccount
}

// simulateAll plays a market in which every seller has a brain.
func (b *bazaar) simulateAll(ctx context.Context, r *Run) (*Simulation, error) {
	r.tell(Progress{Stage: "fit", Total: 1})
	if err := b.Fit(ctx, r.workers(), r.counting("fit")); err != nil {
		return nil, err
	}
	r.tell(Progress{Stage: "simulate", Total: b.s.Evaluate.Paths}) // each worker makes a world before its first episode
	if _, _, err := b.worlds(ctx); err != nil {
		return nil, err
	}
	paths, n := b.s.Evaluate.Paths, len(b.cfg.Sellers)
	played, whose := make([][]market.SellerAccount, paths), make([][]market.Segment, paths)
	if err := b.playAll(ctx, played, whose, r); err != nil {
		return nil, err
	}
	m := &Simulation{}
	for i, seller := range b.s.Players() {
		line := SellerLine{Seller: b.cfg.Sellers[i].Name, Brain: seller.Rule.Kind}
		earned := make([]float64, paths)
		for path := range played {
			a := &played[path][i]
			earned[path] = a.Reward / float64(b.s.Time.Horizon)
			for _, pair := range [][2]*float64{{&line.Reward, &a.Reward}, {&line.Revenue, &a.Revenue}, {&line.Profit, &a.Profit}, {&line.Units, &a.Units},
				{&line.Orders, &a.Orders}, {&line.Lost, &a.Lost}, {&line.PriceChanges, &a.PriceChanges}} {
				*pair[0] += *pair[1] / float64(paths)
			}
		}
		var err error
		if line.Earned, err = stats.Crossed([][]float64{earned}, level); err != nil {
			return nil, err
		}
		m.Sellers = append(m.Sellers, line)
	}
	m.text = fmt.Sprintf("%s: what its %s earn, $ a %s, over %d paths of %s; ± is half of the %.0f%% interval.\nThe other columns are means of an episode\n\n",
		b.s.Name, plural(n, "seller"), b.s.Time.Period, paths, plural(b.s.Time.Horizon, b.s.Time.Period), 100*level) + sellersTable(m.Sellers)
	var sum []market.Segment
	for _, of := range whose {
		sum = addSegments(sum, of, float64(paths*b.s.Time.Horizon))
	}
	if m.Segments = b.segmented("", paths, sum); m.Segments.text != "" {
		m.text += "\n" + m.Segments.text
	}
	return m, nil
}

// playAll plays every path, several at once.
func (b *bazaar) playAll(ctx context.Context, played [][]market.SellerAccount, whose [][]market.Segment, r *Run) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	master, next := evaluate.MasterSeed(b.s.Seed), make(chan int)
	var group sync.WaitGroup
	var lock sync.Mutex
	done := 0
	for range max(1, min(r.workers(), len(played))) {
		group.Go(func() {
			m, err := market.New(b.cfg, master)
			if err == nil {
				m.Until(ctx.Done())
			}
			for path := range next {
				if err == nil {
					played[path], err = b.playOnce(m, master, path)
					whose[path] = m.Segments()
				}
				if err != nil {
					cancel(err)
					continue
				}
				lock.Lock()
				done++
				r.tell(Progress{Stage: "simulate", Done: done, Total: len(played)})
				lock.Unlock()
			}
		})
	}
	for path := range played {
		if ctx.Err() != nil {
			break
		}
		next <- path
	}
	close(next)
	group.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

func (b *bazaar) playOnce(m *market.Market, master uint64, path int) ([]market.SellerAccount, error) {
	brain := rng.New(master, uint64(path)).Family("brain")
	turns := make([]uint64, m.Players())
	m.Reset(uint64(path))
	for step := new(env.TimeStep); m.Next(step); {
		if step.Stage == env.Last {
			continue
		}
		who := step.Player
		u := brain.At(uint64(who), turns[who])
		turns[who]++
		m.Act(b.full.Others[who].Decide(step.Observation, u.Float64()).Action)
	}
	all := make([]market.SellerAccount, m.Players())
	for i := range all {
		all[i] = m.SellerAccount(i)
	}
	return all, fault(b.s, m.Err())
}

func sellersTable(all []SellerLine) string {
	rows := [][]string{{"", "rule", "earns", "revenue", "profit", "units", "order lines", "units lost", "new offers"}}
	for i := range all {
		l := &all[i]
		row := []string{l.Seller, l.Brain, plusMinus(l.Earned, "")}
		for _, x := range []float64{l.Revenue, l.Profit, l.Units, l.Orders, l.Lost, l.PriceChanges} {
			row = append(row, thousands(x, ""))
		}
		rows = append(rows, row)
	}
	return align(rows)
}
