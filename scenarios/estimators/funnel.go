package estimators

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/souk-sim/souk/market/journey"
	"github.com/souk-sim/souk/scenarios/field"
)

// Funnel is a visit as a Markov chain (journey.Funnel).
type Funnel struct {
	Clickstream
	Memory     int               `toml:"order" default:"1" range:"[0,2]" doc:"how many states back the next one depends on"`
	Smoothing  float64           `toml:"smoothing" range:"[0,1000000]" doc:"weight, in clicks, with which each row leans on that of a shorter memory (MacKay & Peto 1995)"`
	Goal       string            `toml:"goal" doc:"state whose probability to be reached is told, as check-out; left out: all states"`
	Parameters *FunnelParameters `toml:"parameters" doc:"the model by hand, of order 1"`
}

// FunnelParameters give a funnel of order 1 by hand.
type FunnelParameters struct {
	States     []string             `toml:"states" required:"true" doc:"what a visit goes through"`
	Start      []float64            `toml:"start" required:"true" doc:"probability of each state to be the first"`
	Next       map[string][]float64 `toml:"next" required:"true" doc:"after each state, the probability of each state to follow, then of leaving"`
	Provenance string               `toml:"provenance" required:"true" doc:"where the numbers are from"`
}

var _ ByHand = (*Funnel)(nil)

// mostReached bounds the histories over which the probabilities to be reached are told of every state: each is a system of as many equations.
const mostReached = 400

type funnelFigures struct {
	Order       int                `json:"order"`
	States      []string           `json:"states"`
	Sessions    int                `json:"sessions"`
	Clicks      int                `json:"clicks"`
	Open        int                `json:"sessions_without_end"`
	AIC         float64            `json:"aic"`
	BIC         float64            `json:"bic"`
	Start       []float64          `json:"start"`
	StartCounts []int              `json:"start_counts"`
	Transitions []transition       `json:"transitions"`
	Orders      []journey.OrderFit `json:"orders"`
	Expected    float64            `json:"expected_clicks"` // of a visit
	Visits      []float64          `json:"expected_clicks_by_state"`
	Exits       []float64          `json:"exit"` // by state, the probability to be the last
	Reach       map[string]float64 `json:"reach,omitempty"`
}

// transition is what follows a history: the states in their order, then leaving.
type transition struct {
	After  []string  `json:"after"`
	Next   []float64 `json:"next"`
	Counts []int     `json:"counts"`
}

// Fit implements Estimator.
func (u *Funnel) Fit(_ context.Context, job Job) (*Fit, error) {
	v, held, err := u.read(job)
	if err != nil {
		return nil, err
	}
	if u.Goal != "" && !slices.Contains(v.states, u.Goal) {
		return nil, field.New("goal", fmt.Sprintf("%q", u.Goal), "one of the states: "+strings.Join(v.states[:min(len(v.states), 30)], ", "))
	}
	m, err := journey.FitFunnel(v.states, v.paths, v.open, journey.FunnelOptions{Order: u.Memory, Smoothing: u.Smoothing})
	if err != nil {
		return nil, inFile(job.Data, err)
	}
	e := m.Estimates
	f := v.fit(fmt.Sprintf("funnel of order %d", u.Memory), e.Estimates)
	own := funnelFigures{Order: u.Memory, States: v.states, Sessions: e.Sessions, Open: e.Open, AIC: e.AIC, BIC: e.BIC, Start: m.Start,
		StartCounts: make([]int, len(v.states))}
	for _, p := range v.paths {
		own.StartCounts[p[0]]++
		own.Clicks += len(p)
	}
	if own.Transitions, err = u.transitions(m, v); err != nil {
		return nil, inFile(job.Data, err)
	}
	if rows := len(v.states) * (len(v.states) + 1); rows <= 2500 || u.Memory == 2 { // what order 2 may have
		if own.Orders, err = journey.CompareOrders(v.states, v.paths, v.open); err != nil {
			return nil, inFile(job.Data, err)
		}
	} else {
		f.Warnings = append(f.Warnings, fmt.Sprintf("orders are not compared: %d states are too many for order 2", len(v.states)))
	}
	if err = u.expectations(m, &own); err != nil {
		return nil, inFile(job.Data, err)
	}
	if len(held.paths) > 0 {
		if f.HeldOut, err = funnelHeldOut(m, held); err != nil {
			return nil, inFile(job.Data, err)
		}
	}
	u.describe(f, own)
	f.Own, f.Saved = own, savedJourney(journey.Journey{Funnel: m})
	return f, nil
}

// Given implements ByHand.
func (u *Funnel) Given() (json.Marshaler, error) {
	p := u.Parameters
	if p == nil {
		return nil, nil
	}
	m := &journey.Funnel{States: p.States, Order: 1, Start: p.Start}
	for _, s := range p.States {
		next, given := p.Next[s]
		if !given {
			return nil, field.New("parameters.next."+s, "nothing", fmt.Sprintf("%d probabilities: of each state to follow, and of leaving", len(p.States)+1))
		}
		m.Rows = append(m.Rows, journey.FunnelRow{After: []string{s}, Next: next})
	}
	if len(p.Next) > len(p.States) {
		return nil, field.New("parameters.next", fmt.Sprintf("%d rows", len(p.Next)), "one for each of the states")
	}
	given, err := givenJourney(journey.Journey{Funnel: m})
	if bad, ok := err.(*field.Error); ok { // a row is written by its state
		for i, s := range p.States {
			if rest, ok := strings.CutPrefix(bad.Key, fmt.Sprintf("parameters.rows[%d].next", i)); ok {
				bad.Key = "parameters.next." + s + rest
			}
		}
	}
	return given, err
}

// transitions are the rows with their counts, which smoothing hides in the model.
func (u *Funnel) transitions(m *journey.Funnel, v visits) (rows []transition, err error) {
	counted := m
	if u.Smoothing > 0 {
		if counted, err = journey.FitFunnel(v.states, v.paths, v.open, journey.FunnelOptions{Order: u.Memory}); err != nil {
			return nil, err
		}
	}
	for i, r := range m.Rows {
		t := transition{r.After, r.Next, make([]int, len(r.Next))}
		for x, p := range counted.Rows[i].Next {
			t.Counts[x] = int(math.Round(p * float64(counted.Rows[i].Clicks)))
		}
		rows = append(rows, t)
	}
	return rows, nil
}

// expectations are what follows from the chain.
func (u *Funnel) expectations(m *journey.Funnel, own *funnelFigures) (err error) {
	if own.Visits, own.Exits, err = m.Visits(); err != nil {
		return err
	}
	own.Expected = total(own.Visits)
	if u.Goal == "" && len(m.Rows) > mostReached {
		return nil
	}
	own.Reach = map[string]float64{}
	for x, s := range m.States {
		if u.Goal != "" && s != u.Goal {
			continue
		}
		if own.Reach[s], err = m.Reach(x); err != nil {
			return err
		}
	}
	return nil
}

// funnelHeldOut is how well the chain foretells the visits of others.
func funnelHeldOut(m *journey.Funnel, held visits) ([]Figure, error) {
	sum, told, clicks, unseen := 0.0, 0, 0, 0
	for i, p := range held.paths {
		loglik, err := m.LogLikelihood(p, held.open != nil && held.open[i])
		if err != nil {
			return nil, err
		}
		clicks += len(p)
		if math.IsInf(loglik, -1) {
			unseen++
			continue
		}
		sum, told = sum+loglik, told+len(p)
	}
	n := float64(len(held.paths))
	out := []Figure{{"sessions", n}, {"clicks_per_session", float64(clicks) / n}}
	if unseen > 0 {
		out = append(out, Figure{"sessions_with_steps_never_seen", float64(unseen)})
	}
	if told > 0 {
		out = append(out, Figure{"loglik_per_click", sum / float64(told)})
	}
	return out, nil
}

func (u *Funnel) describe(f *Fit, own funnelFigures) {
	f.Words = []string{fmt.Sprintf("log-likelihood %.4f, AIC %.2f, BIC %.2f", f.LogLik, own.AIC, own.BIC),
		fmt.Sprintf("a visit has %.3f clicks in the mean of the chain, %.3f in that of the log", own.Expected, float64(own.Clicks)/float64(own.Sessions))}
	const most = 12 // states of a matrix that a page holds
	if len(own.States) <= most && len(own.Transitions) <= 8*most {
		t := Table{Title: "what follows: probability of each state, and of leaving", Rows: [][]string{append(append([]string{"after"}, own.States...), "leave", "clicks")}}
		start := []string{"(start)"}
		for _, p := range own.Start {
			start = append(start, fmt.Sprintf("%.4f", p))
		}
		t.Rows = append(t.Rows, append(start, "", strconv.Itoa(own.Sessions)))
		for _, r := range own.Transitions {
			row, n := []string{strings.Join(r.After, " → ")}, 0
			for x, p := range r.Next {
				row, n = append(row, fmt.Sprintf("%.4f", p)), n+r.Counts[x]
			}
			t.Rows = append(t.Rows, append(row, strconv.Itoa(n)))
		}
		f.Tables = append(f.Tables, t)
		t = Table{Rows: [][]string{append([]string{""}, own.States...), {"clicks a visit"}, {"last of the visit"}}}
		for x, s := range own.States {
			t.Rows[1], t.Rows[2] = append(t.Rows[1], fmt.Sprintf("%.4f", own.Visits[x])), append(t.Rows[2], fmt.Sprintf("%.4f", own.Exits[x]))
			if p, told := own.Reach[s]; told {
				if len(t.Rows) == 3 {
					t.Rows = append(t.Rows, append([]string{"ever reached"}, make([]string, len(own.States))...))
				}
				t.Rows[3][x+1] = fmt.Sprintf("%.4f", p)
			}
		}
		f.Tables = append(f.Tables, t)
	}
	if own.Orders == nil {
		return
	}
	t := Table{Title: "orders", Rows: [][]string{{"order", "log-likelihood", "parameters", "BIC", "ratio to the one below", "p"}}}
	for _, o := range own.Orders {
		row := []string{strconv.Itoa(o.Order), fmt.Sprintf("%.4f", o.LogLikelihood), strconv.Itoa(o.Parameters), fmt.Sprintf("%.2f", o.BIC), "", ""}
		if o.PValue != nil {
			row[4], row[5] = fmt.Sprintf("%.2f on %d", o.Ratio, o.Degrees), fmt.Sprintf("%.3g", *o.PValue)
		}
		t.Rows = append(t.Rows, row)
	}
	f.Tables = append(f.Tables, t)
}
