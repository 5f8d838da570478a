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
