package demand

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
)

// ETS is exponential smoothing as a state-space model with a single source of error e_t (Hyndman, Koehler, Snyder & Grose
// 2002; Hyndman, Koehler, Ord & Snyder 2008): with level l, trend b, season s of period m and q_t = l_{t-1} + φb_{t-1},
//
//	season N: z_t = q_t + ε_t,                l_t = q_t + αε_t,            b_t = φb_{t-1} + βε_t
//	season A: z_t = q_t + s_{t-m} + ε_t,      the same, and                s_t = s_{t-m} + γε_t
//	season M: z_t = q_t s_{t-m} + ε_t,        ε_t/s_{t-m} in both of them, s_t = s_{t-m} + γε_t/q_t
//
// where ε_t = e_t for additive errors and ε_t = e_t·E(z_t) for multiplicative ones. Trends are none, additive or damped;
// the multiplicative trend, which forecast::ets leaves out by default too, is not offered. A missing value is taken as
// its expectation: ε_t = 0. The scale z is that of Transform. The intervals of the linear models are exact, those of the
// others simulated; neither includes the uncertainty of the estimates.
type ETS struct {
	Period int `json:"period"` // periods a season; 0 and 1 mean none, above 60 none with a warning
	// Form is the model to estimate, as error, trend and season: "MAdM" has multiplicative errors and seasons and a damped
	// additive trend. Empty lets Fit choose.
	Form string `json:"form,omitempty"`
	// Damped leaves undamped trends out of the choice. Far ahead they are seldom right (Gardner & McKenzie 1985).
	Damped bool      `json:"damped,omitempty"`
	Chosen string    `json:"chosen"`       // the form estimated
	Alpha  float64   `json:"alpha"`        // of the level, in (0, 1)
	Beta   float64   `json:"beta"`         // of the trend, in (0, α)
	Gamma  float64   `json:"gamma"`        // of the season, in (0, 1-α)
	Phi    float64   `json:"phi"`          // damping, in (0.8, 0.98) where the trend is damped and else 1
	LogLik float64   `json:"loglik"`       // as in forecast::ets: without the constant -n/2·(1 + log 2π - log n)
	AICc   float64   `json:"aicc"`         // the initial states and the variance are counted
	Start  []float64 `json:"start_states"` // before the first period: level, trend, seasons by period modulo Period
	// Least is the form with the least AICc where Fit chose a simpler one within 2 of it, and else empty.
	Least     string  `json:"least_aicc_form,omitempty"`
	LeastAICc float64 `json:"least_aicc"`
	tracker
	form etsForm
}

// etsForm is a form taken apart.
type etsForm struct {
	multiplicative bool // errors
	trend, damped  bool
	season         byte // 'N', 'A' or 'M'
}

// etsForms lists all 18.
func etsForms() []etsForm {
	var forms []etsForm
	for _, multiplicative := range []bool{false, true} {
		for _, trend := range []etsForm{{}, {trend: true}, {trend: true, damped: true}} {
			for _, season := range []byte("NAM") {
				forms = append(forms, etsForm{multiplicative, trend.trend, trend.damped, season})
			}
		}
	}
	return forms
}

func (f etsForm) String() string {
	s := "A"
	if f.multiplicative {
		s = "M"
	}
	switch {
	case f.damped:
		s += "Ad"
	case f.trend:
		s += "A"
	default:
		s += "N"
	}
	return s + string(f.season)
}

func parseETSForm(s string) (etsForm, error) {
	var names []string
	for _, f := range etsForms() {
		if f.String() == s {
			return f, nil
		}
		names = append(names, f.String())
	}
	return etsForm{}, field.New("form", fmt.Sprintf("%q", s), fmt.Sprintf("one of %q", names))
}

// linear reports whether errors enter all states linearly, with a constant spread.
func (f etsForm) linear() bool { return !f.multiplicative && f.season != 'M' }

// parameters counts the smoothing parameters and free initial states; seasons sum to a constant.
func (f etsForm) parameters(period int) int {
	n := 2
	if f.trend {
		n += 2
	}
	if f.damped {
		n++
	}
	if f.season != 'N' {
		n += period
	}
	return n
}

// maxETSPeriod bounds the number of seasonal states that are estimated. (forecast::ets stops at 24, before weeks of a year.)
const maxETSPeriod = 60

// Fit estimates the form, or chooses among the admissible ones by AICc, the simplest within 2 of the least (see Model). A series that is constant or too short
// for any form is forecast by its last value, with a warning.
func (m *ETS) Fit(s Series) error {
	z, rows, err := m.begin(s, false)
	if err != nil {
		return err
	}
	if m.Period < 0 {
		return field.New("period", m.Period, "0 or more")
	}
	forms, err := m.candidates(z)
	if err != nil {
		return err
	}
	fit := newETSFit(z, m.Period)
	var tried []etsEstimate
	for _, f := range forms {
		if e, ok := fit.estimate(f); ok {
			tried = append(tried, e)
		}
	}
	best, least, ok := chooseETS(tried)
	if !ok {
		m.Warnings = append(m.Warnings, "constant or too short a series: forecast by the last value")
		best = etsEstimate{form: etsForm{season: 'N'}, alpha: 1, phi: 1, start: []float64{fit.first}}
	} else if forms[len(forms)-1].season != 'N' && !slices.ContainsFunc(tried, func(e etsEstimate) bool { return e.form.season != 'N' }) {
		m.Warnings = append(m.Warnings, tooFew(fit.n, m.Period))
	}
	m.form, m.Chosen = best.form, best.form.String()
	m.Alpha, m.Beta, m.Gamma, m.Phi = best.alpha, best.beta, best.gamma, best.phi
	m.LogLik, m.AICc = best.logLik, best.aicc
	m.Least, m.LeastAICc = "", least.aicc
	if least.form != best.form && ok {
		m.Least = least.form.String()
	}
	m.Start = best.start
	if season := m.seasons(best.start); season != nil {
		copy(season, cyclic(season, s.Start))
	}
	m.State = slices.Clone(m.Start)
	m.finish(m, m.form.linear(), s.Start, z, rows, 0, len(best.x))
	return nil
}

// chooseETS gives, of the estimates whose AICc is within 2 of the least, which the data hardly tell apart (Burnham & Anderson
// 2002, §2.6), the one with the fewest parameters, and the one with the least AICc.
func chooseETS(tried []etsEstimate) (best, least etsEstimate, ok bool) {
	if len(tried) == 0 {
		return best, least, false
	}
	least = slices.MinFunc(tried, func(a, b etsEstimate) int { return cmp.Compare(a.aicc, b.aicc) })
	best = least
	for _, e := range tried {
		if e.aicc <= least.aicc+2 && (len(e.x) < len(best.x) || len(e.x) == len(best.x) && e.aicc < best.aicc) {
			best = e
		}
	}
	return best, least, true
}

// candidates are the forms to estimate: the one asked for, or forecast::ets's: no additive errors with multiplicative seasons
// (unstable), nothing multiplicative on a transformed scale or with values that are not positive.
func (m *ETS) candidates(z []float64) ([]etsForm, error) {
	positive := allPositive(z)
	seasonal := m.Period > 1 && m.Period <= maxETSPeriod
	if m.Form != "" {
		f, err := parseETSForm(m.Form)
		switch {
		case err != nil:
			return nil, err
		case f.season != 'N' && !seasonal:
			return nil, field.New("period", m.Period, fmt.Sprintf("2 to %d, because the form %s has seasons", maxETSPeriod, f))
		case (f.multiplicative || f.season == 'M') && !positive:
			return nil, field.New("form", m.Form, "an additive one, because the values are not all positive")
		}
		return []etsForm{f}, nil
	}
	if m.Period > maxETSPeriod {
		m.Warnings = append(m.Warnings, fmt.Sprintf("no season of %d periods is estimated: at most %d", m.Period, maxETSPeriod))
	}
	positive = positive && m.Transform == Transform{}
	return slices.DeleteFunc(etsForms(), func(f etsForm) bool {
		return f.season != 'N' && !seasonal || f.multiplicative && !positive || f.season == 'M' && !f.multiplicative || m.Damped && f.trend && !f.damped
	}), nil
}

// seasons is the part of a state that holds them.
func (m *ETS) seasons(state []float64) []float64 {
	switch {
	case m.form.season == 'N':
		return nil
	case m.form.trend:
		return state[2:]
	}
	return state[1:]
}

// level is q_t.
func (m *ETS) level(state []float64) float64 {
	if m.form.trend {
		return state[0] + float64(m.Phi*state[1])
	}
	return state[0]
}

func (m *ETS) mean(state []float64, t int, x []float64) float64 {
	q := m.level(state)
	switch season := m.seasons(state); m.form.season {
	case 'A':
		q += season[phase(t, m.Period)]
	case 'M':
		q *= season[phase(t, m.Period)]
	}
	return q
}

func (m *ETS) take(state []float64, t int, x []float64, mean, z float64) {
	e, q := z-mean, m.level(state)
	switch season := m.seasons(state); m.form.season {
	case 'A':
		season[phase(t, m.Period)] += float64(m.Gamma * e)
	case 'M':
		if s := &season[phase(t, m.Period)]; *s != 0 && q != 0 {
			e /= *s
			*s += float64(m.Gamma * (z - mean) / q)
		}
	}
	state[0] = q + float64(m.Alpha*e)
	if m.form.trend {
		state[1] = float64(m.Phi*state[1]) + float64(m.Beta*e)
	}
}

// scale turns e into ε.
func (m *ETS) scale(t int, mean float64) float64 {
	if m.form.multiplicative {
		return mean
	}
	return 1
}

// draw keeps multiplicative errors above -1, as the model demands.
func (m *ETS) draw(mean, u float64) float64 {
	e := float64(m.Sigma * portable.NormalQuantile(u))
	if m.form.multiplicative {
		return mean * (1 + max(e, -0.9999))
	}
	return mean + e
}

func (m *ETS) restore() error {
	f, err := parseETSForm(m.Chosen)
	if err != nil {
		return err
	}
	want := 1
	if f.trend {
		want++
	}
	if f.season != 'N' {
		if m.Period < 2 {
			return field.New("period", m.Period, "at least 2, because the form has seasons")
		}
		want += m.Period
	}
	if len(m.State) != want {
		return field.New("state", fmt.Sprintf("%d values", len(m.State)), fmt.Sprintf("%d of the form %s", want, f))
	}
	m.form, m.step, m.linear = f, m, f.linear()
	return nil
}
