package twins

import (
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/results/stats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"
)

// penalties of the ridge regressions, from hardly a slope to hardly a penalty; among them cross-validation chooses.
var penalties = []float64{1, 0.1, 0.01, 0.001}

// contest is two samples of people to be told apart, 0 the first (held-out) and 1 the second.
type contest struct {
	y     []float64
	group []int // people who may not be parted: pairs
	x     *mat.Dense
	names []string
	main  []int // column of each feature
	other []int // of its square, -1 where it has none
}

// newContest makes the classifier's columns: each feature in standard deviations of both samples together (0 where it is
// missing), its square where it has more than two values, and for those that some people do not have an indicator, once for
// the same people.
func newContest(first, second *Population) *contest {
	n, features := len(first.People)+len(second.People), len(first.Features)
	people := slices.Concat(first.People, second.People)
	c := &contest{y: make([]float64, n), group: make([]int, n), main: make([]int, features), other: make([]int, features)}
	for i := range n {
		c.group[i] = i
		if at := i - len(first.People); at >= 0 {
			c.y[i] = 1
			switch {
			case second.Pair != nil:
				c.group[i] = second.Pair[at]
			case second.Group != nil:
				c.group[i] = -1 - second.Group[at] // no customer is in both, and none is a row's own number
			}
		} else if first.Group != nil {
			c.group[i] = -1 - first.Group[i]
		}
	}
	var columns, indicators [][]float64
	add := func(name string, column []float64) int {
		columns, c.names = append(columns, column), append(c.names, name)
		return len(columns) - 1
	}
	for j, name := range first.Features {
		var known []float64
		for _, p := range people {
			if !math.IsNaN(p[j]) {
				known = append(known, p[j])
			}
		}
		mean, sd := stats.Mean(known), math.Sqrt(stats.Variance(known))
		scaled, square, unknown := make([]float64, n), make([]float64, n), make([]float64, n)
		for i, p := range people {
			switch {
			case math.IsNaN(p[j]):
				unknown[i] = 1
			case sd > 0:
				scaled[i] = (p[j] - mean) / sd
				square[i] = scaled[i]*scaled[i] - 1
			}
		}
		c.main[j], c.other[j] = add(name, scaled), -1
		slices.Sort(known)
		if len(slices.Compact(known)) > 2 {
			c.other[j] = add(name+" squared", square)
		}
		if slices.Contains(unknown, 1) && !slices.ContainsFunc(indicators, func(o []float64) bool { return slices.Equal(o, unknown) }) {
			indicators = append(indicators, unknown)
			add(name+" unknown", unknown)
		}
	}
	c.x = mat.NewDense(n, len(columns), nil)
	for j, column := range columns {
		c.x.SetCol(j, column)
	}
	return c
}

// auc is the area under the curve of people whom the classifier did not learn from, by Folds-fold cross-validation: the mean
// of the folds' areas, because scores of different folds' classifiers do not compare. Small samples are parted into folds
// several times, to average the luck of that out; the standard error is that of one time, and takes the folds for independent: people who are hard to tell apart vary by up to three times
// as much from one half to another.
func (c *contest) auc(penalty float64, o Options) (stats.Estimate, error) {
	const enough = 2000 // judgements
	repeats := max(1, min(10, enough/len(c.y)))
	e := stats.Estimate{Level: level}
	for r := range repeats {
		fold := c.folds(r, o)
		variance := 0.0
		for k := range o.Folds {
			part, err := c.fold(k, fold, penalty)
			if err != nil {
				return e, fmt.Errorf("without fold %d: %w", k, err)
			}
			e.Value += part.Value / float64(o.Folds*repeats)
			variance += part.StandardError * part.StandardError
		}
		e.StandardError += math.Sqrt(variance) / float64(o.Folds*repeats)
	}
	return around(e), nil
}

// around gives an area its interval.
func around(e stats.Estimate) stats.Estimate {
	reach := distuv.UnitNormal.Quantile((1+level)/2) * e.StandardError
	e.Low, e.High = max(0, e.Value-reach), min(1, e.Value+reach)
	return e
}

// judge is the classifier of all people, and how well its like tell people whom they did not learn from.
func (c *contest) judge(o Options) (*stats.Logistic, stats.Estimate, error) {
	m, err := c.fit(o)
	if err != nil {
		return nil, stats.Estimate{}, err
	}
	e, err := c.auc(m.Lambda, o)
	return m, e, err
}

// folds deals each sample out in turns, in random order; pairs stay together.
func (c *contest) folds(repeat int, o Options) []int {
	stream := o.Streams.Family("twins/folds").At(uint64(repeat))
	fold, of := make([]int, len(c.y)), map[int]int{}
	dealt := [2]int{}
	order := make([]int, len(c.y))
	for i := range order {
		at := stream.Intn(i + 1)
		order[i] = order[at]
		order[at] = i
	}
	for _, i := range order {
		f, known := of[c.group[i]]
		if !known {
			s := int(c.y[i])
			f = dealt[s] % o.Folds
			dealt[s]++
			of[c.group[i]] = f
		}
		fold[i] = f
	}
	return fold
}

// fold scores the people of fold k by a classifier of the others.
func (c *contest) fold(k int, fold []int, penalty float64) (stats.Estimate, error) {
	var data, y, score, heldOut []float64
	_, wide := c.x.Dims()
	for i, f := range fold {
		if f != k {
			data, y = append(data, c.x.RawRowView(i)...), append(y, c.y[i])
		}
	}
	path, err := stats.FitLogisticPath(y, mat.NewDense(len(y), wide, data), c.names, stats.PathOptions{Lambdas: []float64{penalty}})
	if err != nil {
		return stats.Estimate{}, err
	}
	for i, f := range fold {
		if f == k {
			score, heldOut = append(score, path.Models[0].Probability(c.x.RawRowView(i))), append(heldOut, c.y[i])
		}
	}
	return stats.AUC(score, heldOut, level)
}

// fit is the classifier of all people, a ridge logistic regression with the penalty of least deviance in cross-validation.
func (c *contest) fit(o Options) (*stats.Logistic, error) {
	v, err := stats.CrossValidateLogistic(c.y, c.x, c.names, stats.PathOptions{Lambdas: penalties},
		stats.FoldOptions{Folds: o.Folds, Group: c.group, Workers: o.Workers, Streams: o.Streams.Family("twins/penalty")})
	if err != nil {
		return nil, err
	}
	return v.Models[v.Best], nil
}

// newFeature describes feature j of the populations, m being the classifier of all people.
func newFeature(j int, train, heldOut, synthetic *Population, c *contest, m *stats.Logistic) Feature {
	f := Feature{Name: heldOut.Features[j], Coefficient: m.Coef[c.main[j]]}
	if at := c.other[j]; at >= 0 {
		f.Square = m.Coef[at]
	}
	t, h, s := known(train, j), known(heldOut, j), known(synthetic, j)
	f.Train, f.HeldOut, f.Synthetic = mean(t), mean(h), mean(s)
	share := func(known []float64, p *Population) float64 { return 1 - float64(len(known))/float64(len(p.People)) }
	f.Missing = Triple{share(t, train), share(h, heldOut), share(s, synthetic)}
	y := slices.Concat(make([]float64, len(h)), slices.Repeat([]float64{1}, len(s)))
	if e, err := stats.AUC(slices.Concat(h, s), y, level); err == nil {
		f.AUC = &e.Value
	}
	f.KS, f.PValue = kolmogorov(column(heldOut, j), column(synthetic, j))
	return f
}

func known(p *Population, j int) (values []float64) {
	for _, row := range p.People {
		if !math.IsNaN(row[j]) {
			values = append(values, row[j])
		}
	}
	return values
}

// mean is 0 of nothing.
func mean(x []float64) float64 {
	if len(x) == 0 {
		return 0
	}
	return stats.Mean(x)
}

// column is the values of feature j, what is missing below all.
func column(p *Population, j int) []float64 {
	values := make([]float64, len(p.People))
	for i, row := range p.People {
		if values[i] = row[j]; math.IsNaN(row[j]) {
			values[i] = math.Inf(-1)
		}
	}
	slices.Sort(values)
	return values
}

// kolmogorov is the two-sample statistic of sorted values and its asymptotic p-value (Smirnov 1939).
func kolmogorov(a, b []float64) (d, p float64) {
	n, m := float64(len(a)), float64(len(b))
	for i, j := 0, 0; i < len(a) && j < len(b); {
		at := min(a[i], b[j])
		for i < len(a) && a[i] == at {
			i++
		}
		for j < len(b) && b[j] == at {
			j++
		}
		d = max(d, math.Abs(float64(i)/n-float64(j)/m))
	}
	t := math.Sqrt(n*m/(n+m)) * d
	if t < 0.2 {
		return d, 1 // and the series converges slowly
	}
	sign := 2.0
	for k := 1.0; k <= 100; k++ {
		p += sign * math.Exp(-2*k*k*t*t)
		sign = -sign
	}
	return d, max(0, min(1, p))
}
