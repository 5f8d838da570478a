package estimators

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/souk-sim/souk/market/journey"
	"github.com/souk-sim/souk/market/logs"
	"github.com/souk-sim/souk/scenarios/field"
)

// Arrivals is when people come, by weekday and hour (journey.Arrivals).
type Arrivals struct {
	Reading
	Visit         string              `toml:"visit" doc:"column of what comes, with its first row: a session, a basket; without one every row comes"`
	Time          string              `toml:"time" doc:"column of the time"`
	Parts         int                 `toml:"parts" range:"[0,1440]" doc:"equal parts of a day that are told apart; 0: 24, or 1 where the log tells the day alone"`
	Smoothing     float64             `toml:"smoothing" range:"[0,1000000]" doc:"weight, in arrivals, with which a weekday's profile leans on that of all days"`
	EqualWeekdays bool                `toml:"equal_weekdays" doc:"one mean and one profile for all days"`
	WholeDays     bool                `toml:"whole_days" doc:"leave the first and the last day of the log out, of which it may have a part only"`
	Parameters    *ArrivalsParameters `toml:"parameters" doc:"the model by hand"`
}

// ArrivalsParameters give arrivals by hand.
type ArrivalsParameters struct {
	Mean       []float64 `toml:"mean" required:"true" doc:"arrivals a day: of each weekday from Monday on, or one for all"`
	Profile    []float64 `toml:"profile" required:"true" doc:"share of each part of the day, adding up to 1"`
	Size       float64   `toml:"size" range:"[0,1000000000]" doc:"of the negative binomial of a day's number: its variance is mean + mean²/size; 0: Poisson"`
	Provenance string    `toml:"provenance" required:"true" doc:"where the numbers are from"`
}

var _ ByHand = (*Arrivals)(nil)

type arrivalFigures struct {
	Arrivals      int          `json:"arrivals"`
	Days          int          `json:"days"`
	Size          float64      `json:"size"` // 0: Poisson
	Mean          float64      `json:"mean"`
	Variance      float64      `json:"variance"`
	Dispersion    float64      `json:"index_of_dispersion"`
	Within        float64      `json:"index_within_weekdays"`
	PoissonLogLik float64      `json:"poisson_loglik"`
	PoissonPValue *float64     `json:"poisson_p_value"`
	AIC           float64      `json:"aic"`
	BIC           float64      `json:"bic"`
	Weekdays      []weekdayRow `json:"weekdays"` // Monday first
}

type weekdayRow struct {
	Weekday string    `json:"weekday"`
	Days    int       `json:"days"`
	Mean    float64   `json:"mean"`
	Profile []float64 `json:"profile"`
	Counts  []int     `json:"counts"` // by part of the day
}

// Fit implements Estimator.
func (a *Arrivals) Fit(_ context.Context, job Job) (*Fit, error) {
	log, err := logs.DecodeVisits(job.Data.Name, job.Data, job.Data.Size, a.options([]string{"visit"}, [2]string{"visit", a.Visit}, [2]string{"time", a.Time}))
	if err != nil {
		return nil, err
	}
	days, err := a.days(job, log)
	if err != nil {
		return nil, err
	}
	days, later := splitDays(days, job.HeldOut)
	m, err := journey.FitArrivals(days, journey.ArrivalOptions{Smoothing: a.Smoothing, EqualWeekdays: a.EqualWeekdays})
	if err != nil {
		return nil, inFile(job.Data, err)
	}
	e := m.Estimates
	own := arrivalFigures{Days: e.N, Size: m.Size, Mean: e.Mean, Variance: e.Variance, Dispersion: e.Dispersion, Within: e.Within, PoissonLogLik: e.PoissonLogLik,
		PoissonPValue: e.PoissonPValue, AIC: e.AIC, BIC: e.BIC}
	for w, d := range m.Weekdays {
		own.Weekdays = append(own.Weekdays, weekdayRow{weekdayNames[w], d.Days, d.Mean, d.Profile, make([]int, len(d.Profile))})
	}
	for _, d := range days {
		for part, n := range d.Counts {
			own.Weekdays[d.Weekday].Counts[part] += n
			own.Arrivals += n
		}
	}
	law := "Poisson"
	f := &Fit{Columns: log.Report.Columns, N: e.N, LogLik: e.LogLikelihood, Converged: e.Converged, Warnings: slices.Concat(e.Warnings, findings(log.Report, logs.RepeatedRow)),
		Data: fmt.Sprintf("%d arrivals on %d days", own.Arrivals, own.Days)}
	if m.Size > 0 {
		law = "Poisson–gamma"
		f.Coefficients = append(f.Coefficients, Coefficient{Name: "size", Estimate: m.Size, SE: e.SizeSE})
	}
	f.Model = "arrivals, " + law + " by weekday and part of the day"
	for i, w := range own.Weekdays {
		f.Coefficients = append(f.Coefficients, Coefficient{Name: "mean_" + w.Weekday, Estimate: w.Mean, SE: e.MeanSE[i]})
	}
	if len(later) > 0 {
		f.HeldOut = arrivalsHeldOut(m, later)
	}
	own.describe(f)
	f.Own, f.Saved = own, savedJourney(journey.Journey{Arrivals: m})
	return f, nil
}

var weekdayNames = [7]string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}

// days counts the arrivals by day and part.
func (a *Arrivals) days(job Job, log logs.Visits) ([]journey.Day, error) {
	parts := a.Parts
	switch {
	case parts == 0 && log.Daily:
		parts = 1
	case parts == 0:
		parts = 24
	case parts > 1 && log.Daily:
		return nil, field.New("parts", parts, "1: the log tells the day alone")
	}
	times := make([]float64, len(log.Time))
	for i, t := range log.Time {
		times[i] = float64(t)
	}
	days, err := journey.Days(times, parts)
	if err != nil {
		return nil, inFile(job.Data, err)
	}
	if a.WholeDays {
		if len(days) < 3 {
			return nil, field.New("whole_days", fmt.Sprintf("%d days", len(days)), "a log of three days or more")
		}
		days = days[1 : len(days)-1]
	}
	return days, nil
}

// splitDays keeps the last share of the days apart.
func splitDays(days []journey.Day, share float64) (fitted, later []journey.Day) {
	at := len(days) - int(math.Round(share*float64(len(days))))
	return days[:at], days[at:]
}

// arrivalsHeldOut compares later days with what their weekdays had.
func arrivalsHeldOut(m *journey.Arrivals, later []journey.Day) []Figure {
	came, expected, errors := 0.0, 0.0, 0.0
	for _, d := range later {
		n := 0.0
		for _, c := range d.Counts {
			n += float64(c)
		}
		mean := m.Weekdays[d.Weekday].Mean
		came, expected, errors = came+n, expected+mean, errors+(n-mean)*(n-mean)
	}
	n := float64(len(later))
	return []Figure{{"days", n}, {"mean", came / n}, {"expected", expected / n}, {"rmse", math.Sqrt(errors / n)}}
}

func (f *arrivalFigures) describe(fit *Fit) {
	fit.Words = []string{fmt.Sprintf("log-likelihood %.4f (%.4f without the gamma), AIC %.2f, BIC %.2f", fit.LogLik, f.PoissonLogLik, f.AIC, f.BIC),
		fmt.Sprintf("%.2f a day; index of dispersion %.2f, %.2f about the means of the weekdays; 1 is Poisson", f.Mean, f.Dispersion, f.Within)}
	t := Table{Title: "arrivals, Monday to Sunday", Rows: [][]string{{"hour", "mo", "tu", "we", "th", "fr", "sa", "su"}}}
	parts := len(f.Weekdays[0].Counts)
	if parts > 48 {
		return
	}
	for part := range parts {
		head := "day"
		if parts > 1 {
			head = strconv.FormatFloat(24*float64(part)/float64(parts), 'g', 4, 64)
		}
		row := []string{head}
		for _, w := range f.Weekdays {
			row = append(row, strconv.Itoa(w.Counts[part]))
		}
		t.Rows = append(t.Rows, row)
	}
	fit.Tables = append(fit.Tables, t)
}

// Given implements ByHand.
func (a *Arrivals) Given() (json.Marshaler, error) {
	p := a.Parameters
	if p == nil {
		return nil, nil
	}
	if len(p.Mean) != 1 && len(p.Mean) != 7 {
		return nil, field.New("parameters.mean", fmt.Sprintf("%d numbers", len(p.Mean)), "7, of each weekday from Monday on, or 1 for all")
	}
	m := &journey.Arrivals{Size: p.Size}
	for w := range 7 {
		m.Weekdays = append(m.Weekdays, journey.Weekday{Mean: p.Mean[w%len(p.Mean)], Profile: p.Profile})
	}
	return givenJourney(journey.Journey{Arrivals: m})
}
