package logs

import (
	"cmp"
	"io"
	"math"
)

// The slots of ratings.
const (
	rateUser = iota
	rateItem
	rateValue
	rateTime
)

var ratingSlots = []slot{
	rateUser:  {"user", ofTexts, true, customerNames},
	rateItem:  {"item", ofTexts, true, [][]string{{"item", "itemid", "productid", "product", "movieid", "movie", "joke", "jokeid", "artistid", "isbn", "asin", "sku"}}},
	rateValue: {"value", ofNumbers, true, [][]string{{"rating", "value", "stars", "score", "overall", "ratingvalue"}, {"plays", "weight", "count", "quantity"}}},
	rateTime:  {"time", ofTimes, false, timeNames},
}

// DecodeRatings is ReadRatings of size bytes of data, with a name for errors. Roles: user, item, value and, if the file has it, time. Rows without
// one of them, or of a time before 1971 or after the end, cannot serve.
func DecodeRatings(name string, data io.ReaderAt, size int64, o Options) (Ratings, error) {
	r := &ratingReader{intake: intake{Options: o}, items: newNumbering()}
	var err error
	if r.users, err = r.people(); err != nil {
		return Ratings{}, err
	}
	if err = r.open(name, data, size, ratingSlots, secondsADay); err != nil {
		return Ratings{}, err
	}
	if err = r.each(r.row); err != nil {
		return Ratings{}, err
	}
	if err = r.done(); err != nil {
		return Ratings{}, err
	}
	return r.Ratings, nil
}

type ratingReader struct {
	intake
	Ratings
	users, items *numbering
}

func (r *ratingReader) row(at place, cells []cell) error {
	user, item, value := r.text(rateUser, cells), r.text(rateItem, cells), r.number(rateValue, cells)
	switch {
	case user == "":
		return r.leaveOut(at, MissingValue, rateUser, "nothing", "a user's id")
	case item == "":
		return r.leaveOut(at, MissingValue, rateItem, "nothing", "an item's id")
	case math.IsNaN(value):
		return r.leaveOut(at, MissingValue, rateValue, "nothing", expectedOf[ofNumbers])
	}
	if r.has(rateTime) {
		time, ok, err := r.cellTime(rateTime, at, cells)
		if !ok {
			return err
		}
		r.Time = put(r.Time, time, r.expected)
	}
	r.keep(at)
	r.User, r.Item = put(r.User, r.users.of(user), r.expected), put(r.Item, r.items.of(item), r.expected)
	r.Value = put(r.Value, value, r.expected)
	return nil
}

func (r *ratingReader) done() (err error) {
	r.users.forget()
	if r.has(rateTime) {
		if _, err = r.settle(r.Time, rateTime); err != nil {
			return err
		}
	}
	r.Names = r.items.ordered(r.Item)
	same := func(a, b int32) int {
		return cmp.Or(cmp.Compare(r.Item[a], r.Item[b]), cmp.Compare(r.Value[a], r.Value[b]))
	}
	compare := func(a, b int32) int {
		c := same(a, b)
		if c == 0 && r.has(rateTime) {
			c = cmp.Compare(r.Time[a], r.Time[b])
		}
		return c
	}
	rows, offsets := grouped(r.User, int(r.users.n), compare)
	r.repeats(rows, offsets, compare)
	for k := range offsets[1:] {
		group := rows[offsets[k]:offsets[k+1]]
		for i := 1; i < len(group); i++ {
			if a, b := group[i-1], group[i]; r.Item[a] == r.Item[b] && compare(a, b) != 0 && r.left(int(a)) && r.left(int(b)) {
				r.count(SeveralRatings, rateItem, r.stood(int(max(a, b))), Kept)
			}
		}
	}
	if r.Report, err = r.finish(); err != nil {
		return err
	}
	r.User, r.Item, r.Value, r.Time = compact(r.User, r.out), compact(r.Item, r.out), compact(r.Value, r.out), compact(r.Time, r.out)
	r.Users, r.Pseudonym = renumber(r.users.n, r.users.pseudonym, r.User)
	r.Items = len(r.Names)
	return nil
}
