package stats

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Paired is the mean of x[i] − y[i] with Student's t interval: what two policies that met the same customers differ by.
func Paired(x, y []float64, level float64) (Estimate, error) {
	if len(x) != len(y) {
		return Estimate{}, fmt.Errorf("paired values must be as many on either side, got %d and %d", len(x), len(y))
	}
	difference := make([]float64, len(x))
	for i := range x {
		difference[i] = x[i] - y[i]
	}
	return MeanInterval(difference, level)
}

// Crossed is the grand mean of y[row][column] when rows (training seeds) and columns (evaluation paths) are both drawn at
// random: y = μ + row + column + rest. With R rows and C columns the mean squares of rows (A), columns (B) and rest
// (E) give an unbiased variance of the grand mean, (A + B − E)/(RC), and Satterthwaite's degrees of freedom (Searle,
// Casella & McCulloch 1992, Variance Components, §4.3; Satterthwaite 1946). Where A or B falls below E its
// component is taken as zero, and the larger of the two stands alone. A single row is taken as given: its interval is
// over columns only, and that of a single column over rows only.
//
// Preferred to the pigeonhole bootstrap (Bootstrap.Crossed), which cannot widen for a handful of seeds as
// Student's t does.
func Crossed(y [][]float64, level float64) (Estimate, error) {
	c, err := cross(y)
	if err != nil {
		return Estimate{}, err
	}
	return student(c.mean, c.variance, c.degrees, level)
}

// CrossedPValue is the two-sided p-value of a true grand mean of zero: the level at which an end of Crossed reaches zero. Of
// a single column it is the paired t test's. It is 1 where the mean is zero and nothing varies.
func CrossedPValue(y [][]float64) (float64, error) {
	c, err := cross(y)
	if err != nil {
		return 0, err
	}
	if c.variance == 0 {
		if c.mean == 0 {
			return 1, nil
		}
		return 0, nil
	}
	t := c.mean / math.Sqrt(c.variance)
	if math.IsNaN(t) || math.IsInf(c.variance, 0) {
		return 0, fmt.Errorf("a p-value needs finite values, got mean %v, variance %v", c.mean, c.variance)
	}
	return 2 * distuv.StudentsT{Sigma: 1, Nu: c.degrees}.CDF(-math.Abs(t)), nil
}

// grand is a grand mean with the variance of its estimator and the degrees of freedom of that.
type grand struct{ mean, variance, degrees float64 }

func cross(y [][]float64) (grand, error) {
	rows := len(y)
	if rows == 0 {
		return grand{}, errors.New("an interval needs at least one row")
	}
	columns := len(y[0])
	for _, row := range y {
		if len(row) != columns {
			return grand{}, fmt.Errorf("a crossed table needs rows of one length, got %d and %d", columns, len(row))
		}
	}
	switch {
	case rows < 2 && columns < 2:
		return grand{}, fmt.Errorf("an interval needs at least two values, got %d", rows*columns)
	case rows == 1:
		return sampled(y[0]), nil
	case columns == 0:
		return grand{}, errors.New("an interval needs at least one column")
	case columns == 1:
		x := make([]float64, rows)
		for i := range x {
			x[i] = y[i][0]
		}
		return sampled(x), nil
	}
	mean, a, b, e := meanSquares(y)
	r, c := float64(rows), float64(columns)
	variance, degrees := a, r-1
	switch {
	case e <= min(a, b):
		variance = a + b - e
		degrees = variance * variance / (a*a/(r-1) + b*b/(c-1) + e*e/((r-1)*(c-1)))
	case b > a:
		variance, degrees = b, c-1
	}
	return grand{mean, variance / (r * c), degrees}, nil
}

func sampled(x []float64) grand {
	n := float64(len(x))
	return grand{Mean(x), Variance(x) / n, n - 1}
}

// meanSquares is the two-way analysis of variance without replication: the grand mean and the mean squares of rows,
// columns and rest.
func meanSquares(y [][]float64) (mean, row, column, rest float64) {
	rows, columns := float64(len(y)), float64(len(y[0]))
	across := make([]float64, len(y))
	down := make([]float64, len(y[0]))
	for i, line := range y {
		across[i] = Mean(line)
		for j, v := range line {
			down[j] += v / rows
		}
	}
	mean = Mean(across)
	for i, line := range y {
		for j, v := range line {
			d := v - across[i] - down[j] + mean
			rest += d * d
		}
		row += (across[i] - mean) * (across[i] - mean)
	}
	for _, d := range down {
		column += (d - mean) * (d - mean)
	}
	return mean, row * columns / (rows - 1), column * rows / (columns - 1), rest / ((rows - 1) * (columns - 1))
}

// ErrZeroDenominator says that a ratio's denominator cannot be told from zero, so that no bounded interval exists.
var ErrZeroDenominator = errors.New("the denominator cannot be told from zero")

// Ratio is mean(x)/mean(y) over the same crossed table, with Fieller's interval (1954): every ratio ρ for which the mean of
// x − ρ·y cannot be told from zero by Crossed. Unlike the delta method it is not symmetric, and it says
// (ErrZeroDenominator) when the denominator is too small to divide by.
func Ratio(x, y [][]float64, level float64) (Estimate, error) {
	if len(x) != len(y) {
		return Estimate{}, fmt.Errorf("a ratio needs tables of one shape, got %d and %d rows", len(x), len(y))
	}
	z := make([][]float64, len(x))
	for i := range z {
		if len(x[i]) != len(y[i]) {
			return Estimate{}, fmt.Errorf("a ratio needs tables of one shape, got %d and %d columns", len(x[i]), len(y[i]))
		}
		z[i] = make([]float64, len(x[i]))
	}
	at := func(ratio float64) (Estimate, error) {
		for i := range z {
			for j := range z[i] {
				z[i][j] = x[i][j] - ratio*y[i][j]
			}
		}
		return Crossed(z, level)
	}
	numerator, err := Crossed(x, level)
	if err != nil {
		return Estimate{}, err
	}
	denominator, err := Crossed(y, level)
	if err != nil {
		return Estimate{}, err
	}
	if denominator.Low <= 0 && denominator.High >= 0 {
		return Estimate{}, ErrZeroDenominator
	}
	ratio := numerator.Value / denominator.Value
	centre, err := at(ratio)
	if err != nil {
		return Estimate{}, err
	}
	scale := math.Abs(denominator.Value)
	e := Estimate{Value: ratio, StandardError: centre.StandardError / scale, Low: ratio, High: ratio, Level: level}
	if half := (centre.High - centre.Low) / 2 / scale; half > 0 {
		if e.Low, err = edge(at, ratio, -half); err == nil {
			e.High, err = edge(at, ratio, half)
		}
	}
	return e, err
}

// edge walks from a ratio in strides of growing length until zero is excluded, then closes in on the end of the interval
// by false position (Illinois rule: Dowell & Jarratt 1971).
func edge(at func(float64) (Estimate, error), inside, stride float64) (float64, error) {
	excess := func(ratio float64) float64 { // by how much zero lies outside
		e, err := at(ratio)
		if err != nil {
			return math.Inf(1)
		}
		return max(e.Low, -e.High)
	}
	outside, low, high := inside+stride, excess(inside), excess(inside+stride)
	for n := 0; high < 0; n++ {
		if n == 60 {
			return 0, ErrZeroDenominator
		}
		stride *= 2
		inside, outside, low, high = outside, outside+stride, high, excess(outside+stride)
	}
	last, side := outside, 0.0
	for range 60 {
		middle := inside - low*(outside-inside)/(high-low)
		if math.Abs(middle-last) <= 1e-12*math.Abs(middle) {
			break
		}
		last = middle
		e := excess(middle)
		if e > 0 {
			outside, high = middle, e
			if side > 0 {
				low /= 2
			}
		} else {
			inside, low = middle, e
			if side < 0 {
				high /= 2
			}
		}
		side = e
	}
	return last, nil
}
