package workflow

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"runtime"
	"slices"
	"strings"

	"github.com/souk-sim/souk/market"
	"github.com/souk-sim/souk/market/basket"
	"github.com/souk-sim/souk/market/choice"
	"github.com/souk-sim/souk/market/demand"
	"github.com/souk-sim/souk/market/logs"
	"github.com/souk-sim/souk/market/loyalty"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/estimators"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/rng"
)

// series is the history of how many shoppers came, and the model that is fitted to all of it.
type series struct {
	logs.Series
	of    *scenarios.Series
	model demand.Model // nil until it is fitted
	next  *demand.Forecast
}

// readSeries reads the series that [traffic.demand] names.
func readSeries(s *scenarios.Scenario, of *scenarios.Series) (*series, error) {
	file, err := openIn(s.OpenSeries(of))
	if err != nil {
		return nil, err
	}
	if c, ok := file.ReaderAt.(io.Closer); ok {
		defer c.Close()
	}
	all := []*series{}
	columns := logs.SeriesColumns{Value: of.Column, Time: of.Time, ID: of.ID}
	err = logs.DecodeSeries(context.Background(), file.Name, file, file.Size, columns, logs.ReadOptions{Only: of.Series}, func(o logs.Observations) error {
		regular, err := o.Regular(logs.Placing{})
		all = append(all, &series{Series: regular, of: of})
		return err
	})
	if err != nil {
		return nil, fault(s, err, "traffic", "demand")
	}
	if len(all) != 1 {
		return nil, s.Fault(fmt.Sprintf("%d series in %s", len(all), file.Name), "the one that is meant, by its id", "traffic", "demand", "series")
	}
	return all[0], nil
}

// fresh is the scenario's model, not fitted.
func (d *series) fresh(seed int64) (demand.Model, error) {
	o := demand.Options{Period: d.of.Season, Seed: uint64(seed)}
	if o.Period == 0 {
		o.Period = d.Grid.Season()
	}
	if d.of.Transform == "log" {
		o.Transform = demand.Log()
	}
	return demand.New(d.of.Model, o)
}

// fit fits the model to the whole series.
func (d *series) fit(seed int64) error {
	model, err := d.fresh(seed)
	if err == nil {
		err = model.Fit(demand.Series{Start: 1, Values: d.Values})
	}
	if err == nil {
		d.next, err = model.Forecast(1, level, nil)
	}
	d.model = model
	return err
}

// visitors is the mean of the history, shoppers a day.
func (d *series) visitors(periodDays float64) float64 {
	sum, n := 0.0, 0
	for _, v := range d.Values {
		if !math.IsNaN(v) {
			sum += v
			n++
		}
	}
	return min(sum/float64(max(n, 1))*d.of.Share/periodDays, 1e9) // which no market exceeds
}

// simulator draws shoppers a period: so many for each of what is counted.
func (d *series) simulator(horizon int) (demand.Simulator, error) {
	paths, err := d.model.Simulator(d.of.Skip+horizon, nil)
	return scaled{paths, d.of.Share}, err
}

// scaled are paths times a factor; where a model without logarithms falls below none, none come.
type scaled struct {
	demand.Simulator
	by float64
}

func (a scaled) Path(stream *rng.Stream, path []float64) {
	a.Simulator.Path(stream, path)
	for i, v := range path {
		path[i] = max(0, v*a.by)
	}
}

// config is the market before anything is fitted.
func (b *bazaar) config() *market.Config {
	cfg := b.s.MarketConfig()
	if b.series != nil {
		cfg.Traffic.Visitors = b.series.visitors(cfg.PeriodDays)
	}
	return cfg
}

// Features are what a scenario's learning seller can see, in the order of its observations, and what no seller could know; nobody else sees it. Where the ranges go
// by a series of shoppers, it is read.
func Features(s *scenarios.Scenario) (seen, hidden []env.Feature, err error) {
	if s.World() != scenarios.OpenMarket {
		return s.Features(), nil, nil
	}
	b, err := openBazaar(s)
	if err != nil {
		return nil, nil, err
	}
	cfg := b.config()
	return market.Features(cfg, cfg.Focal), market.Hidden(cfg, cfg.Focal), nil
}

// Fit fits the model of demand and those models of [shoppers] that the market draws on.
func (b *bazaar) Fit(ctx context.Context, workers int, progress func(done, total int)) error {
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	b.cfg, b.people, b.told = b.config(), nil, nil
	if d := b.series; d != nil {
		if _, err := interruptible(ctx, func() (none struct{}, err error) { return none, d.fit(b.s.Seed) }); err != nil {
			return fmt.Errorf("fitting traffic: %w", err)
		}
		b.cfg.Traffic.Skip = d.of.Skip
		b.cfg.Traffic.Periods = func() (demand.Simulator, error) { return d.simulator(b.s.Time.Horizon) }
	}
	for _, m := range b.s.Shoppers.Models() {
		use := b.use(m)
		if use == nil {
			continue
		}
		one, err := fitShopper(ctx, b.s, m, workers, func(p Progress) {
			if progress != nil {
				progress(p.Done, p.Total)
			}
		})
		if err != nil {
			return err
		}
		b.people = append(b.people, one)
		if err := use(one); err != nil {
			return fmt.Errorf("[shoppers.%s] %s in the market: %w", m.Part, m.Name, err)
		}
	}
	return b.cfg.Check()
}

// use says what becomes of a model of the shoppers in the market; nil for nothing.
func (b *bazaar) use(m *scenarios.Model) func(Shopper) error {
	switch {
	case m == b.s.ComesBack():
		return b.comeBack
	case m == firstOf(b.s.Shoppers.Choice, "logit", "latent-class"):
		return b.tastes
	case m == firstOf(b.s.Shoppers.Basket, "baskets"):
		return b.together
	}
	return nil
}

// firstOf is the first model of some kinds; nil: there is none.
func firstOf(models []scenarios.Model, kinds ...string) *scenarios.Model {
	for i := range models {
		if slices.Contains(kinds, models[i].Model) {
			return &models[i]
		}
	}
	return nil
}

// Unused says which models of [shoppers] the scenario's market does not draw on, a line each.
func Unused(s *scenarios.Scenario) (text []string) {
	switch models := s.Shoppers.Models(); s.World() {
	case scenarios.WeeklyCategory:
		if len(models) > 0 {
			text = append(text, "[shoppers] is for souk fit: the market's shoppers choose by [choice] and come by [demand]")
		}
	case scenarios.OpenMarket:
		b := &bazaar{s: s}
		for _, m := range models {
			if b.use(m) == nil {
				text = append(text, fmt.Sprintf("the market does not draw on [shoppers.%s] %s: it is for souk fit", m.Part, m.Name))
			}
		}
	}
	return text
}

// saved is the document of a model.
func (m Shopper) saved() ([]byte, error) {
	if m.Saved == nil {
		return nil, field.New("model", "none saved", "one")
	}
	return m.Saved.MarshalJSON()
}

// comeBack takes when customers come back from a model, in days.
func (b *bazaar) comeBack(m Shopper) error {
	text, err := m.saved()
	if err != nil {
		return err
	}
	model, _, err := loyalty.Load(text)
	if err == nil {
		b.cfg.Loyalty.Model = m.Estimator.(estimators.ComesBack).InDays(model)
	}
	return err
}

// together takes what goes together in baskets, items by the names of products.
func (b *bazaar) together(m Shopper) error {
	text, err := m.saved()
	if err != nil {
		return err
	}
	model, err := basket.Load(text)
	if err != nil {
		return err
	}
	place := map[string]int{}
	for j := range b.cfg.Products {
		place[b.cfg.Products[j].Name] = j
	}
	var none []string
	b.cfg.Visit.CrossSell, err = model.Renumber(func(item basket.Item) int {
		if j, ok := place[item.Name]; ok {
			return j
		}
		none = append(none, item.Name)
		return len(b.cfg.Products) + len(none) // no product: who looks for it goes without
	})
	if len(none) == len(model.Items) {
		return field.New("items", strings.Join(few(none, 5), ", "), "names of the market's products among them")
	}
	if len(none) > 0 {
		b.told = append(b.told, "baskets: the market does not sell "+strings.Join(few(none, 5), ", "))
	}
	return err
}

// few are the first n of names, and how many there are.
func few(names []string, n int) []string {
	if len(names) > n {
		return append(slices.Clone(names[:n]), fmt.Sprintf("… (%d)", len(names)))
	}
	return names
}

// tastes makes personas of a choice model's classes: what the fit does not tell (units, deals, the worth of buying nothing where it was no option) they
// have from the scenario's first persona.
func (b *bazaar) tastes(m Shopper) error {
	text, err := m.saved()
	if err != nil {
		return err
	}
	model, err := choice.LoadIndividual(text)
	if err != nil {
		return err
	}
	return b.tastesOf(model, m)
}

// tastesOf does so for a model that may be another than the one that was fitted.
func (b *bazaar) tastesOf(model choice.Individual, m Shopper) error {
	e := model.Summary()
	classes, shares := []*choice.Logit{}, []float64{1}
	switch fit := model.(type) {
	case *choice.Logit:
		classes = append(classes, fit)
	case *choice.LatentClass:
		shares = fit.Shares
		for c := range shares {
			classes = append(classes, fit.Class(c))
		}
	}
	price := priceOf(m.Estimator, e.Attributes)
	if price == "" {
		return field.New("attributes", strings.Join(e.Attributes, ", "), "a price among them")
	}
	var plain market.Persona
	if len(b.cfg.Personas) > 0 {
		plain = b.cfg.Personas[0]
	}
	var sold []string
	for _, name := range e.Alternatives {
		if slices.ContainsFunc(b.cfg.Products, func(p market.Product) bool { return p.Name == name }) {
			sold = append(sold, name)
		}
	}
	if len(sold) == 0 {
		return field.New("alternatives", strings.Join(few(e.Alternatives, 5), ", "), "names of the market's products among them")
	}
	if n := len(b.cfg.Products) - len(sold); n > 0 {
		b.told = append(b.told, fmt.Sprintf("choice: the fit has no alternative for %s; their appeal is the scenario's", plural(n, "product")))
	}
	var given []string
	for j := range b.cfg.Products { // the fit's constants are all of the appeal
		if p := &b.cfg.Products[j]; p.Appeal != 0 && slices.Contains(sold, p.Name) {
			given, p.Appeal = append(given, p.Name), 0
		}
	}
	if len(given) > 0 {
		b.told = append(b.told, fmt.Sprintf("choice: the fit's appeal of %s is in the place of the scenario's", strings.Join(few(given, 5), ", ")))
	}
	b.told = append(b.told, fmt.Sprintf("choice: %s of the fit are the personas; what it does not tell they have from %s", map[bool]string{true: "the tastes", false: fmt.Sprint("the ", len(shares), " classes")}[len(shares) == 1], plain.Name))
	unused := map[string]bool{}
	var personas []market.Persona
	for c, class := range classes {
		p := plain
		p.Name, p.Share, p.Appeals = fmt.Sprintf("%s-%d", m.Name, c+1), shares[c], map[string]float64{}
		maps.Copy(p.Appeals, plain.Appeals)
		maps.DeleteFunc(p.Appeals, func(name string, _ float64) bool { return slices.Contains(sold, name) })
		if len(classes) == 1 {
			p.Name = m.Name
		}
		if e.Outside {
			p.Outside = 0
		}
		p.Gain, p.Loss, p.Loyal = 0, 0, 0
		for _, k := range class.Coefficients {
			alternative, constant := strings.CutPrefix(k.Name, "asc_")
			switch {
			case constant && slices.Contains(sold, alternative):
				p.Appeals[alternative] = k.Estimate
			case constant:
			case k.Name == price:
				p.Price = k.Estimate
			case k.Name == "gain":
				p.Gain = k.Estimate
			case k.Name == "loss":
				p.Loss = -k.Estimate
			case k.Name == "last_choice":
				p.Loyal = k.Estimate
			default:
				unused[k.Name] = true
			}
		}
		if bad := refused(&p); bad != "" {
			return field.New(p.Name, bad, "a class for whom dearer is worse, and a price below the remembered one better")
		}
		personas = append(personas, p)
	}
	for _, name := range slices.Sorted(keysOf(unused)) {
		b.told = append(b.told, "choice: the market has nothing that is "+name)
	}
	b.cfg.Personas = personas
	b.cfg.Promotions.Personas = nil
	for i := range personas {
		b.cfg.Promotions.Personas = append(b.cfg.Promotions.Personas, personas[i].Name)
	}
	return nil
}

func keysOf(set map[string]bool) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for k := range set {
			if !yield(k) {
				return
			}
		}
	}
}

// refused is what a fitted class has that no persona may.
func refused(p *market.Persona) string {
	switch {
	case p.Price > 0:
		return fmt.Sprintf("a price coefficient of %.4g", p.Price)
	case p.Gain < 0:
		return fmt.Sprintf("a gain of %.4g", p.Gain)
	case p.Loss < 0:
		return fmt.Sprintf("a loss of %.4g", p.Loss)
	case p.Loyal < 0:
		return fmt.Sprintf("a worth of the last choice of %.4g", p.Loyal)
	}
	return ""
}

// priceOf names the attribute that is the price.
func priceOf(e estimators.Estimator, attributes []string) string {
	said := ""
	switch m := e.(type) {
	case *estimators.Logit:
		said = m.Price
	case *estimators.LatentClass:
		said = m.Price
	}
	switch {
	case said != "":
		return said
	case slices.Contains(attributes, "price"):
		return "price"
	}
	return ""
}

// Documents are the fitted models by file name.
func (b *bazaar) Documents() map[string]any {
	all := ShopperDocuments(b.people)
	if b.series != nil {
		all["traffic.json"] = saved{b.series.model}
	}
	return all
}

var _ json.Marshaler = saved{}
