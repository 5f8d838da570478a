package stats

import (
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
	"gonum.org/v1/gonum/stat/distuv"
)

// AUC is the probability that a row with response 1 has a higher score than one with response 0, ties counting half: the
// area under the curve of true against false positives (Mann & Whitney 1947). Its standard error is that of DeLong, DeLong
// & Clarke-Pearson (1988), computed from ranks (Sun & Xu 2014); the interval is symmetric, cut at 0 and 1. It refuses
// scores that are not numbers and fewer than two responses of either kind.
func AUC(score, y []float64, level float64) (Estimate, error) {
	each := make([]int, len(y))
	for i := range each {
		each[i] = i
	}
	return ClusteredAUC(score, y, each, level)
}

// ClusteredAUC is AUC with the standard error of Obuchowski (1997, Biometrics 53, 567–578): rows of one cluster, such as the
// sessions of a customer, may depend on each other in any way, those of different clusters not. cluster has a label for each
// row; two clusters or more must have a row of either response.
func ClusteredAUC(score, y []float64, cluster []int, level float64) (Estimate, error) {
	if len(score) != len(y) || len(cluster) != len(y) {
		return Estimate{}, field.New("scores", len(score), fmt.Sprintf("%d, one for each response, and as many labels of clusters", len(y)))
	}
	if !(level > 0 && level < 1) {
		return Estimate{}, field.New("level", level, "a number between 0 and 1")
	}
	var at [2][]int // rows by response
	for i, v := range y {
		if err := Binomial.check(i, v); err != nil {
			return Estimate{}, err
		}
		if math.IsNaN(score[i]) {
			return Estimate{}, field.New(fmt.Sprintf("score in row %d", i), score[i], "a number")
		}
		at[int(v)] = append(at[int(v)], i)
	}
	if len(at[0]) < 2 || len(at[1]) < 2 {
		return Estimate{}, field.New("responses", fmt.Sprintf("%d of 0 and %d of 1", len(at[0]), len(at[1])), "two or more of each")
	}
	all := make([]int, len(y))
	for i := range all {
		all[i] = i
	}
	among := midranks(score, all)
	place := map[int]int{} // of each cluster
	for _, label := range cluster {
		if _, met := place[label]; !met {
			place[label] = len(place)
		}
	}
	value, variance := 0.0, 0.0
	var sums [2][]float64 // of each cluster's rows by response, how far they take the mean share from what it is
	for c, rows := range at {
		other, n := float64(len(at[1-c])), float64(len(rows))
		within := midranks(score, rows)
		share := make([]float64, len(rows)) // of the other kind that each row is above, ties half
		for j, i := range rows {
			share[j] = (among[i] - within[j]) / other
		}
		value = Mean(share)
		sums[c] = make([]float64, len(place))
		with := map[int]bool{}
		for j, i := range rows {
			sums[c][place[cluster[i]]] += (share[j] - value) / n
			with[cluster[i]] = true
		}
		clusters := float64(len(with))
		if clusters < 2 {
			return Estimate{}, field.New("clusters", fmt.Sprintf("1 with responses of %d", c), "two or more")
		}
		for _, v := range sums[c] {
			variance += v * v * clusters / (clusters - 1)
		}
	}
	clusters := float64(len(place))
	for k, v := range sums[0] { // shares of 0 fall as those of 1 rise
		variance -= 2 * v * sums[1][k] * clusters / (clusters - 1)
	}
	e := Estimate{Value: value, StandardError: math.Sqrt(max(variance, 0)), Level: level}
	reach := distuv.UnitNormal.Quantile((1+level)/2) * e.StandardError
	e.Low, e.High = max(e.Value-reach, 0), min(e.Value+reach, 1)
	return e, nil
}

// midranks gives for each of rows the number of rows with a lower score and half of those with the same, itself included,
// plus a half: the mean rank of ties.
func midranks(score []float64, rows []int) []float64 {
	order := make([]int, len(rows))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		switch va, vb := score[rows[a]], score[rows[b]]; {
		case va < vb:
			return -1
		case va > vb:
			return 1
		}
		return 0
	})
	ranks := make([]float64, len(rows))
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && score[rows[order[to]]] == score[rows[order[from]]] {
			to++
		}
		for _, i := range order[from:to] {
			ranks[i] = float64(from+to+1) / 2
		}
		from = to
	}
	return ranks
}
