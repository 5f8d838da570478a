package stats

import (
	"fmt"
	"math"
	"sync"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
	"gonum.org/v1/gonum/mat"
)

// FoldOptions say how a path is validated. The result does not depend on Workers.
type FoldOptions struct {
	Folds   int        // 10 where zero
	Group   []int      // of each row, or nil: rows of one group (a customer's) go to the same fold
	Workers int        // folds fitted at a time, 0 meaning one
	Streams rng.Family // who goes where is drawn from Streams.At(0)
	Done    func()     // called after each fold, by several workers at once; may be nil
}

// Validated is a path with what held-out rows say of each of its penalties.
type Validated struct {
	*LogisticPath
	Deviance []float64 // by penalty: mean of -2 loglik of a row that was held out
	SE       []float64 // of the mean, from the folds' means
	Best     int       // the penalty of least deviance
	Simplest int       // the largest penalty whose deviance is within a standard error of the best's (Breiman et al. 1984)
}

// CrossValidateLogistic fits the path on all rows, and again without each fold in turn, at the same penalties.
func CrossValidateLogistic(y []float64, x *mat.Dense, names []string, o PathOptions, v FoldOptions) (*Validated, error) {
	path, err := FitLogisticPath(y, x, names, o)
	if err != nil {
		return nil, err
	}
	if v.Folds == 0 {
		v.Folds = 10
	}
	fold, err := folds(len(y), v)
	if err != nil {
		return nil, err
	}
	o.Lambdas = nil
	for _, m := range path.Models {
		o.Lambdas = append(o.Lambdas, m.Lambda)
	}
	deviance, rows, errs := make([][]float64, v.Folds), make([]float64, v.Folds), make([]error, v.Folds)
	queue := make(chan int, v.Folds)
	for k := range v.Folds {
		queue <- k
	}
	close(queue)
	var running sync.WaitGroup
	for range min(max(v.Workers, 1), v.Folds) {
		running.Go(func() {
			for k := range queue {
				deviance[k], rows[k], errs[k] = heldOut(y, x, names, o, fold, k)
				if v.Done != nil {
					v.Done()
				}
			}
		})
	}
	running.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	c := &Validated{LogisticPath: path}
	c.judge(deviance, rows)
	return c, nil
}

// folds gives each row's fold: groups in random order are dealt out in turns.
func folds(n int, v FoldOptions) ([]int, error) {
	if v.Group != nil && len(v.Group) != n {
		return nil, field.New("group", fmt.Sprintf("%d rows", len(v.Group)), fmt.Sprintf("%d", n))
	}
	of, number := make([]int, n), make(map[int]int)
	for i := range n {
		g := i
		if v.Group != nil {
			g = v.Group[i]
		}
		if _, known := number[g]; !known {
			number[g] = len(number)
		}
		of[i] = number[g]
	}
	if v.Folds < 2 || v.Folds > len(number) {
		return nil, field.New("folds", v.Folds, fmt.Sprintf("2 to %d, the number of groups", len(number)))
	}
	stream := v.Streams.At(0)
	order := make([]int, len(number))
	for i := range order {
		at := stream.Intn(i + 1)
		order[i], order[at] = order[at], i
	}
	for i, g := range of {
		of[i] = order[g] % v.Folds
	}
	return of, nil
}

// heldOut gives, by penalty, the mean deviance of the rows of fold k under the path fitted on the others.
func heldOut(y []float64, x *mat.Dense, names []string, o PathOptions, fold []int, k int) (deviance []float64, rows float64, err error) {
	_, width := x.Dims()
	var data, response []float64
	for i, f := range fold {
		if f != k {
			data, response = append(data, x.RawRowView(i)...), append(response, y[i])
		}
	}
	path, err := FitLogisticPath(response, mat.NewDense(len(response), width, data), names, o)
	if err != nil {
		return nil, 0, fmt.Errorf("without fold %d: %w", k, err)
	}
	deviance = make([]float64, len(path.Models))
	for i, f := range fold {
		if f != k {
			continue
		}
		rows++
		for l, m := range path.Models {
			eta := m.Intercept
			for j, b := range m.Coef {
				eta += float64(b * x.At(i, j))
			}
			deviance[l] -= 2 * Binomial.kernel(eta, 0, y[i], 0)
		}
	}
	for l := range deviance {
		deviance[l] /= rows
	}
	return deviance, rows, nil
}

// judge averages over folds, weighted by their rows, and picks the penalties.
func (c *Validated) judge(deviance [][]float64, rows []float64) {
	n := 0.0
	for _, r := range rows {
		n += r
	}
	for l := range c.Models {
		mean, spread := 0.0, 0.0
		for k, d := range deviance {
			mean += rows[k] / n * d[l]
		}
		for k, d := range deviance {
			spread += rows[k] / n * (d[l] - mean) * (d[l] - mean)
		}
		c.Deviance = append(c.Deviance, mean)
		c.SE = append(c.SE, math.Sqrt(spread/float64(len(rows)-1)))
		if mean < c.Deviance[c.Best] {
			c.Best = l
		}
	}
	for c.Deviance[c.Simplest] > c.Deviance[c.Best]+c.SE[c.Best] {
		c.Simplest++
	}
}
