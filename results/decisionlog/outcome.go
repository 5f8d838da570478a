package decisionlog

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/souk-sim/souk/scenarios/field"
)

// Outcome is what came of a decision. It may come late, before its decision, or again: the one of the latest time stands, and tells all that came of
// the decision by then, not what was added to an earlier one.
type Outcome struct {
	ID       string    // of the decision
	Time     float64   // by which all this had come, of the decisions' clock
	Reward   float64   // in place of the decision's; NaN leaves that as it is
	Visitors float64   // to whom the offer was made; NaN: one, for whom it was decided
	Products []string  // that the outcome tells of
	Units    []float64 // sold, in the same order; empty where it is not told what was sold. A product that is not named sold none
	Prices   []float64 // at which they stood meanwhile, in the same order; NaN where it is not told; may be empty
	Last     bool      // no decision of the unit follows
}

// AppendOutcome appends an outcome's line, with its end and its checksum, for the same log as its decision. What a reader would refuse in the line is refused: infinite numbers, units and
// visitors below 0, a product twice, too many products and a line that is too long.
func AppendOutcome(line []byte, o *Outcome) ([]byte, error) {
	if o.ID == "" {
		return line, field.New("outcome", "nothing", "the id of a decision")
	}
	if math.IsNaN(o.Time) || math.IsInf(o.Time, 0) {
		return line, field.New("time", o.Time, "a finite number")
	}
	if math.IsInf(o.Reward, 0) {
		return line, field.New("reward", o.Reward, "a finite number")
	}
	if o.Visitors < 0 || math.IsInf(o.Visitors, 0) {
		return line, field.New("visitors", o.Visitors, "a number of at least 0")
	}
	if len(o.Products) > mostFeatures {
		return line, field.New("units", len(o.Products), fmt.Sprintf("at most %d products, those of units and of prices together", mostFeatures))
	}
	start := len(line)
	line = strconv.AppendInt(append(line, `{"version":`...), Version, 10)
	line = text(append(line, `,"outcome":`...), o.ID)
	line = number(append(line, `,"time":`...), o.Time)
	line = strconv.AppendBool(append(line, `,"last":`...), o.Last)
	line = number(append(line, `,"reward":`...), o.Reward)
	line = number(append(line, `,"visitors":`...), o.Visitors)
	for _, list := range [...]struct {
		key   string
		of    []float64
		least float64
	}{{"units", o.Units, 0}, {"prices", o.Prices, math.Inf(-1)}} {
		if list.of == nil {
			continue
		}
		if len(list.of) != len(o.Products) {
			return line[:start], field.New(list.key, len(list.of), fmt.Sprintf("%d numbers, one for each product", len(o.Products)))
		}
		line = append(text(append(line, ','), list.key), `:{`...)
		for i, x := range list.of {
			if math.IsInf(x, 0) || x < list.least || slices.Contains(o.Products[:i], o.Products[i]) {
				return line[:start], field.New(list.key+"."+o.Products[i], x, "a finite number, of units at least 0, for each product once")
			}
			if i > 0 {
				line = append(line, ',')
			}
			line = number(append(text(line, o.Products[i]), ':'), x)
		}
		line = append(line, '}')
	}
	return sealed(line, start)
}

// Sale is what an outcome tells of a product.
type Sale struct {
	Product int32   // index into the log's
	Units   float64 // sold; NaN where the outcome does not tell what was sold
	Price   float64 // at which it stood; NaN where it is not told
}

// Joined tells what became of the outcomes of a log.
type Joined struct {
	Outcomes int `json:"outcomes"` // lines
	Told     int `json:"told"`     // decisions that have one
	Awaited  int `json:"awaited"`  // decisions whose reward is not known
	Assumed  int `json:"assumed"`  // decisions of which, none having come in time, nothing is taken to have come (Options.Patience)
	Again    int `json:"again"`    // outcomes that one of a later time replaced
	Unknown  int `json:"unknown"`  // outcomes of decisions that the log does not have
	Early    int `json:"early"`    // outcomes of a time before their decision's; they count all the same
	Ahead    int `json:"ahead"`    // outcomes later than the newest decision by more than the window, or than the log's decisions are apart; they count all the same
	Asked    int `json:"asked"`    // decisions whose id came again later, which were not what the customer saw in the end; they are left out
}

// outcome is that of a line.
type outcome struct {
	time           float64
	reward, people float64
	from, to       int // in the log's sales
	line           int32
	last           bool
	units, counted bool // it tells what was sold, and how many came
}

// numbers reads the units or the prices of a line, by product.
func (p *parser) numbers(k int, o *outcome) error {
	l, s := p.log, &p.scan
	o.units = o.units || k == keyUnits
	return s.object(func(name []byte) error {
		product := p.product(name)
		at := func(err error) error { return under{keys[k] + "." + l.Products[product], err} }
		x := math.NaN()
		if !s.null() {
			if err := s.number(&x); err != nil {
				return at(err)
			}
		}
		if k == keyUnits && !(x >= 0) {
			if math.IsNaN(x) {
				return nil // not told, as of a table's row that does not tell of it
			}
			return at(bad(x, "a number of at least 0"))
		}
		i := slices.IndexFunc(l.sales[o.from:], func(s Sale) bool { return s.Product == product })
		if i < 0 {
			if i = len(l.sales) - o.from; i >= mostFeatures {
				return at(bad(i+1, fmt.Sprintf("at most %d products", mostFeatures)))
			}
			l.sales = append(room(l.sales), Sale{product, math.NaN(), math.NaN()})
		}
		into := &l.sales[o.from+i].Units
		if k == keyPrices {
			into = &l.sales[o.from+i].Price
		}
		if !math.IsNaN(*into) {
			return at(bad("the product twice", "each product once"))
		}
		*into = x
		return nil
	})
}

// product is a product's index.
func (p *parser) product(name []byte) int32 {
	i, ok := p.products[string(name)]
	if !ok {
		i = int32(len(p.log.Products))
		p.log.Products = append(p.log.Products, string(name))
		p.products[p.log.Products[i]] = i
	}
	return i
}

// keepOutcome keeps an outcome until all lines are read.
func (p *parser) keepOutcome(e *entry) *field.Error {
	for _, k := range [...]int{keyPolicy, keyRevision, keyUnit, keyStep, keyObservation, keyAction, keyPrice, keyPromotion, keyAllowed, keyPropensity, keyExplore, keyDiscount, keyProduct, keyCustomer} {
		if e.has&(1<<k) != 0 {
			return field.New(keys[k], "in an outcome", "in a decision")
		}
	}
	if e.has&(1<<keyVersion) == 0 {
		return field.New("version", "nothing", "1")
	}
	if len(e.id) == 0 {
		return field.New("outcome", "nothing", "the id of a decision")
	}
	o := e.outcome
	p.about.add(e.id)
	o.time, o.reward, o.people, o.last, o.to = e.Time, e.Reward, e.Visitors, e.Last, len(p.log.sales)
	if o.counted = !math.IsNaN(o.people); !o.counted {
		o.people = 1
	}
	for i := range p.log.sales[o.from:] {
		if sale := &p.log.sales[o.from+i]; o.units && math.IsNaN(sale.Units) {
			sale.Units = 0
		}
	}
	p.outcomes = append(room(p.outcomes), o)
	return nil
}

// join gives decisions their outcomes. A log without outcomes is left as it is, but its decisions must tell their rewards.
func (p *parser) join() error {
	l := p.log
	l.Joined.Outcomes = len(p.outcomes)
	l.warn(p.asides, "%d decisions at a fallback price, which was not the policy's, were left out")
	l.warn(p.others, "%d decisions of other policies were left out")
	if len(p.outcomes) == 0 && !p.options.Pending {
		for i := range l.Decisions {
			if d := &l.Decisions[i]; math.IsNaN(d.Reward) {
				return l.Fault(d, "reward", "nothing", "what came of the decision, here or in an outcome of its id")
			}
		}
		return nil
	}
	p.ahead()
	p.match()
	p.await()
	j := &l.Joined
	l.warn(j.Asked, "of %d decisions the id came again later; they were left out")
	l.warn(j.Unknown, "%d outcomes are of no decision of the log")
	l.warn(j.Early, "%d outcomes are of a time before their decision")
	l.warn(j.Ahead, "%d outcomes are of a time long after the newest decision, as where it is told in another unit")
	l.warn(j.Again, "%d outcomes were replaced by later ones of the same decision")
	l.warn(j.Assumed, "of %d decisions no outcome came in time: nothing is taken to have come of them")
	l.warn(j.Awaited, "of %d decisions the reward is not known yet")
	return nil
}

// known numbers the ids of decisions, and says at which of them each stands. Of several of one id the latest stands, and the others go: a service that was asked again after it had
// forgotten its answer decides anew, and what it says last is what is seen.
func (p *parser) known() (ids names, places []int32) {
	l := p.log
	ids = newNames()
	gone := make([]bool, len(l.Decisions))
	for row := range gone {
		id := p.ids.at(row)
		if len(id) == 0 {
			continue
		}
		k := ids.put(id)
		if int(k) == len(places) {
			places = append(room(places), int32(row))
			continue
		}
		l.Joined.Asked++
		if before := places[k]; l.Decisions[row].Time < l.Decisions[before].Time {
			gone[row] = true
		} else {
			gone[before], places[k] = true, int32(row)
		}
	}
	if l.Joined.Asked == 0 {
		return ids, places
	}
	now, n := make([]int32, len(gone)), int32(0) // where each row stands once the others are gone
	for row := range now {
		now[row] = n
		if !gone[row] {
			n++
		}
	}
	l.Decisions = slices.DeleteFunc(l.Decisions, func(d Decision) bool { return gone[d.row] })
	for k, row := range places {
		places[k] = now[row]
	}
	return ids, places
}

// match gives decisions their outcomes.
func (p *parser) match() {
	l := p.log
	ids, places := p.known()
	passed := newNames()
	for i := range p.passed.ends {
		passed.put(p.passed.at(i))
	}
	stands := make([]int32, len(l.Decisions)) // the outcome that stands, from 1
	for i := range p.outcomes {
		o, id := &p.outcomes[i], p.about.at(i)
		k := ids.number(id)
		if k < 0 {
			if passed.number(id) < 0 {
				l.Joined.Unknown++
			}
			continue
		}
		at := places[k]
		if stands[at] > 0 {
			l.Joined.Again++
			if o.time < p.outcomes[stands[at]-1].time {
				continue
			}
		}
		stands[at] = int32(i + 1)
	}
	for at, s := range stands {
		if s == 0 {
			continue
		}
		o, d := &p.outcomes[s-1], &l.Decisions[at]
		l.Joined.Told++
		if o.time < d.Time {
			l.Joined.Early++
		}
		if !math.IsNaN(o.reward) {
			d.Reward = o.reward
		}
		d.Visitors, d.Counted, d.from, d.to, d.closed = o.people, o.counted, int32(o.from), int32(o.to), o.last
	}
}

// await counts the decisions whose reward is not known, and assumes one of those that have waited too long.
func (p *parser) await() {
	l := p.log
	_, newest := p.spanned()
	for i := range l.Decisions {
		d := &l.Decisions[i]
		switch {
		case !math.IsNaN(d.Reward):
		case p.options.Patience > 0 && math.IsNaN(d.Visitors) && d.Time <= newest-p.options.Patience:
			d.Reward, d.Visitors = 0, 1
			l.Joined.Assumed++
		default:
			l.Joined.Awaited++
		}
	}
}

// spanned are the earliest and the latest time of the decisions. Outcomes do not count: their times are the word of whoever told them, and one in milliseconds would
// put all decisions before the window.
func (p *parser) spanned() (oldest, newest float64) {
	oldest, newest = math.Inf(1), math.Inf(-1)
	for i := range p.log.Decisions {
		oldest, newest = min(oldest, p.log.Decisions[i].Time), max(newest, p.log.Decisions[i].Time)
	}
	return oldest, newest
}

// ahead counts the outcomes that are later than the newest decision by more than the window, or of all of a log by more than its decisions are apart.
func (p *parser) ahead() {
	oldest, newest := p.spanned()
	reach := p.options.Window
	if reach == 0 {
		reach = newest - oldest
	}
	if !(reach > 0) {
		return
	}
	for i := range p.outcomes {
		if p.outcomes[i].time-newest > reach {
			p.log.Joined.Ahead++
		}
	}
}

// window leaves out what lies before it.
func (p *parser) window() {
	if l := p.log; p.options.Window > 0 {
		kept := len(l.Decisions)
		_, newest := p.spanned()
		l.Decisions = slices.DeleteFunc(l.Decisions, func(d Decision) bool { return d.Time <= newest-p.options.Window })
		l.warn(kept-len(l.Decisions), "%d decisions of before the window were left out")
	}
}

// warn tells of a count that is not 0.
func (l *Log) warn(n int, format string) {
	if n > 0 {
		l.Warnings = append(l.Warnings, fmt.Sprintf(format, n))
	}
}

// wants says whether decisions of a policy are read.
func (o *Options) wants(policy string) bool {
	rest, ok := strings.CutPrefix(policy, o.Policy)
	return o.Policy == "" || ok && (rest == "" || rest[0] == '/')
}
