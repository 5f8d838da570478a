package monopoly

import (
	"fmt"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
)

// Table is demand as a table has it: linear between its prices, beyond them as at the nearest.
type Table struct {
	At    []float64 `toml:"at" required:"true" range:"[0,1000000000]" doc:"prices, ascending"`
	Units []float64 `toml:"buys" required:"true" range:"[0,1000000000]" doc:"units a customer buys at each: a probability where a customer buys one"`
}

// Buys interpolates.
func (o *Table) Buys(price float64) float64 {
	i, found := slices.BinarySearch(o.At, price)
	switch {
	case found || i == 0:
		return o.Units[i]
	case i == len(o.At):
		return o.Units[i-1]
	}
	share := (price - o.At[i-1]) / (o.At[i] - o.At[i-1])
	return float64((1-share)*o.Units[i-1]) + float64(share*o.Units[i])
}

func (o *Table) check() error {
	if len(o.At) == 0 || len(o.At) != len(o.Units) {
		return field.New("demand.buys", fmt.Sprintf("%d numbers", len(o.Units)), fmt.Sprintf("one for each of the %d prices in demand.at, at least 1", len(o.At)))
	}
	for i := range o.At {
		if !(o.At[i] >= 0 && o.At[i] <= mostMoney) || i > 0 && o.At[i] <= o.At[i-1] {
			return field.New(fmt.Sprintf("demand.at.%d", i), o.At[i], "ascending prices of 0 to 1e9")
		}
		if err := bounded(fmt.Sprintf("buys.%d", i), o.Units[i], 0, mostMoney); err != nil {
			return err
		}
	}
	return nil
}
