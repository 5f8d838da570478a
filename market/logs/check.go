package logs

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/souk-sim/souk/sim/portable"
)

// Kind is what is doubtful about a value.
type Kind string

// The kinds of finding.
const (
	AbsentPeriod    Kind = "absent periods"                  // a gap in the numbering, one finding for each gap, or for more than three of a series
	RepeatedRecord  Kind = "repeated record"                 // all products as in an earlier period
	ImpossibleValue Kind = "impossible value"                // outside its range, or a tenth or ten times its neighbours
	NegativeMargin  Kind = "negative margin"                 // sold below wholesale
	ZeroUnits       Kind = "zero units"                      // no logarithm
	UnitsMisfit     Kind = "units that do not fit the price" // more than the store-averaged price explains
	ShortSupply     Kind = "short supply"                    // hardly anything to buy: sales are not demand
	TrafficFall     Kind = "traffic fall"                    // customers missing from the count

	// Of series.
	OutOfOrder       Kind = "rows out of order"        // one finding for all
	RepeatedRow      Kind = "repeated row"             // of a period, with equal time and values, whatever else differs; one finding for all
	SeveralRows      Kind = "several rows of a period" // that differ; one finding for all
	OffGrid          Kind = "time between the periods" // one finding for all
	IncompletePeriod Kind = "incomplete period"        // of a resampled series, some of its parts are missing
	Outlier          Kind = "outlier"                  // far from trend and season; of shop logs, from the other rows

	// Of shop logs, which also have repeated rows, impossible values, rows out of order and outliers.
	MissingValue   Kind = "missing value"
	Returned       Kind = "return"                      // a negative amount
	NothingPaid    Kind = "nothing paid"                // an amount of 0
	SeveralRatings Kind = "several ratings of an item"  // by one user, that differ
	RepeatedItem   Kind = "item twice in its basket"    //
	EmptyBasket    Kind = "empty basket"                // an empty line
	ClockSkew      Kind = "click before the one before" // of its visitor
)

// Action is what is done about it.
type Action string

// The actions. The first two are Check's own; the others ask a model to act, which it does by the period and the product.
const (
	Kept        Action = "kept"
	Missing     Action = "treated as missing"
	OutOfChoice Action = "left out of the choice fit"
	Dummy       Action = "a dummy in the traffic model"

	// Of series.
	Sorted      Action = "sorted"
	Dropped     Action = "dropped"
	Summed      Action = "summed"
	Averaged    Action = "averaged"
	Moved       Action = "moved to the period that holds it"
	TakenAsZero Action = "taken as 0"
	Winsorised  Action = "winsorised"

	// Of shop logs.
	SetApart Action = "set apart"
)

// Finding is one doubtful value. Of a Series that Regular made, Row is where the row stands in its file: the line of a CSV; Resample and FlagOutliers count the
// series' periods instead.
type Finding struct {
	Row      int    `json:"row"`               // 1-based among the data rows; of absent periods, the row that follows them
	Period   int    `json:"period"`            // of absent periods, the first
	Time     string `json:"time,omitempty"`    // the period's label, of a Series
	Product  string `json:"product,omitempty"` // empty: of the period
	Kind     Kind   `json:"kind"`
	Found    string `json:"found"`
	Expected string `json:"expected"`
	Action   Action `json:"action"`
}

// String gives the finding in one line.
func (f Finding) String() string {
	product := f.Product
	if product != "" {
		product = " " + product
	}
	if f.Time != "" {
		return fmt.Sprintf("row %d, %s: %s: found %s, expected %s: %s", f.Row, f.Time, f.Kind, f.Found, f.Expected, f.Action)
	}
	return fmt.Sprintf("row %d, period %d%s: %s: found %s, expected %s: %s", f.Row, f.Period, product, f.Kind, f.Found, f.Expected, f.Action)
}

// The thresholds of the rules, from the literature.
const (
	// zCutoff is the modified z-score beyond which a value is an outlier (Iglewicz & Hoaglin 1993, How to Detect and Handle
	// Outliers, §3.3).
	zCutoff = 3.5
	// farOut is the number of interquartile ranges beyond the quartiles where values are "far out" (Tukey 1977,
	// Exploratory Data Analysis, §2E).
	farOut = 3
	// dealDepth is how far below the regular price a price must be to be a deal.
	dealDepth = 0.05
	// regularQuantile is the quantile of the prices around a period that stands for the regular price there.
	regularQuantile = 0.9
	// magnitude is the factor from the neighbours' median that no price takes: a slip of recording.
	magnitude = 10
	// fewest is the number of values below which no spread is estimated.
	fewest = 12
)

// Check looks for defects and returns a copy of the panel in which impossible and repeated values are missing, with all
// findings in the order of periods. season is the number of periods in a year (52 for weeks), 0 for none; "around" below means
// within a quarter of a year (13 periods where there is no season). The rules, none of which knows a period by name:
//
//   - absent periods: a gap in the numbering.
//   - repeated record: units, price, wholesale and display of all products (two or more) equal those of an earlier period.
//   - impossible value: negative units; prices or customers not above zero; display outside [0, 1]; a price or wholesale price a
//     tenth or ten times the product's median around it.
//   - negative margin: wholesale above price. It happens (loss leaders), so it is kept.
//   - units that do not fit the price: of a period on deal (price 5% or more below the regular price, which is the 90% quantile
//     around it), log units per customer, less the median of the regular periods within half a year, is regressed on log price less
//     regular log price by Theil & Sen's slope; the units do not fit when the residual is far out above (Tukey's outer fence
//     among the product's deals). Only deals can mislead this way: a deep cut in some shops shows as a shallow one in the average.
//   - short supply: log units per customer have a modified z-score below −3.5 both within half a year and within a year on either side,
//     though the price is no more than 10% above its median around. Shelves run empty for weeks on end, so a window must be
//     long; and both, because one of them alone mistakes the flank of a slow decline for a shortage.
//   - traffic fall: log customers have a modified z-score below −3.5 both against the median around and against the median of the
//     same periods a year before and after. Both, because a season is not a defect; falls only, because shops that do not
//     report cannot add customers.
func Check(p Panel, season int) (Panel, []Finding) {
	window := 13
	if season > 0 {
		window = max(season/4, 2)
	}
	c := checker{Panel: p.clone(), window: window, season: season}
	c.absent()
	c.repeated()
	c.impossible()
	c.margins()
	for i := range p.Products {
		c.misfits(i)
		c.shortages(i)
	}
	c.traffic()
	slices.SortStableFunc(c.findings, func(a, b Finding) int { return a.Row - b.Row })
	return c.Panel, c.findings
}

type checker struct {
	Panel
	window, season int
	findings       []Finding
}

func (p Panel) clone() Panel {
	deep := func(m [][]float64) [][]float64 {
		rows := make([][]float64, len(m))
		for i := range m {
			rows[i] = slices.Clone(m[i])
		}
		return rows
	}
	return Panel{Products: slices.Clone(p.Products), Periods: slices.Clone(p.Periods), Units: deep(p.Units), Price: deep(p.Price),
		Wholesale: deep(p.Wholesale), Display: deep(p.Display), Customers: slices.Clone(p.Customers)}
}

// find records a finding of a row (0-based) and a product (-1: of the period).
func (c *checker) find(row, product int, kind Kind, found, expected string, action Action) {
	f := Finding{Row: row + 1, Period: c.Periods[row], Kind: kind, Found: found, Expected: expected, Action: action}
	if product >= 0 {
		f.Product = c.Products[product]
	}
	c.findings = append(c.findings, f)
}

func (c *checker) absent() {
	for row := 1; row < len(c.Periods); row++ {
		first, last := c.Periods[row-1]+1, c.Periods[row]-1
		if first > last {
			continue
		}
		c.findings = append(c.findings, Finding{Row: row + 1, Period: first, Kind: AbsentPeriod,
			Found: fmt.Sprintf("%d without a row, %d to %d", last-first+1, first, last), Expected: "a row for each period", Action: Missing})
	}
}

func (c *checker) repeated() {
	if len(c.Products) < 2 {
		return // one product may well sell the same number twice
	}
	first := make(map[string]int, len(c.Periods))
	for row := range c.Periods {
		var record strings.Builder
		for _, m := range [][][]float64{c.Units, c.Price, c.Wholesale, c.Display} {
			fmt.Fprint(&record, m[row])
		}
		earlier, again := first[record.String()]
		if !again {
			first[record.String()] = row
			continue
		}
		for _, m := range [][][]float64{c.Units, c.Price, c.Wholesale, c.Display} {
			for i := range m[row] {
				m[row][i] = math.NaN()
			}
		}
		c.find(row, -1, RepeatedRecord, fmt.Sprintf("all products as in period %d", c.Periods[earlier]), "a record of its own", Missing)
	}
}

func (c *checker) impossible() {
	for row := range c.Periods {
		for i := range c.Products {
			c.within(row, i, "units", &c.Units[row][i], 0, math.Inf(1), "units ≥ 0")
			c.within(row, i, "price", &c.Price[row][i], math.SmallestNonzeroFloat64, math.Inf(1), "a price above 0")
			c.within(row, i, "wholesale", &c.Wholesale[row][i], math.SmallestNonzeroFloat64, math.Inf(1), "a wholesale price above 0")
			c.within(row, i, "display", &c.Display[row][i], 0, 1, "a display in [0, 1]")
		}
		c.within(row, -1, "customers", &c.Customers[row], math.SmallestNonzeroFloat64, math.Inf(1), "customers above 0")
	}
	for i := range c.Products {
		for _, m := range []struct {
			name   string
			matrix [][]float64
		}{{"price", c.Price}, {"wholesale", c.Wholesale}} {
			column := Column(m.matrix, i)
			for row, v := range column {
				usual := median(c.around(column, row, c.window, nil))
				if v > usual*magnitude || v < usual/magnitude {
					c.find(row, i, ImpossibleValue, fmt.Sprintf("%s %.4g", m.name, v), fmt.Sprintf("about %.4g, the median around", usual), Missing)
					m.matrix[row][i] = math.NaN()
				}
			}
		}
	}
}

// within makes a value missing that lies outside [low, high].
func (c *checker) within(row, product int, name string, v *float64, low, high float64, expected string) {
	if *v < low || *v > high {
		c.find(row, product, ImpossibleValue, name+" "+number(*v), expected, Missing)
		*v = math.NaN()
	}
}

func (c *checker) margins() {
	for row := range c.Periods {
		for i := range c.Products {
			if c.Units[row][i] == 0 {
				c.find(row, i, ZeroUnits, "0 units", "units above 0, for a logarithm", Kept)
			}
			if price, wholesale := c.Price[row][i], c.Wholesale[row][i]; wholesale > price {
				c.find(row, i, NegativeMargin, fmt.Sprintf("price %.4f, wholesale %.4f", price, wholesale), "wholesale below price", Kept)
			}
		}
	}
}

func (c *checker) misfits(product int) {
	n := len(c.Periods)
	rate := c.rates(product)
	cut, regular := make([]float64, n), make([]bool, n)
	for row := range n {
		cut[row] = math.Log(c.Price[row][product])
	}
	price := slices.Clone(cut)
	for row := range n {
		around := append(c.around(price, row, c.window, nil), price[row])
		cut[row] -= quantile(around, regularQuantile)
		regular[row] = cut[row] >= math.Log(1-dealDepth)
	}
	var deals []int
	var x, y []float64
	for row := range n {
		lift := rate[row] - median(c.around(rate, row, 2*c.window, regular))
		if !regular[row] && lift == lift && cut[row] == cut[row] {
			deals, x, y = append(deals, row), append(x, cut[row]), append(y, lift)
		}
	}
	if len(deals) < fewest {
		return
	}
	slope := theilSen(x, y)
	residual := make([]float64, len(y))
	for k := range y {
		residual[k] = y[k] - slope*x[k]
	}
	upper, lower := quantile(residual, 0.75), quantile(residual, 0.25)
	fence := upper + farOut*(upper-lower)
	for k, row := range deals {
		if residual[k] > fence {
			units := c.Units[row][product]
			c.find(row, product, UnitsMisfit, fmt.Sprintf("%.0f units at %.3f", units, c.Price[row][product]),
				fmt.Sprintf("at most %.0f units at that price", units*portable.Exp(fence-residual[k])), OutOfChoice)
		}
	}
}

// rates returns the log units per customer of a product; missing where either is, or no unit was sold.
func (c *checker) rates(product int) []float64 {
	rate := make([]float64, len(c.Periods))
	for row := range rate {
		rate[row] = math.Log(c.Units[row][product])
		if v := c.Customers[row]; v == v {
			rate[row] -= math.Log(v)
		}
		if math.IsInf(rate[row], 0) {
			rate[row] = math.NaN()
		}
	}
	return rate
}

func (c *checker) shortages(product int) {
	rate, price := c.rates(product), Column(c.Price, product)
	for row, r := range rate {
		near, year := c.around(rate, row, 2*c.window, nil), c.around(rate, row, 4*c.window, nil)
		z := lastZ(append(near, r))
		if z < -zCutoff && lastZ(append(year, r)) < -zCutoff && price[row] <= 1.1*median(c.around(price, row, c.window, nil)) {
			units := c.Units[row][product]
			c.find(row, product, ShortSupply, fmt.Sprintf("%.0f units", units),
				fmt.Sprintf("about %.0f, the median within half a year (z %.1f)", units*portable.Exp(median(near)-r), z), OutOfChoice)
		}
	}
}

// lastZ is the modified z-score of the last value among all of them.
func lastZ(values []float64) float64 {
	z := modifiedZ(values)
	return z[len(z)-1]
}

func (c *checker) traffic() {
	n := len(c.Periods)
	log, near, year := make([]float64, n), make([]float64, n), make([]float64, n)
	for row, v := range c.Customers {
		log[row] = math.Log(v)
	}
	rows := make(map[int]int, n)
	for row, period := range c.Periods {
		rows[period] = row
	}
	for row, period := range c.Periods {
		near[row] = log[row] - median(c.around(log, row, c.window, nil))
		var same []float64
		for _, other := range []int{period - c.season, period + c.season} {
			if k, ok := rows[other]; ok && k != row && log[k] == log[k] {
				same = append(same, log[k])
			}
		}
		year[row] = log[row] - median(same)
	}
	zNear, zYear := modifiedZ(near), modifiedZ(year)
	for row := range n {
		if zNear[row] < -zCutoff && !(zYear[row] >= -zCutoff) { // where there is no year before or after, the neighbours decide
			c.find(row, -1, TrafficFall, fmt.Sprintf("%.0f customers", c.Customers[row]),
				fmt.Sprintf("about %.0f, the median around (z %.1f)", c.Customers[row]*portable.Exp(-near[row]), zNear[row]), Dummy)
		}
	}
}

// around returns the values of a column within window periods of a row, without the row itself, missing ones and those that
// are not among include (nil: all).
func (c *checker) around(column []float64, row, window int, include []bool) []float64 {
	var values []float64
	from, to := row, row
	for from > 0 && c.Periods[row]-c.Periods[from-1] <= window {
		from--
	}
	for to+1 < len(c.Periods) && c.Periods[to+1]-c.Periods[row] <= window {
		to++
	}
	for k := from; k <= to; k++ {
		if k != row && column[k] == column[k] && (include == nil || include[k]) {
			values = append(values, column[k])
		}
	}
	return values
}
