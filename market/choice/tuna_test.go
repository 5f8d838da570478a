package choice

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/souk-sim/souk/market/logs"
	"github.com/souk-sim/souk/scenarios/data"
)

var tunaSplit = Split{Train: Range{1, 238}, Validation: Range{239, 318}, Test: Range{319, 398}}

// tunaPanel is the bundled data as the product fits it: checked by market/logs, without the units that its findings leave out of
// the choice model.
func tunaPanel(t testing.TB) *Panel {
	raw, err := fs.ReadFile(data.Files(), "tuna.parquet")
	if err != nil {
		t.Fatal(err)
	}
	columns := logs.Columns{Period: "week", Customers: "customers"}
	for i, name := range []string{"star-kist", "chicken-of-the-sea", "bumble-bee-solid", "bumble-bee-chunk", "geisha", "bumble-bee-large", "hh-chunk-lite"} {
		n := strconv.Itoa(i + 1)
		columns.Products = append(columns.Products, logs.ProductColumns{Name: name, Units: "units_" + n, Display: "display_" + n,
			LogPrice: "log_price_" + n, LogWholesale: "log_wholesale_" + n})
	}
	read, err := logs.Decode("tuna.parquet", bytes.NewReader(raw), int64(len(raw)), columns)
	if err != nil {
		t.Fatal(err)
	}
	checked, findings := logs.Check(read, 52)
	for _, f := range findings {
		if f.Action == logs.OutOfChoice {
			checked.Units[slices.Index(checked.Periods, f.Period)][checked.Index(f.Product)] = math.NaN()
		}
	}
	return &Panel{Brands: checked.Products, Weeks: checked.Periods, Units: checked.Units, Price: checked.Price, Wholesale: checked.Wholesale,
		Display: checked.Display, Customers: checked.Customers}
}

var tunaMemories = []float64{0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95}

func tunaOptions() Options {
	return Options{FirstDay: "1989-09-14", Split: tunaSplit, Memories: tunaMemories,
		Quantity: tunaQuantityFitted}
}

// tunaQuantityFitted is what TestQuantitiesAreTheFitsToHouseholdPurchases finds.
var tunaQuantityFitted = Quantity{Intercept: 0.6948, Deal: 0.0786, Dispersion: 0.1611}

// TestTunaShoppersRewardAFallMoreThanTheyPunishARise states what the fit says about Dominick's tuna: the four chunk brands gain
// from a price below its reference by 4 to 9 a dollar with t above 5, more than they lose above it; the weak instruments leave the
// market to least squares; the held-out weeks are forecast better than by naive means. The rule that chose the model's terms would
// take five of the six rival mechanisms, too, each by itself: the data do not say which of them the gain stands for.
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
	if m.Estimator != LeastSquares {
		t.Errorf("%s drives the market", m.Estimator)
	}
	for _, x := range d.Mechanisms {
		if want := x.Name != "log share ratio last week"; x.Preferred != want {
			t.Errorf("%s: preferred %v; coefficient %.2f, t %.1f", x.Name, x.Preferred, x.Common.Estimate, x.Common.T)
		}
		for _, g := range x.Gains {
			if g.Brand != "geisha" && g.T < 3 {
				t.Errorf("gain of %s beside %s: %.2f, t %.1f", g.Brand, x.Name, g.Estimate, g.T)
			}
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

// TestTheInstrumentsOfMostBrandsAreWeak: brand by brand, on its own rows, only two brands reach 10; the figures are those of an
// independent computation, to the digits it printed. Least squares and two-stage least squares with common coefficients disagree
// and the second cannot tell the price coefficient from 0, which the reader is warned of.
func TestTheInstrumentsOfMostBrandsAreWeak(t *testing.T) {
	m, err := Fit(tunaPanel(t), tunaOptions())
	if err != nil {
		t.Fatal(err)
	}
	d := m.Diagnostics
	first, cragg := []float64{35.7, 17.8, 11.2, 62.7, 3.5, 0.7, 21.5}, []float64{10.2, 2.3, 11.2, 2.3, 0.03, 0.7, 9.6}
	for j, b := range d.Strength {
		if math.Abs(b.FirstStages[0].F-first[j]) > 0.051 || math.Abs(b.CraggDonald-cragg[j]) > 0.051 || b.Rows > len(tunaPanel(t).Weeks) {
			t.Errorf("%s: F %.3f and Cragg–Donald %.3f on %d rows, want %g and %g", b.Brand, b.FirstStages[0].F, b.CraggDonald, b.Rows, first[j], cragg[j])
		}
	}
	if d.weakest().Brand != "geisha" || d.Instrumented.FirstStages != nil {
		t.Errorf("weakest %+v; first stages of the stack %+v", d.weakest(), d.Instrumented.FirstStages)
	}
	least, two := priceOf(d.LeastSquaresCommon), priceOf(d.InstrumentedCommon.Coefficients)
	if least.T > -5 || math.Abs(two.T) > 1.96 {
		t.Errorf("common price coefficient %+v by least squares, %+v by two-stage least squares", least, two)
	}
	warnings := strings.Join(d.Warnings, "\n")
	for _, say := range []string{"geisha 0.03", fmt.Sprintf("%.2f (se %.2f)", two.Estimate, two.SE), "Driscoll–Kraay"} {
		if !strings.Contains(warnings, say) {
			t.Errorf("no warning says %q:\n%s", say, warnings)
		}
	}
}

// TestDepthBelowTheRegularPriceCanBeCarried: with the term in, deals get their pull from depth as well as from gain, long-run
// elasticities shrink, and the model behaves as before after JSON.
func TestDepthBelowTheRegularPriceCanBeCarried(t *testing.T) {
	without, err := Fit(tunaPanel(t), tunaOptions())
	if err != nil {
		t.Fatal(err)
	}
	o := tunaOptions()
	o.With = []string{"depth"}
	m, err := Fit(tunaPanel(t), o)
	if err != nil {
		t.Fatal(err)
	}
	logFit(t, m)
	i := find(m.Coefficients, column{term: "depth"})
	if i < 0 || m.Coefficients[i].T < 3 || m.depth[0] < 1 || m.gain[0] < 3 {
		t.Errorf("%+v: depth %.2f, gain %.2f", m.Spec, m.depth[0], m.gain[0])
	}
	if math.Abs(m.price[0]) > math.Abs(without.price[0]) {
		t.Errorf("price coefficient %.2f with depth, %.2f without", m.price[0], without.price[0])
	}
	// The long memory with the best validation score is not told from the short one, which fits the training weeks far better.
	if b := m.Diagnostics.BestValidationMemory; b.Memory < 0.9 || m.Spec.Memory > 0.4 || b.Behind > b.BehindSE || b.AIC > -50 {
		t.Errorf("memory %g chosen, the best on validation weeks %+v", m.Spec.Memory, *b)
	}
	raw, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := Load(raw)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := loaded.DepthResponse(0, 0.2), 0.2*m.Coefficients[i].Estimate; math.Abs(got-want) > 1e-15 || loaded.DepthResponse(0, -0.2) != 0 {
		t.Errorf("depth of 0.2 adds %g, want %g", got, want)
	}
	if without.DepthResponse(0, 0.2) != 0 {
		t.Error("a model without depth answers it")
	}
}

// TestTestWeeksDoNotMoveTheFit: whatever stands in the test weeks, coefficients are the same bits.
func TestTestWeeksDoNotMoveTheFit(t *testing.T) {
	p := tunaPanel(t)
	m, err := Fit(p, tunaOptions())
	if err != nil {
		t.Fatal(err)
	}
	for i, w := range p.Weeks {
		for j := range p.Brands {
			if tunaSplit.Test.holds(w) {
				p.Units[i][j] *= 3
				p.Price[i][j] *= 1.2
				p.Wholesale[i][j] *= 0.7
			}
		}
	}
	changed, err := Fit(p, tunaOptions())
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(m.Coefficients, changed.Coefficients) || !reflect.DeepEqual(m.Shocks, changed.Shocks) ||
		!reflect.DeepEqual(m.Diagnostics.Strength, changed.Diagnostics.Strength) || !reflect.DeepEqual(m.Displays, changed.Displays) {
		t.Error("the fit knows the test weeks")
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
		t.Logf("%s: %.3f t %.1f, star-kist %.3f t %.1f, AIC %+.1f, score %+.3f (%.3f) a week: %s", x.Name, x.Common.Estimate, x.Common.T, x.ByBrand[0].Estimate, x.ByBrand[0].T, x.AIC, x.Score, x.ScoreSE, x.Selection.Chosen)
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
	for _, b := range d.Strength {
		t.Logf("%s, %d rows: Cragg–Donald %.2f, first stages %+v", b.Brand, b.Rows, b.CraggDonald, b.FirstStages)
	}
	for _, c := range d.Instrumented.Coefficients {
		if isEndogenous(c.Term) {
			t.Logf("two-stage %s %s: %.3f (%.3f)", c.Term, c.Brand, c.Estimate, c.SE)
		}
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
