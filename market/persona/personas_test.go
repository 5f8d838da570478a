package persona

import (
	"bytes"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/sim/rng"
)

// ids of planted customers are numbers that occur nowhere else.
const firstID = 7340000000

// twoKinds is a log of kinds of customers: hunters buy product 1 on promotion, in the morning, one visit in ten days or
// more; loyal ones, every third customer, buy product 2 at its price, in the evening, every other day.
func twoKinds(n int) (l Log) {
	stream := rng.New(1, 0).Family("kinds").At()
	for c := range n {
		visits, product, deal := 3+stream.Intn(3), 1, 0.8
		if c%3 == 0 {
			visits, product, deal = 30+stream.Intn(10), 2, 0.1
		}
		for range visits {
			at := len(l.Customer)
			l.Customer = append(l.Customer, firstID+7*c)
			l.Basket = append(l.Basket, at)
			l.Day = append(l.Day, stream.Intn(60))
			l.Quantity = append(l.Quantity, 1)
			bought := product
			if stream.Float64() < 0.3 {
				bought = 3
			}
			discount := 0.0
			if stream.Float64() < deal {
				discount = 1
			}
			l.Product, l.Discount = append(l.Product, bought), append(l.Discount, discount)
			l.Amount = append(l.Amount, 5-discount+stream.Float64())
			l.Hour, l.Channel = append(l.Hour, float64(4+6*product+stream.Intn(6))), append(l.Channel, (product+stream.Intn(4))/4)
		}
	}
	return l
}

func fitted(t testing.TB) (*Features, Log, *Personas) {
	l := twoKinds(900)
	f, err := NewFeatures(l, Window{0, 60})
	if err != nil {
		t.Fatal(err)
	}
	m, err := FitKMeans(NewScale(f).Table(f), len(f.Names), KMeansOptions{K: 2, Restarts: 5, Streams: rng.New(1, 0).Family("kmeans")})
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewPersonas(f, l, m.Labels, Options{})
	if err != nil {
		t.Fatal(err)
	}
	folds := stats.FoldOptions{Folds: 4, Streams: rng.New(1, 0).Family("folds")}
	if _, err := p.FitCoupon(f, f.Reacted(l, Window{50, 60}), stats.PathOptions{Mix: 0.5}, folds); err != nil {
		t.Fatal(err)
	}
	return f, l, p
}

// The kinds are told apart by their visits, 3 to 5 against 30 to 39, and by their hours, without fail.
func TestCardsSayWhatWasPlanted(t *testing.T) {
	f, _, p := fitted(t)
	if len(p.Groups) != 2 || p.Groups[0].Card.Customers != 600 || p.Groups[1].Card.Customers != 300 {
		t.Fatalf("groups of %d and more customers", p.Groups[0].Card.Customers)
	}
	hunters, loyal := p.Groups[0].Card, p.Groups[1].Card
	if hunters.Favourites[0].Product != 1 || loyal.Favourites[0].Product != 2 {
		t.Errorf("favourites %v and %v", hunters.Favourites, loyal.Favourites)
	}
	// Shares of 2,400 and 10,000 lines are within 0.05 of 0.8 and 0.1, six standard errors.
	if math.Abs(hunters.Promotion.OnDeal-0.8) > 0.05 || math.Abs(loyal.Promotion.OnDeal-0.1) > 0.05 || hunters.Promotion.Others != loyal.Promotion.OnDeal {
		t.Errorf("on promotion: %+v and %+v", hunters.Promotion, loyal.Promotion)
	}
	if !(hunters.Promotion.Excess.Low > 0 && loyal.Promotion.Excess.High < 0) {
		t.Errorf("excess: %+v and %+v", hunters.Promotion.Excess, loyal.Promotion.Excess)
	}
	if len(loyal.Marks) != len(f.Names) {
		t.Errorf("%d marks of %d features", len(loyal.Marks), len(f.Names))
	}
	for _, m := range loyal.Marks[:3] { // the clock, visits, money
		if m.Feature != "hour_cos" && m.Feature != "frequency" && m.Feature != "money" || m.Difference < 5 {
			t.Errorf("a mark of the loyal: %+v", m)
		}
	}
}

// The mean of 20,000 draws lies within five standard errors of the group's, one false alarm in 10^6 a figure; the tails that
// means of ten customers smooth out and the copula's approximation of ties may take a tenth of the spread.
func TestDrawnShoppersAreLikeTheCustomers(t *testing.T) {
	f, _, p := fitted(t)
	d := len(f.Names)
	stream, count := rng.New(2, 0).Family("draw").At(), make([]int, 2)
	x := make([]float64, d)
	var drawn [2][][]float64
	for range 60_000 {
		g := p.Draw(stream.Float64())
		p.Features(g, &stream, x)
		count[g]++
		drawn[g] = append(drawn[g], append([]float64(nil), x...))
	}
	if share := float64(count[0]) / 60_000; math.Abs(share-2./3) > 5*math.Sqrt(2./9/60_000) {
		t.Errorf("%.4f of the shoppers are of the first group, two thirds of the customers are", share)
	}
	for g := range p.Groups {
		for j, name := range f.Names {
			var real, made []float64
			for i := range f.Rows() {
				if row := f.X[i*d : (i+1)*d]; p.Assign(row) == g {
					real = append(real, row[j])
				}
			}
			for _, v := range drawn[g] {
				made = append(made, v[j])
			}
			sd := math.Sqrt(stats.Variance(real))
			if off := stats.Mean(made) - stats.Mean(real); math.Abs(off) > 5*sd/math.Sqrt(20_000)+0.01*sd {
				t.Errorf("group %d, %s: mean %.4f, of the customers %.4f", g, name, stats.Mean(made), stats.Mean(real))
			}
			if ratio := math.Sqrt(stats.Variance(made)) / sd; sd > 0 && (ratio < 0.85 || ratio > 1.25) {
				t.Errorf("group %d, %s: spread %.3f of the customers'", g, name, ratio)
			}
		}
	}
}

func TestPersonasLoadToTheSameBehaviourAndNameNobody(t *testing.T) {
	f, l, p := fitted(t)
	b, err := p.Save()
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := Load(b)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(p, loaded) {
		t.Error("a loaded model is another one")
	}
	again, _ := loaded.Save()
	if !bytes.Equal(b, again) {
		t.Error("a loaded model is saved otherwise")
	}
	said := string(b) + fmt.Sprintf("%+v %+v", f, p)
	l.Amount[7] = math.NaN()
	_, err = NewFeatures(l, Window{0, 60})
	said += err.Error()
	for c := range 900 {
		if id := fmt.Sprint(firstID + 7*c); strings.Contains(said, id) {
			t.Fatalf("customer %s is named", id)
		}
	}
}

func TestSmallGroupsAreMergedIntoTheNearest(t *testing.T) {
	l := Log{}
	for c := range 40 {
		l.Customer, l.Day, l.Amount = append(l.Customer, c), append(l.Day, c%2), append(l.Amount, float64(c))
	}
	f, _ := NewFeatures(l, Window{0, 10})
	labels := make([]int, 40)
	for i := range labels {
		switch {
		case i >= 37:
			labels[i] = 2 // three, next to those of group 1
		case i >= 20:
			labels[i] = 1
		}
	}
	p, err := NewPersonas(f, l, labels, Options{Least: 5})
	if err != nil || p.Merged != 1 || len(p.Groups) != 2 || p.Groups[0].Card.Customers != 20 || p.Groups[1].Card.Customers != 20 {
		t.Errorf("%+v, %v", p, err)
	}
	for _, g := range p.Groups {
		if len(g.Quantiles[0]) != 4 {
			t.Errorf("%d quantiles of 20 customers, each of 5", len(g.Quantiles[0]))
		}
	}
	for _, c := range []struct {
		labels  []int
		least   int
		message string
	}{
		{labels, 41, "customers: found 40"}, {labels[:3], 5, "labels: found 3"}, {labels, -1, "least: found -1"},
		{append([]int{-1}, labels[1:]...), 5, "label of row 0: found -1"},
	} {
		if _, err := NewPersonas(f, l, c.labels, Options{Least: c.least}); err == nil || !strings.Contains(err.Error(), c.message) {
			t.Errorf("%v, want %q", err, c.message)
		}
	}
	one, _ := NewFeatures(Log{Customer: []int{5}, Day: []int{1}, Amount: []float64{2}}, Window{0, 3})
	if _, err := NewPersonas(one, Log{Customer: []int{5}}, []int{0}, Options{}); err == nil {
		t.Error("one customer is a persona")
	}
	if p, err := NewPersonas(one, Log{Customer: []int{5}}, []int{0}, Options{Least: 1}); err != nil || len(p.Groups) != 1 {
		t.Errorf("one customer, allowed: %v", err)
	}
}

func TestDrawingTakesAFixedNumberOfDrawsAndDoesNotAllocate(t *testing.T) {
	f, _, p := fitted(t)
	x := make([]float64, len(f.Names))
	for g := range p.Groups {
		a, b := rng.New(3, 0).Family("draw").At(), rng.New(3, 0).Family("draw").At()
		p.Features(g, &a, x)
		for range 2 * len(x) {
			b.Uint64()
		}
		if a != b {
			t.Errorf("group %d takes another number of draws", g)
		}
	}
	stream := rng.New(3, 0).Family("draw").At()
	if n := testing.AllocsPerRun(100, func() {
		p.Features(p.Draw(stream.Float64()), &stream, x)
		p.Assign(x)
		p.Redeems(x)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzLoad(f *testing.F) {
	_, _, p := fitted(f)
	b, err := p.Save()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"schema":"souk.persona/1"}`))
	f.Add(bytes.Replace(b, []byte(`"share": 0.`), []byte(`"share": 1.`), 1))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := Load(raw)
		if err != nil {
			return
		}
		stream := rng.New(1, 0).Family("fuzz").At()
		x := make([]float64, len(p.Scale.Names))
		for range 3 {
			p.Features(p.Draw(stream.Float64()), &stream, x)
			p.Assign(x)
			if p.Coupon != nil {
				p.Redeems(x)
			}
		}
	})
}

func BenchmarkDraw(b *testing.B) {
	f, _, p := fitted(b)
	x := make([]float64, len(f.Names))
	stream := rng.New(3, 0).Family("draw").At()
	b.ReportAllocs()
	for b.Loop() {
		p.Features(p.Draw(stream.Float64()), &stream, x)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "shoppers/s")
}
