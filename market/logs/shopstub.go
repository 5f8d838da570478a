package logs

import (
	"io"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

var errSoon = field.New("reader", "nothing", "a reader that is being written")

// DecodeTransactions is ReadTransactions of size bytes of data, with a name for errors.
func DecodeTransactions(name string, data io.ReaderAt, size int64, o Options) (t Transactions, err error) {
	return t, errSoon
}

// DecodeBaskets is ReadBaskets of size bytes of data, with a name for errors.
func DecodeBaskets(name string, data io.ReaderAt, size int64, o Options) (b Baskets, err error) {
	return b, errSoon
}

// DecodeRatings is ReadRatings of size bytes of data, with a name for errors.
func DecodeRatings(name string, data io.ReaderAt, size int64, o Options) (r Ratings, err error) {
	return r, errSoon
}

// DecodeClicks is ReadClicks of size bytes of data, with a name for errors.
func DecodeClicks(name string, data io.ReaderAt, size int64, o Options) (c Clicks, err error) {
	return c, errSoon
}

// ReadLabels reads a table of items and their labels: roles item and label.
func ReadLabels(path string, columns map[string]string) (map[string]string, error) {
	return nil, errSoon
}

// Label gives the label of each id, or the id where there is none.
func Label(ids []string, labels map[string]string) []string { return ids }

// Day is the number of days since 1970-01-01 of line i.
func (l Lines) Day(i int) int { return floorDiv(int(l.Time[i]), secondsADay) }

// Hour is the hour of the day of line i, in [0, 24).
func (l Lines) Hour(i int) float64 { return float64(mod(int(l.Time[i]), secondsADay)) / 3600 }

// Select copies some lines, in the order given.
func (l Lines) Select(rows []int32) Lines { return l }

// ByCustomer sorts the lines by customer and then by time: those of customer c are rows[offsets[c]:offsets[c+1]].
func (l Lines) ByCustomer(customers int) (rows []int32, offsets []int) { return nil, nil }

// Lists are the items basket by basket, as market/basket takes them.
func (b Baskets) Lists() [][]int { return nil }

// Paths are the states visitor by visitor, as market/journey takes them.
func (c Clicks) Paths() [][]int { return nil }

// SplitByTime tells the rows before time t from those at t and later.
func SplitByTime(times []int64, t int64) (before, after []int32) { return nil, nil }

// SplitCustomers chooses round(fraction·n) of n customers to be held out: a customer is wholly on one side.
func SplitCustomers(n int, fraction float64, stream *rng.Stream) (held []bool, err error) {
	return nil, nil
}

// RowsOf tells the rows of the customers who are held out from the others.
func RowsOf(customer []int32, held []bool) (kept, out []int32) { return nil, nil }
