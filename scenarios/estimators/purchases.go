package estimators

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/souk-sim/souk/market/logs"
	"github.com/souk-sim/souk/market/loyalty"
	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios/field"
)

// Purchases says where the purchases of customers are: in a log of them, or in a table that sums each customer up.
type Purchases struct {
	Reading
	Layout   string `toml:"layout" default:"'auto'" oneof:"auto,log,summary" doc:"a row a purchase, or a row a customer with frequency, recency, T; auto: by the columns"`
	Customer string `toml:"customer" doc:"column of the customer"`
	Time     string `toml:"time" doc:"log: column of the date or time"`
	Amount   string `toml:"amount" doc:"log: column of the money paid"`
	Unit     string `toml:"unit" default:"'week'" oneof:"day,week" doc:"unit of time; of a summary, the one that it is in"`
	Until    string `toml:"until" doc:"log: last day of the observation, as in 1997-09-30; all later is held out, whatever share --held-out says"`
	Table    string `toml:"customers" doc:"CSV file to write what the model says of each customer to, without ids"`
	KeyFile  string `toml:"key_file" doc:"file with a secret of 16 bytes or more: the customers in that CSV get keyed pseudonyms, and noise depends on it"`
}

// unitDays are the days of a unit of time.
func (p *Purchases) unitDays() float64 {
	if p.Unit == "day" {
		return 1
	}
	return 7
}

// clientele is the customers of a file.
type clientele struct {
	all       []loyalty.Customer
	pseudonym []int              // of each; nil: none
	key       []byte             // secret, nil: none
	later     bool               // Customer.Holdout is known
	ahead     float64            // time of it, in units; 0: unknown
	held      []loyalty.Customer // kept from the fit
	words     string
	columns   map[string]string // role → column that was read
	warnings  []string
}

// read reads the customers; with money, what they spend too. A key is for the table of customers, or for the noise in the file of counts, which may
// be empty.
func (p *Purchases) read(job Job, money bool, counts string) (c clientele, err error) {
	roles := []string{"holdout", "ahead"}
	if money {
		roles = []string{"amount", "quantity", "unit_price", "spend", "holdout", "ahead"}
	}
	o := p.options(roles, [2]string{"customer", p.Customer}, [2]string{"time", p.Time}, [2]string{"amount", p.Amount})
	if p.KeyFile != "" && p.Table == "" && counts == "" {
		return c, field.New("key_file", "it without customers", "customers beside it: the file that gets the pseudonyms")
	}
	key, err := p.key(job)
	if err != nil {
		return c, err
	}
	if p.Table != "" && key != nil {
		o.Key, o.Roles = key, append(o.Roles, "customer")
	}
	summary := p.Layout == "summary"
	if p.Layout == "auto" {
		if summary, err = logs.HasCustomerSummaries(job.Data.Name, job.Data, job.Data.Size, o); err != nil {
			return c, err
		}
	}
	if summary {
		c, err = p.summaries(job, o)
	} else {
		c, err = p.log(job, o)
	}
	c.key = key
	return c, err
}

// key is the secret of the pseudonyms, nil where none is given.
func (p *Purchases) key(job Job) ([]byte, error) {
	if p.KeyFile == "" {
		return nil, nil
	}
	file, err := job.Open(p.KeyFile)
	if err != nil {
		return nil, err
	}
	const least, most = 16, 1 << 16
	text := make([]byte, min(file.Size, most))
	if _, err := file.ReadAt(text, 0); err != nil && err != io.EOF {
		return nil, &field.Error{File: file.Name, Found: "no text", Expected: "a secret of 16 bytes or more"}
	}
	if text = bytes.TrimRight(text, "\r\n"); len(text) < least {
		return nil, &field.Error{File: file.Name, Found: fmt.Sprintf("%d bytes", len(text)), Expected: "a secret of 16 bytes or more"}
	}
	return text, nil
}

func (p *Purchases) summaries(job Job, o logs.Options) (c clientele, err error) {
	for _, log := range [][2]string{{"until", p.Until}, {"time", p.Time}, {"amount", p.Amount}} {
		if log[1] != "" {
			return c, field.New(log[0], fmt.Sprintf("%q with a summary of customers", log[1]), "none: it is for a log of purchases")
		}
	}
	s, err := logs.DecodeCustomerSummaries(job.Data.Name, job.Data, job.Data.Size, o)
	if err != nil {
		return c, err
	}
	c.pseudonym, c.columns, c.warnings = s.Pseudonym, s.Report.Columns, findings(s.Report)
	for i, x := range s.Frequency {
		one := loyalty.Customer{Frequency: x, Recency: s.Recency[i], T: s.T[i]}
		if s.Spend != nil {
			one.Spend = s.Spend[i]
		}
		if s.Holdout != nil {
			one.Holdout = s.Holdout[i]
		}
		c.all = append(c.all, one)
	}
	if s.Holdout != nil {
		c.ahead, c.later = s.Ahead, true
	}
	c.words = fmt.Sprintf("%d customers in a summary, in %ss", len(c.all), p.Unit)
	if job.HeldOut > 0 && !c.later {
		err = c.holdOut(job)
	}
	return c, err
}

// holdOut keeps a share of the customers from the fit, for a summary knows no later time.
func (c *clientele) holdOut(job Job) error {
	held, err := heldOut(job, len(c.all), "customers")
	if err != nil {
		return err
	}
	var in, out clientele
	for i, x := range c.all {
		side := &in
		if held[i] {
			side = &out
		}
		side.all = append(side.all, x)
		if c.pseudonym != nil {
			side.pseudonym = append(side.pseudonym, c.pseudonym[i])
		}
	}
	c.all, c.pseudonym, c.held = in.all, in.pseudonym, out.all
	return nil
}

// window reads a log and says what of it is looked at.
func (p *Purchases) window(job Job, o logs.Options) (purchases []loyalty.Purchase, first int, w loyalty.Window, t logs.Transactions, err error) {
	if t, err = logs.DecodeTransactions(job.Data.Name, job.Data, job.Data.Size, o); err != nil {
		return nil, 0, w, t, err
	}
	first = math.MaxInt
	last := math.MinInt
	purchases = make([]loyalty.Purchase, len(t.Customer))
	for i := range purchases {
		purchases[i] = loyalty.Purchase{Customer: int(t.Customer[i]), Day: t.Day(i)}
		if t.Amount != nil {
			purchases[i].Amount = t.Amount[i]
		}
		first, last = min(first, purchases[i].Day), max(last, purchases[i].Day)
	}
	w = loyalty.Window{HoldoutEnd: last, Unit: p.unitDays()}
	if day, ok := dayOf(p.End); ok {
		w.HoldoutEnd = max(last, day)
	}
	w.End = w.HoldoutEnd
	if job.HeldOut > 0 {
		w.End = first + int(math.Round((1-job.HeldOut)*float64(w.HoldoutEnd-first)))
	}
	if p.Until != "" {
		day, ok := dayOf(p.Until)
		if !ok || day < first || day > w.HoldoutEnd {
			return nil, 0, w, t, field.New("until", fmt.Sprintf("%q", p.Until), fmt.Sprintf("a day from %s to %s, as the log has them", dayNames(first)(first), dayNames(first)(w.HoldoutEnd)))
		}
		w.End = day
	}
	return purchases, first, w, t, nil
}

func (p *Purchases) log(job Job, o logs.Options) (c clientele, err error) {
	purchases, first, w, t, err := p.window(job, o)
	if err != nil {
		return c, err
	}
	if c.all, err = loyalty.Summarise(purchases, w); err != nil {
		return c, inFile(job.Data, err)
	}
	c.ahead = float64(w.HoldoutEnd-w.End) / w.Unit
	c.later = c.ahead > 0
	c.columns, c.warnings = t.Report.Columns, findings(t.Report, logs.RepeatedRow) // of one day, which count as one purchase anyway
	if t.Pseudonym != nil {
		c.pseudonym = met(purchases, w.End, t.Pseudonym)
	}
	named := dayNames(first)
	c.words = fmt.Sprintf("%d customers who first bought from %s to %s, observed to the end of that time", len(c.all), named(first), named(w.End))
	return c, nil
}

// met lists the pseudonyms of the customers who bought by the end, in their order.
func met(purchases []loyalty.Purchase, end int, pseudonym []int) (of []int) {
	seen := make([]bool, len(pseudonym))
	for _, p := range purchases {
		seen[p.Customer] = seen[p.Customer] || p.Day <= end
	}
	for i, s := range seen {
		if s {
			of = append(of, pseudonym[i])
		}
	}
	return of
}

// dayOf reads a day: its date, or its number in a log that numbers them.
func dayOf(text string) (int, bool) {
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return int(t.Unix() / (24 * 60 * 60)), true
	}
	n, err := strconv.Atoi(text)
	return n, err == nil
}

// dayNames writes the days of a log that begins on the given one. The days of a log that numbers its own are before 1971, where no clock is.
func dayNames(first int) func(day int) string {
	if first < 365 {
		return strconv.Itoa
	}
	return func(day int) string { return time.Unix(int64(day)*24*60*60, 0).UTC().Format(time.DateOnly) }
}

// pooled are customers of which those that are alike stand together, so that the model is asked once for all of them.
func pooled(all []loyalty.Customer) (kinds []loyalty.Customer, of []int) {
	index := map[loyalty.Customer]int{}
	of = make([]int, len(all))
	for i, c := range all {
		c.Spend, c.Holdout, c.HoldoutSpend = 0, 0, 0
		k, known := index[c]
		if !known {
			k = len(kinds)
			index[c] = k
			kinds = append(kinds, c)
		}
		of[i] = k
	}
	return kinds, of
}

// deciles are the quantiles at 10%, 20%, …, 90%.
func deciles(values []float64) []float64 {
	out := make([]float64, 9)
	for i := range out {
		out[i] = stats.Quantile(values, float64(i+1)/10)
	}
	return out
}

// column is a figure of each customer.
type column struct {
	name string
	of   []float64
}

// table writes what the model says of each customer, if that is wanted, without ids. Where there are no pseudonyms the customers come by their
// figures, so that not even the order tells who is who.
func (p *Purchases) table(c clientele, columns ...column) (map[string][]byte, error) {
	if p.Table == "" {
		return nil, nil
	}
	head, rows := []string{"frequency", "recency", "T"}, make([][]string, len(c.all))
	if c.pseudonym != nil {
		head = slices.Insert(head, 0, "pseudonym")
	}
	text := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	for i, x := range c.all {
		if c.pseudonym != nil {
			rows[i] = append(rows[i], fmt.Sprintf("%016x", c.pseudonym[i]))
		}
		rows[i] = append(rows[i], strconv.Itoa(x.Frequency), text(x.Recency), text(x.T))
	}
	for _, k := range columns {
		head = append(head, k.name)
		for i := range rows {
			rows[i] = append(rows[i], text(k.of[i]))
		}
	}
	if c.pseudonym == nil {
		slices.SortFunc(rows, slices.Compare)
	}
	var b bytes.Buffer
	if err := csv.NewWriter(&b).WriteAll(slices.Insert(rows, 0, head)); err != nil {
		return nil, err
	}
	return map[string][]byte{p.Table: b.Bytes()}, nil
}

// spends are the mean purchases of the customers.
func (c clientele) spends() column {
	k := column{"spend", make([]float64, len(c.all))}
	for i, x := range c.all {
		k.of[i] = x.Spend
	}
	return k
}
