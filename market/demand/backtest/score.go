package backtest

import (
	"encoding/json"
	"math"

	"github.com/souk-sim/souk/market/demand"
)

// Score is how well a model forecast N values; periods without an actual value are left out. What is scaled is divided by the
// mean absolute change from one season to the next in the periods before the first origin (the in-sample error of the
// seasonal naive forecast; from one period to the next where there is no season or not a whole one), and so has no unit.
// Absolute errors are those of the forecast's median, squared ones those of its mean (Gneiting 2011). NaN where N is 0.
type Score struct {
	N        int
	MASE     float64 // mean absolute scaled error (Hyndman & Koehler 2006)
	SMAPE    float64 // mean of 200·|y-f|/(|y|+|f|), in percent; 0 where both are 0 (Makridakis & Hibon 2000)
	RMSSE    float64 // root of the mean squared error over the in-sample squared change of a period (M5: Makridakis et al. 2022)
	Pinball  float64 // scaled quantile loss, mean of the interval's two ends and the median (Koenker & Bassett 1978)
	Coverage float64 // share of the values inside the interval
	Width    float64 // of the interval, scaled
	Bias     float64 // mean of forecast less actual, scaled
}

// MarshalJSON writes null for NaN and for infinities, which squares of huge values are.
func (s Score) MarshalJSON() ([]byte, error) {
	var j struct {
		N        int      `json:"n"`
		MASE     *float64 `json:"mase"`
		SMAPE    *float64 `json:"smape"`
		RMSSE    *float64 `json:"rmsse"`
		Pinball  *float64 `json:"pinball"`
		Coverage *float64 `json:"coverage"`
		Width    *float64 `json:"width"`
		Bias     *float64 `json:"bias"`
	}
	finite := func(x *float64) *float64 {
		if s.N == 0 || math.IsNaN(*x) || math.IsInf(*x, 0) {
			return nil
		}
		return x
	}
	j.N, j.MASE, j.SMAPE, j.RMSSE, j.Pinball = s.N, finite(&s.MASE), finite(&s.SMAPE), finite(&s.RMSSE), finite(&s.Pinball)
	j.Coverage, j.Width, j.Bias = finite(&s.Coverage), finite(&s.Width), finite(&s.Bias)
	return json.Marshal(j)
}

// scale is what errors are divided by.
type scale struct{ absolute, squared float64 }

// scaleOf takes the scale from the periods before the first origin. A series that does not change (or has nothing to compare)
// would divide by zero: its errors are in units of its mean absolute value, or as they are where that is zero too.
func scaleOf(history []float64, season int) (s scale, constant bool) {
	s.absolute = meanChange(history, max(1, season), math.Abs)
	if !(s.absolute > 0) {
		s.absolute = meanChange(history, 1, math.Abs)
	}
	started := history
	for len(started) > 0 && started[0] == 0 { // M5 counts from the first sale on
		started = started[1:]
	}
	s.squared = meanChange(started, 1, func(d float64) float64 { return d * d })
	if s.absolute > 0 && s.squared > 0 {
		return s, false
	}
	level, n := 0.0, 0.0
	for _, y := range history {
		if !math.IsNaN(y) {
			level += math.Abs(y)
			n++
		}
	}
	if level /= n; !(level > 0) {
		level = 1
	}
	if !(s.absolute > 0) {
		s.absolute = level
	}
	if !(s.squared > 0) {
		s.squared = level * level
	}
	return s, true
}

// meanChange is the mean size of y_t - y_{t-lag}; NaN where no two values are that far apart.
func meanChange(y []float64, lag int, size func(float64) float64) float64 {
	sum, n := 0.0, 0.0
	for t := lag; t < len(y); t++ {
		if d := y[t] - y[t-lag]; !math.IsNaN(d) {
			sum += size(d)
			n++
		}
	}
	return sum / n
}

// losses are the parts of a score, value by value.
type losses struct {
	h         int
	absolute  []float64 // [origin*h+step]; scaled |y - median|, NaN where there is no actual value
	symmetric []float64
	squared   []float64
	pinball   []float64
	inside    []float64
	width     []float64
	bias      []float64
}

func (p *Plan) losses(s demand.Series, c scale, forecasts []*demand.Forecast) *losses {
	n := len(p.Origins) * p.Horizon
	l := &losses{h: p.Horizon}
	for _, x := range []*[]float64{&l.absolute, &l.symmetric, &l.squared, &l.pinball, &l.inside, &l.width, &l.bias} {
		*x = make([]float64, n)
	}
	tail := (1 - p.Coverage) / 2
	for k, f := range forecasts {
		for h := range p.Horizon {
			i, y := k*p.Horizon+h, s.Values[p.Origins[k]-s.Start+h]
			l.absolute[i] = math.Abs(y-f.Median[h]) / c.absolute
			if l.symmetric[i] = 200 * math.Abs(y-f.Median[h]) / (math.Abs(y) + math.Abs(f.Median[h])); y == 0 && f.Median[h] == 0 {
				l.symmetric[i] = 0
			}
			l.squared[i] = (y - f.Mean[h]) * (y - f.Mean[h]) / c.squared
			l.pinball[i] = (quantileLoss(y, f.Lo[h], tail) + quantileLoss(y, f.Median[h], 0.5) + quantileLoss(y, f.Hi[h], 1-tail)) / 3 / c.absolute
			if f.Lo[h] <= y && y <= f.Hi[h] {
				l.inside[i] = 1
			}
			l.width[i] = (f.Hi[h] - f.Lo[h]) / c.absolute
			l.bias[i] = (f.Mean[h] - y) / c.absolute
		}
	}
	return l
}

func quantileLoss(y, f, level float64) float64 { return max(level*(y-f), (level-1)*(y-f)) }

// over is the score of the values from index `from` on, every step-th.
func (l *losses) over(from, step int) Score {
	var s Score
	squared := 0.0
	for i := from; i < len(l.absolute); i += step {
		if math.IsNaN(l.absolute[i]) {
			continue
		}
		s.N++
		s.MASE += l.absolute[i]
		s.SMAPE += l.symmetric[i]
		squared += l.squared[i]
		s.Pinball += l.pinball[i]
		s.Coverage += l.inside[i]
		s.Width += l.width[i]
		s.Bias += l.bias[i]
	}
	n := float64(s.N)
	s.RMSSE = math.Sqrt(squared / n)
	for _, x := range []*float64{&s.MASE, &s.SMAPE, &s.Pinball, &s.Coverage, &s.Width, &s.Bias} {
		*x /= n
	}
	return s
}

// byOrigin is the mean absolute scaled error of each origin; NaN without an actual value.
func (l *losses) byOrigin() []float64 {
	out := make([]float64, len(l.absolute)/l.h)
	for k := range out {
		sum, n := 0.0, 0.0
		for _, v := range l.absolute[k*l.h : (k+1)*l.h] {
			if !math.IsNaN(v) {
				sum += v
				n++
			}
		}
		out[k] = sum / n
	}
	return out
}
