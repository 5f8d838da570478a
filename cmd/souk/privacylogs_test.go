package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/souk-sim/souk/sim/rng"
)

// plantedPeople are the customers of the planted logs: six kinds of ids, twelve of each.
const plantedPeople = 72

// plantedID is an id that is found again wherever it comes out: letters and digits, a whole number, an address, another alphabet with quotes, leading
// zeros, commas and blanks.
func plantedID(i int) string {
	switch i % 6 {
	case 0:
		return fmt.Sprintf("PLANTED-7f3a%03d", i)
	case 1:
		return fmt.Sprint(990000017 + 101*i)
	case 2:
		return fmt.Sprintf("jane.planted+%d@secret.example", i)
	case 3:
		return fmt.Sprintf(`Łucja "planted" d'Arc-%d`, i)
	case 4:
		return fmt.Sprintf("00099%07d", 3000+i)
	}
	return fmt.Sprintf("planted, %d of Nowhere <Street> & Sons", i)
}

// plantedTable is a log: a head and rows of cells.
type plantedTable [][]string

// plantedLogs are small logs of the planted customers, by name: what people chose, bought, rated, looked at and were shown.
func plantedLogs() map[string]plantedTable {
	logs := map[string]plantedTable{
		"wide":     {{"customer_id", "week", "choice", "price.ale", "price.bread", "price.cheese", "feat.ale", "feat.bread", "feat.cheese"}},
		"long":     {{"customer_id", "situation", "alternative", "choice", "price"}},
		"buys":     {{"customer_id", "date", "amount", "quantity", "on_deal", "product", "coupon", "channel"}},
		"summary":  {{"customer_id", "frequency", "recency", "T", "spend", "holdout"}},
		"baskets":  {{"order_id", "customer_id", "date", "item"}},
		"ratings":  {{"user_id", "item_id", "rating", "timestamp"}},
		"clicks":   {{"session_id", "customer_id", "timestamp", "page"}},
		"shown":    {{"list", "customer_id", "position", "item", "clicked"}},
		"sessions": {{"customer_id", "session_id", "pages", "seconds", "browser", "bought"}},
	}
	family := rng.New(7, 0).Family("planted")
	for i := range plantedPeople {
		stream := family.At(uint64(i))
		add := func(log string, cells ...any) {
			row := []string{}
			for _, c := range append([]any{plantedID(i)}, cells...) {
				row = append(row, fmt.Sprint(c))
			}
			for c, head := range logs[log][0] { // the customer stands where the head says
				if head == "customer_id" {
					row = append(append(append([]string{}, row[1:c+1]...), row[0]), row[c+1:]...)
				}
			}
			logs[log] = append(logs[log], row)
		}
		draw := func(n int) int { return int(stream.Float64() * float64(n)) }
		goods := []string{"ale", "bread", "cheese"}
		first := time.Date(2023, 1, 2, 8, 0, 0, 0, time.UTC).AddDate(0, 0, draw(60))
		repeats, last := 0, 0
		for visit := range 2 + draw(8) {
			day := first.AddDate(0, 0, visit*(7+draw(20)))
			price := []float64{1 + stream.Float64(), 1 + stream.Float64(), 1 + stream.Float64()}
			taken, feat := 0, []int{draw(2), draw(2), draw(2)}
			for j := range goods {
				if stream.Float64()-price[j] > stream.Float64()-price[taken] {
					taken = j
				}
			}
			add("wide", visit, goods[taken], price[0], price[1], price[2], feat[0], feat[1], feat[2])
			for j, g := range goods {
				add("long", visit, g, map[bool]int{true: 1}[j == taken], price[j])
			}
			spent, deal := 2+10*stream.Float64(), draw(2)
			add("buys", day.Format(time.DateOnly), fmt.Sprintf("%.2f", spent), 1+draw(2)+draw(2)*draw(3), deal, goods[taken], float64(deal*draw(3)), []string{"shop", "web"}[draw(2)])
			for range 1 + draw(3) {
				add("baskets", plantedID(i)+"/"+fmt.Sprint(visit), day.Format(time.DateOnly), goods[draw(3)])
			}
			clicks := 1 + draw(6)
			for c := range clicks {
				at := day.Add(time.Duration(draw(10)*3600+40*c) * time.Second).Format("2006-01-02T15:04:05")
				if c > 0 {
					at = day.Add(time.Duration(7*3600+40*c+draw(30)) * time.Second).Format("2006-01-02T15:04:05")
				}
				add("clicks", plantedID(i)+"#"+fmt.Sprint(visit), at, []string{"land", "list", "view", "add"}[draw(4)])
			}
			for j := range goods {
				add("shown", plantedID(i)+"#"+fmt.Sprint(visit), j+1, goods[(j+visit)%3], map[bool]int{true: 1}[stream.Float64() < 0.6/float64(j+1)])
			}
			add("sessions", plantedID(i)+"#"+fmt.Sprint(visit), clicks, 10*clicks+draw(90), []string{"fox", "owl"}[draw(2)], clicks+draw(4) > 5)
			if visit > 0 {
				repeats, last = repeats+1, int(day.Sub(first).Hours()/24)
			}
		}
		for j, item := range []string{"ale", "bread", "cheese", "dates", "eggs", "figs"} {
			if stream.Float64() < 0.7 {
				add("ratings", item, 1+(draw(3)+i+j)%5, first.AddDate(0, 0, draw(90)).Unix())
			}
		}
		add("summary", repeats, last, last+30, fmt.Sprintf("%.2f", 3+stream.Float64()), draw(2))
	}
	return logs
}

// csv writes the log with commas.
func (t plantedTable) csv() []byte {
	var b bytes.Buffer
	csv.NewWriter(&b).WriteAll(t)
	return b.Bytes()
}

// plantedNumbers tells the columns of numbers.
func plantedNumbers(column string) bool {
	return strings.Contains(column, ".") || slices.Contains([]string{"amount", "quantity", "on_deal", "coupon", "price", "frequency", "recency", "T", "spend", "holdout", "rating",
		"position", "pages", "seconds"}, column)
}

// parquet writes the log with columns of texts and of numbers, the customer's as texts.
func (t plantedTable) parquet(number func(column string) bool) []byte {
	group := parquet.Group{}
	for _, name := range t[0] {
		group[name] = parquet.String()
		if number(name) {
			group[name] = parquet.Leaf(parquet.DoubleType)
		}
	}
	schema := parquet.NewSchema("planted", group)
	var b bytes.Buffer
	w := parquet.NewGenericWriter[map[string]any](&b, schema)
	for _, cells := range t[1:] {
		row := map[string]any{}
		for c, name := range t[0] {
			row[name] = cells[c]
			if number(name) {
				var v float64
				fmt.Sscan(cells[c], &v)
				row[name] = v
			}
		}
		w.Write([]map[string]any{row})
	}
	w.Close()
	return b.Bytes()
}

// renamed is the log with another name of a column.
func (t plantedTable) renamed(from, to string) plantedTable {
	out := append(plantedTable{nil}, t[1:]...)
	for _, name := range t[0] {
		if name == from {
			name = to
		}
		out[0] = append(out[0], name)
	}
	return out
}

// with is the log with one cell changed by what its row's customer is called.
func (t plantedTable) with(row, column int, cell func(id string) string) plantedTable {
	out := append(plantedTable{}, t...)
	out[row] = append([]string{}, t[row]...)
	for c, head := range t[0] {
		if head == "customer_id" || head == "user_id" {
			out[row][column] = cell(t[row][c])
		}
	}
	return out
}
