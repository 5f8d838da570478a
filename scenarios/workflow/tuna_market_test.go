package workflow

import (
	"math"
	"testing"

	"github.com/souk-sim/souk/market/category"
	"github.com/souk-sim/souk/market/demand"
	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/rng"
)

// recordedTraffic is customers as they were.
type recordedTraffic []float64

func (r recordedTraffic) Path(_ *rng.Stream, customers []float64) { copy(customers, r) }

// replay is the market in which everything but shoppers and shocks is as recorded in the fitted weeks: each product's ladder has the prices and
// displays of one week after the other, so that action t is week t. In absent weeks prices stand at the reference price, which leaves it as it is, as the
// choice model has it; units tells what was sold, NaN where a brand-week was left out of the fit.
func (f *tuna) replay() (cfg category.Config, units [][]float64) {
	s, panel := f.scenario, f.data.forChoice()
	first, last := s.Data.Split.Train[0], s.Data.Split.Validation[1]
	customers := make(recordedTraffic, last-first+1)
	units = make([][]float64, len(customers))
	row := make(map[int]int)
	for t, week := range panel.Weeks {
		row[week] = t
	}
	for i := range customers {
		units[i] = make([]float64, len(panel.Brands))
		if t, ok := row[first+i]; ok {
			customers[i] = panel.Customers[t]
		} else {
			customers[i] = panel.Customers[0]
		}
	}
	for j, name := range panel.Brands {
		p := category.Product{Name: name}
		reference := known(panel.Price[0][j], 1)
		p.Reference = reference
		for i := range customers {
			rung := category.Rung{Price: reference, Display: missing}
			units[i][j] = missing
			if t, ok := row[first+i]; ok {
				rung.Price, rung.Display = known(panel.Price[t][j], reference), panel.Display[t][j]
				if panel.Price[t][j] == panel.Price[t][j] && rung.Display == rung.Display {
					units[i][j] = panel.Units[t][j]
				}
			}
			p.Rungs = append(p.Rungs, rung)
			reference = f.models.Choice.NextReference(reference, rung.Price)
		}
		cfg.Products = append(cfg.Products, p)
	}
	cfg.Choice, cfg.Start, cfg.Horizon, cfg.Share, cfg.Expected = f.models.Choice, first, len(customers), 1, true
	cfg.Reward.Of = category.CategoryProfit
	cfg.Traffic = func() (demand.Simulator, error) { return customers, nil }
	return cfg, units
}

// weeklyLogs plays an episode of the replay and fills logUnits[j] with the log units of brand j, and logUnits[brands] with those of the category, in
// the weeks in which the data have them.
func weeklyLogs(m *category.Market, episode uint64, data [][]float64, logUnits [][]float64) {
	brands := m.Players()
	for j := range logUnits {
		logUnits[j] = logUnits[j][:0]
	}
	total := make([]float64, len(data))
	m.Reset(episode)
	step := &env.TimeStep{}
	sold := m.Spec(0).Feature("sold")
	for week := -1; m.Next(step); {
		if step.Player == 0 {
			week++
		}
		if week > 0 {
			x := step.Observation[sold]
			total[week-1] += x
			if data[week-1][step.Player] == data[week-1][step.Player] {
				logUnits[step.Player] = append(logUnits[step.Player], math.Log(x))
			}
		}
		if step.Stage != env.Last {
			m.Act(week)
		}
	}
	for t, row := range data {
		if whole := sum(row); whole == whole {
			logUnits[brands] = append(logUnits[brands], math.Log(total[t]))
		}
	}
}

func sum(row []float64) (total float64) {
	for _, x := range row {
		total += x
	}
	return total
}

// Under the prices, displays and customers recorded in the fitted weeks, the simulated weekly variance of log units is within 20% of the data's, for
// the category and for each brand. The simulated variance is a mean of 200 paths, its own error below 1%.
func TestWeeklyVarianceIsThatOfTheData(t *testing.T) {
	f := cannedTuna(t)
	cfg, data := f.replay()
	m, err := category.New(&cfg, 1)
	if err != nil {
		t.Fatal(err)
	}
	brands := len(cfg.Products)
	logUnits, recorded := make([][]float64, brands+1), make([][]float64, brands+1)
	for _, row := range data {
		for j, x := range row {
			if x == x {
				recorded[j] = append(recorded[j], math.Log(x))
			}
		}
		if whole := sum(row); whole == whole {
			recorded[brands] = append(recorded[brands], math.Log(whole))
		}
	}
	const paths = 200
	simulated := make([]float64, brands+1)
	for episode := range uint64(paths) {
		weeklyLogs(m, episode, data, logUnits)
		for j := range simulated {
			simulated[j] += stats.Variance(logUnits[j]) / paths
		}
	}
	for j, v := range simulated {
		name := "category"
		if j < brands {
			name = cfg.Products[j].Name
		}
		ratio := v / stats.Variance(recorded[j])
		t.Logf("%-20s %d weeks: simulated variance %.3f, recorded %.3f, ratio %.3f", name, len(recorded[j]), v, stats.Variance(recorded[j]), ratio)
		if math.Abs(ratio-1) > 0.2 {
			t.Errorf("%s: simulated variance is %.3f of the recorded", name, ratio)
		}
	}
}
