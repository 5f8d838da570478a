package stats

import (
	"fmt"
	"math"
)

// Growth is how a cumulative quantity, such as regret, grows over time.
type Growth struct {
	Times    []int     // at which it was looked at
	Mean     []float64 // over the paths, at each time
	Error    []float64 // its standard error
	Exponent Estimate  // slope of log mean on log time: ½ of √t, 1 of t, towards 0 of log t
	Log      Estimate  // slope of the mean on log time
	Level    float64   // of the intervals
}

// LogSpaced returns at most n whole numbers from first to last, ascending, whose logarithms lie as evenly as whole numbers allow.
func LogSpaced(first, last, n int) []int {
	var all []int
	for i := range n {
		share := 1.0
		if n > 1 {
			share = float64(i) / float64(n-1)
		}
		t := int(math.Round(float64(first) * math.Pow(float64(last)/float64(first), share)))
		if len(all) == 0 || t > all[len(all)-1] {
			all = append(all, t)
		}
	}
	return all
}

// NewGrowth averages paths[path][time] of a cumulative quantity and fits both slopes by least squares over all times. The values of one path hang together over
// time, so standard errors are the jackknife's over paths (Efron & Tibshirani 1993, eq. 11.5), which are independent; the intervals are Student's on
// one degree of freedom less than there are paths. It errs where there are fewer than two times or paths, or where a mean is not above 0.
func NewGrowth(times []int, paths [][]float64, level float64) (*Growth, error) {
	n := float64(len(paths))
	if len(times) < 2 || len(paths) < 2 {
		return nil, fmt.Errorf("growth needs two times and two paths at least, got %d and %d", len(times), len(paths))
	}
	g := &Growth{Times: times, Mean: make([]float64, len(times)), Error: make([]float64, len(times)), Level: level}
	x := make([]float64, len(times))
	for t := range times {
		x[t] = math.Log(float64(times[t]))
		column := make([]float64, len(paths))
		for i, path := range paths {
			column[i] = path[t]
		}
		g.Mean[t], g.Error[t] = Mean(column), math.Sqrt(Variance(column)/n)
		if !(g.Mean[t] > 0) {
			return nil, fmt.Errorf("growth needs means above 0, at time %d it is %v", times[t], g.Mean[t])
		}
	}
	logs := func(mean []float64) []float64 {
		y := make([]float64, len(mean))
		for t, v := range mean {
			y[t] = math.Log(v)
		}
		return y
	}
	exponents, slopes, rest := make([]float64, len(paths)), make([]float64, len(paths)), make([]float64, len(times))
	for i, path := range paths {
		for t := range rest {
			rest[t] = (n*g.Mean[t] - path[t]) / (n - 1)
		}
		exponents[i], slopes[i] = slope(x, logs(rest)), slope(x, rest)
	}
	variance := func(left []float64) float64 { return (n - 1) * (n - 1) / n * Variance(left) }
	var err error
	if g.Exponent, err = student(slope(x, logs(g.Mean)), variance(exponents), n-1, level); err != nil {
		return nil, err
	}
	g.Log, err = student(slope(x, g.Mean), variance(slopes), n-1, level)
	return g, err
}

// slope is that of the least-squares line of y on x.
func slope(x, y []float64) float64 {
	mx, my, sxy, sxx := Mean(x), Mean(y), 0.0, 0.0
	for i := range x {
		sxy += (x[i] - mx) * (y[i] - my)
		sxx += (x[i] - mx) * (x[i] - mx)
	}
	return sxy / sxx
}
