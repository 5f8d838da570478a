package export

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// SQL writes a table as one query in standard SQL with common table expressions, as DuckDB and PostgreSQL run it: put the observations in a
// table or view called observations, with a column id and one for each feature that the policy looks at, NULL where it is missing. It gives id, action,
// price and promotion, without exploration, and otherwise as Decide does: edges are compared as REAL, limits as DOUBLE PRECISION.
func SQL(p policies.Frozen, w io.Writer) error {
	t, err := tabular(p, "an SQL form")
	if err != nil {
		return err
	}
	q := &query{Writer: w}
	q.line("-- %s. Columns of observations: id, %s.", t, strings.Join(looksAt(t), ", "))
	q.line("-- Revision %s.", t.Revision)
	q.line("WITH cells AS (\n  SELECT id%s,\n    %s AS state\n  FROM observations\n),", q.columns(t), state(&t.Encoder))
	q.line("offers (action, price, promotion) AS (VALUES")
	within := bounded(&t.Spec)
	for k, a := range within {
		o := &t.Spec.Offers[a]
		q.line("  (%d, %s, %s)%s", a, double(o.Price), text(o.Promotion), comma(k, len(within)))
	}
	q.line("),")
	q.line("-- The offers of each state, the best first; those that training never tried come after those it did, the nearest to the best first.")
	q.line("ranks (state, ranked) AS (VALUES")
	states := t.Encoder.States()
	for s := range states {
		q.line("  (%d, '%s')%s", s, ranked(t, s), comma(s, states))
	}
	q.line("),\nladder AS (\n  SELECT c.id, o.action, o.price, o.promotion, %s AS excess,\n    position(%s IN r.ranked) AS place", excess(&t.Spec), "',' || o.action || ','")
	q.line("  FROM cells c JOIN ranks r ON r.state = c.state CROSS JOIN offers o\n),")
	q.line("choices AS (\n  SELECT *, row_number() OVER (PARTITION BY id ORDER BY excess, CASE WHEN excess > 0 THEN action ELSE place END) AS choice\n  FROM ladder\n)")
	q.line("SELECT id, action, price, promotion FROM choices WHERE choice = 1 ORDER BY id;")
	return q.err
}

// query writes lines until the first error.
type query struct {
	io.Writer
	err error
}

func (q *query) line(format string, args ...any) {
	if q.err == nil {
		_, q.err = fmt.Fprintf(q, format+"\n", args...)
	}
}

// columns are the features that limits look at, which the state does not hold any more.
func (q *query) columns(t *policies.Table) (list string) {
	var seen []string
	for _, l := range t.Spec.Limits {
		if l.Feature != "" && !slices.Contains(seen, l.Feature) {
			seen = append(seen, l.Feature)
			list += ", CAST(" + name(l.Feature) + " AS DOUBLE PRECISION) AS " + name(l.Feature)
		}
	}
	return list
}

func tabular(p policies.Frozen, form string) (*policies.Table, error) {
	t, ok := p.(*policies.Table)
	if !ok {
		return nil, field.New("policy", p.String(), "a table, which alone has "+form+"; onnx is for all kinds")
	}
	return t, nil
}

// looksAt names the features that a policy looks at.
func looksAt(t *policies.Table) (names []string) {
	for i, f := range t.Spec.Features {
		if t.LooksAt(i) {
			names = append(names, name(f.Name))
		}
	}
	return names
}

func name(feature string) string { return `"` + strings.ReplaceAll(feature, `"`, `""`) + `"` }
func text(s string) string       { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
func number(x float64) string    { return strconv.FormatFloat(x, 'g', -1, 64) }

// real and double are numbers that every database reads alike: from text, and not from a decimal literal, whose conversion may round twice.
func real(x float64) string   { return "CAST(" + text(number(x)) + " AS REAL)" }
func double(x float64) string { return "CAST(" + text(number(x)) + " AS DOUBLE PRECISION)" }

func comma(i, n int) string {
	if i == n-1 {
		return ""
	}
	return ","
}

// state is the encoder as an expression, by halves: as many comparisons as a number of cells has binary digits.
func state(e *policies.Encoder) string {
	sum := "0"
	for i := range e.Dimensions {
		d := &e.Dimensions[i]
		bin := fmt.Sprintf("CASE WHEN %s IS NULL THEN %d ELSE %s END", name(d.Feature), len(d.Edges)+1, cell(d, 0, len(d.Edges)))
		if sum = fmt.Sprintf("(%s) * %d + %s", sum, len(d.Edges)+2, bin); i == 0 {
			sum = bin
		}
	}
	return sum
}

func cell(d *policies.Dimension, low, high int) string {
	if low == high {
		return strconv.Itoa(low)
	}
	middle := (low + high) / 2
	return fmt.Sprintf("CASE WHEN CAST(%s AS REAL) >= %s THEN %s ELSE %s END", name(d.Feature), real(d.Edges[middle]), cell(d, middle+1, high), cell(d, low, middle))
}

// ranked are the offers of a state in the order in which they are made, between commas.
func ranked(t *policies.Table, state int) string {
	var b strings.Builder
	b.WriteByte(',')
	for _, a := range order(t, state) {
		fmt.Fprintf(&b, "%d,", a)
	}
	return b.String()
}

// bounded are the offers within the limits' floors and ceilings; others are never made, and not written down.
func bounded(spec *env.Spec) (offers []int) {
	floor, ceiling := spec.Bounds()
	for a, o := range spec.Offers {
		if o.Price >= floor-env.Slack && o.Price <= ceiling+env.Slack {
			offers = append(offers, a)
		}
	}
	return offers
}

// excess is by how much an offer breaks the worst of the limits that look at a feature, 0 within rounding.
func excess(spec *env.Spec) string {
	all := []string{double(0)}
	for _, l := range spec.Limits {
		x, none := "c."+name(l.Feature), double(env.Slack)
		for _, over := range []struct {
			by     float64
			beyond string
		}{{l.Drop, x + " - o.price - " + double(l.Drop)}, {l.Rise, "o.price - " + x + " - " + double(l.Rise)}, {l.Times, double(l.Times) + " * " + x + " - o.price"}} {
			if over.by > 0 {
				all = append(all, fmt.Sprintf("CASE WHEN %s > %s THEN %s ELSE 0 END", over.beyond, none, over.beyond)) // NULL is not greater
			}
		}
	}
	return "greatest(" + strings.Join(all, ", ") + ")"
}
