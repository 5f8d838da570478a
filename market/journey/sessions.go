package journey

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
)

// Click is one line of a click log. Visitor only says which lines belong together.
type Click struct {
	Visitor int
	Time    float64 // seconds since any epoch
	State   int     // what was looked at: a page, a category, a step of the funnel
}

// Session is one visit.
type Session struct {
	Start  float64   // seconds
	States []int     // in the order of time, at least one
	Dwell  []float64 // seconds from each click to the next, one fewer than States: the last page's is never seen
	// Open says that the log ended before the gap could: the visit may have gone on.
	Open    bool
	Visitor int // that of its clicks
}

// SessionReport is what was found while cutting.
type SessionReport struct {
	Clicks, Visitors, Sessions int
	Open                       int // sessions without an end in the log
	Skewed                     int // clicks that stand after a later one of the same visitor: a clock that went back, or a log out of order
	Repeated                   int // clicks equal to the one before in visitor, time and state; they are dropped
	Single                     int // sessions of one click
	Warnings                   []string
}

// Sessions cuts a log into visits by the gap rule: a visitor's click more than `gap` seconds after the one before begins a
// new session (Catledge & Pitkow 1995; 1800 is the custom). The log is taken as it was written; each visitor's clicks are put in
// the order of time. end is when the log stops, NaN for its last click. Sessions come by their start, then by visitor.
func Sessions(log []Click, gap, end float64) ([]Session, SessionReport, error) {
	r := SessionReport{Clicks: len(log)}
	if !(gap > 0) || math.IsInf(gap, 1) {
		return nil, r, field.New("gap", gap, "a positive finite number of seconds")
	}
	last := math.Inf(-1)
	for i, c := range log {
		switch {
		case math.IsNaN(c.Time) || math.IsInf(c.Time, 0):
			return nil, r, field.New(fmt.Sprintf("click %d: time", i+1), c.Time, "a finite number of seconds")
		case c.State < 0:
			return nil, r, field.New(fmt.Sprintf("click %d: state", i+1), c.State, "a number, 0 or more")
		}
		last = max(last, c.Time)
	}
	if math.IsNaN(end) {
		end = last
	}
	if len(log) > 0 && !(end >= last) {
		return nil, r, field.New("end", end, fmt.Sprintf("no earlier than the last click, %v", last))
	}
	var visits []Session
	states, dwell := make([]int, 0, len(log)), make([]float64, 0, len(log)) // all visits' in one piece
	for _, mine := range byVisitor(log) {
		r.Visitors++
		latest := mine[0].Time
		for _, c := range mine {
			if c.Time < latest {
				r.Skewed++
			}
			latest = max(latest, c.Time)
		}
		slices.SortStableFunc(mine, func(a, b Click) int { return cmp.Compare(a.Time, b.Time) })
		firstState, firstDwell := 0, 0
		for i, c := range mine {
			switch {
			case i > 0 && c == mine[i-1]:
				r.Repeated++
				continue
			case i == 0 || c.Time-mine[i-1].Time > gap:
				visits = append(visits, Session{Start: c.Time, Visitor: c.Visitor})
				firstState, firstDwell = len(states), len(dwell)
			default:
				dwell = append(dwell, c.Time-mine[i-1].Time)
			}
			states = append(states, c.State)
			s := &visits[len(visits)-1]
			s.States, s.Dwell = states[firstState:len(states):len(states)], dwell[firstDwell:len(dwell):len(dwell)]
			s.Open = end-c.Time <= gap
		}
	}
	slices.SortFunc(visits, func(a, b Session) int { // no two are equal
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.Visitor, b.Visitor))
	})
	for _, v := range visits {
		r.count(v)
	}
	r.warn()
	return visits, r, nil
}

// byVisitor copies a log into one piece for each visitor, in the order in which they first appear and the log has their clicks.
func byVisitor(log []Click) [][]Click {
	place := map[int]int{}
	var n []int
	for _, c := range log {
		at, known := place[c.Visitor]
		if !known {
			at = len(n)
			place[c.Visitor] = at
			n = append(n, 0)
		}
		n[at]++
	}
	clicks, pieces := make([]Click, len(log)), make([][]Click, len(n))
	for i, k := range n {
		pieces[i], clicks = clicks[:0:k], clicks[k:]
	}
	for _, c := range log {
		at := place[c.Visitor]
		pieces[at] = append(pieces[at], c)
	}
	return pieces
}

func (r *SessionReport) count(s Session) {
	r.Sessions++
	if s.Open {
		r.Open++
	}
	if len(s.States) == 1 {
		r.Single++
	}
}

func (r *SessionReport) warn() {
	add := func(format string, args ...any) { r.Warnings = append(r.Warnings, fmt.Sprintf(format, args...)) }
	if r.Sessions < 30 {
		add("%d sessions: too few to tell one law from another", r.Sessions)
	}
	if r.Skewed > 0 {
		add("%d of %d clicks stand behind a later one of the same visitor: they were sorted by time; look after the clocks", r.Skewed, r.Clicks)
	}
	if r.Repeated > 0 {
		add("%d clicks stand twice and were taken once", r.Repeated)
	}
	if r.Open > 0 {
		add("%d sessions have no end in the log: their last click is not taken for leaving", r.Open)
	}
}
