package twins

import (
	"encoding/csv"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/souk-sim/souk/market/choice"
	"github.com/souk-sim/souk/market/loyalty"
	"github.com/souk-sim/souk/scenarios/data/shared"
)

func records(t testing.TB, path string) [][]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows[1:]
}

func number64(t testing.TB, s string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

var categories = []string{"trousers", "skirts", "blouses", "sale"}

// eshop is every nth of the visits of the e-shop of 2008.
func eshop(t testing.TB, nth int) (visits [][]int) {
	last, id := -1, 0
	for _, r := range records(t, shared.Path(t, "data", "clickstream", "eshop2008.csv")) {
		if id = int(number64(t, r[5])); id%nth != 0 {
			continue
		}
		if id != last {
			last, visits = id, append(visits, nil)
		}
		visits[len(visits)-1] = append(visits[len(visits)-1], int(number64(t, r[6]))-1)
	}
	return visits
}

var cdnowEnd = CustomerOptions{End: cdnowDay(1998, 6, 30), Unit: week}

func cdnowDay(y int, m time.Month, d int) int {
	return int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// cdnow is the purchases of every nth customer of CDNOW.
func cdnow(t testing.TB, nth int) (log []loyalty.Purchase) {
	for _, r := range records(t, shared.Path(t, "data", "transactions", "cdnow_master.csv")) {
		day, err := time.Parse(time.DateOnly, r[1])
		if err != nil {
			t.Fatal(err)
		}
		if id := int(number64(t, r[0])); id%nth == 0 {
			log = append(log, loyalty.Purchase{Customer: id, Day: int(day.Unix() / 86400), Amount: number64(t, r[3])})
		}
	}
	return log
}

// panelOf is a file of choices, one row each: household first column id or hhid, choice a name or a number from 1, attributes
// in columns ATTRIBUTE.ALTERNATIVE, or prices alone after the choice.
func panelOf(t testing.TB, file string) *choice.Situations {
	t.Helper()
	f, err := os.Open(shared.Path(t, "data", "choice", file))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	s := &choice.Situations{}
	cell := map[[2]string]int{}
	for c, name := range rows[0] {
		attribute, alternative, dotted := strings.Cut(name, ".")
		if !dotted {
			if name == "id" || name == "hhid" || name == "choice" {
				continue
			}
			attribute, alternative = "price", name
		}
		if !slices.Contains(s.Attributes, attribute) {
			s.Attributes = append(s.Attributes, attribute)
		}
		if !slices.Contains(s.Alternatives, alternative) {
			s.Alternatives = append(s.Alternatives, alternative)
		}
		cell[[2]string{attribute, alternative}] = c
	}
	chosen := slices.Index(rows[0], "choice")
	for _, r := range rows[1:] {
		s.Household = append(s.Household, int(number64(t, r[0])))
		at := slices.Index(s.Alternatives, r[chosen])
		if at < 0 {
			at = int(number64(t, r[chosen])) - 1
		}
		s.Chosen = append(s.Chosen, at)
		for _, j := range s.Alternatives {
			for _, a := range s.Attributes {
				s.X = append(s.X, number64(t, r[cell[[2]string{a, j}]]))
			}
		}
	}
	return s
}
