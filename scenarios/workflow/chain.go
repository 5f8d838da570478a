package workflow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/souk-sim/souk/market/logs"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/field"
)

// chain is the scene of one chain's category, fitted to its weekly panel.
type chain struct {
	s      *scenarios.Scenario
	data   *Data
	models *Models
	full   *World
}

// Chapters are what a report has on a chain's category alone.
type Chapters struct {
	Models     *Models          `json:"-"`
	Recorded   *evaluate.Result `json:"against_recorded_rivals,omitempty"`
	Levels     *Levels          `json:"levels"`
	Robustness *Robustness      `json:"robustness"`
}

// openChain reads the panel and tells whether the scenario and its data go together; what is wrong with the split has the scenario's line.
func openChain(s *scenarios.Scenario) (*chain, error) {
	data, err := ReadData(s)
	if bad, ok := errors.AsType[*field.Error](err); ok && bad.File == "" && strings.HasPrefix(bad.Key, "data.") {
		return nil, s.Fault(bad.Found, bad.Expected, strings.Split(bad.Key, ".")...)
	} else if err != nil {
		return nil, err
	}
	return &chain{s: s, data: data}, CheckData(s, data)
}

func (c *chain) Records() (periods int, findings []logs.Finding) {
	return len(c.data.Panel.Periods), c.data.Findings
}

func (c *chain) Fit(ctx context.Context, workers int, progress func(done, total int)) (err error) {
	c.models, err = Fit(ctx, c.s, c.data, workers, progress)
	return err
}

func (c *chain) Documents() map[string]any { return c.models.Documents() }

func (c *chain) FitText(w io.Writer) error { return FitText(w, c.s, c.data, c.models) }

func (c *chain) shoppers() []Shopper { return nil }

func (c *chain) usual() []string { return nil }

func (c *chain) budget() evaluate.Budget { return evaluate.Budget{First: firstPaths, Paths: tunePaths} }

func (c *chain) worlds(context.Context) (school, full world, err error) {
	if c.full, err = Build(c.s, c.data, c.models, c.s.Market.Stores.EvaluateShare()); err != nil {
		return nil, nil, err
	}
	school, err = Build(c.s, c.data, c.models, c.s.Market.Stores.TrainShare())
	return school, c.full, err
}

func (c *chain) tune(ctx context.Context, _ world, workers int, watch func(done, total int)) (*Baselines, error) {
	return Tune(ctx, c.s, c.data, c.models, c.full, workers, watch)
}

// settle is for open markets, where others may learn.
func (c *chain) settle([]policies.Policy) world { return c.full }

// optima are the dynamic programme's policy and the clairvoyant.
func (c *chain) optima(contest *evaluate.Contest, _ world, b *Baselines) {
	if slices.Contains(b.entered, solved) {
		contest.Optima = []string{solved, clairvoyant}
		contest.Bounds = []evaluate.Bound{{Name: clairvoyant, Score: b.foresee(c.full, contest.Master)}}
	}
}

func (c *chain) chapters(ctx context.Context, r *Run, m *Summary, _ world, learned []Learned, done func(stage string)) (err error) {
	m.Chapters = &Chapters{Models: c.models}
	if m.Recorded, err = AgainstRecorded(ctx, c.s, c.data, c.full, m.Baselines, learned, r.workers(), r.counting("evaluate")); err != nil {
		return err
	}
	if m.Levels, err = levelsOf(c.s, c.data, c.models.Choice, m.Baselines.Weeks); err != nil {
		return err
	}
	done("evaluate")
	m.Robustness, err = Doubt(ctx, c.s, c.data, c.models, m.Baselines, m.Chosen, r.workers(), r.counting("doubt"))
	done("doubt")
	return err
}

func (c *chain) opening(p *page, m *Summary) {
	p.section("data", dataText(c.s, m.Findings)...)
	p.section("traffic", c.models.Traffic.text(c.s)...)
	p.section("choice", choiceText(c.models.Choice, c.s.Own())...)
	p.section("prices", c.models.pricesText(c.s)...)
	if limits := m.Chosen.Policy.About().Spec.Limits; len(limits) > 0 {
		var all []string
		for _, l := range limits {
			all = append(all, l.Words()...)
		}
		p.section("limits", "prices are "+strings.Join(all, ", "))
	}
	p.section("tuned", m.tunedText()...)
}

func (c *chain) title(r *evaluate.Result) string {
	ofOne := "" // the other objectives count the learner's product alone
	if c.s.Learner().Reward.Of != "category-profit" {
		ofOne = " from " + c.s.Learner().Prices[0]
	}
	return fmt.Sprintf("Weekly %s of the chain%s on %d paths that training never met; ± is half a 95%% interval",
		strings.ReplaceAll(c.s.Learner().Reward.Of, "-", " "), ofOne, r.Paths)
}

func (c *chain) notes(p *page, m *Summary) { p.section("", m.tableNotes()...) }

func (c *chain) answer(m *Summary) []string { return m.answer() }

func (c *chain) closing(p *page, m *Summary) {
	p.section("levels", m.levelsText()...)
	if m.Recorded != nil {
		p.section("recorded", m.recordedText())
	}
	if r := m.Robustness; r.Draws > 0 {
		if len(r.Memories) > 0 {
			p.section("doubt", m.memoriesText())
			p.line("")
			p.WriteString(r.memoryTable(m.Chosen.Agent))
			p.section("", m.drawsText())
		} else {
			p.section("doubt", m.drawsText())
		}
	}
}

func (c *chain) caveats(m *Summary) []string { return m.caveats() }

func (c *chain) noun() string { return "price" }

// apart is a rung: on a ladder of narrow rungs neighbouring states hardly differ, and what learning left of noise is not told.
func (c *chain) apart(policy policies.Frozen) float64 { return narrowest(policy) }

func (c *chain) about() string {
	own := c.s.Learner().Prices[0]
	return fmt.Sprintf("A category of %d products as one chain sold it, fitted to its panel of %s; %s of %s are played, and %s is priced. Customers come by %s, choices are by %s.",
		len(c.s.Data.Products), plural(len(c.data.Panel.Periods), c.s.Time.Period), plural(c.s.Time.Horizon, c.s.Time.Period), c.s.Market.Resolution+" shoppers", own, c.s.Demand.Model, c.s.Choice.Model)
}

func (c *chain) provenance() (data, warned []string) {
	d := &c.s.Data
	return []string{d.Panel + ", sha256 " + d.SHA256 + ": " + d.Terms}, c.models.Choice.Diagnostics.Warnings
}

// alone is what a policy posts while rivals keep to regular prices.
func (c *chain) alone(policy policies.Frozen, weeks int) (string, error) {
	var prices []string
	own := c.full.Config.Products[c.full.Config.Own]
	reference, last := own.Reference, own.Rungs[own.Opening].Price
	for week := range weeks {
		last = policy.Decide(quiet(policy, week, reference, last), 1).Price
		reference = c.models.Choice.NextReference(reference, last)
		prices = append(prices, fmt.Sprintf("%.2f", last))
	}
	when := "Week after week: "
	if len(policy.About().Encoder.Dimensions) > 1 {
		when = "While nothing else happens: "
	}
	return when + strings.Join(prices, " "), nil
}

func (c *chain) pictures(m *Summary, _ world) ([]picture, error) {
	paths, err := pricePaths(c.s, c.full, m)
	if err != nil {
		return nil, err
	}
	all := []picture{{"prices", paths}}
	if c.models.Traffic.Selection != nil {
		all = append(all, picture{"traffic", c.models.Traffic.leaderboard(c.s)})
	}
	return all, nil
}
