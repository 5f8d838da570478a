package workflow

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"strings"

	"github.com/souk-sim/souk/market/choice"
	"github.com/souk-sim/souk/market/rivals"
	"github.com/souk-sim/souk/results/report/web"
	"github.com/souk-sim/souk/scenarios"
)

// fitted tells how demand, choice and rivals were fitted, and how well.
func (m *trainingReport) fitted() (blocks []web.Block, err error) {
	if f := m.f.Traffic; f != nil {
		blocks = append(blocks, f.chart())
	}
	if m.s.World() != scenarios.WeeklyCategory {
		return blocks, nil
	}
	traffic, err := m.trafficTold()
	if err != nil {
		return nil, err
	}
	blocks = append(blocks, traffic...)
	text, err := m.files.Read("models/choice.json")
	if errors.Is(err, fs.ErrNotExist) {
		return blocks, nil
	} else if err != nil {
		return nil, err
	}
	model, err := choice.Load(text)
	if err != nil {
		return nil, err
	}
	blocks = append(blocks, m.choiceTold(model)...)
	others, err := m.rivalsTold()
	if err != nil {
		return nil, err
	}
	blocks = append(blocks, others...)
	if n := len(m.Findings); n > 0 {
		blocks = append(blocks, web.Text{"Checks of the data found " + plural(n, "place") + " to look at, and treated them thus:"}, m.findingsTold())
	}
	return blocks, nil
}

// chart is the series with the forecast's fan.
func (f *trafficFigure) chart() web.Block {
	series := web.Series{Name: "forecast", Y: f.Median}
	for i := range f.Median {
		series.X = append(series.X, float64(f.From+i))
	}
	var told []string
	for _, fan := range f.Fans {
		series.Bands = append(series.Bands, web.Band{Low: fan.Low, High: fan.High})
		told = append(told, fmt.Sprintf("%.0f%%", 100*fan.Coverage))
	}
	observed := web.Series{Name: "recorded", Y: f.Observed, Quiet: true}
	for i := range f.Observed {
		observed.X = append(observed.X, float64(f.Start+i))
	}
	return web.Lines{Title: strings.ToUpper(f.Name[:1]) + f.Name[1:] + " a " + f.Unit + ": the records, and the forecast that the market draws from", X: web.Axis{Name: f.Unit},
		Y: web.Axis{Name: f.Name + " a " + f.Unit}, Series: []web.Series{observed, series}, Shades: []web.Shade{{From: float64(f.From), To: float64(f.From), Name: "forecast →"}},
		Caption: fmt.Sprintf("%s, fitted to what is left of the line. The fan holds %s of what is to come, if the model is right; records right of the line judge it alone.", f.Model, strings.Join(told, ", "))}
}

// trafficTold tells an ARIMA model's tests.
func (m *trainingReport) trafficTold() ([]web.Block, error) {
	var model struct {
		Sigma2   float64 `json:"sigma2"`
		N        int     `json:"n"`
		LjungBox *struct {
			PValue float64 `json:"p_value"`
		} `json:"ljung_box"`
		Warnings []string `json:"warnings"`
	}
	if _, err := m.files.json("models/traffic.json", &model); err != nil || model.LjungBox == nil {
		return nil, err
	}
	text := fmt.Sprintf("Of %s, the model's errors have a standard deviation of %.3g", plural(model.N, "period"), math.Sqrt(model.Sigma2))
	if m.s.Demand.Transform == "log" {
		text = fmt.Sprintf("Over %s the model is wrong by %.1f%% (standard deviation of its errors)", plural(model.N, m.s.Time.Period), 100*math.Sqrt(model.Sigma2))
	}
	text += fmt.Sprintf("; its errors tell nothing of the next ones as far as Ljung and Box's test sees (p %.2f).", model.LjungBox.PValue)
	if model.LjungBox.PValue < 0.05 {
		text = strings.Replace(text, "tell nothing of the next ones as far as", "still tell something of the next ones, as", 1)
	}
	blocks := []web.Block{web.Text{text}}
	if len(model.Warnings) > 0 {
		blocks = append(blocks, web.List(model.Warnings))
	}
	return blocks, nil
}

// choiceTold is what shoppers take, and how well the model foretells weeks that it never saw.
func (m *trainingReport) choiceTold(c *choice.ShareLogit) []web.Block {
	d, own := c.Diagnostics, m.s.Own()
	if d == nil || own >= len(c.Brands) {
		return nil
	}
	percent := func(v float64) string { return fmt.Sprintf("%.0f%%", v) }
	blocks := []web.Block{web.Text{fmt.Sprintf("What shoppers take is a share logit by %s of %s brand-weeks, R² %.2f. They compare a price with one that they remember, which keeps %.0f%% of itself from %s to %s.",
		c.Estimator, thousands(float64(d.Rows), ""), d.R2, 100*c.Spec.Memory, m.s.Time.Period, m.s.Time.Period)}}
	if held := d.HeldOut; len(held) > 0 {
		t := web.Table{Caption: fmt.Sprintf("How far units are foretold in weeks %d to %d, which no coefficient has seen: mean absolute error, %% of units", m.s.Data.Split.Test[0], m.s.Data.Split.Test[1]),
			Columns: []web.Column{{Name: "brand"}, {Name: "the model", Kind: web.Numbers, Format: percent}, {Name: "with last week's error", Kind: web.Numbers, Format: percent},
				{Name: "last week's share", Kind: web.Numbers, Format: percent}, {Name: "the average", Kind: web.Numbers, Format: percent}, {Name: "model's bias", Kind: web.Numbers}},
			Note: "Last week's share and the average are naive forecasts, to be beaten. Bias: units foretold over units sold, 1 where they agree."}
		for _, h := range held {
			if h.Brand == "all" {
				blocks = append(blocks, web.Bars{Title: "How far units of all brands are foretold in weeks that no coefficient has seen", X: web.Axis{Name: "mean absolute error, % of units"}, Format: percent,
					Bars: []web.Bar{{Name: "the model", Value: 100 * h.Structural.Absolute}, {Name: "with last week's error", Value: 100 * h.OneStep.Absolute}, {Name: "last week's share", Value: 100 * h.LastWeek.Absolute}, {Name: "the average", Value: 100 * h.Average.Absolute}}})
			}
			t.Rows = append(t.Rows, []web.Cell{web.Word(h.Brand), web.Number(100 * h.Structural.Absolute), web.Number(100 * h.OneStep.Absolute), web.Number(100 * h.LastWeek.Absolute), web.Number(100 * h.Average.Absolute), web.Number(h.Structural.Bias)})
		}
		blocks = append(blocks, t)
	}
	blocks = append(blocks, elasticities(c), coefficients(c, own))
	if len(d.Warnings) > 0 {
		blocks = append(blocks, web.Text{"The fit itself warns:"}, web.List(d.Warnings))
	}
	return blocks
}

// elasticities are the brands' own.
func elasticities(c *choice.ShareLogit) web.Block {
	e := c.Diagnostics.Elasticities
	t := web.Table{Caption: "Own-price elasticity: per cent of units for one per cent of price",
		Columns: []web.Column{{Name: "brand"}, {Name: "mean price, $", Kind: web.Numbers}, {Name: "a cut, that week", Kind: web.Numbers}, {Name: "a rise, that week", Kind: web.Numbers}, {Name: "in the long run", Kind: web.Numbers}}}
	for j, brand := range c.Brands {
		t.Rows = append(t.Rows, []web.Cell{web.Word(brand), web.Number(c.Diagnostics.Prices[j]), web.Number(e.Cut[j][j]), web.Number(e.Rise[j][j]), web.Number(e.Long[j][j])})
	}
	return t
}

// coefficients are those of the learner's brand with intervals of two standard errors.
func coefficients(c *choice.ShareLogit, own int) web.Block {
	t := web.Intervals{Title: "What moves " + c.Brands[own] + ": coefficients of the share logit", X: web.Axis{Name: "utility, with 95% intervals (Driscoll–Kraay)", Zero: true}, Format: func(v float64) string {
		return strings.Replace(fmt.Sprintf("%.2f", v), "-", "−", 1)
	}}
	for _, k := range c.Coefficients {
		if (k.Brand == "" || k.Brand == c.Brands[own]) && slices.Contains([]string{"price", "gain", "loss", "display"}, k.Term) {
			name := k.Term
			if k.Brand == "" {
				name += " (all brands)"
			}
			t.Rows = append(t.Rows, web.Estimate{Name: name, Value: k.Estimate, Low: k.Estimate - 1.96*k.SE, High: k.Estimate + 1.96*k.SE})
		}
	}
	if len(t.Rows) == 0 {
		return web.Text{}
	}
	t.Caption = "Utility of a dollar: price moves it each week; gain and loss are dollars below and above the price that shoppers remember; display is the share of stores with one."
	return t
}

// rivalsTold is how the others price.
func (m *trainingReport) rivalsTold() ([]web.Block, error) {
	t := web.Table{Caption: "How prices were set in the records: Markov chains of regular prices and deals, fitted; the others follow them in the market",
		Columns: []web.Column{{Name: "product"}, {Name: "weeks on deal, %", Kind: web.Numbers}, {Name: "mean price, $", Kind: web.Numbers}, {Name: "lowest, $", Kind: web.Numbers}, {Name: "highest, $", Kind: web.Numbers}}}
	for _, product := range m.s.Data.Products {
		text, err := m.files.Read("models/prices-" + product + ".json")
		if errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return nil, err
		}
		deals := &rivals.Deals{}
		if err := json.Unmarshal(text, deals); err != nil {
			return nil, fmt.Errorf("models/prices-%s.json: %w", product, err)
		}
		onDeal, mean, low, high := 0.0, 0.0, math.Inf(1), 0.0
		for i, share := range deals.Stationary() {
			rung := deals.Rungs()[i]
			if rung.Deal {
				onDeal += share
			}
			mean += share * rung.Price
			low, high = min(low, rung.Price), max(high, rung.Price)
		}
		t.Rows = append(t.Rows, []web.Cell{web.Word(product), web.Number(math.Round(100 * onDeal)), web.Number(mean), web.Number(low), web.Number(high)})
	}
	if len(t.Rows) == 0 {
		return nil, nil
	}
	return []web.Block{t}, nil
}

// findingsTold counts what the checks of the data found.
func (m *trainingReport) findingsTold() web.Block {
	t := web.Table{Caption: "Findings of the data checks", Columns: []web.Column{{Name: "finding"}, {Name: "places", Kind: web.Numbers}, {Name: "what was done"}}, Note: "summary.json lists each with its period, product and row."}
	counts := map[[2]string]int{}
	var order [][2]string
	for _, f := range m.Findings {
		key := [2]string{string(f.Kind), string(f.Action)}
		if counts[key]++; counts[key] == 1 {
			order = append(order, key)
		}
	}
	for _, key := range order {
		t.Rows = append(t.Rows, []web.Cell{web.Word(key[0]), web.Number(float64(counts[key])), web.Word(key[1])})
	}
	return t
}
