package market

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/market/demand"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
	"github.com/souk-sim/souk/sim/rng"
)

// arrivals draws when shoppers come who have not come before: a Poisson process whose rate is constant within each hour. It is drawn by the change of time
// that makes its rate 1 (Çinlar 1975, Introduction to Stochastic Processes, §4.7), so that nothing that sellers do moves an arrival.
type arrivals struct {
	cfg       *Config
	family    rng.Family // "arrivals"
	noise     rng.Family // "traffic"
	simulator demand.Simulator
	stream    rng.Stream
	most      float64   // shoppers of an episode
	drawn     []float64 // path of the simulator, from the first period after its history

	edge   []float64 // borders of the pieces of this period, days
	mass   []float64 // expected shoppers from the period's opening to each border
	piece  int
	gaps   [16]float64 // drawn ahead, since many logarithms at once are cheaper than one by one
	gap    int         // of them, the next
	passed float64     // expected shoppers up to the last arrival
	number int32       // of the next shopper of this period, from 0
	next   float64     // when he comes; +Inf: none does
}

func newArrivals(cfg *Config) (arrivals, error) {
	a := arrivals{cfg: cfg, most: cfg.mostVisits() / (1 + cfg.comebacks())}
	pieces := int(math.Ceil(cfg.PeriodDays*24)) + 2
	a.edge, a.mass = make([]float64, 0, pieces), make([]float64, 0, pieces)
	if cfg.Traffic.Periods == nil {
		return a, nil
	}
	var err error
	if a.simulator, err = cfg.Traffic.Periods(); err != nil {
		return a, err
	}
	a.drawn = make([]float64, cfg.Traffic.Skip+cfg.Horizon)
	return a, nil
}

// reset draws the path of an episode.
func (a *arrivals) reset(s rng.Streams) error {
	a.family, a.noise = s.Family("arrivals"), s.Family("traffic")
	if a.simulator == nil {
		return nil
	}
	a.stream = s.Family("path").At()
	a.simulator.Path(&a.stream, a.drawn)
	sum := 0.0
	for t, n := range a.drawn[a.cfg.Traffic.Skip:] {
		if !(n >= 0 && n <= mostVisitors) {
			return field.New("traffic.demand", fmt.Sprintf("%g shoppers in period %d", n, t), fmt.Sprintf("a number from 0 to %g", mostVisitors))
		}
		if sum += n; sum > a.most {
			return field.New("traffic.demand", fmt.Sprintf("%.3g shoppers in %d periods", sum, t+1), fmt.Sprintf("at most %.3g an episode, by the time and the money that they may take", a.most))
		}
	}
	return nil
}

// open begins a period and draws its first arrival.
func (a *arrivals) open(period int) {
	start := float64(period) * a.cfg.PeriodDays
	a.lay(period, start)
	a.stream = a.family.At(uint64(period))
	a.piece, a.passed, a.number, a.gap = 0, 0, -1, len(a.gaps)
	a.advance()
}

// advance draws the next arrival, by one draw.
func (a *arrivals) advance() {
	if a.gap == len(a.gaps) {
		for i := range a.gaps {
			a.gaps[i] = a.stream.Exponential()
		}
		a.gap = 0
	}
	a.number++
	a.passed += a.gaps[a.gap]
	a.gap++
	last := len(a.mass) - 1
	if !(a.passed < a.mass[last]) {
		a.next = math.Inf(1)
		return
	}
	for a.mass[a.piece+1] <= a.passed {
		a.piece++
	}
	k := a.piece
	share := (a.passed - a.mass[k]) / (a.mass[k+1] - a.mass[k])
	a.next = min(a.edge[k+1], a.edge[k]+float64(share*(a.edge[k+1]-a.edge[k])))
}

// expected is the shoppers that the period is expected to bring.
func (a *arrivals) expected() float64 { return a.mass[len(a.mass)-1] }

// between is the shoppers that are expected between two days of the period.
func (a *arrivals) between(from, to float64) float64 {
	by := func(day float64) float64 {
		k := 1
		for k < len(a.edge)-1 && a.edge[k] < day {
			k++
		}
		share := (day - a.edge[k-1]) / (a.edge[k] - a.edge[k-1])
		return a.mass[k-1] + float64(min(max(share, 0), 1)*(a.mass[k]-a.mass[k-1]))
	}
	return by(to) - by(from)
}

// lay computes the expected shoppers of each hour of a period.
func (a *arrivals) lay(period int, start float64) {
	t := &a.cfg.Traffic
	end := float64(period+1) * a.cfg.PeriodDays
	a.edge, a.mass = append(a.edge[:0], start), append(a.mass[:0], 0)
	total := 0.0
	for hour := int(math.Floor(start * 24)); ; hour++ {
		to := min(end, float64(hour+1)/24)
		if to > a.edge[len(a.edge)-1] {
			from := a.edge[len(a.edge)-1]
			total += float64((to - from) * a.density(hour, (from+to)/2))
			a.edge, a.mass = append(a.edge, to), append(a.mass, total)
		}
		if to >= end {
			break
		}
	}
	expected := total
	if a.simulator != nil {
		expected = a.drawn[t.Skip+period]
	}
	expected *= a.factor(period, start)
	scale := 0.0
	if total > 0 {
		scale = min(expected, mostVisitors) / total
	}
	for i := range a.mass {
		a.mass[i] *= scale
	}
}

// density is the expected shoppers a day at an instant of an hour that is counted from the episode's opening.
func (a *arrivals) density(hour int, at float64) float64 {
	t := &a.cfg.Traffic
	rate := t.Visitors
	if a.simulator != nil {
		rate = 1 // only the shape counts
	}
	if len(t.Hours) > 0 {
		rate *= float64(24*t.Hours[hour%24]) / total(t.Hours)
	}
	if len(t.Weekdays) > 0 {
		rate *= float64(7*t.Weekdays[hour/24%7]) / total(t.Weekdays)
	}
	if a.simulator != nil {
		return rate
	}
	if log := t.wave(at); log != 0 {
		rate *= portable.Exp(max(-utmost, min(utmost, log)))
	}
	return rate
}

// wave is growth and season at a day, in logs.
func (t *Traffic) wave(day float64) float64 {
	log := float64(t.Growth * day)
	if t.Season.Amplitude != 0 {
		_, cos := portable.Sincos(2 * math.Pi * (day - t.Season.Peak) / t.Season.Days)
		log += float64(t.Season.Amplitude * cos)
	}
	return log
}

// factor is what shocks and dispersion make of a period.
func (a *arrivals) factor(period int, start float64) float64 {
	t, factor := &a.cfg.Traffic, 1.0
	for i := range t.Shocks {
		if t.Shocks[i].holds(start, start+a.cfg.PeriodDays) {
			factor *= t.Shocks[i].Visitors
		}
	}
	if t.Dispersion > 0 {
		stream := a.noise.At(uint64(period))
		variance := portable.Log(1 + t.Dispersion)
		factor *= portable.Exp(float64(math.Sqrt(variance)*stream.Normal()) - float64(variance/2))
	}
	return factor
}

// holds tells whether a shock acts on a period.
func (s *Shock) holds(start, end float64) bool {
	return s.Day < end && (s.Days == 0 || s.Day+s.Days > start)
}

func total(weights []float64) (sum float64) {
	for _, w := range weights {
		sum += w
	}
	return sum
}
