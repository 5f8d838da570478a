package export

import (
	"cmp"
	"encoding/csv"
	"io"
	"math"
	"slices"
	"strconv"

	"github.com/parquet-go/parquet-go"

	"github.com/souk-sim/souk/policies"
)

// Row is one offer of one state of a table, as CSV and Parquet hold it. Of a state the rows stand in the order in which the offers are made:
// the first that the limits allow is the decision. Offers beyond a floor or a ceiling are none.
type Row struct {
	State     int64    `parquet:"state"`
	Place     int64    `parquet:"place"` // 1 for the offer that is made where no limit forbids it
	Action    int64    `parquet:"action"`
	Price     float64  `parquet:"price"`
	Promotion string   `parquet:"promotion,dict"`
	Value     *float64 `parquet:"value,optional"` // NULL where training never tried it
	Visits    *int64   `parquet:"visits,optional"`
	Cells     []Bound  `parquet:"cells,list"`
}

// Bound is the cell of one feature: low ≤ x < high, NULL at the ends, or missing.
type Bound struct {
	Feature string   `parquet:"feature,dict"`
	Low     *float64 `parquet:"low,optional"`
	High    *float64 `parquet:"high,optional"`
	Missing bool     `parquet:"missing"`
}

// order is the order in which the offers of a state are made: those tried by their value, the others by how near they are to the best.
func order(t *policies.Table, state int) []int {
	n, from := len(t.Spec.Offers), t.Source(state)*len(t.Spec.Offers)
	near := nearness(&t.Spec)[t.Greedy(state)*n:][:n]
	all := make([]int, n)
	for a := range all {
		all[a] = a
	}
	slices.SortStableFunc(all, func(x, y int) int {
		switch a, b := t.Tried(from+x), t.Tried(from+y); {
		case a && b:
			return cmp.Compare(t.Values[from+y], t.Values[from+x])
		case a != b:
			return map[bool]int{true: -1, false: 1}[a]
		}
		return cmp.Compare(near[y], near[x])
	})
	return all
}

// rows hands over the rows of a table, state by state.
func rows(t *policies.Table, take func(Row) error) error {
	n, within := len(t.Spec.Offers), bounded(&t.Spec)
	for s := range t.Encoder.States() {
		var cells []Bound
		for _, b := range t.Encoder.Decode(s) {
			cells = append(cells, Bound{Feature: b.Feature, Low: finite(b.Low), High: finite(b.High), Missing: b.Missing})
		}
		from, place := t.Source(s)*n, 0
		for _, a := range order(t, s) {
			if !slices.Contains(within, a) {
				continue
			}
			place++
			r := Row{State: int64(s), Place: int64(place), Action: int64(a), Price: t.Spec.Offers[a].Price, Promotion: t.Spec.Offers[a].Promotion, Cells: cells}
			if t.Tried(from + a) {
				r.Value = &t.Values[from+a]
			}
			if t.Visits != nil {
				visits := int64(t.Visits[s*n+a])
				r.Visits = &visits
			}
			if err := take(r); err != nil {
				return err
			}
		}
	}
	return nil
}

func finite(x float64) *float64 {
	if math.IsInf(x, 0) {
		return nil
	}
	return &x
}

// Parquet writes a table's rows as a Parquet file.
func Parquet(p policies.Frozen, w io.Writer) error {
	t, err := tabular(p, "a Parquet form")
	if err != nil {
		return err
	}
	out := parquet.NewGenericWriter[Row](w, parquet.Compression(&parquet.Zstd), parquet.KeyValueMetadata("souk.revision", t.Revision))
	if err := rows(t, func(r Row) error { _, err := out.Write([]Row{r}); return err }); err != nil {
		return err
	}
	return out.Close()
}

// CSV writes a table's rows as CSV: of each dimension a column for the lower end of the cell, one for the upper, and one that is true where the
// feature is missing; empty where there is none.
func CSV(p policies.Frozen, w io.Writer) error {
	t, err := tabular(p, "a CSV form")
	if err != nil {
		return err
	}
	out := csv.NewWriter(w)
	head := []string{"state", "place", "action", "price", "promotion", "value", "visits"}
	for _, d := range t.Encoder.Dimensions {
		head = append(head, d.Feature+" from", d.Feature+" below", d.Feature+" missing")
	}
	if err := out.Write(head); err != nil {
		return err
	}
	if err := rows(t, func(r Row) error {
		cells := []string{strconv.FormatInt(r.State, 10), strconv.FormatInt(r.Place, 10), strconv.FormatInt(r.Action, 10), number(r.Price), r.Promotion, maybe(r.Value), ""}
		if r.Visits != nil {
			cells[6] = strconv.FormatInt(*r.Visits, 10)
		}
		for _, b := range r.Cells {
			cells = append(cells, maybe(b.Low), maybe(b.High), strconv.FormatBool(b.Missing))
		}
		return out.Write(cells)
	}); err != nil {
		return err
	}
	out.Flush()
	return out.Error()
}

func maybe(x *float64) string {
	if x == nil {
		return ""
	}
	return number(*x)
}
