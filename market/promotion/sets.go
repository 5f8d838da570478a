package promotion

import "math"

// sets is a rule on sets of units: it forms them from the dearest units down, as long as they save something.
type sets struct {
	components []component
	off        interface {
		off(set []run) int64 // saved on a set, its units by component and then from the dearest down
	}
}

// component is a part of a set: so many units of any of the products covered (nil: of all that the rule covers).
type component struct {
	quantity int64
	covers   []bool
}

// run is units of a line, all of one price.
type run struct {
	line, component int
	units, price    int64
}

func (s *sets) claim(c *claim) {
	s.line(c)
	for c.uses < c.maxUses {
		times := s.draw(c)
		if times == 0 {
			return
		}
		off := s.off.off(c.set)
		if off <= 0 {
			return
		}
		if times = c.afford(times, off); times == 0 {
			return
		}
		for _, drawn := range c.set {
			taken := times * drawn.units
			c.parts[drawn.line].units += int(taken)
			c.parts[drawn.line].cost += taken * drawn.price
			c.cost += taken * drawn.price
			s.take(c, drawn, taken)
		}
	}
}

// line puts the units of the claim's parts into runs, by component and then from the dearest down, and empties the parts.
func (s *sets) line(c *claim) {
	c.runs = c.runs[:0]
	for k := range s.components {
		covers, first := s.components[k].covers, len(c.runs)
		for i := range c.parts {
			part, l := &c.parts[i], &c.lines[i]
			if part.units == 0 || covers != nil && !covers[l.Product] {
				continue
			}
			c.runs = append(c.runs, run{line: i, component: k, units: int64(part.units), price: l.unit})
			for j := len(c.runs) - 1; j > first && c.runs[j].price > c.runs[j-1].price; j-- {
				c.runs[j], c.runs[j-1] = c.runs[j-1], c.runs[j]
			}
		}
	}
	c.cost = 0
	for i := range c.parts {
		c.parts[i].units, c.parts[i].cost = 0, 0
	}
}

// draw looks up the next set and returns how many like it come one after another: 0 where units run short.
func (s *sets) draw(c *claim) (times int64) {
	c.set = c.set[:0]
	times = math.MaxInt64
	at := 0
	for k := range s.components {
		short := s.components[k].quantity
		for ; at < len(c.runs) && c.runs[at].component == k; at++ {
			r := c.runs[at]
			if short == 0 || r.units == 0 {
				continue
			}
			if r.units >= s.components[k].quantity && short == s.components[k].quantity {
				times = min(times, r.units/short)
			} else {
				times = 1
			}
			r.units = min(r.units, short)
			short -= r.units
			c.set = append(c.set, r)
		}
		if short > 0 {
			return 0
		}
	}
	return times
}

// take removes drawn units from their run.
func (s *sets) take(c *claim, drawn run, units int64) {
	for i := range c.runs {
		if c.runs[i].line == drawn.line {
			c.runs[i].units -= units
			return
		}
	}
}
