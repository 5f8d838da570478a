package journey

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios/field"
	"gonum.org/v1/gonum/stat/distuv"
)

// Day is how many arrived in each of the equal parts of one day, 24 for hours, 1 for the day as a whole.
type Day struct {
	Weekday int // 0 is Monday
	Counts  []int
}

// Days counts arrivals, in seconds since 1970-01-01 00:00 of the shop's own clock, by day and part of the day: all days from
// the first to the last arrival, those without any included. A log that begins or ends within a day makes its first or last
// Day a part of one, which should be cut off.
func Days(arrivals []float64, parts int) ([]Day, error) {
	const seconds, longest = 86400, 1 << 16
	if parts < 1 || parts > seconds {
		return nil, field.New("parts", parts, "a number of parts of a day from 1 to 86400")
	}
	first, last := math.Inf(1), math.Inf(-1)
	for i, t := range arrivals {
		if !(math.Abs(t) < 1e15) {
			return nil, field.New(fmt.Sprintf("arrivals[%d]", i), t, "a finite number of seconds")
		}
		first, last = min(first, math.Floor(t/seconds)), max(last, math.Floor(t/seconds))
	}
	switch {
	case len(arrivals) == 0:
		return nil, field.New("arrivals", 0, "at least one")
	case last-first >= longest:
		return nil, field.New("arrivals", fmt.Sprintf("%v days from the first to the last", last-first+1), "at most 65536: look after the clocks")
	}
	days := make([]Day, int(last-first)+1)
	for i := range days {
		// 1970-01-01 was a Thursday.
		days[i] = Day{Weekday: ((int(first)+i+3)%7 + 7) % 7, Counts: make([]int, parts)}
	}
	for _, t := range arrivals {
		day := math.Floor(t / seconds)
		days[int(day-first)].Counts[min(parts-1, int((t-day*seconds)*float64(parts)/seconds))]++
	}
	return days, nil
}

// Arrivals is when sessions begin. A day's number is Poisson with a mean that is Gamma over days: that of the weekday times a
// multiplier of mean 1 and variance 1/Size, which all hours of the day share. Given the number, each comes at a time
// of his own, by the weekday's profile, evenly within each part of the day.
type Arrivals struct {
	Size      float64           `json:"size"` // of the negative binomial of a day's number; 0 means Poisson
	Weekdays  []Weekday         `json:"weekdays"`
	Estimates *ArrivalEstimates `json:"estimates,omitempty"` // nil where the parameters were given by hand

	number []countTable
	part   [][]float64 // running sums of Profile
}

// Weekday is one of seven, Monday first.
type Weekday struct {
	Mean    float64   `json:"mean"`           // sessions a day
	Profile []float64 `json:"profile"`        // share of each part of the day, the same number of parts every day
	Days    int       `json:"days,omitempty"` // on which it was estimated
}

// ArrivalEstimates is how arrivals were fitted: N is days. An index of dispersion is the variance over the mean of a day's
// number, 1 for a Poisson process with the same mean every day; Within is that about the weekdays' means.
type ArrivalEstimates struct {
	Estimates
	SizeSE float64 `json:"size_se,omitempty"`
	// MeanSE are the standard errors of the weekdays' means, √((mean + mean²/Size)/days), the information of mean and size being
	// diagonal (Lawless 1987); 0 of a weekday without days, which is given the mean of all.
	MeanSE        []float64 `json:"mean_se,omitempty"`
	Mean          float64   `json:"mean"`
	Variance      float64   `json:"variance"`
	Dispersion    float64   `json:"index_of_dispersion"`
	Within        float64   `json:"index_within_weekdays"`
	PoissonLogLik float64   `json:"poisson_loglik"`
	PoissonPValue *float64  `json:"poisson_p_value"` // of Fisher's χ² about the weekdays' means; nil where no degree is left
}

// ArrivalOptions say how arrivals are fitted.
type ArrivalOptions struct {
	// Smoothing is the weight, in sessions, with which each weekday's profile leans on that of all days together, and that on
	// equal parts. 0 is maximum likelihood.
	Smoothing float64
	// EqualWeekdays gives all weekdays one mean and one profile.
	EqualWeekdays bool
}

// FitArrivals estimates arrivals by maximum likelihood, which for the means and profiles is in closed form. A weekday that
// is missing is given what all days have.
func FitArrivals(days []Day, o ArrivalOptions) (*Arrivals, error) {
	if err := checkDays(days, o); err != nil {
		return nil, err
	}
	parts := len(days[0].Counts)
	all, byPart := 0.0, make([]float64, parts)
	var byWeekday [7][]float64
	var n [7]int
	for w := range byWeekday {
		byWeekday[w] = make([]float64, parts)
	}
	totals := make([]float64, len(days))
	for i, d := range days {
		n[d.Weekday]++
		for j, c := range d.Counts {
			byPart[j] += float64(c)
			byWeekday[d.Weekday][j] += float64(c)
			totals[i] += float64(c)
		}
		all += totals[i]
	}
	if all == 0 {
		return nil, field.New("days", "no arrival", "at least one")
	}
	a := &Arrivals{}
	common := smoothed(byPart, equal(parts), o.Smoothing)
	for w := range 7 {
		day := Weekday{Mean: all / float64(len(days)), Profile: common, Days: n[w]}
		if !o.EqualWeekdays && n[w] > 0 {
			day = Weekday{Mean: sum(byWeekday[w]) / float64(n[w]), Profile: smoothed(byWeekday[w], common, o.Smoothing), Days: n[w]}
		}
		a.Weekdays = append(a.Weekdays, day)
	}
	a.fitSize(days, totals, o)
	return a, a.Check()
}

func checkDays(days []Day, o ArrivalOptions) error {
	if len(days) < 2 {
		return field.New("days", len(days), "at least two")
	}
	if !(o.Smoothing >= 0) || math.IsInf(o.Smoothing, 1) {
		return field.New("smoothing", o.Smoothing, "a number of sessions, 0 or more")
	}
	for i, d := range days {
		key := fmt.Sprintf("days[%d]", i)
		switch {
		case d.Weekday < 0 || d.Weekday > 6:
			return field.New(key+".weekday", d.Weekday, "0 for Monday to 6 for Sunday")
		case len(d.Counts) == 0 || len(d.Counts) != len(days[0].Counts):
			return field.New(key+".counts", len(d.Counts), fmt.Sprintf("%d parts of a day, at least one", len(days[0].Counts)))
		}
		for j, c := range d.Counts {
			if c < 0 {
				return field.New(fmt.Sprintf("%s.counts[%d]", key, j), c, "a count")
			}
		}
	}
	return nil
}

// fitSize estimates the one parameter that is not in closed form, and the diagnostics.
func (a *Arrivals) fitSize(days []Day, totals []float64, o ArrivalOptions) {
	means := make([]float64, len(days))
	given, poisson, chi := 0.0, 0.0, 0.0 // given: of the parts, given the day's number
	for i, d := range days {
		w := a.Weekdays[d.Weekday]
		means[i] = w.Mean
		given += logFactorial(totals[i])
		for j, c := range d.Counts {
			given -= logFactorial(float64(c))
			if c > 0 {
				given += float64(c) * math.Log(w.Profile[j])
			}
		}
		poisson += totals[i]*logOr0(means[i]) - means[i] - logFactorial(totals[i])
		if means[i] > 0 {
			chi += (totals[i] - means[i]) * (totals[i] - means[i]) / means[i]
		}
	}
	p := maximise(newDayLikelihood(totals, means).at, []float64{math.Log(10)}, box{[]float64{math.Log(1e-4)}, []float64{math.Log(1e7)}})
	different := 1
	if !o.EqualWeekdays {
		different = a.weekdaysSeen()
	}
	free := different*len(days[0].Counts) + 1 // a mean and a profile for each that differs, and the size
	e := &ArrivalEstimates{Estimates: *newEstimates(given+p.value, free, len(days)), Mean: stats.Mean(totals), Variance: stats.Variance(totals),
		PoissonLogLik: given + poisson}
	e.Converged, e.Iterations = p.converged, p.iterations
	e.Dispersion = e.Variance / e.Mean
	if degrees := len(days) - different; degrees > 0 {
		e.Within = chi / float64(degrees)
		p := distuv.ChiSquared{K: float64(degrees)}.Survival(chi)
		e.PoissonPValue = &p
	}
	a.Size = math.Exp(p.theta[0])
	switch {
	case p.theta[0] > math.Log(1e6): // a Gamma of variance below a millionth
		a.Size = 0
		e.warn("the days differ no more than a Poisson process lets them: size is set to 0 for it")
	case p.se != nil:
		e.SizeSE = p.se[0] * a.Size
	}
	for w, d := range a.Weekdays {
		n, over := float64(d.Days), 0.0
		if o.EqualWeekdays {
			n = float64(len(days))
		}
		if a.Size > 0 {
			over = d.Mean * d.Mean / a.Size
		}
		e.MeanSE = append(e.MeanSE, 0)
		if n > 0 {
			e.MeanSE[w] = math.Sqrt((d.Mean + over) / n)
		}
		if d.Days == 0 {
			e.warn("no day of weekday %d (0 is Monday): it is given what all days have", w)
		}
	}
	if len(days) < 28 {
		e.warn("%d days: the weekdays are hardly told apart", len(days))
	}
	a.Estimates = e
}

func (a *Arrivals) weekdaysSeen() (n int) {
	for _, w := range a.Weekdays {
		if w.Days > 0 {
			n++
		}
	}
	return n
}

func logFactorial(x float64) float64 {
	v, _ := math.Lgamma(x + 1)
	return v
}

// logOr0 is for x ln x at 0.
func logOr0(x float64) float64 {
	if x == 0 {
		return 0
	}
	return math.Log(x)
}

// dayLikelihood is the negative binomial log-likelihood of days' numbers with known means by ln size.
type dayLikelihood struct{ days []numberOfDay } // by number

type numberOfDay struct{ n, mean float64 }

func newDayLikelihood(totals, means []float64) dayLikelihood {
	var d dayLikelihood
	for i, n := range totals {
		d.days = append(d.days, numberOfDay{n, means[i]})
	}
	slices.SortStableFunc(d.days, func(a, b numberOfDay) int { return cmp.Compare(a.n, b.n) })
	return d
}

func (d dayLikelihood) at(x, gradient []float64) float64 {
	r := math.Exp(x[0])
	total, rising, slope := 0.0, 0.0, 0.0 // rising: Σ ln(1 + i/r), slope: Σ 1/(r+i), over i < n
	gradient[0] = 0
	i := 0.0
	for _, day := range d.days {
		n, mu := day.n, day.mean
		for ; i < n; i++ {
			rising += math.Log1p(i / r)
			slope += 1 / (r + i)
		}
		none := math.Log1p(mu / r)
		total += rising + n*(logOr0(mu)-none) - r*none - logFactorial(n)
		gradient[0] += r * (slope - none + (mu-n)/(r+mu))
	}
	return total
}

// Check says what is wrong with arrivals given by hand or read from a file, and readies right ones for use.
func (a *Arrivals) Check() error {
	if !(a.Size >= 0) || math.IsInf(a.Size, 1) {
		return field.New("size", a.Size, "a positive number, or 0 for a Poisson process")
	}
	if len(a.Weekdays) != 7 {
		return field.New("weekdays", len(a.Weekdays), "7, Monday first")
	}
	parts := len(a.Weekdays[0].Profile)
	a.number, a.part = make([]countTable, 7), make([][]float64, 7)
	for i, w := range a.Weekdays {
		key := fmt.Sprintf("weekdays[%d]", i)
		if !(w.Mean >= 0 && w.Mean <= 5e5) {
			return field.New(key+".mean", w.Mean, "sessions a day, from 0 to 500000")
		}
		if w.Days < 0 {
			return field.New(key+".days", w.Days, "a count")
		}
		if parts == 0 || len(w.Profile) != parts {
			return field.New(key+".profile", len(w.Profile), "a share for each part of the day, as many every day")
		}
		if err := checkProbabilities(key+".profile", w.Profile, parts); err != nil {
			return err
		}
		var ok bool
		if a.number[i], ok = a.table(w.Mean); !ok {
			return field.New("size", a.Size, "days of no more than a million sessions")
		}
		a.part[i] = append([]float64{}, w.Profile...)
		cumulate(a.part[i])
	}
	return nil
}

// table is the distribution of a day's number.
func (a *Arrivals) table(mean float64) (countTable, bool) {
	return newCountTable(0, func(k int) float64 {
		x := float64(k)
		if a.Size == 0 {
			return mean / (x + 1)
		}
		return mean / (a.Size + mean) * (a.Size + x) / (x + 1)
	})
}

// Number is how many sessions a day has, by one uniform u of (0, 1). It does not allocate.
func (a *Arrivals) Number(weekday int, u float64) int { return a.number[weekday].draw(u) }

// Time is when in the day one of them begins, as a share of the day in [0, 1), by one uniform u of [0, 1). It does not allocate.
func (a *Arrivals) Time(weekday int, u float64) float64 {
	c := a.part[weekday]
	i := invert(c, u)
	before := 0.0
	if i > 0 {
		before = c[i-1]
	}
	within := (u - before) / (c[i] - before)
	return min((float64(i)+within)/float64(len(c)), math.Nextafter(1, 0))
}
