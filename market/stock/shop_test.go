package stock

import (
	"math"
	"testing"

	"github.com/souk-sim/souk/sim"
	"github.com/souk-sim/souk/sim/rng"
)

// shop is the smallest market: customers who want one unit each come as a Poisson process.
type shop struct {
	k        *Keeper
	calendar *sim.Calendar[happening]
	come     rng.Stream
	lead     rng.Family
	rate     float64 // customers a day
	patient  bool    // they wait for what is not there, if they may
	spoiling bool    // a spoilage is on the calendar
}

type happening struct {
	kind  int
	units int64
}

// Kinds of events, in the order in which they happen at one instant.
const (
	goodsSpoil = iota
	yearEnds
	stockReview
	goodsCome
	customer
)

// run plays a shop for a number of days, and returns the account of those after the warm-up.
func run(k *Keeper, rate float64, patient bool, warmUp, days float64, streams rng.Streams) Account {
	k.Reset()
	s := shop{k: k, calendar: sim.New[happening](), come: streams.Family("customers").At(0), lead: streams.Family("lead times"), rate: rate, patient: patient}
	s.schedule(0, happening{kind: stockReview})
	s.schedule(s.come.Exponential()/rate, happening{kind: customer})
	s.schedule(warmUp, happening{kind: yearEnds})
	s.schedule(warmUp+days, happening{kind: yearEnds})
	for years := 0; ; {
		now, e, _ := s.calendar.Next()
		if e.kind == yearEnds {
			account := k.Close(now)
			if years++; years == 2 {
				return account
			}
			continue
		}
		s.handle(now, e)
	}
}

func (s *shop) schedule(at float64, e happening) { s.calendar.Schedule(at, int32(e.kind), e) }

func (s *shop) handle(now float64, e happening) {
	switch e.kind {
	case customer:
		if s.k.Take(now, 1) == 0 && !(s.patient && s.k.BackOrder(now, 0, 1)) {
			s.k.Lose(1)
		}
		s.schedule(now+s.come.Exponential()/s.rate, e)
	case goodsCome:
		s.k.Receive(now, e.units)
	case goodsSpoil:
		s.spoiling = false
		s.k.Spoil(now)
	}
	if days := s.k.ReviewDays(); days == 0 || e.kind == stockReview {
		if order := s.k.Review(now); order.Units > 0 {
			s.schedule(now+s.k.LeadDays(s.lead.At(0, uint64(order.Number))), happening{goodsCome, order.Units})
		}
		if e.kind == stockReview && days > 0 {
			s.schedule(now+days, e)
		}
	}
	if at := s.k.NextExpiry(); !s.spoiling && !math.IsInf(at, 1) {
		s.spoiling = true
		s.schedule(at, happening{kind: goodsSpoil})
	}
}

// estimate is a mean over independent replications, and its standard error.
type estimate struct{ mean, se float64 }

func summarise(x []float64) estimate {
	mean, square := 0.0, 0.0
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		square += (v - mean) * (v - mean)
	}
	return estimate{mean, math.Sqrt(square / float64(len(x)-1) / float64(len(x)))}
}

// replications of a simulation. With 40 of them a true mean is missed by 3 standard errors in 0.47% of cases (Student's t with 39
// degrees of freedom).
const replications = 40

// replicate measures something of accounts of independent replications.
func replicate(t *testing.T, cfg Config, unitCost int64, rate float64, patient bool, warmUp, days float64, measure func(*Account) float64) []float64 {
	t.Helper()
	k, err := New(cfg, unitCost)
	if err != nil {
		t.Fatal(err)
	}
	x := make([]float64, replications)
	for r := range x {
		a := run(k, rate, patient, warmUp, days, rng.New(*seed, uint64(r)))
		if err := k.Check(); err != nil {
			t.Fatal(err)
		}
		if err := a.Check(); err != nil {
			t.Fatal(err)
		}
		x[r] = measure(&a)
	}
	return x
}

// costs is the cost of a day, $.
func costs(a *Account) float64 { return float64(a.Cost()) / minorPerDollar / (a.To - a.From) }

// agrees holds the mean of replications against what theory says.
func agrees(t *testing.T, what string, x []float64, want float64) {
	t.Helper()
	got := summarise(x)
	if z := (got.mean - want) / got.se; !(math.Abs(z) < 3) {
		t.Errorf("%s: %.5g ± %.2g, want %.5g (z = %.1f)", what, got.mean, got.se, want, z)
	} else {
		t.Logf("%s: %.5g ± %.2g, exact %.5g (z = %.1f)", what, got.mean, got.se, want, z)
	}
}

// poisson returns P(N = n) and P(N ≤ n), n up to most.
func poisson(mean float64, most int) (mass, below []float64) {
	mass, below = make([]float64, most+1), make([]float64, most+1)
	sum := 0.0
	for n := range mass {
		logFactorial, _ := math.Lgamma(float64(n) + 1)
		if mass[n] = math.Exp(float64(n)*math.Log(mean) - mean - logFactorial); mean == 0 && n == 0 {
			mass[n] = 1
		}
		sum += mass[n]
		below[n] = sum
	}
	return mass, below
}

// leftAndShort returns E[(y - N)⁺] and E[(N - y)⁺] of a Poisson number N.
func leftAndShort(y int64, mean float64) (left, short float64) {
	mass, _ := poisson(mean, int(max(y, 0)))
	for n := range max(y, 0) {
		left += float64(y-n) * mass[n]
	}
	return left, left - float64(y) + mean
}
