package journey

// countTable is the distribution function of a law of whole numbers from least on.
type countTable struct {
	least      int
	cumulative []float64
}

const (
	largestCount = 1 << 20
	negligible   = 1e-18 // of a table's sum
	largestRest  = 1e-3  // of it
)

// newCountTable makes a table of a law by ratio(k) = P(k+1)/P(k), taken both ways from the mode so that nothing under- or
// overflows. It needs no elementary function and is the same on every machine. ratio must fall from above 1 to below it once, or
// be below it throughout, and be monotone from there. Of a law of which more than
// largestRest lies beyond 2^20 there is no table.
func newCountTable(least int, ratio func(k int) float64) (countTable, bool) {
	mode := least
	for ; ratio(mode) > 1; mode++ {
		if mode == largestCount {
			return countTable{}, false
		}
	}
	p := make([]float64, mode-least+1)
	p[mode-least] = 1
	sum := 1.0
	for k := mode - 1; k >= least; k-- {
		p[k-least] = p[k-least+1] / ratio(k)
		sum += p[k-least]
	}
	for k := mode; ; k++ {
		r := ratio(k)
		next := p[k-least] * r
		rest := next / (1 - max(r, ratio(k+1))) // at most, by a geometric series
		if k < largestCount && rest > negligible*sum {
			p = append(p, next)
			sum += next
			continue
		}
		if rest > largestRest*sum {
			return countTable{}, false
		}
		break
	}
	for i := range p {
		p[i] /= sum
	}
	cumulate(p)
	return countTable{least, p}, true
}

// draw is the number that a uniform u of (0, 1) gives.
func (c countTable) draw(u float64) int { return c.least + invert(c.cumulative, u) }
