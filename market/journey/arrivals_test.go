package journey

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

// market is arrivals by hand, in three parts of the day.
func market(t testing.TB, size float64) *Arrivals {
	a := &Arrivals{Size: size}
	for w := range 7 {
		a.Weekdays = append(a.Weekdays, Weekday{Mean: 20 + 10*float64(w), Profile: [][]float64{{0.2, 0.5, 0.3}, {0, 0.25, 0.75}}[w/5]})
	}
	if err := a.Check(); err != nil {
		t.Fatal(err)
	}
	return a
}

// open keeps a shop of these arrivals for n weeks, from Monday, 1970-01-05, on.
func open(a *Arrivals, weeks int, seed uint64) (arrivals []float64) {
	family := rng.New(seed, 0).Family("journey/arrivals")
	for d := range 7 * weeks {
		stream := family.At(uint64(d))
		for range a.Number(d%7, stream.Open()) {
			arrivals = append(arrivals, 86400*(4+float64(d)+a.Time(d%7, stream.Float64())))
		}
	}
	return arrivals
}

// 100 weeks: the size within 4.4 standard errors of its logarithm and each mean and share within 4.4 of its own, 29 checks that
// fail by chance once in 100,000 each.
func TestArrivalsAreRecoveredFromASimulatedShop(t *testing.T) {
	const weeks = 100
	for _, size := range []float64{3, 40} {
		truth := market(t, size)
		days, err := Days(open(truth, weeks, 1), 3)
		if err != nil {
			t.Fatal(err)
		}
		a, err := FitArrivals(days, ArrivalOptions{})
		if err != nil || !a.Estimates.Converged || *a.Estimates.PoissonPValue > 1e-6 {
			t.Fatalf("%+v (%v)", a, err)
		}
		near(t, "ln size", math.Log(a.Size), math.Log(size), 4.4*a.Estimates.SizeSE/a.Size)
		for w, d := range a.Weekdays {
			mean := truth.Weekdays[w].Mean
			near(t, "mean", d.Mean, mean, 4.4*math.Sqrt((mean+mean*mean/size)/weeks))
			for j, p := range d.Profile {
				want := truth.Weekdays[w].Profile[j]
				near(t, "share", p, want, 4.4*math.Sqrt(want*(1-want)/(d.Mean*weeks)))
			}
		}
	}
}

// Of 100 Poisson shops Fisher's test rejects 5 at 5% in the mean; more than 16 in one run of 100,000.
func TestPoissonArrivalsAreTakenForWhatTheyAre(t *testing.T) {
	rejected, poisson := 0, 0
	for seed := range uint64(100) {
		days, err := Days(open(market(t, 0), 8, seed), 1)
		if err != nil {
			t.Fatal(err)
		}
		a, err := FitArrivals(days, ArrivalOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if *a.Estimates.PoissonPValue < 0.05 {
			rejected++
		}
		if a.Size == 0 {
			poisson++
		}
		if a.Size > 0 && a.Estimates.LogLikelihood < a.Estimates.PoissonLogLik-1e-6 {
			t.Errorf("seed %d: the mixture is worse than its limit: %+v", seed, a.Estimates)
		}
	}
	if rejected > 16 || poisson < 30 {
		t.Errorf("%d of 100 rejected, %d without overdispersion", rejected, poisson)
	}
}

func TestDaysAreCountedInTheShopsTime(t *testing.T) {
	at := func(day, hour float64) float64 { return 86400*day + 3600*hour }
	days, err := Days([]float64{at(2, 23.99), at(-1, 0), at(0, 12), at(0, 12.5)}, 24)
	if err != nil || len(days) != 4 {
		t.Fatalf("%+v (%v)", days, err)
	}
	for i, want := range []struct{ weekday, hour, count int }{{2, 0, 1}, {3, 12, 2}, {4, 5, 0}, {5, 23, 1}} { // 1969-12-31 was a Wednesday
		if days[i].Weekday != want.weekday || days[i].Counts[want.hour] != want.count {
			t.Errorf("day %d is %+v", i, days[i])
		}
	}
	for _, c := range []struct {
		says     string
		arrivals []float64
		parts    int
	}{{"arrivals: found 0", nil, 24}, {"parts: found 0", []float64{1}, 0}, {"arrivals[1]: found NaN", []float64{1, math.NaN()}, 1}, {"look after the clocks", []float64{1, 1e14}, 1}} {
		if _, err := Days(c.arrivals, c.parts); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v, want %q", err, c.says)
		}
	}
}

func TestDaysThatCannotBeFittedAreRefusedByName(t *testing.T) {
	day := Day{2, []int{3, 4}}
	for _, c := range []struct {
		says string
		days []Day
		o    ArrivalOptions
	}{
		{"days: found 0", nil, ArrivalOptions{}}, {"days: found 1", []Day{day}, ArrivalOptions{}}, {"smoothing: found -1", []Day{day, day}, ArrivalOptions{Smoothing: -1}},
		{"days[1].weekday: found 7", []Day{day, {7, []int{1, 2}}}, ArrivalOptions{}}, {"days[1].counts: found 1", []Day{day, {6, []int{1}}}, ArrivalOptions{}},
		{"days[1].counts[0]: found -1", []Day{day, {6, []int{-1, 1}}}, ArrivalOptions{}}, {"no arrival", []Day{{1, []int{0}}, {2, []int{0}}}, ArrivalOptions{}},
	} {
		if _, err := FitArrivals(c.days, c.o); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v, want %q", err, c.says)
		}
	}
	a, err := FitArrivals([]Day{day, day}, ArrivalOptions{})
	if err != nil || len(a.Estimates.Warnings) != 8 || a.Size != 0 { // no overdispersion, six weekdays missing, few days
		t.Errorf("%+v (%v)", a, err)
	}
	one, err := FitArrivals([]Day{day, {6, []int{0, 1}}}, ArrivalOptions{EqualWeekdays: true, Smoothing: 2})
	if err != nil || one.Weekdays[6].Mean != 4 || !slices.Equal(one.Weekdays[0].Profile, []float64{0.4, 0.6}) {
		t.Errorf("%+v (%v)", one, err)
	}
}

func BenchmarkArrivals(b *testing.B) {
	a := market(b, 7)
	stream := rng.New(1, 0).Family("bench").At()
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		for w := range 7 {
			for range a.Number(w, stream.Open()) {
				a.Time(w, stream.Float64())
				n++
			}
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "sessions/s")
}

// Distances of the weekdays' means from the truth in their own standard errors, 7 in each of 60 shops: the mean square is 1
// within 0.28, four of its standard errors, once too far in about 10^4 seeds; too wide is as wrong as too narrow.
func TestStandardErrorsOfArrivalsAreTheirSpread(t *testing.T) {
	const shops, weeks = 60, 30
	for _, size := range []float64{0, 5} {
		truth, squares := market(t, size), 0.0
		for seed := range uint64(shops) {
			days, err := Days(open(truth, weeks, seed), 1)
			if err != nil {
				t.Fatal(err)
			}
			a, err := FitArrivals(days, ArrivalOptions{})
			if err != nil {
				t.Fatal(err)
			}
			for w, d := range a.Weekdays {
				z := (d.Mean - truth.Weekdays[w].Mean) / a.Estimates.MeanSE[w]
				squares += z * z / (7 * shops)
			}
		}
		near(t, "mean square", squares, 1, 0.28)
	}
}
