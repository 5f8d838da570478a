package market

import (
	"math"
	"slices"
	"testing"

	"github.com/souk-sim/souk/market/promotion"
	"github.com/souk-sim/souk/sim/env"
)

// foreseen is a market in which much happens that an outlook must know: two channels with costs, personas who remember and who come late, a season, a change of mood, returns, carts that are
// left, and a promotion that an offer switches on.
func foreseen() *Config {
	cfg := duopoly()
	cfg.Horizon = 6
	cfg.Traffic.Season = Season{Amplitude: 0.5, Days: 7, Peak: 3}
	cfg.Traffic.Shocks = []Shock{{Day: 4, Visitors: 1.5, Price: 0.7}}
	cfg.Channels = []Channel{{Name: "web", Share: 1, OrderCost: 0.1}, {Name: "app", Share: 2, Utility: 0.3, Commission: 0.1}}
	cfg.Personas[0].Trend, cfg.Personas[0].Gain, cfg.Personas[0].Deal, cfg.Personas[1].Loss = 2, 0.8, 0.3, 0.4
	cfg.Reference.Memory = 0.6
	cfg.Products[0].Returns = 0.1
	cfg.Visit.Abandon, cfg.Visit.ThinkMinutes, cfg.Visit.PayMinutes, cfg.Visit.Returns = 0.2, 0, 0, 0.01
	cfg.Promotions.Promotions = []promotion.Promotion{{Name: "off", Kind: "percentage", Products: []string{"a", "b"}, Off: true, Options: &promotion.Percentage{Percent: 20}}}
	cfg.Sellers[0].Offers = append(slices.Clone(cfg.Sellers[0].Offers), Offer{Price: 1, Promotion: "off"})
	cfg.Sellers[0].Offers = append(cfg.Sellers[0].Offers[:2:2], cfg.Sellers[0].Offers[3])
	cfg.Sellers[0].Opening = 1
	return cfg
}

// shift has both sellers move all the time.
func shift(step *env.TimeStep) int {
	period := int(step.Observation[0] + 1e-9)
	if step.Player == 0 {
		return period % 3
	}
	return (period / 2) % 3
}

// What an outlook expects of the offers that are made is what they earn and sell in the mean, within 3.29 standard errors: one false alarm in 170 for all.
func TestAnOutlookIsWhatComes(t *testing.T) {
	for _, every := range []float64{1, 0.25, 2} {
		cfg := foreseen()
		cfg.Sellers[0].Review.Every = every
		cfg.Traffic.Hours = []float64{1, 1, 1, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1, 1, 1}
		outlookIsWhatComes(t, cfg, every)
	}
}

func outlookIsWhatComes(t *testing.T, cfg *Config, every float64) {
	m := open(t, cfg, 1)
	o := &Outlook{}
	m.Look(o)
	shift := func(step *env.TimeStep) int { // both sellers move all the time
		if step.Player == 0 {
			return int(step.Observation[0]/every+1e-9) % 3
		}
		return shift(step)
	}
	const episodes = 400
	var earned, sold []float64
	for e := range uint64(episodes) {
		watch(t, m, e, shift, nil)
		earned = append(earned, float64(m.sellers[0].profit())/minor)
		sold = append(sold, float64(m.sellers[0].sold))
	}
	reward, units := 0.0, 0.0
	for review := range o.Reviews {
		p := &o.Reviews[review]
		row := review % 3
		reward += p.Reward[row] / episodes
		units += (p.Units[2*row]/0.9 + p.Units[2*row+1]) / episodes // before returns
	}
	for _, c := range []struct {
		name     string
		expected float64
		found    []float64
	}{{"profit", reward, earned}, {"units", units, sold}} {
		mean, square := 0.0, 0.0
		for _, x := range c.found {
			mean += x / episodes
		}
		for _, x := range c.found {
			square += (x - mean) * (x - mean) / (episodes - 1)
		}
		if z := (mean - c.expected) / math.Sqrt(square/episodes); !(math.Abs(z) < 3.29) {
			t.Errorf("reviews every %g days, %s: expected %.5g, in the mean of %d episodes %.5g (z = %.2f)", every, c.name, c.expected, episodes, mean, z)
		}
	}
}

func TestLookingAheadChangesNothing(t *testing.T) {
	for _, references := range [][]float64{nil, {0.8, 0.9, 1}} {
		var with, without []Record
		m := open(t, foreseen(), 1)
		watch(t, m, 0, shift, func(r *Record) { without = append(without, *r) })
		m.Look(&Outlook{References: references})
		watch(t, m, 0, shift, func(r *Record) { with = append(with, *r) })
		if !slices.Equal(with, without) {
			t.Errorf("references %v: %d records with an outlook, %d without, or others", references, len(with), len(without))
		}
	}
}
