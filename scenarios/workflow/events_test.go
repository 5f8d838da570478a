package workflow

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/souk-sim/souk/market"
	"github.com/souk-sim/souk/market/loyalty"
	"github.com/souk-sim/souk/market/promotion"
	"github.com/souk-sim/souk/market/stock"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/policies/rules"
	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/results/parquet"
	"github.com/souk-sim/souk/scenarios/field"
)

// corner is a market in which all kinds of events happen: journeys, baskets, carts left and taken up again, returns, customers who come back and lapse,
// goods that run out and spoil, a promotion by the clock.
func corner() *market.Config {
	store := func(upTo int64) *stock.Config {
		return &stock.Config{Policy: "base-stock", ReviewDays: 1, OrderUpTo: upTo, LeadTime: stock.LeadTime{Law: "fixed", MeanDays: 1}, ShelfLifeDays: 2, Issuing: "fifo"}
	}
	reward := market.Reward{Of: market.Profit, Discount: 0.95}
	ladder := []market.Offer{{Price: 0.8}, {Price: 1}}
	return &market.Config{PeriodDays: 1, Horizon: 6,
		Traffic:  market.Traffic{Visitors: 300},
		Channels: []market.Channel{{Name: "web", Share: 2}, {Name: "app", Share: 1}},
		Personas: []market.Persona{{Name: "careful", Share: 2, Price: -1, Units: 1}, {Name: "rich", Share: 1, Price: -0.2, Units: 1.5}},
		Products: []market.Product{{Name: "cola", Price: 1.5, Cost: 1, Appeal: 2, Returns: 0.1, Stock: store(400)}, {Name: "tea", Price: 3, Cost: 1, Appeal: 3, Stock: store(60)},
			{Name: "juice", Price: 2, Cost: 1, Appeal: 2}, {Name: "glass", Price: 0.5, Appeal: -9, Stock: &stock.Config{Policy: "none", Issuing: "fifo", Initial: new(int64)}},
			{Name: "deposit", Price: 0.3, TradeIn: &market.TradeIn{Of: "juice", Becomes: "glass", Days: 3, Price: 5}}},
		Sellers: []market.Seller{{Name: "us", Products: []string{"cola", "tea"}, Levels: true, Offers: ladder, Opening: 1, Review: market.Review{Every: 1}, Reward: reward},
			{Name: "them", Products: []string{"juice", "glass", "deposit"}, Levels: true, Offers: ladder, Opening: 1, Review: market.Review{Every: 2}, Reward: reward}},
		Visit: market.Visit{Kind: market.Journey, ThinkMinutes: 10, PayMinutes: 5, Substitute: 0.5, SoldOut: "seen", Places: 3, Ranking: "appeal", Spread: 1, Position: 0.5,
			Click: 0.7, Search: 0.2, Dwell: 30, DwellLog: 1, Consider: 3, Basket: 0.3, Abandon: 0.1, Reminder: market.Reminder{Hours: 5, Works: 0.5}, Returns: 1},
		Loyalty: market.Loyalty{Model: &loyalty.BGNBD{R: 2, Alpha: 4, A: 1, B: 2}},
		Promotions: promotion.Config{Decimals: 4, Thresholds: "lines", PercentOf: "left",
			Promotions: []promotion.Promotion{{Name: "tea time", Kind: "percentage", Products: []string{"tea"}, Starts: 2, Ends: 4, Options: &promotion.Percentage{Percent: 10}}}},
	}
}

// stall opens a corner with an arena in which sellers price at random.
func stall(t testing.TB, workers int) (*market.Config, *market.Market, evaluate.Arena, *evaluate.Contestant) {
	t.Helper()
	cfg := corner()
	m, err := market.New(cfg, 7)
	if err != nil {
		t.Fatal(err)
	}
	a := evaluate.Arena{Master: 7, Others: make([]policies.Policy, m.Players()), Workers: workers, Score: func(a *results.Metrics) float64 { return a.Profit }}
	for i := range a.Others {
		if a.Others[i], err = new(rules.Random).Policy(m.Spec(i)); err != nil {
			t.Fatal(err)
		}
	}
	return cfg, m, a, &evaluate.Contestant{Name: "random", Policies: []policies.Policy{a.Others[0]}}
}

// logged is the event log of paths of a corner.
func logged(t testing.TB, workers, paths int, to results.Sink[results.Event]) (*eventRows, error) {
	t.Helper()
	cfg, m, a, k := stall(t, workers)
	rows := &eventRows{cfg: cfg, of: sellersOf(cfg), key: results.Key{Agent: k.Name}, to: to}
	return rows, logEvents(t.Context(), a, m, k, 0, paths, rows)
}

// memory keeps rows; what they point at is theirs.
type memory struct{ rows []results.Event }

func (m *memory) Write(rows []results.Event) error {
	for _, row := range rows {
		if row.Units != nil {
			row.Units = new(*row.Units)
		}
		if row.Amount != nil {
			row.Amount = new(*row.Amount)
		}
		if row.Price != nil {
			row.Price = new(*row.Price)
		}
		m.rows = append(m.rows, row)
	}
	return nil
}

func (m *memory) Close() error { return nil }

// The file is the same on one worker and on two, and the second time.
func TestEventLogHasTheSameBytesOnAnyNumberOfWorkers(t *testing.T) {
	var first []byte
	for run, workers := range []int{1, 2, 1, 2} {
		var file bytes.Buffer
		w := parquet.NewWriter[results.Event](&file, "")
		rows, err := logged(t, workers, 2, w)
		if err == nil {
			err = w.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		if run == 0 {
			first = file.Bytes()
			if rows.all < 5000 {
				t.Errorf("only %d events", rows.all)
			}
		} else if !bytes.Equal(first, file.Bytes()) {
			t.Errorf("run %d on %d workers: other bytes", run, workers)
		}
	}
}

// The log adds up to the market's account of the same path without a log, which it therefore changes in nothing.
func TestEventLogAddsUpToTheAccount(t *testing.T) {
	_, m, a, k := stall(t, 1)
	a.World = func() (evaluate.World, error) { return m, nil }
	want, err := a.Play(k.Name, k.Policies[0], 0)
	if err != nil {
		t.Fatal(err)
	}
	var log memory
	if _, err := logged(t, 2, 1, &log); err != nil {
		t.Fatal(err)
	}
	var revenue, closed, units float64
	kinds := map[string]int{}
	arrived := map[string]bool{}
	for i, e := range log.rows {
		kinds[e.Kind]++
		if i > 0 && e.Time < log.rows[i-1].Time || e.Number != int64(i) || e.Step != int64(min(5, math.Floor(e.Time))) && e.Time != math.Trunc(e.Time) {
			t.Fatalf("event %d of period %d at day %g after day %g", e.Number, e.Step, e.Time, log.rows[max(0, i-1)].Time)
		}
		switch e.Kind {
		case "shopper-arrives":
			arrived[e.Shopper] = true
		case "checks-out":
			revenue += *e.Amount
			units += float64(*e.Units)
		case "returns":
			revenue += *e.Amount
		case "period-closes":
			closed += *e.Amount
		}
		if e.Shopper != "" && !arrived[e.Shopper] && e.Kind != "comes-back" {
			t.Errorf("shopper %s %s before arriving", e.Shopper, e.Kind)
		}
	}
	for name, pair := range map[string][2]float64{"revenue": {revenue, want.Revenue}, "takings of the periods": {closed, want.Revenue}, "units": {units, want.Units}} {
		if math.Abs(pair[0]-pair[1]) > 1e-6 {
			t.Errorf("%s: %g in the log, %g in the account", name, pair[0], pair[1])
		}
	}
	for kind := market.PeriodOpens; kind <= market.PeriodCloses; kind++ {
		if kinds[kind.String()] == 0 {
			t.Errorf("no event of kind %s", kind)
		}
	}
}

// What a kind of event does not have is NULL in the file.
func TestEventsHaveNullsWhereNothingApplies(t *testing.T) {
	cfg := corner()
	var file bytes.Buffer
	w := parquet.NewWriter[results.Event](&file, "")
	rows := &eventRows{cfg: cfg, of: sellersOf(cfg), to: w, fail: func(err error) { t.Error(err) }}
	rows.begin(3)
	rows.take([]market.Record{
		{Kind: market.PeriodOpens, Period: 4},
		{Time: 4.25, Kind: market.ShopperViews, Period: 4, Number: 122, Customer: market.None, Product: 2, Price: 19_999, Place: 1, Seconds: 41, Channel: 1},
		{Time: 4.5, Kind: market.ShopperDecides, Period: 0, Number: 9, Visit: 1, Customer: 0, Product: market.None},
		{Time: 4.5, Kind: market.Reviews, Seller: 1, Why: market.ByRival},
		{Time: 4.5, Kind: market.PromotionStarts},
	})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := parquet.NewReader[results.Event](bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		t.Fatal(err)
	}
	got := make([]results.Event, 5)
	if n, err := r.Read(got); n != 5 || err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(n, err)
	}
	key := results.Key{Episode: 3, Step: 4}
	want := []results.Event{
		{Key: key, Kind: "period-opens", Units: new(int64(0))},
		{Key: key, Number: 1, Time: 4.25, Kind: "shopper-views", Shopper: "5-123", Visit: 1, Persona: "careful", Channel: "app", Product: "juice", Seller: "them",
			Price: new(1.9999), Place: 1, Dwell: new(41.0)},
		{Key: key, Number: 2, Time: 4.5, Kind: "shopper-decides", Shopper: "1-10", Visit: 2, Customer: true, Persona: "careful", Channel: "web"},
		{Key: key, Number: 3, Time: 4.5, Kind: "reviews", Seller: "them", Why: "rival-moved"},
		{Key: key, Number: 4, Time: 4.5, Kind: "promotion-starts", Promotion: "tea time"},
	}
	show := func(e results.Event) string {
		text := fmt.Sprintf("%+v", e)
		for _, p := range []any{e.Units, e.Price, e.Amount, e.Dwell} {
			text = strings.Replace(text, fmt.Sprintf("%p", p), "", 1)
			switch x := p.(type) {
			case *int64:
				if x != nil {
					text += fmt.Sprint(" ", *x)
				}
			case *float64:
				if x != nil {
					text += fmt.Sprint(" ", *x)
				}
			}
		}
		return text
	}
	for i := range want {
		if a, b := show(got[i]), show(want[i]); a != b {
			t.Errorf("row %d:\n %s\nwant\n %s", i, a, b)
		}
	}
}

// fullDisk takes a batch and no more.
type fullDisk struct{ batches int }

func (d *fullDisk) Write([]results.Event) error {
	if d.batches++; d.batches > 1 {
		return errors.New("full")
	}
	return nil
}

func (d *fullDisk) Close() error { return nil }

// A log that cannot be written, and a context that is done, end the simulation with their error.
func TestEventLogStopsWhereItCannotGoOn(t *testing.T) {
	for _, workers := range []int{1, 2} {
		if _, err := logged(t, workers, 1000, new(fullDisk)); err == nil || err.Error() != "full" {
			t.Errorf("%d workers: %v", workers, err)
		}
		cfg, m, a, k := stall(t, workers)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := logEvents(ctx, a, m, k, 0, 1000, &eventRows{cfg: cfg, of: sellersOf(cfg), to: new(memory)}); !errors.Is(err, context.Canceled) {
			t.Errorf("%d workers: %v", workers, err)
		}
	}
}

// A subject that is not there is told with what is.
func TestTraceKnowsItsSubjects(t *testing.T) {
	for subject, want := range map[string]string{
		"shopper/0":     "shopper/PERIOD-NUMBER",
		"shopper/1-x":   "shopper/PERIOD-NUMBER",
		"shopper/01-2":  "shopper/PERIOD-NUMBER",
		"cola":          "shopper/PERIOD-NUMBER",
		"seller/cola":   "us, them",
		"product/us":    "cola, tea, juice, glass, deposit",
		"shopper/9999":  "no such shopper",
		"shopper/7-1":   "nobody came in period 7",
		"shopper/6-1":   "",
		"seller/us":     "",
		"product/juice": "",
	} {
		trace, err := newTrace(corner(), subject)
		if err == nil {
			if _, err = logged(t, 1, 1, trace); err == nil {
				err = trace.Close()
			}
		}
		bad, _ := errors.AsType[*field.Error](err)
		if want == "" {
			if err != nil || len(trace.Events) == 0 {
				t.Errorf("%s: %d events, %v", subject, len(trace.Events), err)
			}
		} else if bad == nil || bad.Key != "--trace" || !strings.Contains(bad.Error(), want) {
			t.Errorf("%s: %v, want %s", subject, err, want)
		}
	}
}

// A trace of a seller holds what the seller does and what is sold of its products: the sums are those of the lines.
func TestTraceOfASellerAddsUp(t *testing.T) {
	trace, err := newTrace(corner(), "seller/us")
	if err != nil {
		t.Fatal(err)
	}
	var log memory
	if _, err := logged(t, 1, 1, sinks{&log, trace}); err != nil {
		t.Fatal(err)
	}
	var sold, told int64
	for _, e := range log.rows {
		if e.Seller == "us" && e.Kind == "checks-out" {
			sold += *e.Units
		} else if e.Seller == "us" && e.Kind == "returns" {
			sold -= *e.Units
		}
	}
	kinds := map[string]bool{}
	for _, e := range trace.Events {
		kinds[e.Kind] = true
		if e.Kind == "period-closes" {
			told += *e.Units
		} else if e.Seller != "us" && e.Promotion != "tea time" {
			t.Errorf("%+v in the trace", e)
		}
	}
	if sold != told || sold == 0 {
		t.Errorf("%d units sold, %d told", sold, told)
	}
	for _, kind := range []string{"reviews", "repriced", "stock-ordered", "stock-received", "stock-spoils"} {
		if !kinds[kind] {
			t.Errorf("no %s in %v", kind, slices.Sorted(func(yield func(string) bool) {
				for k := range kinds {
					if !yield(k) {
						return
					}
				}
			}))
		}
	}
}
