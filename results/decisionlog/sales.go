package decisionlog

import (
	"fmt"
	"math"
)

// leastSales is how many outcomes of single customers must all be sales until it is no chance.
const leastSales = 20

// OnlySales says so where every known outcome of one customer is a sale and of a tenth of the decisions or more none is told, as where a shop reports who bought and not who
// did not; empty where the log is not like that.
func (l *Log) OnlySales() string {
	sales, untold := 0, 0
	for i := range l.Decisions {
		switch d := &l.Decisions[i]; {
		case math.IsNaN(d.Visitors) && math.IsNaN(d.Reward):
			untold++
		case d.Visitors == 1 && l.sold(d):
			sales++
		default:
			return ""
		}
	}
	if sales < leastSales || 10*untold < len(l.Decisions) {
		return ""
	}
	return fmt.Sprintf("all %d known outcomes are sales, %d are not told", sales, untold)
}

// UntoldSales is what to do about OnlySales.
const UntoldSales = "tell units 0 too, or --patience: after how long nothing came of a decision"

// sold tells whether something was sold or, where units are not told, whether it brought something.
func (l *Log) sold(d *Decision) bool {
	units, told := 0.0, false
	for _, s := range l.Sales(d) {
		if !math.IsNaN(s.Units) {
			units, told = units+s.Units, true
		}
	}
	return units > 0 || !told && d.Reward > 0
}
