package workflow

import (
	"context"
	"strconv"

	"github.com/souk-sim/souk/market"
	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// journaled is a market that keeps an event log.
type journaled interface {
	evaluate.World
	Record(to func([]market.Record))
	Err() error // which Play asks for
}

// EventLog is what is to be told of a simulation, event by event, and what was.
type EventLog struct {
	First, Paths int                         // paths First … First+Paths−1 are played
	To           results.Sink[results.Event] // takes the log; nil for nobody
	Subject      string                      // whose trace is wanted, as Traced says; "" for nobody's

	Policy string // that was played
	Events int64
	Trace  *Trace
}

// Log plays the first of the named policies as Simulate does, or without a name one that changes nothing (the opening offer, or a seller's own brain), and tells every event. What is wrong with a subject is a *field.Error with the key
// --trace.
func (l *EventLog) Log(ctx context.Context, s *scenarios.Scenario, names []string, load func(name, rules string) (Named, error), workers int, watch func(Progress)) error {
	if s.World() != scenarios.OpenMarket {
		return field.New("", s.Name+"'s market is a chain's weekly sums, which keeps no event log", "")
	}
	scene, err := openBazaar(s)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		names = []string{scene.plain()}
	}
	w, c, err := stage(ctx, scene, names, load, &Run{Scenario: s, Workers: workers, Watch: watch})
	if err != nil {
		return err
	}
	opened, err := c.World()
	if err != nil {
		return err
	}
	cfg := w.(*shop).Config
	k := &c.Contestants[0]
	l.Policy = k.Name
	rows := &eventRows{cfg: cfg, of: sellersOf(cfg), key: results.Key{RunID: s.RunID(), Scenario: s.Name, Agent: k.Name, Seed: s.Seed}}
	var sinks sinks
	if l.To != nil {
		sinks = append(sinks, l.To)
	}
	if l.Subject != "" {
		if l.Trace, err = newTrace(rows.cfg, l.Subject); err != nil {
			return err
		}
		sinks = append(sinks, l.Trace)
	}
	rows.to = sinks
	if err := logEvents(ctx, c.Arena, opened.(journaled), k, l.First, l.Paths, rows); err != nil {
		return err
	}
	l.Events = rows.all
	return sinks.Close()
}

// plain is what plays where nobody says: the opening offer, or where all have a brain the first seller's.
func (b *bazaar) plain() string {
	if b.player < 0 {
		return b.usual()[0]
	}
	return opening
}

// sinks take the same rows, one after the other.
type sinks []results.Sink[results.Event]

func (s sinks) Write(rows []results.Event) error {
	for _, to := range s {
		if err := to.Write(rows); err != nil {
			return err
		}
	}
	return nil
}

func (s sinks) Close() error {
	for _, to := range s {
		if err := to.Close(); err != nil {
			return err
		}
	}
	return nil
}

// sellersOf names each product's seller.
func sellersOf(cfg *market.Config) []string {
	by := map[string]string{}
	for i := range cfg.Sellers {
		for _, product := range cfg.Sellers[i].Products {
			by[product] = cfg.Sellers[i].Name
		}
	}
	of := make([]string, len(cfg.Products))
	for j := range of {
		of[j] = by[cfg.Products[j].Name]
	}
	return of
}

// logEvents plays a contestant's policy on paths, one after the other, and writes every event. The market is the one that a contest of the arena has, and its log
// changes nothing. With two workers or more the rows are written while the market goes on; what is written does not depend on it.
func logEvents(ctx context.Context, a evaluate.Arena, world journaled, k *evaluate.Contestant, first, paths int, rows *eventRows) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	rows.fail = cancel
	a.World = func() (evaluate.World, error) { return stoppable{world, ctx}, nil }
	played := func(path int) error {
		put, drain := rows.take, func() {}
		if a.Workers > 1 {
			put, drain = behind(rows.take)
		}
		defer drain()
		rows.begin(path)
		world.Record(put)
		defer world.Record(nil)
		_, err := a.Play(k.Name, k.Policies[0], path)
		return err
	}
	for i := range paths {
		err := played(first + i)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// stoppable is a market that goes no further when the context is done.
type stoppable struct {
	journaled
	ctx context.Context
}

func (s stoppable) Next(step *env.TimeStep) bool { return s.ctx.Err() == nil && s.journaled.Next(step) }

// behind lets another goroutine take batches, a few of them late; wait waits for the last. A batch is the caller's again when put returns.
func behind(take func([]market.Record)) (put func([]market.Record), wait func()) {
	full, empty, done := make(chan []market.Record, 4), make(chan []market.Record, 4), make(chan struct{})
	for range cap(empty) {
		empty <- nil
	}
	go func() {
		defer close(done)
		for batch := range full {
			take(batch)
			empty <- batch
		}
	}()
	return func(records []market.Record) { full <- append((<-empty)[:0], records...) }, func() { close(full); <-done }
}

// eventRows turns records into rows of events.parquet and hands these on.
type eventRows struct {
	cfg  *market.Config
	of   []string    // by product: its seller
	key  results.Key // of the path, and of the period that is open
	to   results.Sink[results.Event]
	fail func(error) // hears of the first error of to
	bad  bool
	n    int64 // events of the path so far
	all  int64 // and of all paths

	rows   []results.Event
	counts []int64   // what the rows' Units point at
	money  []float64 // and their Price, Amount and Dwell
	text   []byte    // the rows' shoppers, one after the other
	ends   []int
}

// begin opens a path.
func (e *eventRows) begin(path int) {
	e.key.Episode, e.key.Step, e.n = int64(path), 0, 0
}

// take writes a batch, unless writing has failed before.
func (e *eventRows) take(records []market.Record) {
	if e.bad {
		return
	}
	e.rows, e.counts, e.money, e.text, e.ends = e.rows[:0], e.counts[:0], e.money[:0], e.text[:0], e.ends[:0]
	if need := len(records); cap(e.counts) < need {
		e.counts, e.money = make([]int64, 0, need), make([]float64, 0, 3*need) // never moved while rows point into them
	}
	for i := range records {
		e.row(&records[i])
	}
	shoppers, from := string(e.text), 0
	for i, to := range e.ends {
		e.rows[i].Shopper, from = shoppers[from:to], to
	}
	if err := e.to.Write(e.rows); err != nil {
		e.bad = true
		e.fail(err)
	}
}

func (e *eventRows) row(r *market.Record) {
	has := r.Kind.Fields()
	row := results.Event{Key: e.key, Number: e.n, Time: r.Time, Kind: r.Kind.String(), Why: r.Why.String()}
	e.n++
	e.all++
	if r.Kind == market.PeriodOpens {
		e.key.Step = int64(r.Period)
		row.Step = e.key.Step
	}
	if has&market.HasShopper != 0 {
		e.text = appendShopper(e.text, r)
		row.Visit, row.Customer = int64(r.Visit)+1, r.Customer != market.None
		row.Persona = e.cfg.Personas[r.Persona].Name
		if len(e.cfg.Channels) > 0 {
			row.Channel = e.cfg.Channels[r.Channel].Name
		}
	}
	e.ends = append(e.ends, len(e.text))
	switch {
	case has&market.HasProduct != 0 && r.Product != market.None:
		row.Product, row.Seller = e.cfg.Products[r.Product].Name, e.of[r.Product]
	case has&market.HasProduct != 0: // decided for nothing: no units, no price
		has &^= market.HasUnits | market.HasPrice
	case has&market.HasSeller != 0:
		row.Seller = e.cfg.Sellers[r.Seller].Name
	case has&market.HasPromotion != 0 && r.Promotion != market.None:
		row.Promotion = e.cfg.Promotions.Promotions[r.Promotion].Name
	}
	if has&market.HasPlace != 0 {
		row.Place = int64(r.Place)
	}
	if has&market.HasUnits != 0 {
		e.counts = append(e.counts, int64(r.Units))
		row.Units = &e.counts[len(e.counts)-1]
	}
	if has&market.HasPrice != 0 {
		row.Price = e.number(dollars(r.Price))
	}
	if has&market.HasAmount != 0 {
		row.Amount = e.number(dollars(r.Amount))
	}
	if has&market.HasSeconds != 0 {
		row.Dwell = e.number(float64(r.Seconds))
	}
	e.rows = append(e.rows, row)
}

func (e *eventRows) number(x float64) *float64 {
	e.money = append(e.money, x)
	return &e.money[len(e.money)-1]
}

// dollars is the double nearest to an amount, which is written with four decimals at most.
func dollars(minor int64) float64 { return float64(minor) / 10_000 }

// appendShopper writes who a shopper is, PERIOD-NUMBER.
func appendShopper(text []byte, r *market.Record) []byte {
	text = strconv.AppendInt(text, int64(r.Period)+1, 10)
	text = append(text, '-')
	return strconv.AppendInt(text, int64(r.Number)+1, 10)
}
