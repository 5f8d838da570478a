package offpolicy

import (
	"math"
	"slices"
	"sync"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/sim/rng"
)

func abs(x float64) float64 { return math.Abs(x) }

// spread are some quantiles of numbers, ascending, the largest among them.
func spread(x []float64) []float64 {
	sorted := slices.Clone(x)
	slices.Sort(sorted)
	var out []float64
	for _, p := range []float64{0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 1} {
		out = append(out, sorted[int(p*float64(len(sorted)-1))])
	}
	return slices.Compact(out)
}

// value is the estimator: Σ_k of the ratios of sums over blocks, each counted so often; nil counts each once.
func (t *terms) value(count []float64, num, den []float64) float64 {
	clear(num)
	clear(den)
	for b := range len(t.num) / t.k {
		c := 1.0
		if count != nil {
			c = count[b]
		}
		if c == 0 {
			continue
		}
		for j := range t.k {
			num[j] += c * t.num[b*t.k+j]
			den[j] += c * t.den[b*t.k+j]
		}
	}
	sum := 0.0
	for j := range num {
		if den[j] != 0 {
			sum += num[j] / den[j]
		}
	}
	return sum
}

// influence is what each block moves the estimator by, to first order (the infinitesimal jackknife; Efron 1982).
func (t *terms) influence() []float64 {
	num, den := make([]float64, t.k), make([]float64, t.k)
	t.value(nil, num, den)
	out := make([]float64, len(t.num)/t.k)
	for b := range out {
		for j := range t.k {
			if den[j] != 0 {
				out[b] += (t.num[b*t.k+j] - num[j]/den[j]*t.den[b*t.k+j]) / den[j]
			}
		}
	}
	return out
}

// bootstrap gives each estimator the bootstrap-t interval over units, in blocks drawn with replacement (Efron 1982, §10.10; Davison & Hinkley 1997, §2.4 and §3.8), the same ones
// for all estimators, and no narrower on either side than Student's: weights are skewed to the right, and an estimate that is too low thinks itself too sure, which a percentile interval does not
// know of. Standard errors are those of the influences.
func bootstrap(all []*terms, blocks int, o *Options) []stats.Estimate {
	replicates, influences := make([][]float64, len(all)), make([][]float64, len(all))
	out := make([]stats.Estimate, len(all))
	widest := 0
	for e, t := range all {
		replicates[e], influences[e] = make([]float64, o.Resamples), t.influence()
		widest = max(widest, t.k)
		num, den := make([]float64, t.k), make([]float64, t.k)
		out[e] = stats.Estimate{Value: t.value(nil, num, den), Level: o.Level, StandardError: spreadOf(influences[e], nil)}
	}
	streams := rng.New(o.Seed, 0).Family("bootstrap")
	workers := max(1, min(o.Workers, o.Resamples))
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			count, num, den := make([]float64, blocks), make([]float64, widest), make([]float64, widest)
			for r := w; r < o.Resamples; r += workers {
				stream := streams.At(uint64(r))
				clear(count)
				for range blocks {
					count[stream.Intn(blocks)]++
				}
				for e, t := range all {
					replicates[e][r] = studentised(t.value(count, num[:t.k], den[:t.k]), spreadOf(influences[e], count), &out[e])
				}
			}
		})
	}
	group.Wait()
	for e := range out {
		slices.Sort(replicates[e])
		x := &out[e]
		half := student(influences[e], o.Level)
		x.Low = x.Value - max(stats.Quantile(replicates[e], (1+o.Level)/2), half)*x.StandardError
		x.High = x.Value + max(-stats.Quantile(replicates[e], (1-o.Level)/2), half)*x.StandardError
	}
	return out
}

// rounding is the share of a value within which two are one.
const rounding = 1e-12

// studentised is how many standard errors a replicate is away: its own; the log's where it drew blocks that are all alike; none where the log's are.
func studentised(value, se float64, log *stats.Estimate) float64 {
	noise := rounding * abs(log.Value)
	if !(se > noise) {
		se = log.StandardError
	}
	if !(se > noise) {
		return 0
	}
	return (value - log.Value) / se
}

// student is the quantile of Student's t for a standard error that is itself estimated from few: of n numbers with kurtosis κ it has 2n/(κ−1) degrees of
// freedom, by moments (Satterthwaite 1946), at most n−1.
func student(x []float64, level float64) float64 {
	n, m := float64(len(x)), stats.Mean(x)
	square, fourth := 0.0, 0.0
	for _, v := range x {
		v -= m
		square, fourth = square+v*v, fourth+v*v*v*v
	}
	nu := n - 1
	if kurtosis := n * fourth / (square * square); kurtosis > 1 {
		nu = min(nu, 2*n/(kurtosis-1))
	}
	return distuv.StudentsT{Sigma: 1, Nu: max(nu, 1)}.Quantile((1 + level) / 2)
}

// spreadOf is the standard error that influences of blocks make, each counted so often; nil counts each once.
func spreadOf(influence, count []float64) float64 {
	n, sum, square := float64(len(influence)), 0.0, 0.0
	for b, x := range influence {
		c := 1.0
		if count != nil {
			c = count[b]
		}
		sum, square = sum+c*x, square+c*x*x
	}
	return math.Sqrt(max(square-sum*sum/n, 0) * n / (n - 1))
}

// jackknife gives a statistic that is fitted anew without each group of units the grouped jackknife's interval (Efron 1982, §2.2; Shao & Tu 1995, §2.3).
func jackknife(groups int, level float64, statistic func(without int) float64) stats.Estimate {
	e := stats.Estimate{Value: statistic(-1), Level: level}
	left := make([]float64, groups)
	for g := range left {
		left[g] = statistic(g)
	}
	m := stats.Mean(left)
	for _, x := range left {
		e.StandardError += (x - m) * (x - m)
	}
	e.StandardError = math.Sqrt(e.StandardError * float64(groups-1) / float64(groups))
	half := student(left, level) * e.StandardError
	e.Low, e.High = e.Value-half, e.Value+half
	return e
}

// Bernstein is the empirical Bernstein interval of the mean of n independent numbers within a range (Maurer & Pontil 2009, COLT, theorem 4, on either
// side with half of the error): it holds for every n and every distribution on a range that is known beforehand, and is wide.
//
//	√(2·V·ln(4/δ)/n) + 7·range·ln(4/δ)/(3(n−1)), V the sample variance, δ = 1 − level
func Bernstein(x []float64, within, level float64) (low, high float64) {
	n := float64(len(x))
	log := math.Log(4 / (1 - level))
	half := math.Sqrt(2*stats.Variance(x)*log/n) + 7*within*log/(3*(n-1))
	m := stats.Mean(x)
	return m - half, m + half
}
