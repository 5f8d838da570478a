package choice

import (
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// shared finds a file of ../shared beside the repository, or skips.
func shared(t testing.TB, name string) string {
	dir, err := filepath.Abs(".")
	for err == nil && dir != filepath.Dir(dir) {
		path := filepath.Join(dir, "shared", name)
		if _, err := os.Stat(path); err == nil {
			return path
		}
		dir = filepath.Dir(dir)
	}
	t.Skip("../shared is absent: this test needs the Dominick's or Complete Journey data")
	return ""
}

// readCSV returns the header and the records of a file of ../shared.
func readCSV(t testing.TB, name string) (map[string]int, [][]string) {
	f, err := os.Open(shared(t, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]int{}
	for i, name := range records[0] {
		at[name] = i
	}
	return at, records[1:]
}

var tunaSplit = Split{Train: Range{1, 238}, Validation: Range{239, 318}, Test: Range{319, 398}}

// tunaPanel reads Dominick's canned tuna and leaves out what market/logs finds: the wholesale price of brand 2 in week
// 76 (10.45 below 0 in logs) and the units of brand 2 in week 24 and of brand 1 in week 54, which do not fit their price.
func tunaPanel(t testing.TB) *Panel {
	at, records := readCSV(t, "data/store/tuna.csv")
	p := &Panel{Brands: []string{"star-kist", "chicken-of-the-sea", "bumble-bee-solid", "bumble-bee-chunk", "geisha", "bumble-bee-large", "hh-chunk-lite"}}
	for _, r := range records {
		number := func(name string) float64 {
			v, err := strconv.ParseFloat(r[at[name]], 64)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		week := int(number("WEEK"))
		units, price, wholesale, display := make([]float64, 7), make([]float64, 7), make([]float64, 7), make([]float64, 7)
		for j := range 7 {
			n := strconv.Itoa(j + 1)
			units[j], display[j] = number("MOVE"+n), number("NSALE"+n)
			price[j], wholesale[j] = math.Exp(number("LPRICE"+n)), math.Exp(number("LWHPRIC"+n))
		}
		switch week {
		case 24:
			units[1] = math.NaN()
		case 54:
			units[0] = math.NaN()
		case 76:
			wholesale[1] = math.NaN()
		}
		p.Weeks = append(p.Weeks, week)
		p.Units, p.Price = append(p.Units, units), append(p.Price, price)
		p.Wholesale, p.Display = append(p.Wholesale, wholesale), append(p.Display, display)
		p.Customers = append(p.Customers, number("FULLCUST"))
	}
	return p
}

var tunaMemories = []float64{0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95}

func tunaOptions() Options {
	return Options{FirstDay: "1989-09-14", Split: tunaSplit, Memories: tunaMemories,
		Quantity: tunaQuantityFitted}
}

// tunaQuantityFitted is what TestTunaQuantityRefits finds.
var tunaQuantityFitted = Quantity{Intercept: 0.6948, Deal: 0.0786, Dispersion: 0.1611}

// TestTunaShoppersRewardAFallMoreThanTheyPunishARise states what the fit says about Dominick's tuna: the four chunk brands gain
// from a price below its reference by 4 to 9 a dollar with t above 5, more than they lose above it; the weak instruments leave the
// market to least squares; no rival mechanism is asked for; the held-out weeks are forecast better than by naive means.
func TestTunaShoppersRewardAFallMoreThanTheyPunishARise(t *testing.T) {
	m, err := Fit(tunaPanel(t), tunaOptions())
	if err != nil {
		t.Fatal(err)
	}
	d := m.Diagnostics
	logFit(t, m)
	if m.Spec.Memory < 0.3 || m.Spec.Memory > 0.6 {
		t.Errorf("memory %g", m.Spec.Memory)
	}
	for _, j := range []int{0, 1, 3, 6} {
		if m.gain[j] < 4 || m.gain[j] > 9 || -m.loss[j] > m.gain[j]/2 || m.price[j] >= 0 {
			t.Errorf("%s: gain %.2f, loss %.2f, price %.2f", m.Brands[j], m.gain[j], m.loss[j], m.price[j])
		}
	}
	for _, c := range m.Coefficients {
		if c.Term == "gain" && c.Brand != "geisha" && c.T < 5 {
			t.Errorf("gain %s: t %.1f", c.Brand, c.T)
		}
	}
	if m.Estimator != LeastSquares || d.Instrumented.CraggDonald >= weakInstruments {
		t.Errorf("%s drives the market, Cragg–Donald %.2f", m.Estimator, d.Instrumented.CraggDonald)
	}
	for _, x := range d.Mechanisms {
		if x.Preferred {
			t.Errorf("%s is preferred: coefficient %.2f, t %.1f", x.Name, x.Common.Estimate, x.Common.T)
		}
	}
	every := d.HeldOut[len(d.HeldOut)-1]
	if every.Structural.RMSE > 0.8*every.Average.RMSE || every.OneStep.RMSE > 0.8*every.LastWeek.RMSE {
		t.Errorf("held-out weeks: %+v", every)
	}
	// Smearing corrects in the right direction: means without it fall further below the units sold.
	if every.Unsmeared.Bias >= every.Structural.Bias {
		t.Errorf("bias %.3f with and %.3f without smearing", every.Structural.Bias, every.Unsmeared.Bias)
	}
}

// logFit prints the figures that documents quote: go test ./market/choice -run TunaShoppers -v.
func logFit(t *testing.T, m *ShareLogit) {
	d := m.Diagnostics
	t.Logf("%+v, %s, R² %.3f, next best memory %g, displays by %s", m.Spec, m.Estimator, d.R2, d.NextBestMemory, m.Displays.Form)
	for _, c := range m.Coefficients {
		t.Logf("%s %s: %.3f (%.3f) t %.1f", c.Term, c.Brand, c.Estimate, c.SE, c.T)
	}
	t.Logf("σ %.3f φ %.3f", m.Shocks.Sigma, m.Shocks.Phi)
	for _, o := range d.Selections[0].Options {
		t.Logf("memory %s: score %.4f, behind %.3f (%.3f) a week, training AIC %.1f", o.Value, o.Score, o.Behind, o.BehindSE, o.AIC)
	}
	for _, x := range d.Mechanisms {
		t.Logf("%s: %.3f t %.1f, star-kist %.3f t %.1f, AIC %+.1f, score %+.3f (%.3f) a week", x.Name, x.Common.Estimate, x.Common.T, x.ByBrand[0].Estimate, x.ByBrand[0].T, x.AIC, x.Score, x.ScoreSE)
	}
	for _, iv := range []*InstrumentedFit{d.Instrumented, d.InstrumentedCommon} {
		t.Logf("Cragg–Donald %.3f, first stages %+v", iv.CraggDonald, iv.FirstStages)
	}
	for _, h := range d.HeldOut {
		t.Logf("%+v", h)
	}
	for j, brand := range m.Brands {
		e := d.Elasticities
		t.Logf("%s at %.2f: elasticity for a cut %.2f, a rise %.2f, in the long run %.2f", brand, d.Prices[j], e.Cut[j][j], e.Rise[j][j], e.Long[j][j])
	}
	for _, w := range d.Warnings {
		t.Log(w)
	}
}

// TestDealCyclesBeatTheBestFixedPrice: with rivals at their mean prices, wholesale prices of the last fitted year and ξ = 0, the
// best cycle of some regular weeks and some deal weeks earns the chain 5 to 25% more category profit than the best fixed price on
// the ladder, whose top that is.
func TestDealCyclesBeatTheBestFixedPrice(t *testing.T) {
	p := tunaPanel(t)
	m, err := Fit(p, tunaOptions())
	if err != nil {
		t.Fatal(err)
	}
	d := m.Diagnostics
	s, err := m.NewShelf([]int{1, 2, 3, 4, 5, 6, Outside, 0})
	if err != nil {
		t.Fatal(err)
	}
	s.SetWeek(345)
	for j := range p.Brands {
		s.Set(j, d.Prices[j], d.Displays[j], d.Prices[j], 0)
	}
	cost, units := p.mean(p.Wholesale, Range{267, 318}), make([]float64, 7)
	profit := func(cycle []float64) float64 { // mean of the last of many rounds
		r, total := cycle[0], 0.0
		for range 12 {
			total = 0
			for _, price := range cycle {
				if r-price > 0.30 {
					return math.Inf(-1)
				}
				s.Set(0, price, m.Display(0, r, price), r, 0)
				s.Expected(units)
				total += units[0] * (price - cost[0])
				for j := 1; j < 7; j++ {
					total += units[j] * (d.Prices[j] - cost[j])
				}
				r = m.NextReference(r, price)
			}
		}
		return total / float64(len(cycle))
	}
	ladder := make([]float64, 13)
	fixed, at := 0.0, 0.0
	for i := range ladder {
		ladder[i] = 0.54 + 0.43*float64(i)/12
		if v := profit(ladder[i : i+1]); v > fixed {
			fixed, at = v, ladder[i]
		}
	}
	best, cycle := 0.0, []float64(nil)
	for high := range ladder {
		for low := range high {
			for regular := 1; regular <= 5; regular++ {
				for deal := 1; deal <= 3; deal++ {
					var c []float64
					for i := range regular + deal {
						c = append(c, ladder[map[bool]int{true: high, false: low}[i < regular]])
					}
					if v := profit(c); v > best {
						best, cycle = v, c
					}
				}
			}
		}
	}
	t.Logf("best fixed price %.2f, best cycle %.2f earns %.1f%% more", at, cycle, 100*(best/fixed-1))
	if gain := best/fixed - 1; gain < 0.05 || gain > 0.25 {
		t.Errorf("the best cycle %.2f earns %.1f%% more than the best fixed price %.2f", cycle, 100*gain, at)
	}
}

// TestWeekOneBeginsOnThursday14September1989: with that date, customers of the week that holds Thanksgiving are fewer, and those
// of the week before it more, than the median of the nine weeks around, in the mean over 1989 to 1996.
func TestWeekOneBeginsOnThursday14September1989(t *testing.T) {
	p := tunaPanel(t)
	at := map[int]int{}
	for i, w := range p.Weeks {
		at[w] = i
	}
	first := time.Date(1989, 9, 14, 0, 0, 0, 0, time.UTC)
	if first.Weekday() != time.Thursday {
		t.Fatal(first.Weekday())
	}
	deviation := func(shift int) float64 {
		sum, n := 0.0, 0.0
		for year := 1989; year <= 1996; year++ {
			day := time.Date(year, 11, 22, 0, 0, 0, 0, time.UTC)
			for day.Weekday() != time.Thursday {
				day = day.AddDate(0, 0, 1)
			}
			i, ok := at[int(day.Sub(first).Hours()/24)/7+1+shift]
			if !ok || i < 4 || i+5 > len(p.Weeks) {
				continue
			}
			sum += math.Log(p.Customers[i] / middle(p.Customers[i-4:i+5]))
			n++
		}
		return sum / n
	}
	if during, before := deviation(0), deviation(-1); during > -0.05 || before < 0.05 {
		t.Errorf("customers deviate by %.3f in Thanksgiving's week and by %.3f the week before", during, before)
	}
}

func BenchmarkFitTuna(b *testing.B) {
	p := tunaPanel(b)
	for b.Loop() {
		if _, err := Fit(p, tunaOptions()); err != nil {
			b.Fatal(err)
		}
	}
}
