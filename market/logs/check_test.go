package logs

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

// TestTheRulesFindTheDefectsOfTheTunaData: the defects are real ones; README.md of scenarios/data lists them.
func TestTheRulesFindTheDefectsOfTheTunaData(t *testing.T) {
	clean, findings := Check(tuna(t), 52)
	got := make(map[Kind][]string)
	absent := 0
	for _, f := range findings {
		var n int
		if fmt.Sscanf(f.Found, "%d without a row", &n); f.Kind == AbsentPeriod {
			absent += n
		}
		place := fmt.Sprint(f.Period)
		if f.Product != "" {
			place += fmt.Sprint("/", slices.Index(brands, f.Product)+1)
		}
		got[f.Kind] = append(got[f.Kind], place)
	}
	for kind, want := range map[Kind]string{
		ImpossibleValue: "76/2",
		NegativeMargin:  "181/2 225/4 234/7 235/4 235/7 243/7 250/4 255/4 259/7 288/7 330/4",
		RepeatedRecord:  "232 233",
		UnitsMisfit:     "24/2 54/1",
		ShortSupply:     "64/3 65/3 66/3 67/3 67/6 68/3 68/6 69/3 69/6 70/3 70/6 71/3 71/6 72/3 72/6 73/3 73/6 74/3 74/6 126/5 200/6 201/6 202/6",
		TrafficFall:     "249 259 266 274 291 308 372",
		ZeroUnits:       "",
	} {
		if places := strings.Join(got[kind], " "); places != want {
			t.Errorf("%s: week/brand %s, want %s", kind, places, want)
		}
	}
	if gaps := strings.Join(got[AbsentPeriod], " "); absent != 60 || gaps != "211 219 262 278 284 314 332 384 392" {
		t.Errorf("%d absent weeks in gaps from %s, want 60", absent, gaps)
	}
	if v := clean.Wholesale[75][1]; v == v {
		t.Errorf("the wholesale price of brand 2 in week 76 is still %v", v)
	}
	if v := clean.Units[slices.Index(clean.Periods, 233)][0]; v == v {
		t.Errorf("the repeated units of week 233 are still %v", v)
	}
	for _, f := range findings {
		if row := clean.Periods[f.Row-1]; f.Kind != AbsentPeriod && row != f.Period {
			t.Errorf("%v: row %d is period %d", f, f.Row, row)
		}
	}
}

// synthetic is three years of weeks of two products: deals in about a fifth of the weeks, price elasticity −3, seasonal customers.
func synthetic(seed uint64) Panel {
	s := rng.New(seed, 0).Family("panel").At()
	p := Panel{Products: []string{"a", "b"}}
	for week := 1; week <= 156; week++ {
		customers := math.Round(1e5 * math.Exp(0.1*math.Sin(float64(week)/52*2*math.Pi)+0.05*s.Normal()))
		var units, price, wholesale, display []float64
		for range p.Products {
			cut := 0.0
			if s.Float64() < 0.2 {
				cut = 0.1 + 0.2*s.Float64()
			}
			price = append(price, 1-cut)
			units = append(units, math.Round(customers*0.01*math.Exp(-3*math.Log(1-cut)+0.3*s.Normal())))
			wholesale, display = append(wholesale, 0.6), append(display, math.Round(100*cut)/100)
		}
		p.Periods, p.Customers = append(p.Periods, week), append(p.Customers, customers)
		p.Units, p.Price = append(p.Units, units), append(p.Price, price)
		p.Wholesale, p.Display = append(p.Wholesale, wholesale), append(p.Display, display)
	}
	return p
}

// TestCleanDataRaiseFewAlarms: by Tukey's fence of three interquartile ranges a Gaussian value is far out above with
// probability 1.2e-6 (more when the quartiles of some 30 deals are estimated), and two z-scores pass −3.5 together more seldom still.
func TestCleanDataRaiseFewAlarms(t *testing.T) {
	alarms := 0
	for seed := range uint64(20) {
		_, findings := Check(synthetic(seed), 52)
		alarms += len(findings)
	}
	if alarms > 2 { // of 20 × 156 × 3 values
		t.Errorf("%d findings in clean data", alarms)
	}
}

func TestPlantedDefectsAreFound(t *testing.T) {
	plant := map[string]func(p *Panel){
		"row 70, period 70: traffic fall":                              func(p *Panel) { p.Customers[69] *= 0.6 },
		"row 30, period 30 a: impossible value: found wholesale 6":     func(p *Panel) { p.Wholesale[29][0] *= 10.1 },
		"row 31, period 31 b: impossible value: found units -1":        func(p *Panel) { p.Units[30][1] = -1 },
		"row 32, period 32 b: impossible value: found price 0":         func(p *Panel) { p.Price[31][1] = 0 },
		"row 33, period 33 b: impossible value: found display 1.5":     func(p *Panel) { p.Display[32][1] = 1.5 },
		"row 34, period 34: impossible value: found customers 0":       func(p *Panel) { p.Customers[33] = 0 },
		"row 35, period 35 a: zero units":                              func(p *Panel) { p.Units[34][0] = 0 },
		"row 36, period 36 b: negative margin":                         func(p *Panel) { p.Wholesale[35][1] = 1.01 },
		"row 100, period 100 a: units that do not fit the price":       func(p *Panel) { p.Price[99][0], p.Units[99][0] = 0.93, 20*p.Units[99][0] },
		"row 9, period 9: repeated record: found all products as in p": func(p *Panel) { copyRow(p, 8, 5) },
	}
	for want, change := range plant {
		p := synthetic(1)
		change(&p)
		_, findings := Check(p, 52)
		if !slices.ContainsFunc(findings, func(f Finding) bool { return strings.HasPrefix(f.String(), want) }) {
			t.Errorf("%q is not among %v", want, findings)
		}
	}
}

func copyRow(p *Panel, to, from int) {
	for _, m := range [][][]float64{p.Units, p.Price, p.Wholesale, p.Display} {
		m[to] = slices.Clone(m[from])
	}
}

func TestCheckLeavesItsInputAndTakesAnyPanel(t *testing.T) {
	p, same0 := synthetic(2), synthetic(2)
	p.Price[0][0], same0.Price[0][0] = -1, -1
	Check(p, 52)
	same(t, p, same0)

	nan := math.NaN()
	one := Panel{Products: []string{"a"}, Periods: []int{5}, Units: [][]float64{{nan}}, Price: [][]float64{{nan}}, Wholesale: [][]float64{{nan}}, Display: [][]float64{{nan}}, Customers: []float64{nan}}
	for _, p := range []Panel{{}, one, tuna(t).Between([2]int{1, 1})} {
		for _, season := range []int{0, 1, 52} {
			if _, findings := Check(p, season); len(findings) > 0 {
				t.Errorf("findings %v in a panel too small to judge", findings)
			}
		}
	}
}
