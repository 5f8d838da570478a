package demand

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/scenarios/field"
)

// Regression is a linear equation of the transformed series on its past, the season and the regressors (see features). The
// coefficients shrink as under the Minnesota prior (Litterman 1986): those of a lag the more the older it is, those of
// the past more than those of the period itself; how much is chosen by generalised cross-validation. Large errors count
// linearly (Huber 1964), because one week of a failed delivery should not move the price effect.
//
// The intervals take the coefficients as known. Of an integrated series they are too narrow, since its root is estimated too low: of 90%
// for random walks of 120 values, 0.88 held one period ahead and 0.75 ten. Conformal intervals (see Conformal) or ARIMA are
// for such series; the same holds of Forest and LSTM.
type Regression struct {
	Period int `json:"-"` // periods a season, read by Fit
	equation
	tracker
}

// Fit estimates the coefficients (see Model). It needs 12 observed values; a season shows from two
// periods of it on, and the value a season ago from three.
func (m *Regression) Fit(s Series) error {
	d, df, err := m.equation.fit(&m.tracker, s, m.Period)
	if err != nil {
		return err
	}
	m.finish(m, true, s.Start, d.z, d.xs, d.from, df)
	return nil
}

func (m *Regression) mean(state []float64, t int, x []float64) float64 {
	var buffer [maxFeatures]float64
	row := buffer[:len(m.Coefficients)]
	m.Features.row(row, state, t, x)
	return m.predict(row)
}

func (m *Regression) take(state []float64, t int, x []float64, mean, z float64) {
	m.Features.push(state, x, z)
}

func (m *Regression) restore() error {
	if err := m.check(&m.tracker, 0); err != nil {
		return err
	}
	m.step, m.linear = m, true
	return nil
}

// equation is that of Regression, on which Forest and LSTM build.
type equation struct {
	Features     features  `json:"features"`
	Intercept    float64   `json:"intercept"`
	Coefficients []float64 `json:"coefficients"` // of the features
}

// fit estimates the equation on a series, and gives k the state before the first row. df counts the coefficients as they are worth.
func (q *equation) fit(k *tracker, s Series, period int) (d *table, df int, err error) {
	z, xs, err := k.begin(s, true)
	if err != nil {
		return nil, 0, err
	}
	if q.Features, err = featuresFor(observedCount(z), period, k.Names); err != nil {
		return nil, 0, err
	}
	d = q.Features.table(s.Start, z, xs)
	if d.constant() {
		return nil, 0, field.New("series", fmt.Sprintf("the constant %v", s.Values[d.at[0]]), "values that vary")
	}
	r := fitRidge(d.rows, d.y, q.Features.priors())
	q.Intercept, q.Coefficients = r.intercept, r.coef
	q.stabilise(d)
	k.State = append([]float64(nil), d.state...)
	return d, min(int(math.Ceil(r.df)), len(d.y)/2), nil
}

func observedCount(z []float64) int {
	n := 0
	for _, v := range z {
		if !math.IsNaN(v) {
			n++
		}
	}
	return n
}

// priors are the candidates' penalties: the past of the series and of the regressors 1, 3 or 10 times that of the season
// and the period's regressors.
func (f *features) priors() [][]float64 {
	var all [][]float64
	for _, past := range []float64{1, 3, 10} {
		p := make([]float64, f.count())
		for j := range p {
			switch now := len(f.Lags) + 2*f.Harmonics; {
			case j < len(f.Lags):
				p[j] = past * float64(j+1)
			case j < now+len(f.Regressors):
				p[j] = 1
			default:
				p[j] = past
			}
		}
		all = append(all, p)
	}
	return all
}

// stabilise draws the roots of the lag polynomial inside the unit circle where they are not, each coefficient b_l by γ^l
// (bandwidth expansion), so that forecasts far ahead do not explode; the intercept keeps the mean error at zero.
func (q *equation) stabilise(d *table) {
	if q.stationary() {
		return
	}
	for !q.stationary() {
		for i, lag := range q.Features.Lags {
			q.Coefficients[i] *= math.Pow(0.995, float64(lag))
		}
	}
	sum := 0.0
	for _, e := range d.residuals(q) {
		sum += e
	}
	q.Intercept += sum / float64(len(d.y))
}

func (q *equation) stationary() bool {
	ar := make([]float64, q.Features.reach())
	for i, lag := range q.Features.Lags {
		ar[lag-1] = q.Coefficients[i]
	}
	return toPartial(ar)
}

func (q *equation) predict(row []float64) float64 {
	sum := q.Intercept
	for j, b := range q.Coefficients {
		sum += float64(b * row[j])
	}
	return sum
}

// residuals are what the equation leaves of the table's values.
func (d *table) residuals(q *equation) []float64 {
	e := make([]float64, len(d.y))
	for i, row := range d.rows {
		e[i] = d.y[i] - q.predict(row)
	}
	return e
}

// check reports what is wrong with an equation read from a file, whose state should have so many values more than its features need.
func (q *equation) check(k *tracker, more int) error {
	if err := q.Features.check(); err != nil {
		return err
	}
	if got, want := len(q.Coefficients), q.Features.count(); got != want {
		return field.New("coefficients", got, fmt.Sprintf("%d: %q", want, q.Features.names()))
	}
	if want := q.Features.stateLen() + more; len(k.State) != want {
		return field.New("state", fmt.Sprintf("%d values", len(k.State)), fmt.Sprint(want))
	}
	if got, want := len(k.Names), len(q.Features.Regressors); got != want {
		return field.New("regressors", got, fmt.Sprintf("%d: %q", want, q.Features.Regressors))
	}
	return nil
}
