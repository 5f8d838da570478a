package persona

import (
	"slices"
	"testing"

	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios/data/shared"
	"github.com/souk-sim/souk/sim/rng"
	"gonum.org/v1/gonum/mat"
)

// intention is the sessions of Sakar et al. (2019) as numbers: amounts and times as ln(1+x), classes by a column for each
// of their values but the first.
func intention(t testing.TB) (y []float64, x *mat.Dense, names []string) {
	head, rows := table(t, shared.Path(t, "data", "clickstream", "online_shoppers_intention.csv"))
	classes := []string{"Month", "OperatingSystems", "Browser", "Region", "TrafficType", "VisitorType", "Weekend"}
	type column struct {
		from  int
		value string
	}
	var columns []column
	for j, name := range head[:len(head)-1] {
		if !slices.Contains(classes, name) {
			columns, names = append(columns, column{j, ""}), append(names, name)
			continue
		}
		count := map[string]int{}
		for _, r := range rows {
			count[r[j]]++
		}
		var values []string
		for v, n := range count {
			if n >= 100 {
				values = append(values, v)
			}
		}
		slices.Sort(values)
		for _, v := range values[1:] {
			columns, names = append(columns, column{j, v}), append(names, name+" "+v)
		}
	}
	x = mat.NewDense(len(rows), len(columns), nil)
	scale := &Scale{Log: []bool{true}}
	for i, r := range rows {
		for k, c := range columns {
			switch {
			case c.value == "":
				x.Set(i, k, scale.transform(0, number(t, r[c.from])))
			case r[c.from] == c.value:
				x.Set(i, k, 1)
			}
		}
		revenue := 0.0
		if r[len(r)-1] == "TRUE" {
			revenue = 1
		}
		y = append(y, revenue)
	}
	return y, x, names
}

// A quarter of the sessions, drawn at random, is held out. The bars lie four standard errors or more
// below what was measured on the first split tried: logistic 0.913, forest 0.925, standard errors 0.0065 and 0.0060.
func TestPurchaseIntentionIsForecastOnHeldOutSessions(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: a validated path and a forest of 12,330 sessions; go test ./market/persona fits them")
	}
	y, x, names := intention(t)
	stream := rng.New(1, 0).Family("split").At()
	var train, test [][]float64
	var trainY, testY, data []float64
	for i, v := range y {
		if stream.Float64() < 0.65 { // most are forecast by few: harder, and sooner done
			test, testY = append(test, x.RawRowView(i)), append(testY, v)
		} else {
			train, trainY, data = append(train, x.RawRowView(i)), append(trainY, v), append(data, x.RawRowView(i)...)
		}
	}
	v, err := stats.CrossValidateLogistic(trainY, mat.NewDense(len(train), len(names), data), names, stats.PathOptions{Mix: 1},
		stats.FoldOptions{Folds: 3, Workers: 2, Streams: rng.New(1, 0).Family("folds")})
	if err != nil {
		t.Fatal(err)
	}
	forest, _, err := stats.FitForest(train, trainY, stats.ForestOptions{Trees: 25, Workers: 2, Streams: rng.New(1, 0).Family("forest")})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		of   func([]float64) float64
		bar  float64
	}{{"logistic", v.Models[v.Simplest].Probability, 0.87}, {"forest", forest.Predict, 0.90}} {
		var score []float64
		for _, row := range test {
			score = append(score, c.of(row))
		}
		auc, err := stats.AUC(score, testY, 0.95)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: AUC %.4f (%.4f to %.4f) on %d sessions", c.name, auc.Value, auc.Low, auc.High, len(test))
		if auc.Value < c.bar {
			t.Errorf("%s: AUC %.4f on held-out sessions", c.name, auc.Value)
		}
	}
}

// Who redeems a coupon in the second half of the year, by the features of the first half: a random half of the households
// fits, the other one is forecast. Households that buy more in the sample have more lines to redeem on, so that frequency
// alone orders them.
func TestCouponRedemptionIsForecastOnHeldOutHouseholds(t *testing.T) {
	head, rows := table(t, shared.Path(t, "data", "transactions", "completejourney_sample.csv"))
	column := func(r []string, name string) float64 { return number(t, r[slices.Index(head, name)]) }
	first := day(t, "2017-01-01")
	stream := rng.New(1, 0).Family("split").At()
	in := map[int]bool{}
	var logs [2]Log
	for _, r := range rows {
		household := int(column(r, "household_id"))
		if _, known := in[household]; !known {
			in[household] = stream.Float64() < 0.5
		}
		l := &logs[0]
		if in[household] {
			l = &logs[1]
		}
		if column(r, "quantity") <= 0 {
			continue
		}
		l.Customer, l.Day = append(l.Customer, household), append(l.Day, day(t, r[slices.Index(head, "transaction_timestamp")])-first)
		l.Amount, l.Basket = append(l.Amount, column(r, "sales_value")), append(l.Basket, int(column(r, "basket_id")))
		l.Product, l.Quantity = append(l.Product, int(column(r, "product_id"))), append(l.Quantity, column(r, "quantity"))
		l.Discount = append(l.Discount, column(r, "coupon_disc"))
	}
	half, rest := Window{0, 181}, Window{182, 365}
	f, err := NewFeatures(logs[0], half)
	if err != nil {
		t.Fatal(err)
	}
	m, err := FitKMeans(NewScale(f).Table(f), len(f.Names), KMeansOptions{K: 4, Restarts: 10, Streams: rng.New(1, 0).Family("kmeans")})
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewPersonas(f, logs[0], m.Labels, Options{})
	if err != nil {
		t.Fatal(err)
	}
	v, err := p.FitCoupon(f, f.Reacted(logs[0], rest), stats.PathOptions{Mix: 0.5}, stats.FoldOptions{Streams: rng.New(1, 0).Family("folds")})
	if err != nil {
		t.Fatal(err)
	}
	p.Coupon = v.Models[v.Best]
	held, err := NewFeatures(logs[1], half)
	if err != nil {
		t.Fatal(err)
	}
	var score []float64
	for i := range held.Rows() {
		score = append(score, p.Redeems(held.X[i*len(held.Names):(i+1)*len(held.Names)]))
	}
	y := held.Reacted(logs[1], rest)
	auc, err := stats.AUC(score, y, 0.95)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("AUC %.3f (%.3f to %.3f), %.0f of %d households redeem; %v of %q", auc.Value, auc.Low, auc.High, sum(y), len(y), p.Coupon.Coef, p.Coupon.Names)
	if auc.Low < 0.5 {
		t.Errorf("AUC %.3f (%.3f to %.3f) on held-out households", auc.Value, auc.Low, auc.High)
	}
}

func sum(x []float64) (s float64) {
	for _, v := range x {
		s += v
	}
	return s
}
