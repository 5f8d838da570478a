package workflow

import (
	"fmt"

	"github.com/souk-sim/souk/market/choice"
)

// Eras of a window. Prices that a policy posts go with the times: it asks less when shoppers have become fewer, or late in a month, and then what is sold at low prices
// tells of the times and not of the price. What was tried at random does not go with them. So every era has a level of its own, and the price coefficient rests on
// differences within eras, as in a panel with fixed effects (Chamberlain 1980, Review of Economic Studies 47).
const (
	eraCount  = 8  // of a window
	leastOdd  = 20 // rows at another price than is usual in their era, without which levels and prices cannot be told apart
	eraPrefix = "era "
)

// byEra gives each era of the first rows of tallies, those of the times at, a level: attributes that are 0 in all other rows. In the eras that end in the newest cycle of periods the
// levels sum to none, so that the constants are the means of those eras. Tallies in whose eras prices hardly differ are left as they are, and the answer is false.
func byEra(t *choice.Tallies, at []float64, window, cycle float64, told []bool) bool {
	first, last := at[0], at[len(at)-1]
	if window == 0 || window > last-first {
		window = last - first
	}
	if window == 0 {
		return false
	}
	j, a := len(t.Alternatives), len(t.Attributes)
	era := make([]int, len(at)) // counted back from the newest
	prices := make([]map[string]int, eraCount)
	for i := range at {
		era[i] = min(eraCount-1, int((last-at[i])/window*eraCount))
		if prices[era[i]] == nil {
			prices[era[i]] = map[string]int{}
		}
		prices[era[i]][fmt.Sprint(t.X[i*j*a:(i+1)*j*a])]++
	}
	odd, eras, newest := 0, []int{}, 0 // the eras that there are, the newest first; how many of them make the newest cycle
	for e, rows := range prices {
		most, all := 0, 0
		for _, n := range rows {
			most, all = max(most, n), all+n
		}
		if odd += all - most; all > 0 {
			if eras = append(eras, e); float64(e)*window/eraCount < cycle {
				newest = len(eras)
			}
		}
	}
	if odd < leastOdd || len(eras) < 2 {
		return false
	}
	column := map[int]int{} // of an era; the newest has none, or stands for the rest of its cycle
	for k, e := range eras[1:] {
		column[e] = a + k
		t.Attributes = append(t.Attributes, fmt.Sprint(eraPrefix, e))
		if t.Start != nil {
			t.Start = append(t.Start, 0)
		}
	}
	n := len(t.Attributes)
	x := make([]float64, len(t.Faced)*j*n)
	for i := range t.Faced {
		for k := range j {
			row := x[(i*j+k)*n:][:n]
			copy(row, t.X[(i*j+k)*a:][:a])
			if i >= len(at) || !told[k] {
				continue
			}
			if era[i] != eras[0] {
				row[column[era[i]]] = 1
				continue
			}
			for c := 1; c < newest; c++ {
				row[column[eras[c]]] = -1
			}
		}
	}
	t.X = x
	return true
}
