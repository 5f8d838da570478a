package demand

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/souk-sim/souk/scenarios/field"
)

// Auto is an ARIMA whose order is chosen from the data: differences by tests, the other orders by a search for the least
// AICc (Hyndman & Khandakar 2008, Journal of Statistical Software 27:3). Unlike R's auto.arima, every candidate is fitted
// by exact maximum likelihood from several starts.
type Auto struct {
	// Period and Transform are read before the search; the rest is the model found.
	ARIMA
	NoConstant bool // tries no mean and no drift
	// Differences are d and D; nil chooses them by the tests below at 5%, as forecast::auto.arima does, and one more d (auto.arima
	// does not) where AICc prefers a model with a root next to 1, which the search refuses, to every other with that d, and
	// Dickey and Fuller's test does not refuse a unit root at 5% either. AICc does not compare models of different d.
	Differences *[2]int
	RootTest    string // of d, up to 2: "kpss" (and empty), or "adf"
	SeasonTest  string // of D, up to 1: "strength" above 0.64 (and empty), or "ocsb"
	// Full tries every model with p, q ≤ 5, P, Q ≤ 2 and p + q + P + Q ≤ 5, instead of the way from neighbour to neighbour.
	Full    bool
	Workers int // candidates to fit at a time, 0 meaning one; the result and the trace do not depend on it
	Trace   []Candidate
}

// Candidate is one model that the search tried.
type Candidate struct {
	Order, Seasonal [3]int
	Period          int
	Constant        bool    // a mean or a drift
	AICc            float64 // +Inf where refused
	Refused         string  // why: it could not be estimated, or has a root within 1.01 of the unit circle
}

// Name is the model's: ARIMA(0,1,1)(0,1,1)[12] with drift.
func (c Candidate) Name() string {
	constant := ""
	if d := c.Order[1] + c.Seasonal[1]; c.Constant && d == 0 {
		constant = "intercept"
	} else if c.Constant {
		constant = "drift"
	}
	return modelName(c.Order, c.Seasonal, c.Period, constant)
}

// String is one line: the name, and its AICc or why it was refused.
func (c Candidate) String() string {
	if c.Refused != "" {
		return fmt.Sprintf("%-38s refused: %s", c.Name(), c.Refused)
	}
	return fmt.Sprintf("%-38s AICc %.3f", c.Name(), c.AICc)
}

// The largest orders tried and the number of models after which a stepwise search gives up are auto.arima's.
const (
	maxOrder, maxSeasonal = 5, 2
	maxSum                = 5 // of the orders in a full search
	maxCandidates         = 94
	beamWidth             = 2 // best models whose neighbours are all tried
	// Models within these margins of AICc from the best are climbed from many starts.
	margin, marginFull = 2, 4
)

// Fit chooses the order, then estimates the model (see Model). Trace lists the candidates in the order they were tried.
// Where all are refused for their roots the best of them is taken, and its Warnings say so.
func (a *Auto) Fit(s Series) error {
	a.filter = filterState{}
	d, x, err := a.differences(s)
	if err != nil {
		return err
	}
	w, best := a.search(s, d)
	if a.Differences == nil && d[0] < 2 && (w.unitRoot() < best.aicc || best.unitRoot) && integrated(x) {
		trace := a.Trace
		if more, other := a.search(s, [2]int{d[0] + 1, d[1]}); other.refused == "" {
			w, best = more, other
		} else {
			a.Trace = trace
		}
	}
	if math.IsInf(best.aicc, 1) {
		return field.New("series", "no candidate model can be estimated; the first: "+w.tried[0].refused, "a longer series that varies")
	}
	m := w.model(best.candidate)
	err = m.Fit(s)
	a.ARIMA = m
	return err
}

// candidate is p, q, P, Q and whether there is a constant.
type candidate struct {
	p, q, sp, sq int
	constant     bool
}

// outcome is a candidate that was fitted.
type outcome struct {
	candidate
	aicc    float64   // +Inf where it could not be estimated
	angles  []float64 // of its likelihood's maximum, as far as it is known
	refused string
	// unitRoot marks a model refused for an autoregressive root just above 1.
	unitRoot bool
	sure     bool // the likelihood was climbed from many starts, not only from the estimates of a neighbour
}

// orderSearch is a search among the orders for given differences.
type orderSearch struct {
	auto     *Auto
	series   Series
	d        [2]int
	constant bool // there may be one
	n        int
	limit    candidate // the largest orders
	tried    []*outcome
	seen     map[candidate]int // where in tried
}

// search tries candidates with d and D differences and gives the best; its AICc is +Inf when none can be estimated.
func (a *Auto) search(s Series, d [2]int) (*orderSearch, outcome) {
	n := len(observedOf(s.Values))
	w := &orderSearch{auto: a, series: s, d: d, constant: !a.NoConstant && d[0]+d[1] <= 1, n: n, seen: map[candidate]int{}}
	w.limit = candidate{p: min(maxOrder, n/3), q: min(maxOrder, n/3)}
	if a.Period > 1 {
		if most := min(maxSeasonal, n/3/a.Period); most > 0 {
			w.limit = candidate{p: min(w.limit.p, a.Period-1), q: min(w.limit.q, a.Period-1), sp: most, sq: most}
		}
	}
	if a.Full {
		w.all()
	} else {
		w.stepwise()
	}
	a.Trace = nil
	for _, o := range w.tried {
		m, aicc := w.model(o.candidate), o.aicc
		if o.refused != "" {
			aicc = math.Inf(1)
		}
		a.Trace = append(a.Trace, Candidate{m.Order, m.Seasonal, m.Period, o.constant, aicc, o.refused})
	}
	if best := w.ranked(); len(best) > 0 {
		return w, *best[0]
	}
	return w, outcome{aicc: math.Inf(1)}
}

// unitRoot is the least AICc of the models refused for an autoregressive root just above 1.
func (w *orderSearch) unitRoot() float64 {
	least := math.Inf(1)
	for _, o := range w.tried {
		if o.unitRoot {
			least = min(least, o.aicc)
		}
	}
	return least
}

// ranked are the models that could be estimated, the best first.
func (w *orderSearch) ranked() []*outcome {
	best := slices.DeleteFunc(slices.Clone(w.tried), func(o *outcome) bool { return math.IsInf(o.aicc, 1) })
	slices.SortStableFunc(best, (*outcome).compare)
	return best
}

// compare orders outcomes, the better first: by AICc, those refused last.
func (o *outcome) compare(other *outcome) int {
	if (o.refused == "") != (other.refused == "") {
		return len(o.refused) - len(other.refused)
	}
	return cmp.Compare(o.aicc, other.aicc)
}

func (w *orderSearch) model(c candidate) ARIMA {
	m := ARIMA{Order: [3]int{c.p, w.d[0], c.q}, Seasonal: [3]int{c.sp, w.d[1], c.sq}, Period: w.auto.Period, Transform: w.auto.Transform}
	m.NoMean = !c.constant
	m.Drift = c.constant && w.d[0]+w.d[1] == 1
	return m
}

// all is the full search, by rising sum of the orders: a model starts from the best of those with one coefficient less.
func (w *orderSearch) all() {
	for sum := range maxSum + 1 {
		var cs []candidate
		for p := range min(sum, w.limit.p) + 1 {
			for q := range min(sum-p, w.limit.q) + 1 {
				for sp := range min(sum-p-q, w.limit.sp) + 1 {
					sq := sum - p - q - sp
					cs = append(cs, candidate{p, q, sp, sq, false}, candidate{p, q, sp, sq, true})
				}
			}
		}
		w.try(cs, nil)
	}
	w.verify()
}

// stepwise tries five first models, goes auto.arima's way from there, and then around the best models until none of them
// has a neighbour that was not tried: the way alone misses better models (lynx, LakeHuron), the neighbourhoods alone miss
// some that the way meets.
func (w *orderSearch) stepwise() {
	start, one := candidate{2, 2, 1, 1, w.constant}, candidate{1, 1, 1, 1, w.constant}
	if len(w.series.Values) < 10 {
		start = candidate{1, 1, 0, 0, w.constant}
	}
	start, one = start.within(w.limit), one.within(w.limit)
	w.try([]candidate{start, {constant: w.constant}, {p: one.p, sp: one.sp, constant: w.constant}, {q: one.q, sq: one.sq, constant: w.constant}, {}}, nil)
	// The first and largest model may be a poor place to start from, though it is the best of the five.
	first, small := w.ranked(), slices.DeleteFunc(w.ranked(), func(o *outcome) bool { return o.candidate == start })
	for _, from := range [][]*outcome{first, small} {
		if len(from) > 0 {
			w.walk(from[0].candidate)
		}
	}
	expanded := map[candidate]bool{}
	for {
		i := slices.IndexFunc(w.beam(), func(o *outcome) bool { return !expanded[o.candidate] })
		if i >= 0 && len(w.tried) < maxCandidates {
			from := *w.beam()[i]
			expanded[from.candidate] = true
			w.try(from.neighbours(), &from)
		} else if !w.verify() {
			return
		}
	}
}

// walk goes from a model that was tried to the first neighbour that is better until none is, as auto.arima.
func (w *orderSearch) walk(from candidate) {
	for moved := true; moved; {
		moved = false
		here := *w.tried[w.seen[from]]
		for _, c := range from.neighbours() {
			w.try([]candidate{c}, &here)
			if i, tried := w.seen[c]; tried && w.tried[i].compare(&here) < 0 {
				from, moved = c, true
				break
			}
		}
	}
}

// beam are the models whose neighbours are worth trying.
func (w *orderSearch) beam() []*outcome {
	best := w.ranked()
	return best[:min(len(best), beamWidth)]
}

// verify makes sure of the models whose AICc is near the best one's, and reports whether there were any to look at.
func (w *orderSearch) verify() bool {
	best := w.ranked()
	if len(best) == 0 {
		return false
	}
	within := best[0].aicc + margin
	if w.auto.Full {
		within = best[0].aicc + marginFull
	}
	var unsure []*outcome
	for _, o := range w.tried {
		if !o.sure && o.aicc < within {
			unsure = append(unsure, o)
		}
	}
	w.each(unsure, func(o *outcome) { w.fit(o, nil, true) })
	return len(unsure) > 0
}

func (c candidate) within(limit candidate) candidate {
	return candidate{min(c.p, limit.p), min(c.q, limit.q), min(c.sp, limit.sp), min(c.sq, limit.sq), c.constant}
}

// neighbours are auto.arima's: one or both seasonal orders changed by one, one or both others, or the constant.
func (c candidate) neighbours() []candidate {
	var out []candidate
	steps := [][2]int{{-1, 0}, {0, -1}, {1, 0}, {0, 1}, {-1, -1}, {-1, 1}, {1, -1}, {1, 1}}
	for _, v := range steps {
		out = append(out, candidate{c.p, c.q, c.sp + v[0], c.sq + v[1], c.constant})
	}
	for _, v := range steps {
		out = append(out, candidate{c.p + v[0], c.q + v[1], c.sp, c.sq, c.constant})
	}
	return append(out, candidate{c.p, c.q, c.sp, c.sq, !c.constant})
}

// try fits those of the candidates that are allowed and new, starting from the estimates of a model they are near to; with
// nil of the best nested one, or where there is none from many starts.
func (w *orderSearch) try(cs []candidate, near *outcome) {
	before := w.tried
	for _, c := range cs {
		allowed := min(c.p, c.q, c.sp, c.sq) >= 0 && c == c.within(w.limit) && (w.constant || !c.constant)
		if _, tried := w.seen[c]; tried || !allowed || len(w.tried) >= maxCandidates && !w.auto.Full {
			continue
		}
		w.seen[c] = len(w.tried)
		w.tried = append(w.tried, &outcome{candidate: c})
	}
	todo := w.tried[len(before):]
	w.each(todo, func(o *outcome) {
		if near != nil {
			w.fit(o, near, false)
		} else {
			start := nested(before, o.candidate)
			w.fit(o, start, start == nil)
		}
	})
}

// nested is the best of the models with one coefficient less than c, or nil.
func nested(tried []*outcome, c candidate) *outcome {
	var best *outcome
	for _, o := range tried {
		less := candidate{c.p - o.p, c.q - o.q, c.sp - o.sp, c.sq - o.sq, false}
		if min(less.p, less.q, less.sp, less.sq) == 0 && less.p+less.q+less.sp+less.sq == 1 && c.constant == o.constant &&
			!math.IsInf(o.aicc, 1) && (best == nil || o.aicc < best.aicc) {
			best = o
		}
	}
	return best
}

// each works on outcomes, several at a time.
func (w *orderSearch) each(todo []*outcome, work func(*outcome)) {
	var next atomic.Int64
	var workers sync.WaitGroup
	for range max(1, min(w.auto.Workers, len(todo))) {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(todo); i = int(next.Add(1)) - 1 {
				work(todo[i])
			}
		})
	}
	workers.Wait()
}

// fit estimates a candidate: from the neighbour's estimates and white noise, or from many starts.
func (w *orderSearch) fit(o *outcome, near *outcome, sure bool) {
	m := w.model(o.candidate)
	p, err := m.prepare(w.series)
	if err != nil {
		o.aicc, o.refused, o.sure = math.Inf(1), err.Error(), true
		return
	}
	l := p.likelihood
	k, n := len(l.params), len(l.e[0])
	starts := [][]float64{make([]float64, k)}
	if near != nil {
		starts = append(starts, w.carried(near, o.candidate))
	}
	if o.angles != nil {
		starts = append(starts, o.angles)
	}
	least := math.Inf(1)
	consider := func(x []float64, iterations int) {
		if v, _ := levenbergMarquardt(l.at, x, n, 1e-4, iterations); v < least || o.angles == nil {
			least, o.angles = v, x
		}
	}
	for _, x := range starts {
		consider(x, 50)
	}
	if sure {
		consider(l.search(4+2*k, 0), 1)
	}
	l.at(o.angles, make([]float64, n))
	m.LogLik, m.NUsed = l.logLik(), l.used
	m.criteria(k + len(l.gamma) - l.nuisance)
	o.aicc, o.refused, o.unitRoot, o.sure = m.AICc, "", false, sure || k == 0
	if !rootBeyond(l.a.ar, 1.01) || !invertible(l.a.ma, 1.01) {
		ar, _, _, _ := l.blocks(l.params)
		o.refused, o.unitRoot = "a root within 1.01 of the unit circle", nearOne(ar)
	}
}

// carried are a model's angles for another one of near orders: what is new starts at zero, where it changes nothing.
func (w *orderSearch) carried(from *outcome, to candidate) []float64 {
	var x []float64
	rest := from.angles
	for _, block := range [][2]int{{from.p, to.p}, {from.q, to.q}, {from.sp, to.sp}, {from.sq, to.sq}} {
		n := min(block[0], block[1])
		x = append(append(x, rest[:n]...), make([]float64, block[1]-n)...)
		rest = rest[block[0]:]
	}
	return x
}

// nearOne reports whether a stationary autoregression has a real root between 1 and 1.01: its polynomial, positive at 1,
// is negative at 1.01.
func nearOne(ar []float64) bool {
	v, power := 1.0, 1.0
	for _, c := range ar {
		power *= 1.01
		v -= c * power
	}
	return v < 0
}
