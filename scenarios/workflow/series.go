package workflow

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/souk-sim/souk/market/demand"
	"github.com/souk-sim/souk/market/logs"
	"github.com/souk-sim/souk/scenarios/field"
)

// SeriesData says where series stand and how they are made ready.
type SeriesData struct {
	File    string
	Columns logs.SeriesColumns
	Only    string // the ID of the one that is wanted; empty: all
	Placing logs.Placing
	// Resampling makes periods longer; a Step of "" does not.
	Resampling logs.Resampling
	// Outliers are left alone (""), flagged or winsorised.
	Outliers string
	Season   int // that outliers are told by; 0: what the grid suggests
	// SoldOut is the column that is 1 where stock ran out (empty: none is); Unconstrain is how demand is told there (see demand.Unconstrain).
	SoldOut, Unconstrain string
	// Future is HoldLast or a file with later rows of the id, time and regressor columns; empty: they stand below the last value.
	Future string
	Folder string // where rows may wait that do not stand together (see logs.ReadOptions)
}

// What may be done about outliers.
const (
	FlagOutliers      = "flag"
	WinsoriseOutliers = "winsorise"
)

// HoldLast is the SeriesData.Future that keeps the regressors as they were in the last period.
const HoldLast = "last"

// defaultHorizon is how many periods are forecast where nobody says.
const defaultHorizon = 24

// Subject is a series to forecast.
type Subject struct {
	ID       string // what names it among others; empty: it is alone
	Series   demand.Series
	Future   []demand.Regressor // of the periods after the series, Horizon long
	Horizon  int
	Findings []logs.Finding
	Warnings []string
	// Unconstrained is nil where nothing is said of sales cut short.
	Unconstrained *Unconstrained

	grid  logs.Grid
	start int // on the grid, of the series' first period
}

// Label is what the data call a period of the series.
func (s *Subject) Label(period int) string { return s.grid.Label(s.start + period - s.Series.Start) }

// maxSeason is the longest season that is used unasked: quarter hours of a day.
const maxSeason = 96

// Season is the one that was asked for (1 is none); asked 0, it is the one that the times suggest, where a fit sees more than two of it, and
// the note says so. Shortest is the number of periods before the first of all fits.
func (s *Subject) Season(asked, shortest int) (period int, note string) {
	suggested := s.grid.Season()
	switch {
	case asked > 0 || suggested < 2 || suggested > maxSeason:
		return asked, ""
	case shortest <= 2*suggested:
		return 0, fmt.Sprintf("no season is used: the times suggest one of %d periods, of which %d periods before a forecast are too few", suggested, shortest)
	}
	return suggested, fmt.Sprintf("a season of %d periods, as the times suggest; --period 1 for none", suggested)
}

// One reads the only series, or the wanted one. A horizon of 0 is as long as the future regressors, or 24.
func (d *SeriesData) One(ctx context.Context, horizon int) (*Subject, error) {
	var subject *Subject
	for o, err := range d.All(ctx, nil) {
		if err != nil {
			return nil, err
		}
		if subject != nil {
			return nil, &field.Error{File: d.File, Key: strings.Join(d.Columns.ID, ","), Found: fmt.Sprintf("%q and %q among others", subject.ID, o.ID),
				Expected: "the one that is wanted, by --series"}
		}
		if subject, err = d.Prepare(o, horizon); err != nil {
			return nil, err
		}
	}
	return subject, nil
}

var errEnough = errors.New("enough")

// All reads the series one by one, in the order in which they first appear in the file. Counted is told how many there are, if it is known
// before; it may be nil.
func (d *SeriesData) All(ctx context.Context, counted func(series int)) iter.Seq2[logs.Observations, error] {
	return func(yield func(logs.Observations, error) bool) {
		later, err := d.later(ctx)
		columns := d.Columns
		if d.SoldOut != "" {
			columns.Regressors = append(slices.Clone(columns.Regressors), d.SoldOut)
		}
		if err == nil {
			err = logs.ReadSeries(ctx, d.File, columns, logs.ReadOptions{Only: d.Only, Folder: d.Folder, Counted: counted}, func(o logs.Observations) error {
				if f, ok := later[o.ID]; ok {
					var err error
					if d.SoldOut != "" { // nobody knows
						f.Regressors = append(slices.Clone(f.Regressors), slices.Repeat([]float64{math.NaN()}, len(f.Values)))
					}
					if o, err = o.Extend(f); err != nil {
						return err
					}
				}
				if !yield(o, nil) {
					return errEnough
				}
				return nil
			})
		}
		if err != nil && !errors.Is(err, errEnough) {
			yield(logs.Observations{}, err)
		}
	}
}

// later reads the file of future regressors, by series; all of it is kept in memory.
func (d *SeriesData) later(ctx context.Context) (map[string]logs.Observations, error) {
	if d.Future == "" || d.Future == HoldLast {
		return nil, nil
	}
	columns := d.Columns
	columns.Value, columns.Regressors = columns.Regressors[0], columns.Regressors[1:]
	all := map[string]logs.Observations{}
	return all, logs.ReadSeries(ctx, d.Future, columns, logs.ReadOptions{Only: d.Only, Folder: d.Folder}, func(o logs.Observations) error {
		all[o.ID] = o
		return nil
	})
}

// Prepare puts a series on its grid and parts it from its future.
func (d *SeriesData) Prepare(o logs.Observations, horizon int) (*Subject, error) {
	s, err := o.Regular(d.Placing)
	if err != nil {
		return nil, err
	}
	if d.Resampling.Step != "" {
		if s, err = s.Resample(d.Resampling); err != nil {
			return nil, err
		}
	}
	var unconstrained *Unconstrained
	if d.SoldOut != "" {
		if unconstrained, err = d.unconstrain(&s); err != nil {
			return nil, err
		}
	}
	if d.Outliers != "" {
		season := d.Season
		if season == 0 {
			season = s.Grid.Season()
		}
		s = s.FlagOutliers(season, d.Outliers == WinsoriseOutliers)
	}
	subject := &Subject{ID: s.ID, Series: demand.Series{Start: 1, Values: s.Values, Regressors: explanatory(&s)}, Findings: s.Findings, Unconstrained: unconstrained,
		grid: s.Grid, start: s.Start, Horizon: horizon}
	if horizon == 0 {
		subject.Horizon = defaultHorizon
	}
	if len(s.Names) > 0 {
		err = subject.part(d.Future == HoldLast, horizon)
	}
	return subject, err
}

// part takes the periods after the last value as the future of the regressors, if any regressor is known there.
func (s *Subject) part(hold bool, horizon int) error {
	n := len(s.Series.Values)
	for n > 0 && math.IsNaN(s.Series.Values[n-1]) {
		n--
	}
	rest := len(s.Series.Values) - n
	known := slices.ContainsFunc(s.Series.Regressors, func(x demand.Regressor) bool {
		return slices.ContainsFunc(x.Values[n:], func(v float64) bool { return !math.IsNaN(v) })
	})
	names := make([]string, len(s.Series.Regressors))
	for i, x := range s.Series.Regressors {
		names[i] = x.Name
	}
	switch {
	case n == 0: // nothing was observed: the models say so
		return nil
	case hold || !known:
		if !hold {
			s.Warnings = append(s.Warnings, fmt.Sprintf("the forecast holds %s at the last period's values, because nothing is known of later ones: "+
				"give them in rows below the last value or with --future FILE, or say --future last", strings.Join(names, ", ")))
		}
		for _, x := range s.Series.Regressors {
			s.Future = append(s.Future, demand.Regressor{Name: x.Name, Values: slices.Repeat([]float64{x.Values[len(x.Values)-1]}, s.Horizon)})
		}
		return nil
	case horizon > rest:
		return field.New("future "+strings.Join(names, ", "), fmt.Sprintf("%d periods after the last value, which is at %s", rest, s.Label(n)),
			fmt.Sprintf("%d, the horizon; or --future last, to hold them", horizon))
	case horizon == 0:
		s.Horizon = rest
	}
	s.Series.Values = s.Series.Values[:n]
	for i := range s.Series.Regressors {
		x := &s.Series.Regressors[i]
		s.Future = append(s.Future, demand.Regressor{Name: x.Name, Values: x.Values[n:]})
		x.Values = x.Values[:n]
	}
	for _, x := range s.Future {
		if at := slices.IndexFunc(x.Values[:s.Horizon], math.IsNaN); at >= 0 {
			return field.New("future "+x.Name, "nothing at "+s.Label(n+1+at), "a number in each of the horizon's periods")
		}
	}
	return nil
}

// idParts are the values of n id columns in a series' ID.
func idParts(id string, n int) (parts []string) {
	for range n - 1 {
		part, rest := id, ""
		if quoted, err := strconv.QuotedPrefix(id); err == nil {
			part, _ = strconv.Unquote(quoted)
			rest = strings.TrimPrefix(id[len(quoted):], ",")
		} else {
			part, rest, _ = strings.Cut(id, ",")
		}
		parts, id = append(parts, part), rest
	}
	if n > 1 {
		if last, err := strconv.Unquote(id); err == nil {
			id = last
		}
	}
	return append(parts, id)
}
