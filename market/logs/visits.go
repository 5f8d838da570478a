package logs

import "io"

// Visits are when people came: sessions, baskets, orders.
type Visits struct {
	Time   []int64 // of its first row, each; seconds since 1970-01-01, by the clock of the place
	Daily  bool    // Time tells the day alone
	Report Report
}

// The slots of visits.
const (
	visitID = iota
	visitTime
)

var visitSlots = []slot{
	visitID:   {"visit", ofTexts, false, [][]string{clickSlots[clickSession].usual[0], basketNames[0]}},
	visitTime: {"time", ofTimes, true, timeNames},
}

// DecodeVisits reads visits from size bytes of data, with a name for errors. Roles: time and, if the file has it, visit; otherwise each row is one. Rows
// without a time, or of one before 1971 or after the end, cannot serve. Small numbers of a column of times are seconds.
func DecodeVisits(name string, data io.ReaderAt, size int64, o Options) (Visits, error) {
	r := &visitReader{intake: intake{Options: o}, ids: newNumbering()}
	err := r.open(name, data, size, visitSlots, 1)
	if err == nil {
		err = r.each(r.row)
	}
	if err != nil {
		return Visits{}, err
	}
	return r.done()
}

type visitReader struct {
	intake
	ids   *numbering
	visit []int32
	times []int64
}

func (r *visitReader) row(at place, cells []cell) error {
	id := r.text(visitID, cells)
	if r.has(visitID) && id == "" {
		return r.leaveOut(at, MissingValue, visitID, "nothing", "a visit's id")
	}
	t, ok, err := r.cellTime(visitTime, at, cells)
	if !ok {
		return err
	}
	r.keep(at)
	r.times = append(r.times, t)
	if r.has(visitID) {
		r.visit = append(r.visit, r.ids.of(id))
	}
	return nil
}

func (r *visitReader) done() (v Visits, err error) {
	if v.Daily, err = r.settle(r.times, visitTime); err != nil {
		return v, err
	}
	if v.Report, err = r.finish(); err != nil {
		return v, err
	}
	if !r.has(visitID) {
		v.Time = compact(r.times, r.out)
		return v, nil
	}
	first := make([]int32, r.ids.n) // row + 1
	for i, k := range r.visit {
		if r.left(i) && (first[k] == 0 || r.times[i] < r.times[first[k]-1]) {
			first[k] = int32(i) + 1
		}
	}
	for _, row := range first {
		if row > 0 {
			v.Time = append(v.Time, r.times[row-1])
		}
	}
	return v, nil
}
