package serve

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"time"

	"github.com/souk-sim/souk/results/decisionlog"
	"github.com/souk-sim/souk/scenarios/field"
)

// outcome is what came of a decision, as /openapi.json has it.
type outcome struct {
	decisionlog.Outcome
	units, prices numbers
}

var outcomeKeys = []string{"id", "time", "reward", "visitors", "units", "prices", "last", "outcomes"}

// parseOutcome reads an outcome. Only the outermost object may be many; many is nil where it is one.
func (r *reader) parseOutcome(o *outcome, many func() *field.Error) *field.Error {
	nan := math.NaN()
	*o = outcome{Outcome: decisionlog.Outcome{Time: nan, Reward: nan, Visitors: nan}}
	known := outcomeKeys
	if many == nil {
		known = known[:len(known)-1]
	}
	return r.members(known, "outcomes", func(k int) *field.Error {
		switch outcomeKeys[k] {
		case "id":
			return r.name(&o.ID)
		case "time":
			return r.number(&o.Time)
		case "reward":
			return r.number(&o.Reward)
		case "visitors":
			return r.number(&o.Visitors)
		case "units":
			return r.numbers(&o.units)
		case "prices":
			return r.numbers(&o.prices)
		case "last":
			return r.boolean(&o.Last)
		default:
			return many()
		}
	})
}

// parseOutcomes reads the body of /v1/outcomes: one outcome, or {"outcomes": [...]} with at most so many.
func parseOutcomes(body []byte, most int) (all []outcome, err *field.Error) {
	r := reader{text: body}
	var one outcome
	many := false
	err = r.parseOutcome(&one, func() *field.Error {
		many = true
		var o outcome
		return r.list(most, func() *field.Error {
			err := r.parseOutcome(&o, nil)
			all = append(all, o)
			return err
		})
	})
	if err == nil {
		err = r.end()
	}
	switch {
	case err != nil:
		return nil, err
	case !many:
		return []outcome{one}, nil
	case one.ID != "" || one.told() || one.Last || !math.IsNaN(one.Time) || one.prices.names != nil:
		return nil, field.New("outcomes", "an outcome beside them", "one outcome, or many")
	}
	return all, nil
}

// told says whether an outcome tells anything.
func (o *outcome) told() bool {
	return !math.IsNaN(o.Reward) || !math.IsNaN(o.Visitors) || o.units.names != nil
}

// mostTold bounds what an outcome may tell: in a log, which cannot be changed, one number beyond all that a shop sells would be all that its sums show.
const mostTold = 1e12

// How far an outcome's time may lie from what the service knows. Clocks differ, and some tell whole seconds: by that much a time may lie before its decision.
const (
	mostAhead = 24 * time.Hour
	clocks    = time.Minute
)

// dated checks an outcome's time, and makes it now where there is none. One in milliseconds would be the newest of the log for ages, and a log is read back from its newest line.
func (s *Server) dated(o *outcome, now time.Time) *field.Error {
	if math.IsNaN(o.Time) {
		o.Time = seconds(now)
		return nil
	}
	if latest := seconds(now.Add(mostAhead)); o.Time > latest {
		return field.New("time", fmt.Sprintf("%.15g", o.Time), fmt.Sprintf("at most a day ahead of the service's clock, which is at %.15g: seconds since 1970", seconds(now)))
	}
	at, _, known := s.memory.about(o.ID)
	switch {
	case !known || o.Time >= seconds(at):
	case o.Time < seconds(at.Add(-clocks)):
		return field.New("time", fmt.Sprintf("%.15g", o.Time), fmt.Sprintf("at least that of its decision, %.15g: seconds since 1970", seconds(at)))
	default:
		o.Time = seconds(at)
	}
	return nil
}

// settle checks an outcome and puts units and prices side by side. A product that has a price and no units sold none.
func (o *outcome) settle() *field.Error {
	switch {
	case o.ID == "":
		return field.New("id", "nothing", "the id of the decision of which it came")
	case !o.told():
		return field.New("reward", "nothing", "a reward, units or visitors")
	case o.Visitors < 0 || o.Visitors > mostTold:
		return field.New("visitors", o.Visitors, "a number of at least 0, at most 1e12")
	case math.Abs(o.Reward) > mostTold:
		return field.New("reward", o.Reward, "a sum of money between -1e12 and 1e12")
	}
	for i, name := range o.units.names {
		if n := o.units.values[i]; !(n >= 0 && n <= mostTold) {
			return field.New("units."+short(name), n, "a number of at least 0, at most 1e12")
		}
		o.Products, o.Units = append(o.Products, string(name)), append(o.Units, o.units.values[i])
	}
	if o.prices.names == nil {
		return nil
	}
	if o.units.names == nil {
		return field.New("prices", "prices without units", "what was sold at them")
	}
	o.Prices = slices.Repeat([]float64{math.NaN()}, len(o.Products))
	for i, name := range o.prices.names {
		at := slices.Index(o.Products, string(name))
		if at < 0 {
			o.Products, o.Units, o.Prices = append(o.Products, string(name)), append(o.Units, 0), append(o.Prices, math.NaN())
			at = len(o.Products) - 1
		}
		if o.Prices[at] = o.prices.values[i]; o.Prices[at] < 0 {
			return field.New("prices."+short(name), o.Prices[at], "a price")
		}
	}
	return nil
}

// postOutcomes logs what came of decisions. A service does not look for the decision: it may have been made by another one, or before a restart, and
// whoever reads the log joins them. An outcome that comes again changes nothing there, so that a client may always send it again.
func (s *Server) postOutcomes(w http.ResponseWriter, r *http.Request) int {
	body, code, err := s.read(w, r)
	if err != nil {
		return refuse(w, code, err)
	}
	all, bad := parseOutcomes(body, s.options.Batch)
	if bad != nil {
		return refuse(w, http.StatusBadRequest, bad)
	}
	if s.options.Log == nil {
		return refuse(w, http.StatusConflict, errors.New("the service keeps no log, so that outcomes would be lost"))
	}
	now := s.clock()
	var lines []byte
	for i := range all {
		bad := all[i].settle()
		if bad == nil {
			bad = s.dated(&all[i], now)
		}
		if bad == nil {
			lines, err = decisionlog.AppendOutcome(lines, &all[i].Outcome)
			bad, _ = errors.AsType[*field.Error](err)
		}
		if bad != nil {
			if len(all) > 1 {
				bad = under(fmt.Sprintf("outcomes[%d]", i), bad)
			}
			return refuse(w, http.StatusUnprocessableEntity, bad)
		}
	}
	if err := s.log(lines); err != nil {
		return refuse(w, http.StatusServiceUnavailable, err)
	}
	s.metrics.outcomes.Add(float64(len(all)))
	return answer(w, http.StatusOK, struct {
		Logged   int       `json:"logged"`
		Warnings []problem `json:"warnings,omitempty"`
	}{len(all), s.warnings(all)})
}

// seconds is a time in a log: since 1970, to the millisecond.
func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
