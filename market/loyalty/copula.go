package loyalty

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
	"github.com/souk-sim/souk/sim/rng"
)

// Spending is a law of what purchases are worth: GammaGamma or SpendCopula.
type Spending interface {
	// Draw makes a new customer, by exactly one draw.
	Draw(stream *rng.Stream) Spender
}

// SpendCopula lets purchases be worth what they were in a log, whatever the shape of that: an amount of rank u among all is
// the normal score z = Φ⁻¹(u), and
//
//	z = √Correlation·c + √(1-Correlation)·e,  c of the customer and e of the purchase standard normal
//
// (the one-factor Gaussian copula: Nelsen 2006, An Introduction to Copulas; normal scores after van der Waerden 1952). Where
// amounts cluster at the prices of the goods, or the tails are not those of a gamma, it fits what GammaGamma cannot, but it
// tells of no single customer's future.
type SpendCopula struct {
	// Correlation is that of the normal scores of two purchases of one customer, from 0 to 1.
	Correlation float64 `json:"correlation"`
	// Amounts are equally spaced quantiles, the k-th of K at (k-½)/K, each customer counting as one: money, not falling.
	Amounts   []float64 `json:"amounts"`
	Customers int       `json:"n,omitempty"` // on whom it was estimated

	scores []float64 // of Amounts
}

const (
	mostQuantiles = 200
	// perQuantile is how many customers stand behind each quantile, so that no amount is that of one of them alone.
	perQuantile = 5
)

// FitSpendCopula estimates the copula of a log in any order, all of a customer's days of purchase included, the first too: the
// correlation as the mean product of the scores of two purchases of a customer, each customer who came back counting as one.
func FitSpendCopula(log []Purchase) (*SpendCopula, error) {
	for i, p := range log {
		if math.IsNaN(p.Amount) || math.IsInf(p.Amount, 0) {
			return nil, field.New(fmt.Sprintf("purchase %d: amount", i+1), p.Amount, "a finite amount of money")
		}
	}
	customers := days(log)
	if len(customers) < 2*perQuantile {
		return nil, field.New("customers", len(customers), fmt.Sprintf("%d or more", 2*perQuantile))
	}
	type amount struct {
		money, weight float64
		customer      int
	}
	var all []amount
	for i, c := range customers {
		for _, money := range c {
			all = append(all, amount{money, 1 / float64(len(c)), i})
		}
	}
	slices.SortStableFunc(all, func(a, b amount) int { return cmp.Compare(a.money, b.money) })
	// A tie takes the middle of its ranks.
	n := float64(len(customers))
	sums, squares := make([]float64, len(customers)), make([]float64, len(customers))
	m := &SpendCopula{Customers: len(customers), Amounts: make([]float64, min(mostQuantiles, len(customers)/perQuantile))}
	quantile, below := 0, 0.0
	for from := 0; from < len(all); {
		to, weight := from, 0.0
		for ; to < len(all) && all[to].money == all[from].money; to++ {
			weight += all[to].weight
		}
		z := portable.NormalQuantile(min(max((below+weight/2)/n, 0.5/n), 1-0.5/n))
		for _, a := range all[from:to] {
			sums[a.customer] += z
			squares[a.customer] += z * z
		}
		below += weight
		for ; quantile < len(m.Amounts) && (to == len(all) || below >= (float64(quantile)+0.5)/float64(len(m.Amounts))*n); quantile++ {
			m.Amounts[quantile] = all[from].money
		}
		from = to
	}
	together, came := 0.0, 0.0
	for i, c := range customers {
		if k := float64(len(c)); k > 1 {
			together += (sums[i]*sums[i] - squares[i]) / (k * (k - 1))
			came++
		}
	}
	if came > 0 {
		m.Correlation = max(0, min(1, together/came))
	}
	return m, m.Check()
}

// days is the amounts of each customer's days of purchase.
func days(log []Purchase) (customers [][]float64) {
	log = slices.SortedFunc(slices.Values(log), func(a, b Purchase) int {
		return cmp.Or(cmp.Compare(a.Customer, b.Customer), cmp.Compare(a.Day, b.Day), cmp.Compare(a.Amount, b.Amount))
	})
	for i, p := range log {
		if i == 0 || p.Customer != log[i-1].Customer {
			customers = append(customers, nil)
		}
		own := &customers[len(customers)-1]
		if len(*own) > 0 && p.Day == log[i-1].Day {
			(*own)[len(*own)-1] += p.Amount
			continue
		}
		*own = append(*own, p.Amount)
	}
	return customers
}

// Check says what is wrong with a copula given by hand or read from a file, and readies a right one for use.
func (m *SpendCopula) Check() error {
	if !(m.Correlation >= 0 && m.Correlation <= 1) {
		return field.New("correlation", m.Correlation, "a number from 0 to 1")
	}
	if len(m.Amounts) < 2 {
		return field.New("amounts", len(m.Amounts), "two or more quantiles")
	}
	m.scores = make([]float64, len(m.Amounts))
	for k, a := range m.Amounts {
		if math.IsNaN(a) || math.IsInf(a, 0) || k > 0 && a < m.Amounts[k-1] {
			return field.New(fmt.Sprintf("amounts[%d]", k), a, "finite amounts that do not fall")
		}
		m.scores[k] = portable.NormalQuantile((float64(k) + 0.5) / float64(len(m.Amounts)))
	}
	return nil
}

// Draw makes a new customer, by exactly one draw.
func (m *SpendCopula) Draw(stream *rng.Stream) Spender {
	return Spender{law: m, score: float64(math.Sqrt(m.Correlation) * stream.Normal()), spread: math.Sqrt(1 - m.Correlation)}
}

// amount is what a score is worth, between quantiles along a line, beyond the last ones as they are.
func (m *SpendCopula) amount(z float64) float64 {
	k, _ := slices.BinarySearch(m.scores, z)
	switch {
	case k == 0:
		return m.Amounts[0]
	case k == len(m.scores):
		return m.Amounts[k-1]
	}
	share := (z - m.scores[k-1]) / (m.scores[k] - m.scores[k-1])
	return m.Amounts[k-1] + float64(share*(m.Amounts[k]-m.Amounts[k-1]))
}
