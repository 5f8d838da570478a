package data_test

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"testing"
)

// ounces a package of each brand of orange juice holds: what is sold of it, in ounces, is always a multiple of them.
var ounces = [...]float64{64, 96, 64, 64, 64, 96, 64, 64, 64, 64, 128}

// juiceWeek is what the stores sold of a brand in a week.
type juiceWeek struct{ units, revenue, cost, featured, dealt, stores float64 }

func (w *juiceWeek) add(t *testing.T, size float64, record []string) {
	var x [5]float64 // log ounces, $ an ounce, deal, feature, gross margin in %
	for i := range x {
		x[i] = parsed(t, record[3+i])
	}
	units := math.Exp(x[0]) / size
	if math.Abs(units-math.Round(units)) > 1e-4 {
		t.Fatalf("store, brand and week %v: %v packages of %v ounces", record[:3], units, size)
	}
	units = math.Round(units)
	revenue := units * x[1] * size
	w.units += units
	w.revenue += revenue
	w.cost += float64(revenue * (1 - x[4]/100))
	w.dealt += x[2]
	w.featured += x[3]
	w.stores++
}

// orangeJuice is the weekly panel of the eleven juices.
func orangeJuice(t *testing.T) []byte {
	columns, rows := juicePanel(t)
	return parquetOf(t, columns, rows)
}

// juicePanel adds up the stores of the chain, brand by brand and week by week, and takes the chain's customers of these weeks from the tuna data.
func juicePanel(t *testing.T) (columns []column, rows [][]string) {
	var weeks []string
	sold := map[string]*[len(ounces)]juiceWeek{}
	for _, r := range records(t, "store", "orangejuice.csv") {
		brand, err := strconv.Atoi(r[1])
		if err != nil || brand < 1 || brand > len(ounces) {
			t.Fatalf("brand %q", r[1])
		}
		if sold[r[2]] == nil {
			weeks, sold[r[2]] = append(weeks, r[2]), new([len(ounces)]juiceWeek)
		}
		sold[r[2]][brand-1].add(t, ounces[brand-1], r)
	}
	customers := map[string]string{}
	for _, r := range records(t, "store", "tuna.csv") {
		customers[r[0]] = r[len(r)-1]
	}
	slices.SortFunc(weeks, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })

	columns, rows = []column{{"week", true}}, make([][]string, len(weeks))
	for i, week := range weeks {
		rows[i] = []string{week}
	}
	for _, c := range []struct {
		column
		of func(*juiceWeek) float64
	}{
		{column{"units", true}, func(w *juiceWeek) float64 { return w.units }},
		{column{"price", false}, func(w *juiceWeek) float64 { return w.revenue / w.units }},
		{column{"wholesale", false}, func(w *juiceWeek) float64 { return w.cost / w.units }},
		{column{"feature", false}, func(w *juiceWeek) float64 { return w.featured / w.stores }},
		{column{"deal", false}, func(w *juiceWeek) float64 { return w.dealt / w.stores }},
	} {
		for brand := range ounces {
			columns = append(columns, column{fmt.Sprintf("%s_%d", c.name, brand+1), c.whole})
			for i, week := range weeks {
				rows[i] = append(rows[i], strconv.FormatFloat(c.of(&sold[week][brand]), 'g', -1, 64))
			}
		}
	}
	for i, week := range weeks {
		rows[i] = append(rows[i], customers[week]) // a week without them does not parse
	}
	return append(columns, column{"customers", false}), rows
}

// The two files number the weeks alike: of all ways to shift one against the other that leave 100 weeks in common, customers and juice (the median of
// the eleven, in which deals of some do not show) change together most from week to week where equal numbers meet.
func TestTheWeeksOfJuiceAreThoseOfTuna(t *testing.T) {
	logCustomers, logUnits := map[int]float64{}, map[int]float64{}
	for _, r := range records(t, "store", "tuna.csv") {
		logCustomers[int(parsed(t, r[0]))] = math.Log(parsed(t, r[len(r)-1]))
	}
	_, rows := juicePanel(t)
	for _, r := range rows {
		var units []float64
		for _, cell := range r[1 : 1+len(ounces)] {
			units = append(units, math.Log(parsed(t, cell)))
		}
		slices.Sort(units)
		logUnits[int(parsed(t, r[0]))] = units[len(units)/2]
	}
	best, shift, tried := 0.0, 0, 0
	for by := -400; by <= 400; by++ {
		var x, y []float64
		for week := 40; week < 160; week++ {
			from, before := logCustomers[week+by]
			to, after := logCustomers[week+by+1]
			if before && after {
				x, y = append(x, to-from), append(y, logUnits[week+1]-logUnits[week])
			}
		}
		if len(x) < 100 {
			continue
		}
		tried++
		if r := correlation(x, y); r > best {
			best, shift = r, by
		}
	}
	t.Logf("%d shifts, the highest correlation %.2f at %d", tried, best, shift)
	if shift != 0 || tried < 200 {
		t.Errorf("of %d shifts, %d fits best, with correlation %.2f", tried, shift, best)
	}
}

func correlation(x, y []float64) float64 {
	var sx, sy, sxx, syy, sxy float64
	n := float64(len(x))
	for i := range x {
		sx, sy = sx+x[i], sy+y[i]
		sxx, syy, sxy = sxx+x[i]*x[i], syy+y[i]*y[i], sxy+x[i]*y[i]
	}
	return (sxy - sx*sy/n) / math.Sqrt((sxx-sx*sx/n)*(syy-sy*sy/n))
}

func parsed(t *testing.T, cell string) float64 {
	v, err := strconv.ParseFloat(cell, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
