package estimators

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/souk-sim/souk/market/journey"
	"github.com/souk-sim/souk/market/logs"
)

// Clicks is how far down a list people look and what they click (journey.Examination).
type Clicks struct {
	Reading
	List       string            `toml:"list" doc:"column of the list that was shown"`
	Position   string            `toml:"position" doc:"column of the position in it, 1 or 0 at the top"`
	Item       string            `toml:"item" doc:"column of what was shown there"`
	Clicked    string            `toml:"clicked" doc:"column that says whether it was clicked: 1 or 0"`
	Law        string            `toml:"law" default:"'best'" oneof:"best,position-based,cascade" doc:"the click model; best: that of least BIC"`
	Parameters *ClicksParameters `toml:"parameters" doc:"the model by hand"`
}

// ClicksParameters give a click model by hand.
type ClicksParameters struct {
	Examined       []float64 `toml:"examined" doc:"position-based: probability of each position to be looked at"`
	Onward         float64   `toml:"onward" range:"[0,1]" doc:"cascade: probability of looking at the next position without a click"`
	Return         float64   `toml:"return" range:"[0,1]" doc:"cascade: probability of looking at the next position after a click"`
	Attractiveness []float64 `toml:"attractiveness" required:"true" doc:"of each product: probability of a click where it is looked at"`
	Provenance     string    `toml:"provenance" required:"true" doc:"where the numbers are from"`
}

var _ ByHand = (*Clicks)(nil)

type clickFigures struct {
	Law            string         `json:"law"`
	Lists          int            `json:"lists"`
	Clicks         int            `json:"clicks"`
	Positions      []positionRate `json:"positions"`
	Onward         *float64       `json:"onward,omitempty"`
	Return         *float64       `json:"return,omitempty"`
	Items          []itemRate     `json:"items"`
	Perplexity     float64        `json:"perplexity"`
	BaselineLogLik float64        `json:"baseline_loglik"` // of one click rate for all
	AIC            float64        `json:"aic"`
	BIC            float64        `json:"bic"`
	Laws           []clickLaw     `json:"laws"`
}

type positionRate struct {
	Position  int      `json:"position"` // 1 is the top
	Shown     int      `json:"shown"`
	ClickRate float64  `json:"click_rate"`
	Examined  *float64 `json:"examined,omitempty"` // position-based
}

type itemRate struct {
	Item           string  `json:"item"`
	Shown          int     `json:"shown"`
	ClickRate      float64 `json:"click_rate"`
	Attractiveness float64 `json:"attractiveness"`
}

type clickLaw struct {
	Law        string  `json:"law"`
	LogLik     float64 `json:"loglik"`
	AIC        float64 `json:"aic"`
	BIC        float64 `json:"bic"`
	Perplexity float64 `json:"perplexity"`
	Converged  bool    `json:"converged"`
}

// Fit implements Estimator.
func (c *Clicks) Fit(_ context.Context, job Job) (*Fit, error) {
	o := c.options([]string{}, [2]string{"list", c.List}, [2]string{"position", c.Position}, [2]string{"item", c.Item}, [2]string{"clicked", c.Clicked})
	log, err := logs.DecodeLists(job.Data.Name, job.Data, job.Data.Size, o)
	if err != nil {
		return nil, err
	}
	lists, held, err := splitLists(log, job)
	if err != nil {
		return nil, err
	}
	var best *journey.Examination
	own := clickFigures{Lists: len(lists)}
	for _, law := range []string{journey.PositionBased, journey.Cascade} {
		m, err := journey.FitExamination(law, len(log.Items), lists)
		if err != nil {
			return nil, inFile(job.Data, err)
		}
		e := m.Estimates
		own.Laws = append(own.Laws, clickLaw{law, e.LogLikelihood, e.AIC, e.BIC, e.Perplexity, e.Converged})
		if law == c.Law || c.Law == "best" && (best == nil || e.BIC < best.Estimates.BIC) {
			best = m
		}
	}
	e := best.Estimates
	own.Law, own.Clicks, own.Perplexity, own.BaselineLogLik, own.AIC, own.BIC = best.Model, e.Clicks, e.Perplexity, e.BaselineLogLik, e.AIC, e.BIC
	own.rates(best, log.Items, lists)
	f := &Fit{Model: best.Model + " click model", Data: fmt.Sprintf("%d items shown in %d lists, %d clicks", e.N, e.Lists, e.Clicks), Columns: log.Report.Columns, N: e.N, LogLik: e.LogLikelihood,
		Converged: e.Converged, Warnings: slices.Concat(e.Warnings, findings(log.Report))}
	if best.Model == journey.Cascade {
		own.Onward, own.Return = &best.Onward, &best.Return
		f.Coefficients = []Coefficient{{Name: "onward", Estimate: best.Onward}, {Name: "return", Estimate: best.Return}}
	}
	for r, p := range best.Examined {
		f.Coefficients = append(f.Coefficients, Coefficient{Name: fmt.Sprintf("examined_%d", r+1), Estimate: p})
	}
	if len(held) > 0 {
		if f.HeldOut, err = clicksHeldOut(best, held); err != nil {
			return nil, inFile(job.Data, err)
		}
	}
	own.describe(f)
	f.Own, f.Saved = own, savedJourney(journey.Journey{Examination: best})
	return f, nil
}

// Given implements ByHand.
func (c *Clicks) Given() (json.Marshaler, error) {
	p := c.Parameters
	if p == nil {
		return nil, nil
	}
	m := &journey.Examination{Model: journey.Cascade, Examined: p.Examined, Onward: p.Onward, Return: p.Return, Attractiveness: p.Attractiveness}
	if p.Examined != nil {
		m.Model = journey.PositionBased
	}
	return givenJourney(journey.Journey{Examination: m})
}

// splitLists are the lists to fit on and those held out.
func splitLists(log logs.Lists, job Job) (lists, held []journey.Shown, err error) {
	apart, err := heldOut(job, len(log.Offsets)-1, "lists")
	if err != nil {
		return nil, nil, err
	}
	for l, out := range apart {
		from, to := log.Offsets[l], log.Offsets[l+1]
		s := journey.Shown{Items: make([]int, to-from), Clicked: log.Clicked[from:to]}
		for i, item := range log.Item[from:to] {
			s.Items[i] = int(item)
		}
		if out {
			held = append(held, s)
		} else {
			lists = append(lists, s)
		}
	}
	return lists, held, nil
}

// rates tabulate clicks by position and by item.
func (f *clickFigures) rates(m *journey.Examination, items []string, lists []journey.Shown) {
	f.Items = make([]itemRate, len(items))
	for i, name := range items {
		f.Items[i] = itemRate{Item: name, Attractiveness: m.Attractiveness[i]}
	}
	for _, l := range lists {
		for r, item := range l.Items {
			if r == len(f.Positions) {
				f.Positions = append(f.Positions, positionRate{Position: r + 1})
			}
			p, x := &f.Positions[r], &f.Items[item]
			p.Shown++
			x.Shown++
			if l.Clicked[r] { // counts for now
				p.ClickRate++
				x.ClickRate++
			}
		}
	}
	for r := range f.Positions {
		f.Positions[r].ClickRate /= float64(f.Positions[r].Shown)
		if r < len(m.Examined) {
			f.Positions[r].Examined = &m.Examined[r]
		}
	}
	for i := range f.Items {
		if f.Items[i].Shown > 0 {
			f.Items[i].ClickRate /= float64(f.Items[i].Shown)
		}
	}
}

func clicksHeldOut(m *journey.Examination, held []journey.Shown) ([]Figure, error) {
	sum, n := 0.0, 0
	for _, l := range held {
		loglik, err := m.LogLikelihood(l)
		if err != nil {
			return nil, err
		}
		sum, n = sum+loglik, n+len(l.Items)
	}
	out := []Figure{{"lists", float64(len(held))}}
	if math.IsInf(sum, -1) { // of a click that the fit rules out; JSON knows no infinity
		return append(out, Figure{"impossible", 1}), nil
	}
	return append(out, Figure{"loglik_per_item", sum / float64(n)}, Figure{"perplexity", math.Exp(-sum / float64(n))}), nil
}

func (f *clickFigures) describe(fit *Fit) {
	fit.Words = []string{fmt.Sprintf("log-likelihood %.4f (%.4f with one click rate for all), AIC %.2f, BIC %.2f, perplexity %.4f", fit.LogLik, f.BaselineLogLik, f.AIC, f.BIC, f.Perplexity)}
	const most = 20 // rows of a page; all are in the JSON
	t := Table{Title: "positions", Rows: [][]string{{"", "shown", "clicked"}}}
	for r, p := range f.Positions[:min(len(f.Positions), most)] {
		row := []string{strconv.Itoa(r + 1), strconv.Itoa(p.Shown), fmt.Sprintf("%.4f", p.ClickRate)}
		if p.Examined != nil {
			row = append(row, fmt.Sprintf("%.4f", *p.Examined))
			t.Rows[0] = []string{"", "shown", "clicked", "looked at"}
		}
		t.Rows = append(t.Rows, row)
	}
	fit.Tables = append(fit.Tables, t)
	byAttraction := slices.Clone(f.Items)
	slices.SortStableFunc(byAttraction, func(a, b itemRate) int {
		switch {
		case a.Attractiveness > b.Attractiveness:
			return -1
		case a.Attractiveness < b.Attractiveness:
			return 1
		}
		return 0
	})
	t = Table{Title: "items, the most attractive first", Rows: [][]string{{"", "shown", "clicked", "attractiveness"}}}
	for _, x := range byAttraction[:min(len(byAttraction), most)] {
		t.Rows = append(t.Rows, []string{x.Item, strconv.Itoa(x.Shown), fmt.Sprintf("%.4f", x.ClickRate), fmt.Sprintf("%.4f", x.Attractiveness)})
	}
	fit.Tables = append(fit.Tables, t)
	t = Table{Title: "click models", Rows: [][]string{{"", "log-likelihood", "BIC", "perplexity"}}}
	for _, l := range f.Laws {
		t.Rows = append(t.Rows, []string{l.Law, fmt.Sprintf("%.4f", l.LogLik), fmt.Sprintf("%.2f", l.BIC), fmt.Sprintf("%.4f", l.Perplexity)})
	}
	fit.Tables = append(fit.Tables, t)
}
