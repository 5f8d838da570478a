package estimators

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/souk-sim/souk/market/logs"
	"github.com/souk-sim/souk/market/persona"
	"github.com/souk-sim/souk/scenarios/field"
)

// People says whose groups are sought, and by what: the customers of a log of purchases, or the rows of a table of numbers.
type People struct {
	Reading
	Features []string `toml:"features" doc:"of customers (recency,frequency,money; or all that a log tells), or columns of a table of numbers"`
	Scale    string   `toml:"scale" default:"'usual'" oneof:"usual,z,log-z,none" doc:"z-scores; log-z: of ln(1 + x); usual: log-z for amounts and counts of a log"`
	Least    int      `toml:"least" default:"10" range:"[1,1000000]" doc:"customers of whom any figure must speak; smaller groups are merged with the nearest"`
}

// people are those who are grouped.
type people struct {
	features *persona.Features
	scale    *persona.Scale
	z        []float64 // features on the scale, row by row
	log      persona.Log
	products []string
	words    string
	warnings []string
	held     *people // kept from the fit, on the same scale; nil: nobody
}

func (p *people) width() int { return len(p.features.Names) }

// read reads the people to fit on and those held out.
func (p *People) read(job Job) (*people, error) {
	names, err := logs.ColumnNames(job.Data.Name, job.Data, job.Data.Size)
	if err != nil {
		return nil, err
	}
	of, err := p.table, error(nil)
	if len(p.Features) == 0 || slices.ContainsFunc(p.Features, func(f string) bool { return !slices.Contains(names, f) }) {
		of = p.log
	}
	all, err := of(job)
	if err != nil {
		return nil, err
	}
	all.scale = p.scaleOf(all.features)
	for _, q := range []*people{all, all.held} {
		if q != nil {
			q.scale = all.scale
			q.z = q.scale.Table(q.features)
		}
	}
	for j, name := range all.scale.Names {
		if all.scale.SD[j] == 0 && p.Scale != "none" {
			all.warnings = append(all.warnings, name+" is the same for all: it tells nobody apart")
		}
	}
	return all, nil
}

func (p *People) scaleOf(f *persona.Features) *persona.Scale {
	switch p.Scale {
	case "z", "log-z":
		return persona.NewScaleOf(f, func(string) bool { return p.Scale == "log-z" })
	case "none":
		d := len(f.Names)
		return &persona.Scale{Names: f.Names, Log: make([]bool, d), Mean: make([]float64, d), SD: slices.Repeat([]float64{1}, d)}
	}
	return persona.NewScale(f)
}

// table reads a table of numbers.
func (p *People) table(job Job) (*people, error) {
	for i, f := range p.Features {
		if slices.Contains(p.Features[:i], f) {
			return nil, field.New("features", fmt.Sprintf("%q twice", f), "each feature once")
		}
	}
	r, err := logs.DecodeRecords(job.Data.Name, job.Data, job.Data.Size, logs.RecordColumns{Numbers: p.Features})
	if err != nil {
		return nil, err
	}
	out, err := heldOut(job, r.Rows, "rows")
	if err != nil {
		return nil, err
	}
	in, held := &people{features: &persona.Features{Names: r.Names}}, &people{features: &persona.Features{Names: r.Names}}
	for i := range r.Rows {
		to := in.features
		if out[i] {
			to = held.features
		}
		for j := range r.Names {
			to.X = append(to.X, r.Number[j][i])
		}
	}
	if held.features.Rows() > 0 {
		in.held = held
	}
	in.words = fmt.Sprintf("%d rows, by %s", in.features.Rows(), strings.Join(r.Names, ", "))
	return in, nil
}

// log reads purchases.
func (p *People) log(job Job) (*people, error) {
	t, err := p.transactions(job)
	if err != nil {
		return nil, err
	}
	window, warnings, err := p.window(job, t)
	if err != nil {
		return nil, err
	}
	kept, held, err := divide(job, t)
	if err != nil {
		return nil, err
	}
	all, err := p.customers(job, t, kept, window)
	if err != nil {
		return nil, err
	}
	if len(held.Customer) > 0 {
		if all.held, err = p.customers(job, t, held, window); err != nil {
			return nil, err
		}
	}
	all.words = fmt.Sprintf("%d customers, %d lines of a log, by %s", all.features.Rows(), len(kept.Customer), strings.Join(all.features.Names, ", "))
	all.warnings = append(findings(t.Report, logs.RepeatedRow), warnings...)
	return all, nil
}

// divide tells the lines of the customers who are fitted from those of the customers held out.
func divide(job Job, t logs.Transactions) (kept, held logs.Lines, err error) {
	if job.HeldOut == 0 {
		return t.Lines, held, nil
	}
	out, err := heldOut(job, t.Customers, "customers")
	if err != nil {
		return kept, held, err
	}
	in, apart := logs.RowsOf(t.Customer, out)
	return t.Select(in), t.Select(apart), nil
}

func (p *People) transactions(job Job) (logs.Transactions, error) {
	o := p.options(nil)
	return logs.DecodeTransactions(job.Data.Name, job.Data, job.Data.Size, o)
}

// window is the time of the log, to the end that is given or to its last day.
func (p *People) window(job Job, t logs.Transactions) (w persona.Window, warnings []string, err error) {
	if len(t.Customer) == 0 {
		return w, nil, &field.Error{File: job.Data.Name, Found: "no purchases", Expected: "at least one customer"}
	}
	w = persona.Window{Start: math.MaxInt, End: math.MinInt}
	for i := range t.Customer {
		w.Start, w.End = min(w.Start, t.Day(i)), max(w.End, t.Day(i))
	}
	if end, bad := time.Parse(time.DateOnly, p.End); bad == nil {
		w.End = max(w.End, int(end.Unix()/(24*60*60)))
	}
	if n := len(t.Returns.Customer); n > 0 {
		warnings = append(warnings, fmt.Sprintf("%d lines of a negative amount are returns, and not counted", n))
	}
	if n := len(t.Channels); n > mostChannels && slices.Equal(p.Features, []string{"all"}) {
		warnings = append(warnings, fmt.Sprintf("%d channels are too many to tell customers apart by: they are left out", n))
	}
	return w, warnings, nil
}

// customers makes features of lines.
func (p *People) customers(job Job, t logs.Transactions, lines logs.Lines, w persona.Window) (*people, error) {
	out := &people{log: purchaseLog(lines, t, p.Features), products: t.Products}
	features, err := persona.NewFeatures(out.log, w)
	if err != nil {
		return nil, inFile(job.Data, err)
	}
	wanted := p.Features
	switch {
	case len(wanted) == 0:
		wanted = []string{"recency", "frequency", "money"}
	case slices.Equal(wanted, []string{"all"}):
		wanted = features.Names
	}
	out.features, err = features.Select(wanted)
	return out, err
}

// mostChannels that all features include; a chain's shops are more, and each has few of the customers.
const mostChannels = 12

// purchaseLog is the log of some lines as persona takes it. Quantities that are not known of all lines are left out, as are channels that no
// feature asks for.
func purchaseLog(lines logs.Lines, t logs.Transactions, features []string) persona.Log {
	n := len(lines.Customer)
	l := persona.Log{Customer: whole(lines.Customer), Amount: lines.Amount, Basket: whole(lines.Basket), Product: whole(lines.Product), Day: make([]int, n)}
	for i := range n {
		l.Day[i] = lines.Day(i)
		if !t.Daily {
			l.Hour = append(l.Hour, lines.Hour(i))
		}
	}
	if !slices.ContainsFunc(lines.Quantity, func(q float64) bool { return !(q > 0) }) {
		l.Quantity = lines.Quantity
	}
	for _, d := range lines.Discount {
		if math.IsNaN(d) {
			d = 0
		}
		l.Discount = append(l.Discount, d)
	}
	if slices.ContainsFunc(features, func(f string) bool {
		return f == "all" && len(t.Channels) <= mostChannels || strings.HasPrefix(f, "channel")
	}) {
		l.Channel = whole(lines.Channel)
		for i, c := range l.Channel { // those that are missing are a channel of their own
			if c < 0 {
				l.Channel[i] = len(t.Channels)
			}
		}
	}
	return l
}

func whole(column []int32) []int {
	if column == nil {
		return nil
	}
	out := make([]int, len(column))
	for i, v := range column {
		out[i] = int(v)
	}
	return out
}
