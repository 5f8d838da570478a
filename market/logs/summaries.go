package logs

import (
	"io"
	"math"

	"github.com/souk-sim/souk/scenarios/field"
)

// CustomerSummaries are customers by what their purchases come to, as the literature on customer-base analysis has them: a row each, times in a unit
// that the file does not tell.
type CustomerSummaries struct {
	Frequency []int     // repeat purchases
	Recency   []float64 // time from the first purchase to the last, 0 without repeats
	T         []float64 // time from the first purchase to the end of observation
	Spend     []float64 // mean amount of a repeat purchase, 0 where there is none; nil where the file has none
	Holdout   []int     // purchases in a time after the observation; nil where the file has none
	Ahead     float64   // how long that time is; 0 where the file does not tell
	Pseudonym []int     // of each customer; nil without Options.Key
	Report    Report
}

// The slots of customer summaries.
const (
	sumCustomer = iota
	sumFrequency
	sumRecency
	sumT
	sumSpend
	sumHoldout
	sumAhead
)

// summarySlots have the usual names of R's BTYD and Python's lifetimes.
var summarySlots = []slot{
	sumCustomer:  {"customer", ofTexts, false, customerNames},
	sumFrequency: {"frequency", ofNumbers, true, [][]string{{"frequency", "frequencycal", "x", "repeats", "repeatpurchases", "repeattransactions"}}},
	sumRecency:   {"recency", ofNumbers, true, [][]string{{"recency", "recencycal", "tx"}}},
	sumT:         {"T", ofNumbers, true, [][]string{{"t", "tcal", "age", "tenure"}}},
	sumSpend:     {"spend", ofNumbers, false, [][]string{{"monetaryvalue", "monetaryvaluecal", "monetary", "spend", "meanspend", "averagespend", "zbar", "mx"}}},
	sumHoldout:   {"holdout", ofNumbers, false, [][]string{{"frequencyholdout", "holdout", "xstar", "p2x"}}},
	sumAhead:     {"ahead", ofNumbers, false, [][]string{{"durationholdout", "tstar"}}},
}

// HasCustomerSummaries tells whether size bytes of data have, or are said to have, the columns of customer summaries.
func HasCustomerSummaries(name string, data io.ReaderAt, size int64, o Options) (bool, error) {
	for _, s := range summarySlots {
		if s.needed && o.Columns[s.role] != "" {
			return true, nil
		}
	}
	if size == 0 {
		return false, nil
	}
	header, err := headerOf(name, data, size, separatorOf(data, size))
	if err != nil {
		return false, err
	}
	for _, s := range summarySlots {
		if s.needed && len(s.candidates(header, nil)) == 0 {
			return false, nil
		}
	}
	return true, nil
}

// DecodeCustomerSummaries reads customer summaries from size bytes of data, with a name for errors. Roles: frequency, recency, T and, if they are wanted
// and the file has them, customer (with Options.Key alone), spend, holdout and ahead. Rows that no customer can have cannot serve: a recency above T, say.
func DecodeCustomerSummaries(name string, data io.ReaderAt, size int64, o Options) (CustomerSummaries, error) {
	r := &summaryReader{intake: intake{Options: o}}
	var err error
	if r.customers, err = r.people(); err != nil {
		return CustomerSummaries{}, err
	}
	if err = r.open(name, data, size, summarySlots, 1); err != nil {
		return CustomerSummaries{}, err
	}
	if o.Key != nil && !r.has(sumCustomer) {
		return CustomerSummaries{}, named(name, field.New("columns.customer", "no column with a usual name, and a key for pseudonyms", summarySlots[sumCustomer].give()))
	}
	if err = r.each(r.row); err != nil {
		return CustomerSummaries{}, err
	}
	r.Report, err = r.finish()
	return r.CustomerSummaries, err
}

type summaryReader struct {
	intake
	CustomerSummaries
	customers *numbering
}

func (r *summaryReader) row(at place, cells []cell) error {
	frequency, recency, t := r.number(sumFrequency, cells), r.number(sumRecency, cells), r.number(sumT, cells)
	spend, holdout, ahead := r.number(sumSpend, cells), r.number(sumHoldout, cells), r.number(sumAhead, cells)
	if frequency == 0 && math.IsNaN(recency) { // of whom has not come back, some write no recency
		recency = 0
	}
	for k, v := range [...]float64{sumFrequency: frequency, sumRecency: recency, sumT: t} {
		if math.IsNaN(v) {
			return r.leaveOut(at, MissingValue, k, "nothing", expectedOf[ofNumbers])
		}
	}
	id := r.text(sumCustomer, cells)
	switch {
	case r.Key != nil && id == "":
		return r.leaveOut(at, MissingValue, sumCustomer, "nothing", "a customer's id")
	case !(frequency >= 0) || frequency != math.Trunc(frequency) || frequency > 1e5:
		return r.leaveOut(at, ImpossibleValue, sumFrequency, Beyond(frequency, 0, 1e5), "a count of repeat purchases from 0 to 100000")
	case !(t >= 0):
		return r.leaveOut(at, ImpossibleValue, sumT, "a time below 0", "a time not below 0")
	case !(recency >= 0 && recency <= t):
		return r.leaveOut(at, ImpossibleValue, sumRecency, map[bool]string{true: "a time below 0", false: "a time above " + r.view.name(sumT)}[recency < 0], "a last purchase within the time of observation")
	case (frequency == 0) != (recency == 0):
		return r.leaveOut(at, ImpossibleValue, sumRecency, "a time without a repeat purchase, or none with one",
			"0 where there are none, the time to the last where there are")
	case r.has(sumHoldout) && (!(holdout >= 0) || holdout != math.Trunc(holdout) || holdout > 1e9):
		return r.leaveOut(at, ImpossibleValue, sumHoldout, Beyond(holdout, 0, 1e9), "a count of purchases")
	case r.has(sumAhead) && (!(ahead > 0) || r.Ahead != 0 && ahead != r.Ahead):
		return r.leaveOut(at, ImpossibleValue, sumAhead, "another time", "a time above 0, the same for all")
	}
	r.keep(at)
	r.Frequency, r.Recency, r.T = append(r.Frequency, int(frequency)), append(r.Recency, recency), append(r.T, t)
	if r.has(sumSpend) {
		if frequency == 0 || math.IsNaN(spend) {
			spend = 0
		}
		r.Spend = append(r.Spend, spend)
	}
	if r.has(sumHoldout) {
		r.Holdout = append(r.Holdout, int(holdout))
	}
	if r.has(sumAhead) {
		r.Ahead = ahead
	}
	if r.Key != nil {
		r.CustomerSummaries.Pseudonym = append(r.CustomerSummaries.Pseudonym, r.customers.pseudonyms.Of(id))
	}
	return nil
}
