package workflow

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/market/demand"
	"github.com/souk-sim/souk/market/logs"
	"github.com/souk-sim/souk/scenarios/field"
)

// Unconstrained says what became of sales that stock had cut short.
type Unconstrained struct {
	By       string `json:"by"`
	Series   int    `json:"series"`   // that had such
	Periods  int    `json:"periods"`  // sold out
	Observed int    `json:"observed"` // periods with a value, of those series
	Sales    orNull `json:"mean_sales"`
	Demand   orNull `json:"mean_demand"`
}

// String tells it in one line.
func (u *Unconstrained) String() string {
	if u.Periods == 0 {
		return "no period was sold out"
	}
	return fmt.Sprintf("%d of %d periods were sold out: demand there is estimated from the whole history (%s), back-tests too; the mean goes from %s to %s",
		u.Periods, u.Observed, u.By, figure(float64(u.Sales)), figure(float64(u.Demand)))
}

// add takes those of another series in.
func (u *Unconstrained) add(o *Unconstrained) {
	if o.Periods == 0 {
		return
	}
	n, m := orNull(u.Observed), orNull(o.Observed)
	u.Sales, u.Demand = (u.Sales*n+o.Sales*m)/(n+m), (u.Demand*n+o.Demand*m)/(n+m)
	u.By, u.Series, u.Periods, u.Observed = o.By, u.Series+o.Series, u.Periods+o.Periods, u.Observed+o.Observed
}

// unconstrain takes the last regressor, the share of the period in which stock had run out, off s, and puts expected demand in the place of
// the sales it cut short.
func (d *SeriesData) unconstrain(s *logs.Series) (*Unconstrained, error) {
	last := len(s.Names) - 1
	flags := s.Regressors[last]
	s.Names, s.Regressors = s.Names[:last], s.Regressors[:last]
	u := &Unconstrained{By: d.Unconstrain}
	soldOut := make([]bool, len(flags))
	for i, y := range s.Values {
		if math.IsNaN(y) {
			continue
		}
		share := flags[i]
		if math.IsNaN(share) && d.Placing.Zero {
			share = 0 // it has no row
		}
		if !(share >= 0 && share <= 1) {
			return nil, field.New(fmt.Sprintf("%s at %s", d.SoldOut, s.Grid.Label(s.Start+i)), share, "1 where stock ran out, 0 where it did not")
		}
		u.Observed++
		if soldOut[i] = share > 0; soldOut[i] {
			u.Periods++
		}
		u.Sales += orNull(y)
	}
	if u.Periods == 0 {
		u.Sales /= orNull(max(u.Observed, 1))
		u.Demand = u.Sales
		return u, nil
	}
	free, err := demand.Unconstrain(demand.Series{Start: 1, Values: s.Values, Regressors: explanatory(s)}, soldOut, d.Unconstrain)
	if err != nil {
		return nil, fmt.Errorf("unconstraining sales by %s: %w", d.Unconstrain, err)
	}
	for _, y := range free.Values {
		if !math.IsNaN(y) {
			u.Demand += orNull(y)
		}
	}
	s.Values, u.Series = free.Values, 1
	u.Sales, u.Demand = u.Sales/orNull(u.Observed), u.Demand/orNull(u.Observed)
	return u, nil
}

// explanatory are the regressors of a series as models take them.
func explanatory(s *logs.Series) (xs []demand.Regressor) {
	for i, name := range s.Names {
		xs = append(xs, demand.Regressor{Name: name, Values: s.Regressors[i]})
	}
	return xs
}
