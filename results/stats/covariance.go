package stats

import (
	"fmt"
	"math"
	"sort"

	"github.com/souk-sim/souk/scenarios/field"
	"gonum.org/v1/gonum/mat"
)

// Classical returns σ²(x'x)^-1, k×k: errors of equal variance and no correlation.
func (r *Regression) Classical() *mat.SymDense {
	cov := mat.NewSymDense(len(r.Coef), nil)
	cov.ScaleSym(r.Sigma*r.Sigma, r.bread)
	return cov
}

// White returns the heteroskedasticity-robust covariance of White (1980, Econometrica 48) with the factor n/(n-k)
// of MacKinnon & White (1985), known as HC1.
func (r *Regression) White() *mat.SymDense {
	n, k := r.x.Dims()
	meat := mat.NewSymDense(k, nil)
	for i := range n {
		meat.SymRankOne(meat, r.Residuals[i]*r.Residuals[i], r.x.RowView(i))
	}
	return r.sandwich(meat, float64(n)/float64(n-k))
}

// Cluster returns the covariance that allows any correlation within a group and none between groups (Liang & Zeger
// 1986, Biometrika 73), with Stata's factor G/(G-1)·(n-1)/(n-k). group has one label for each row.
func (r *Regression) Cluster(group []int) (*mat.SymDense, error) {
	n, k := r.x.Dims()
	labels, scores, err := r.sums(group)
	if err != nil {
		return nil, err
	}
	g := len(labels)
	if g < 2 {
		return nil, field.New("clusters", g, "at least 2")
	}
	meat := mat.NewSymDense(k, nil)
	for i := range g {
		meat.SymRankOne(meat, 1, scores.RowView(i))
	}
	return r.sandwich(meat, float64(g)/float64(g-1)*float64(n-1)/float64(n-k)), nil
}

// DriscollKraay returns the covariance of Driscoll & Kraay (1998, Review of Economics and Statistics 80): any
// correlation between the units of a panel within a period, and between periods up to lag, by Bartlett weights
// 1 - l/(lag+1). period holds the period of each row; absent periods are gaps, across which lags are counted as time
// really passed (a lag that falls into a gap adds nothing). For one row a period it is Newey & West (1987). There is
// no small-sample factor.
func (r *Regression) DriscollKraay(period []int, lag int) (*mat.SymDense, error) {
	periods, scores, err := r.sums(period)
	if err != nil {
		return nil, err
	}
	if lag < 0 || len(periods) < 2 {
		return nil, field.New("lag", lag, "0 or more, over at least 2 periods")
	}
	at := make(map[int]int, len(periods))
	for i, p := range periods {
		at[p] = i
	}
	k := len(r.Coef)
	meat := mat.NewSymDense(k, nil)
	for i, p := range periods {
		meat.SymRankOne(meat, 1, scores.RowView(i))
		for l := 1; l <= lag; l++ {
			if j, ok := at[p-l]; ok {
				meat.RankTwo(meat, 1-float64(l)/float64(lag+1), scores.RowView(i), scores.RowView(j))
			}
		}
	}
	return r.sandwich(meat, 1), nil
}

// BartlettLag returns the customary lag for n periods, floor(4(n/100)^(2/9)) (Newey & West 1994; Hoechle 2007).
func BartlettLag(n int) int { return int(4 * math.Pow(float64(n)/100, 2.0/9)) }

// sums adds the scores x_i e_i by label and returns the sorted labels and a row of sums for each.
func (r *Regression) sums(label []int) ([]int, *mat.Dense, error) {
	n, k := r.x.Dims()
	if len(label) != n {
		return nil, nil, field.New("labels", len(label), fmt.Sprintf("%d, one for each row", n))
	}
	row := map[int]int{}
	var labels []int
	for _, l := range label {
		if _, seen := row[l]; !seen {
			row[l] = 0
			labels = append(labels, l)
		}
	}
	sort.Ints(labels)
	for i, l := range labels {
		row[l] = i
	}
	scores := mat.NewDense(len(labels), k, nil)
	for i, l := range label {
		s := scores.RawRowView(row[l])
		for j, v := range r.x.RawRowView(i) {
			s[j] += v * r.Residuals[i]
		}
	}
	return labels, scores, nil
}

// sandwich returns factor · bread · meat · bread.
func (r *Regression) sandwich(meat *mat.SymDense, factor float64) *mat.SymDense {
	return sandwich(r.bread, meat, factor)
}

// Sandwich returns bread · S'S · bread (Huber 1967; White 1982) for the inverse information of a likelihood, k×k, and its
// scores S at the maximum: a row of k for each observation, or the sum of a cluster's rows for the covariance that allows
// any correlation within clusters (Liang & Zeger 1986). There is no small-sample factor.
func Sandwich(bread *mat.SymDense, scores *mat.Dense) *mat.SymDense {
	meat := mat.NewSymDense(bread.SymmetricDim(), nil)
	meat.SymOuterK(1, scores.T())
	return sandwich(bread, meat, 1)
}

func sandwich(bread, meat *mat.SymDense, factor float64) *mat.SymDense {
	var half, full mat.Dense
	half.Mul(bread, meat)
	full.Mul(&half, bread)
	k := bread.SymmetricDim()
	cov := mat.NewSymDense(k, nil)
	for i := range k {
		for j := i; j < k; j++ {
			cov.SetSym(i, j, factor*(full.At(i, j)+full.At(j, i))/2)
		}
	}
	return cov
}
