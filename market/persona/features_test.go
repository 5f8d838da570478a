package persona

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

// small is two customers: 9001 comes twice and buys dear, 77 once, on promotion; 5 never within the window.
func small() Log {
	return Log{
		Customer: []int{9001, 77, 9001, 9001, 5},
		Day:      []int{10, 12, 14, 14, 99},
		Amount:   []float64{4, 1, 2, 8, 1},
		Basket:   []int{1, 2, 3, 3, 4},
		Product:  []int{1, 1, 2, 1, 2},
		Quantity: []float64{1, 1, 1, 2, 1},
		Discount: []float64{0, 1, 0, 0, 0},
		Hour:     []float64{6, 12, 6, 6, 0},
		Channel:  []int{0, 1, 0, 1, 0},
	}
}

func TestFeaturesAreWhatTheySay(t *testing.T) {
	f, err := NewFeatures(small(), Window{Start: 0, End: 20})
	if err != nil {
		t.Fatal(err)
	}
	usual := (2*math.Log(4) + math.Log(1)) / 3 // of product 1
	want := map[string][2]float64{             // of 77 and 9001
		"recency": {8, 6}, "frequency": {1, 2}, "money": {1, 14}, "basket_size": {1, 2},
		"price":     {(0 - usual) / 2, 2 * (math.Log(4) - usual) / 4},
		"promotion": {(1 - 1./3) / 2, (0 - 2./3) / 4},
		"hour_sin":  {0, 1}, "hour_cos": {-1, 0}, "channel_1": {1, 1. / 3},
	}
	if len(f.Names) != len(want) || f.Rows() != 2 {
		t.Fatalf("%q of %d customers", f.Names, f.Rows())
	}
	for j, name := range f.Names {
		for i := range 2 {
			if got := f.X[i*len(f.Names)+j]; math.Abs(got-want[name][i]) > 1e-12 {
				t.Errorf("%s of customer %d is %v, want %v", name, i, got, want[name][i])
			}
		}
	}
	if !reflect.DeepEqual(f.Row, []int{1, 0, 1, 1, -1}) {
		t.Errorf("rows of the lines: %v", f.Row)
	}
}

func TestTheOrderOfTheLogDoesNotMatter(t *testing.T) {
	stream := rng.New(3, 0).Family("log").At()
	log := randomLog(500, &stream)
	f, _ := NewFeatures(log, Window{End: 100})
	order := make([]int, 500)
	for i := range order {
		at := stream.Intn(i + 1)
		order[i], order[at] = order[at], i
	}
	g, err := NewFeatures(pick(log, order), Window{End: 100})
	if err != nil || !reflect.DeepEqual(f.X, g.X) {
		t.Errorf("another order of the lines makes other features (%v)", err)
	}
}

func randomLog(n int, stream *rng.Stream) (l Log) {
	for range n {
		basket := stream.Intn(n / 3)
		l.Customer = append(l.Customer, basket%(n/10))
		l.Basket = append(l.Basket, basket)
		l.Day = append(l.Day, basket%101)
		l.Product = append(l.Product, stream.Intn(10))
		l.Quantity = append(l.Quantity, float64(1+stream.Intn(3)))
		l.Amount = append(l.Amount, 10*stream.Float64())
		l.Discount = append(l.Discount, float64(stream.Intn(2)))
		l.Hour = append(l.Hour, 24*stream.Float64())
		l.Channel = append(l.Channel, stream.Intn(3))
	}
	return l
}

func pick(l Log, order []int) (p Log) {
	for _, i := range order {
		p.Customer = append(p.Customer, l.Customer[i])
		p.Day = append(p.Day, l.Day[i])
		p.Amount = append(p.Amount, l.Amount[i])
		p.Basket = append(p.Basket, l.Basket[i])
		p.Product = append(p.Product, l.Product[i])
		p.Quantity = append(p.Quantity, l.Quantity[i])
		p.Discount = append(p.Discount, l.Discount[i])
		p.Hour = append(p.Hour, l.Hour[i])
		p.Channel = append(p.Channel, l.Channel[i])
	}
	return p
}

func TestBadLogsAreRefusedWithoutNamingACustomer(t *testing.T) {
	for _, c := range []struct {
		message string
		spoil   func(*Log)
		window  Window
	}{
		{"day: found 1 lines, expected 5", func(l *Log) { l.Day = l.Day[:1] }, Window{0, 20}},
		{"hour: found 4 lines", func(l *Log) { l.Hour = l.Hour[:4] }, Window{0, 20}},
		{"amount in line 2: found NaN", func(l *Log) { l.Amount[2] = math.NaN() }, Window{0, 20}},
		{"quantity in line 0: found 0", func(l *Log) { l.Quantity[0] = 0 }, Window{0, 20}},
		{"discount in line 1: found -1", func(l *Log) { l.Discount[1] = -1 }, Window{0, 20}},
		{"hour in line 3: found 24", func(l *Log) { l.Hour[3] = 24 }, Window{0, 20}},
		{"channel in line 4: found -1", func(l *Log) { l.Channel[4] = -1 }, Window{0, 20}},
		{"window: found [3, 2]", func(*Log) {}, Window{3, 2}},
		{"log: found no line within the window", func(*Log) {}, Window{200, 300}},
		{"log: found no line within the window", func(l *Log) { *l = Log{} }, Window{0, 20}},
	} {
		l := small()
		c.spoil(&l)
		_, err := NewFeatures(l, c.window)
		if err == nil || !strings.Contains(err.Error(), c.message) || strings.Contains(err.Error(), "9001") {
			t.Errorf("%v, want %q", err, c.message)
		}
	}
}

func TestAFeatureThatDoesNotVaryIsScaledToZero(t *testing.T) {
	f, err := NewFeatures(Log{Customer: []int{1, 2}, Day: []int{3, 3}, Amount: []float64{-1, 7}}, Window{0, 5})
	if err != nil {
		t.Fatal(err)
	}
	if z := NewScale(f).Table(f); fmt.Sprintf("%.9f", z) != "[0.000000000 0.000000000 -1.000000000 0.000000000 0.000000000 1.000000000]" {
		t.Errorf("scaled to %v", z)
	}
}

func BenchmarkFeatures(b *testing.B) {
	stream := rng.New(3, 0).Family("log").At()
	log := randomLog(100_000, &stream)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := NewFeatures(log, Window{End: 100}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(100_000*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}
