package experiment

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/sim/rng"
)

// Uplift tells whether a treatment works better for some units than for others, by what was known of them before. Two forests, one of each arm, learn the first metric from the covariates and the segments' values (a T-learner:
// Künzel, Sekhon, Bickel & Yu 2019); their difference predicts a unit's effect. What is told of the predictions is measured on units that they were not learnt from: units are dealt into folds, and each fold but the first
// is predicted from those before it (sequential validation: Wager 2024, arXiv:2405.05534), so that no fold's error depends on a later one and the folds' test statistics add up to a normal law. An effect is measured by the
// doubly robust score μ₁ − μ₀ + (y − μ of the arm)/(± share of the arm). Of a metric that is a ratio, y is (Σy − R·Σd)/mean Σd, R the control's.
type Uplift struct {
	Arm      string         `json:"arm"`
	Measured int            `json:"units"` // predicted and measured
	P        float64        `json:"p"`     // one-sided, of effects that do not grow with their predictions: the best linear predictor of Chernozhukov, Demirer, Duflo & Fernández-Val (2018)
	Best     stats.Estimate `json:"best_quarter"`
	Worst    stats.Estimate `json:"worst_quarter"`
	Gap      stats.Estimate `json:"best_less_worst"`
	Traits   []Trait        `json:"traits"` // on which the predictions lean, the strongest first
}

// Trait is a covariate on which predicted effects lean.
type Trait struct {
	Name  string  `json:"name"`
	Share float64 `json:"share"`         // of the predictions' variance that is lost without it: Sobol's total index, by the estimator of Jansen (1999)
	Best  float64 `json:"best_quarter"`  // its mean there
	Worst float64 `json:"worst_quarter"` // likewise
}

const (
	upliftFolds  = 5
	upliftTrees  = 60
	upliftUnits  = 100    // the fewest of an arm that are worth it
	upliftGrown  = 20_000 // the most of an arm that a forest grows on
	upliftTraits = 3      // told, of those with a share of a tenth or more
)

// uplift fills Report.Uplift, for units that are no clusters, where anything is known of them.
func (a *analysis) uplift() error {
	if a.rows.Clustered {
		return nil
	}
	names, x := a.traits()
	if len(names) == 0 {
		return nil
	}
	for arm := 1; arm < a.units.arms; arm++ {
		l := a.learner(names, x, int32(arm))
		if l == nil {
			continue
		}
		u, err := l.validate(a.options.Alpha)
		if err != nil {
			return err
		}
		u.Arm = a.rows.Arms[arm]
		a.report.Uplift = append(a.report.Uplift, u)
	}
	return nil
}

// traits are what is known of each unit: covariates by its first row that has one, else their mean, and a 0 or 1 for each value of a segment.
func (a *analysis) traits() (names []string, x [][]float64) {
	x = make([][]float64, len(a.units.arm))
	for _, c := range a.rows.Covariates {
		known := make([]int32, len(x))
		at := make([][3]float64, len(x))
		for row, unit := range a.rows.Unit {
			if k := a.units.rank[unit]; !math.IsNaN(c.Of[row]) {
				at[k][2] += c.Of[row]
				known[k]++
			}
		}
		if !fillIn(at, known) {
			continue
		}
		names = append(names, c.Name)
		for k := range x {
			x[k] = append(x[k], at[k][2])
		}
	}
	for s, segment := range a.rows.Segments {
		count := make([]int, len(segment.Values))
		for _, v := range a.units.segment[s] {
			if v >= 0 {
				count[v]++
			}
		}
		for v, n := range count {
			if n < leastUnits || n > len(x)-leastUnits || len(segment.Values) == 2 && v == 1 {
				continue
			}
			names = append(names, segment.Name+"="+segment.Values[v])
			for k := range x {
				is := 0.0
				if a.units.segment[s][k] == int32(v) {
					is = 1
				}
				x[k] = append(x[k], is)
			}
		}
	}
	return names, x
}

// learner is the comparison of a treatment with the control, units in an order of chance.
type learner struct {
	names   []string
	x       [][]float64
	y       []float64
	treated []bool
	share   float64 // of the treated
	sign    float64 // −1 where less is better
	streams rng.Streams
}

func (a *analysis) learner(names []string, x [][]float64, arm int32) *learner {
	l := &learner{names: names, sign: 1, streams: rng.New(1, uint64(arm))}
	if a.rows.Metrics[0].Lower {
		l.sign = -1
	}
	sum := [2][3]float64{} // y, d, n; of the control, of both
	var of []int
	for k, v := range a.first.of {
		if other := a.units.arm[k]; other != 0 && other != arm || !a.first.has[k] {
			continue
		}
		of = append(of, k)
		for both := range sum {
			if both == 1 || a.units.arm[k] == 0 {
				sum[both][0], sum[both][1], sum[both][2] = sum[both][0]+v[0], sum[both][1]+v[1], sum[both][2]+1
			}
		}
	}
	controls := sum[0][2]
	if controls < upliftUnits || sum[1][2]-controls < upliftUnits || sum[0][1] == 0 || sum[1][1] == 0 {
		return nil
	}
	ratio, mean := 0.0, 1.0
	if a.rows.Metrics[0].Denominator != nil {
		ratio, mean = sum[0][0]/sum[0][1], sum[1][1]/sum[1][2]
	}
	stream := l.streams.Family("order").At()
	for i := range of {
		j := i + stream.Intn(len(of)-i)
		of[i], of[j] = of[j], of[i]
		k := of[i]
		l.x = append(l.x, x[k])
		l.y = append(l.y, (a.first.of[k][0]-ratio*a.first.of[k][1])/mean)
		l.treated = append(l.treated, a.units.arm[k] == arm)
	}
	l.share = (sum[1][2] - controls) / sum[1][2]
	return l
}

// validate predicts fold after fold and measures the predictions.
func (l *learner) validate(alpha float64) (Uplift, error) {
	var u Uplift
	z := 0.0
	var quarters [4]moments // of the scores
	var best, worst, fold []int
	effect, score, left := make([]float64, len(l.y)), make([]float64, len(l.y)), make([]float64, len(l.y))
	var p predictor
	for f := 1; f < upliftFolds; f++ {
		low, high := f*len(l.y)/upliftFolds, (f+1)*len(l.y)/upliftFolds
		var err error
		if p, err = l.learn(low); err != nil {
			return u, err
		}
		fold = fold[:0]
		for i := low; i < high; i++ {
			control, treated := p[0].Predict(l.x[i]), p[1].Predict(l.x[i])
			if effect[i] = treated - control; l.treated[i] {
				score[i] = effect[i] + (l.y[i]-treated)/l.share
			} else {
				score[i] = effect[i] - (l.y[i]-control)/(1-l.share)
			}
			left[i] = l.y[i] - (1-l.share)*control - l.share*treated
			fold = append(fold, i)
		}
		z += deviate(effect[low:high], left[low:high], l.treated[low:high]) / math.Sqrt(upliftFolds-1)
		slices.SortStableFunc(fold, func(i, j int) int { return cmp.Compare(l.sign*effect[i], l.sign*effect[j]) }) // alike ones stay in the order of chance
		for rank, i := range fold {
			quarters[4*rank/len(fold)].add(&[3]float64{score[i]})
		}
		worst, best = append(worst, fold[:len(fold)/4]...), append(best, fold[len(fold)-len(fold)/4:]...)
		u.Measured += len(fold)
	}
	u.P = distuv.UnitNormal.Survival(z)
	u.Best, u.Worst = quarters[3].between(nil, 1-alpha), quarters[0].between(nil, 1-alpha)
	u.Gap = quarters[3].between(&quarters[0], 1-alpha)
	for k, share := range l.leans(p, fold) {
		if share < 0.1 {
			continue
		}
		t := Trait{Name: l.names[k], Share: share}
		for n, i := range best {
			t.Best += (l.x[i][k] - t.Best) / float64(n+1)
		}
		for n, i := range worst {
			t.Worst += (l.x[i][k] - t.Worst) / float64(n+1)
		}
		u.Traits = append(u.Traits, t)
	}
	slices.SortStableFunc(u.Traits, func(a, b Trait) int { return cmp.Compare(b.Share, a.Share) })
	u.Traits = u.Traits[:min(len(u.Traits), upliftTraits)]
	return u, nil
}

// predictor is of the control and of the treated.
type predictor [2]*stats.Forest

// learn grows the forests on the first units. Their leaves are large: it is differences of means that are to be told, and these are small.
func (l *learner) learn(first int) (p predictor, err error) {
	for arm := range p {
		var x [][]float64
		var y []float64
		for i := 0; i < first && len(y) < upliftGrown; i++ {
			if l.treated[i] == (arm == 1) {
				x, y = append(x, l.x[i]), append(y, l.y[i])
			}
		}
		o := stats.ForestOptions{Trees: upliftTrees, MinLeaf: max(5, len(y)/25), Features: (len(l.names) + 1) / 2, Streams: l.streams.Family("forests")}
		if p[arm], _, err = stats.FitForest(x, y, o); err != nil {
			return p, err
		}
	}
	return p, nil
}

// deviate tells whether effects grow with their predictions, as a standard normal number: the slope of what is left of y on the predicted effect among the treated, less that among the controls. Each arm has its own
// slope and its own error, because where the treated are few it is they who count: by HC3 (MacKinnon & White 1985), Student's t with Welch's degrees of freedom. 0 where all are predicted alike.
func deviate(effect, left []float64, treated []bool) float64 {
	slope, variance, welch := 0.0, 0.0, 0.0
	for _, arm := range [...]bool{true, false} {
		var e, y []float64
		for i, is := range treated {
			if is == arm {
				e, y = append(e, effect[i]), append(y, left[i])
			}
		}
		if len(e) < 4 {
			return 0
		}
		b, v := line(e, y)
		if !(v > 0) {
			return 0
		}
		variance, welch = variance+v, welch+v*v/float64(len(e)-2)
		if slope += b; !arm {
			slope -= 2 * b
		}
	}
	t := distuv.StudentsT{Sigma: 1, Nu: variance * variance / welch}
	return -distuv.UnitNormal.Quantile(t.Survival(slope / math.Sqrt(variance)))
}

// line is the slope of y on x and its variance by HC3; both 0 where x does not vary.
func line(x, y []float64) (slope, variance float64) {
	n, mx, my := float64(len(x)), stats.Mean(x), stats.Mean(y)
	xx, xy := 0.0, 0.0
	for i := range x {
		xx += (x[i] - mx) * (x[i] - mx)
		xy += (x[i] - mx) * (y[i] - my)
	}
	if !(xx > 1e-18*mx*mx*n) {
		return 0, 0
	}
	slope = xy / xx
	for i := range x {
		d := x[i] - mx
		part := d * (y[i] - my - slope*d) / (1 - 1/n - d*d/xx)
		variance += part * part
	}
	return slope, variance / (xx * xx)
}

// between is the mean of y, less that of another, with a normal interval.
func (m *moments) between(other *moments, level float64) stats.Estimate {
	e := stats.Estimate{Value: m.mean[0], Level: level}
	variance := m.sum[0][0] / (m.n - 1) / m.n
	if other != nil {
		e.Value -= other.mean[0]
		variance += other.sum[0][0] / (other.n - 1) / other.n
	}
	e.StandardError = math.Sqrt(variance)
	half := distuv.UnitNormal.Quantile((1+level)/2) * e.StandardError
	e.Low, e.High = e.Value-half, e.Value+half
	return e
}

// leans are the covariates' shares of the variance of predicted effects among some units. The next unit's value stands in the place of each one's own.
func (l *learner) leans(p predictor, of []int) []float64 {
	of = slices.Sorted(slices.Values(of)) // the order of chance again
	of = of[:min(len(of), 2000)]
	effect := func(x []float64) float64 { return p[1].Predict(x) - p[0].Predict(x) }
	var all moments
	shares := make([]float64, len(l.names))
	x := make([]float64, len(l.names))
	for n, i := range of {
		own := effect(l.x[i])
		all.add(&[3]float64{own})
		copy(x, l.x[i])
		for k := range shares {
			x[k] = l.x[of[(n+1)%len(of)]][k]
			d := effect(x) - own
			shares[k] += d * d / 2
			x[k] = l.x[i][k]
		}
	}
	for k := range shares {
		if shares[k] > 0 && all.sum[0][0] > 0 {
			shares[k] = min(1, shares[k]/all.sum[0][0])
		}
	}
	return shares
}
