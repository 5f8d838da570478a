// Package affinity learns who likes what from ratings or purchases, and ranks the shelf that a shopper sees by it: baselines, item
// neighbours, matrix factorisation for ratings (alternating least squares, stochastic gradient, variational Bayes) and for purchases
// (implicit alternating least squares), neural networks for both, and content for what nobody has rated yet.
package affinity

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
)

// Ratings are opinions (stars, −10 to 10) or strengths of implicit feedback (purchases, clicks, seconds), one a row, in flat parallel
// columns. Users and items are dense numbers from 0. A pair may come more than once: models of ratings take the mean of its values,
// models of implicit feedback the sum.
type Ratings struct {
	Users, Items int
	User, Item   []int32
	Value        []float64
	Time         []int64 // optional, in any unit that rises with time
}

// Len is the number of rows.
func (r *Ratings) Len() int { return len(r.Value) }

// largest value, whose powers and sums of them floating point holds.
const largest = 1e30

// Validate names the first row that no model could use.
func (r *Ratings) Validate() error {
	n := len(r.Value)
	switch {
	case r.Users < 1 || r.Users > math.MaxInt32:
		return field.New("users", r.Users, "1 or more, in 32 bits")
	case r.Items < 1 || r.Items > math.MaxInt32:
		return field.New("items", r.Items, "1 or more, in 32 bits")
	case len(r.User) != n || len(r.Item) != n:
		return field.New("ratings", fmt.Sprintf("%d users, %d items, %d values", len(r.User), len(r.Item), n), "columns of one length")
	case r.Time != nil && len(r.Time) != n:
		return field.New("ratings.time", len(r.Time), fmt.Sprintf("%d, as many as values, or none", n))
	case n == 0:
		return field.New("ratings", "no rows", "one or more")
	}
	for i, v := range r.Value {
		switch {
		case r.User[i] < 0 || int(r.User[i]) >= r.Users:
			return field.New(fmt.Sprintf("row %d: user", i), r.User[i], fmt.Sprintf("0 to %d", r.Users-1))
		case r.Item[i] < 0 || int(r.Item[i]) >= r.Items:
			return field.New(fmt.Sprintf("row %d: item", i), r.Item[i], fmt.Sprintf("0 to %d", r.Items-1))
		case !(math.Abs(v) <= largest):
			return field.New(fmt.Sprintf("row %d: value", i), v, fmt.Sprintf("a number within ±%.0g", float64(largest)))
		}
	}
	return nil
}

// Warnings say what valid ratings lack: differences, single opinions of a pair, users and items that anybody rated.
func (r *Ratings) Warnings() []string {
	var w []string
	if slices.Min(r.Value) == slices.Max(r.Value) {
		w = append(w, fmt.Sprintf("every value is %v: nothing tells opinions apart, only who took what can be learnt", r.Value[0]))
	}
	x := r.byUser(false)
	if n := r.Len() - len(x.val); n > 0 {
		w = append(w, fmt.Sprintf("%d rows repeat a user and an item: models of ratings take the mean, of implicit feedback the sum", n))
	}
	for _, side := range []struct {
		who  string
		rows *matrix
	}{{"users", x}, {"items", x.transpose(r.Items)}} {
		empty := 0
		for u := range side.rows.rows() {
			if side.rows.start[u] == side.rows.start[u+1] {
				empty++
			}
		}
		if empty > 0 {
			w = append(w, fmt.Sprintf("%d %s without ratings: they get what an average one would", empty, side.who))
		}
	}
	return w
}

// SplitRows parts the rows by number; both parts keep the order and know all users and items.
func (r *Ratings) SplitRows(test func(row int) bool) (train, held *Ratings) {
	train, held = r.like(), r.like()
	for i := range r.Value {
		if test(i) {
			held.add(r, i)
		} else {
			train.add(r, i)
		}
	}
	return train, held
}

// SplitByTime holds back the latest rows: as near to the fraction, in (0, 1), as rows of one time allow, which stay together so that
// nothing learnt is from after what is tested.
func (r *Ratings) SplitByTime(fraction float64) (train, held *Ratings, err error) {
	if !(fraction > 0 && fraction < 1) {
		return nil, nil, field.New("fraction", fraction, "above 0, below 1")
	}
	if len(r.Time) != r.Len() || r.Len() == 0 {
		return nil, nil, field.New("ratings.time", "none", "a time for each row")
	}
	times := slices.Sorted(slices.Values(r.Time))
	cut := times[min(len(times)-1, int(math.Round(float64(len(times))*(1-fraction))))]
	if cut == times[0] { // rows of the first time would leave nothing to learn from: hold what comes after them
		next, _ := slices.BinarySearchFunc(times, cut, func(t, cut int64) int { return cmp.Or(cmp.Compare(t, cut), -1) })
		if next == len(times) {
			return nil, nil, field.New("ratings.time", fmt.Sprintf("%d in each row", cut), "two times or more")
		}
		cut = times[next]
	}
	train, held = r.SplitRows(func(row int) bool { return r.Time[row] >= cut })
	return train, held, nil
}

func (r *Ratings) like() *Ratings { return &Ratings{Users: r.Users, Items: r.Items} }

func (r *Ratings) add(from *Ratings, row int) {
	r.User = append(r.User, from.User[row])
	r.Item = append(r.Item, from.Item[row])
	r.Value = append(r.Value, from.Value[row])
	if from.Time != nil {
		r.Time = append(r.Time, from.Time[row])
	}
}

// matrix is ratings in compressed rows: those of row u are start[u] to start[u+1], by ascending column, each column once.
type matrix struct {
	start []int
	col   []int32
	val   []float64
}

func (m *matrix) rows() int { return len(m.start) - 1 }

func (m *matrix) row(u int) ([]int32, []float64) {
	return m.col[m.start[u]:m.start[u+1]], m.val[m.start[u]:m.start[u+1]]
}

// byUser gives the users' rows, repeated pairs as their mean or, for implicit feedback, their sum.
func (r *Ratings) byUser(sum bool) *matrix {
	m := compress(r.Users, r.User, r.Item, r.Value).transpose(r.Items).transpose(r.Users)
	to := 0
	for u := range r.Users {
		from, end := m.start[u], m.start[u+1]
		m.start[u] = to
		for from < end {
			total, next := 0.0, from
			for ; next < end && m.col[next] == m.col[from]; next++ {
				total += m.val[next]
			}
			if !sum {
				total /= float64(next - from)
			}
			m.col[to], m.val[to] = m.col[from], total
			to, from = to+1, next
		}
	}
	m.start[r.Users] = to
	m.col, m.val = m.col[:to], m.val[:to]
	return m
}

// split parts the entries, which it passes by user and value in their order.
func (m *matrix) split(first func(user int, value float64) bool) (a, b *matrix) {
	a, b = &matrix{start: make([]int, 1, len(m.start))}, &matrix{start: make([]int, 1, len(m.start))}
	for u := range m.rows() {
		columns, values := m.row(u)
		for n, v := range values {
			to := b
			if first(u, v) {
				to = a
			}
			to.col, to.val = append(to.col, columns[n]), append(to.val, v)
		}
		a.start, b.start = append(a.start, len(a.col)), append(b.start, len(b.col))
	}
	return a, b
}

// compress sorts entries into rows by counting, stable.
func compress(rows int, row, col []int32, val []float64) *matrix {
	m := &matrix{make([]int, rows+1), make([]int32, len(val)), make([]float64, len(val))}
	for _, u := range row {
		m.start[u+1]++
	}
	for u := range rows {
		m.start[u+1] += m.start[u]
	}
	next := slices.Clone(m.start)
	for i, u := range row {
		m.col[next[u]], m.val[next[u]] = col[i], val[i]
		next[u]++
	}
	return m
}

func (m *matrix) transpose(columns int) *matrix {
	row := make([]int32, len(m.col))
	for u := range m.rows() {
		for i := m.start[u]; i < m.start[u+1]; i++ {
			row[i] = int32(u)
		}
	}
	return compress(columns, m.col, row, m.val)
}
