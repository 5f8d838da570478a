package estimators

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/souk-sim/souk/market/journey"
	"github.com/souk-sim/souk/scenarios/field"
)

// Patterns are sequences of states that many visits hold, found by PrefixSpan (journey.Patterns). They describe and drive nobody.
type Patterns struct {
	Clickstream
	Support   float64 `toml:"support" default:"0.05" range:"(0,1]" doc:"least share of the sessions"`
	MaxGap    int     `toml:"max_gap" range:"[0,1000000]" doc:"most clicks on from one state of a pattern to the next, 1 for the very next; 0: any"`
	MinGap    int     `toml:"min_gap" default:"1" range:"[1,1000000]" doc:"fewest clicks on"`
	MaxLength int     `toml:"max_length" default:"5" range:"[0,1000]" doc:"states of a pattern at most; 0: any"`
	MinLength int     `toml:"min_length" default:"2" range:"[1,1000]" doc:"and at least"`
	Limit     int     `toml:"limit" default:"100000" range:"[1,1000000]" doc:"more patterns than this are an error"`
}

type patternFigures struct {
	Sessions int          `json:"sessions"`
	Patterns []patternRow `json:"patterns"` // by falling support
}

type patternRow struct {
	States     []string `json:"states"`
	Sessions   int      `json:"sessions"`
	Support    float64  `json:"support"`
	Confidence float64  `json:"confidence"` // share of the sessions with all but the last state that go on to it
}

// Fit implements Estimator.
func (p *Patterns) Fit(_ context.Context, job Job) (*Fit, error) {
	v, held, err := p.read(job)
	if err != nil {
		return nil, err
	}
	o := journey.PatternOptions{MinSupport: p.Support, MinGap: p.MinGap, MaxGap: p.MaxGap, MinLength: p.MinLength, MaxLength: p.MaxLength, Limit: p.Limit}
	found, err := journey.Patterns(v.paths, o)
	if err != nil {
		if bad, ok := err.(*field.Error); ok && bad.Key == "min_support" {
			bad.Key = "support"
		}
		return nil, err
	}
	own := patternFigures{Sessions: len(v.paths)}
	for _, x := range found {
		row := patternRow{Sessions: x.Visits, Support: x.Support, Confidence: x.Confidence}
		for _, s := range x.States {
			row.States = append(row.States, v.states[s])
		}
		own.Patterns = append(own.Patterns, row)
	}
	f := &Fit{Model: "sequential patterns", Data: v.words, Columns: v.columns, N: len(v.paths), Customers: v.visitors, LogLik: math.NaN(), Converged: true, Warnings: v.warnings}
	f.Words = []string{fmt.Sprintf("%d patterns of %d states or more in at least %.4g%% of the sessions", len(found), p.MinLength, 100*p.Support)}
	if len(held.paths) > 0 {
		o.Limit = 0
		again, err := journey.Patterns(held.paths, o)
		if err != nil {
			return nil, inFile(job.Data, err)
		}
		f.HeldOut = patternsHeldOut(found, again, len(held.paths))
	}
	const most = 40 // rows of a page; all are in the JSON
	t := Table{Rows: [][]string{{"pattern", "sessions", "support", "confidence"}}}
	for i, x := range own.Patterns {
		if i == most {
			t.Note = fmt.Sprintf("and %d more", len(own.Patterns)-most)
			break
		}
		t.Rows = append(t.Rows, []string{strings.Join(x.States, " → "), strconv.Itoa(x.Sessions), fmt.Sprintf("%.4f", x.Support), fmt.Sprintf("%.4f", x.Confidence)})
	}
	if len(own.Patterns) > 0 {
		f.Tables = []Table{t}
	}
	f.Own = own
	return f, nil
}

// patternsHeldOut is how many of the patterns are as frequent among others, and how far their supports are apart.
func patternsHeldOut(found, again []journey.Pattern, sessions int) []Figure {
	there := map[string]float64{}
	for _, x := range again {
		there[fmt.Sprint(x.States)] = x.Support
	}
	both, apart := 0.0, 0.0
	for _, x := range found {
		if s, known := there[fmt.Sprint(x.States)]; known {
			both++
			apart = max(apart, math.Abs(s-x.Support))
		}
	}
	out := []Figure{{"sessions", float64(sessions)}, {"patterns_found_again", both}}
	if both > 0 {
		out = append(out, Figure{"largest_difference_of_support", apart})
	}
	return out
}
