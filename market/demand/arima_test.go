package demand

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

// known makes a fitted model by writing its parameters down: coefficients in order, history empty.
func known(t testing.TB, m ARIMA, names []string, coefficients ...float64) *ARIMA {
	m.names, m.Sigma2, m.next = names, 1, 0
	all := append(m.armaNames(), m.columnNames()...)
	if len(all) != len(coefficients) {
		t.Fatalf("coefficients for %q wanted", all)
	}
	for i, c := range coefficients {
		m.Coefficients = append(m.Coefficients, Coefficient{Name: all[i], Estimate: c})
	}
	_, a, full := m.process()
	dim := full.dim()
	m.filter = filterState{process: full, mean: make([]float64, dim), gain: make([]float64, dim)}
	first := make([]float64, a.dim())
	var mo moments
	if !mo.firstColumn(&a, first) {
		t.Fatal("not stationary")
	}
	m.filter.uncertainty.reset(dim)
	m.filter.uncertainty.start(&a, first)
	return &m
}

// example is a fitted seasonal model with a regressor, on logs, with missing values up to the end.
func example(t testing.TB) (*ARIMA, Series) {
	s := Series{Start: 100, Values: make([]float64, 80), Regressors: []Regressor{Pulse("deal", 100, 80, 110, 125, 140, 150)}}
	z := normals(3, 80)
	for i := range s.Values {
		s.Values[i] = math.Exp(5 + 0.3*math.Sin(float64(i)*math.Pi/2) + 0.5*s.Regressors[0].Values[i] + 0.1*z[i])
	}
	for _, i := range []int{0, 2, 30, 31, 76, 79} {
		s.Values[i] = math.NaN()
	}
	m := &ARIMA{Order: [3]int{1, 0, 1}, Seasonal: [3]int{0, 1, 1}, Period: 4, Transform: Log(), Drift: true}
	if err := m.Fit(s); err != nil {
		t.Fatal(err)
	}
	return m, s
}

func TestLoadedModelForecastsTheSameBits(t *testing.T) {
	m, _ := example(t)
	future := []Regressor{Pulse("deal", 180, 30, 185)}
	for step := range 8 {
		data, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		var back ARIMA
		if err := json.Unmarshal(data, &back); err != nil {
			t.Fatal(err)
		}
		a, err := m.Forecast(20, 0.9, future)
		if err != nil {
			t.Fatal(err)
		}
		b, err := back.Forecast(20, 0.9, future)
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := json.Marshal(&back); !bytes.Equal(data, again) {
			t.Errorf("the loaded model writes another document:\n%s\n%s", data, again)
		}
		for i := range a.Mean {
			if a.Mean[i] != b.Mean[i] || a.Lo[i] != b.Lo[i] || a.TransformedSE[i] != b.TransformedSE[i] {
				t.Fatalf("after %d updates, step %d: %v %v, loaded %v %v", step, i, a.Mean[i], a.Lo[i], b.Mean[i], b.Lo[i])
			}
		}
		y := 150 + float64(step)
		if step == 3 {
			y = math.NaN()
		}
		if err := m.Update(y, []float64{0}); err != nil { // and go on from there
			t.Fatal(err)
		}
	}
}

// TestUpdateEqualsConditioningOnTheLongerSeries: taking observations in one by one gives the forecasts that the same
// estimates give on the whole series.
func TestUpdateEqualsConditioningOnTheLongerSeries(t *testing.T) {
	m, s := example(t)
	tail := []float64{160, math.NaN(), 170, 120, 110, 180, 190, 150}
	long := Series{Start: s.Start, Values: append(append([]float64(nil), s.Values...), tail...),
		Regressors: []Regressor{Pulse("deal", s.Start, 88, 110, 125, 140, 150, 183)}}
	whole := *m
	p, err := whole.prepare(long)
	if err != nil {
		t.Fatal(err)
	}
	whole.condition(p)
	for i, y := range tail {
		if err := m.Update(y, []float64{long.Regressors[0].Values[80+i]}); err != nil {
			t.Fatal(err)
		}
	}
	if m.Next() != 188 || whole.Next() != 188 {
		t.Fatalf("next period %d and %d, want 188", m.Next(), whole.Next())
	}
	future := []Regressor{Pulse("deal", 188, 12)}
	a, _ := m.Forecast(12, 0.95, future)
	b, _ := whole.Forecast(12, 0.95, future)
	for i := range a.Mean {
		if math.Abs(a.Mean[i]/b.Mean[i]-1) > 1e-12 || math.Abs(a.TransformedSE[i]/b.TransformedSE[i]-1) > 1e-9 {
			t.Errorf("step %d: %v ± %v by updates, %v ± %v at once", i, a.Mean[i], a.TransformedSE[i], b.Mean[i], b.TransformedSE[i])
		}
	}
}

func TestUpdateDoesNotAllocate(t *testing.T) {
	m, _ := example(t)
	x := []float64{0}
	if n := testing.AllocsPerRun(20, func() {
		if m.Update(150, x) != nil || m.Update(math.NaN(), x) != nil {
			t.Fatal("refused")
		}
	}); n != 0 {
		t.Errorf("%v allocations an update", n)
	}
}

func TestMissingValuesAtTheEndsOnlyMoveTheForecast(t *testing.T) {
	y := normals(4, 60)
	for i := 1; i < len(y); i++ {
		y[i] += 0.7 * y[i-1]
	}
	gap := []float64{math.NaN(), math.NaN(), math.NaN()}
	short, long := ARIMA{Order: [3]int{1, 0, 0}}, ARIMA{Order: [3]int{1, 0, 0}}
	if err := short.Fit(Series{Values: y}); err != nil {
		t.Fatal(err)
	}
	if err := long.Fit(Series{Start: -3, Values: append(append(gap, y...), gap...)}); err != nil {
		t.Fatal(err)
	}
	a, _ := short.Forecast(5, 0.95, nil)
	b, _ := long.Forecast(2, 0.95, nil)
	if short.LogLik != long.LogLik || b.Start != 63 || math.Abs(b.Mean[1]-a.Mean[4]) > 1e-12 || math.Abs(b.TransformedSE[1]-a.TransformedSE[4]) > 1e-12 {
		t.Errorf("likelihoods %v %v, forecasts of period 64 %v ± %v and %v ± %v", short.LogLik, long.LogLik, a.Mean[4], a.TransformedSE[4], b.Mean[1], b.TransformedSE[1])
	}
}

// TestPathsHaveTheForecastDistribution checks, over 40,000 paths and 12 periods, the mean on the data's scale (so that
// the back-transformation is unbiased), and the log mean and variance, each within 4.5 standard errors: a false alarm in
// about 1 of 4,000 runs with other seeds.
func TestPathsHaveTheForecastDistribution(t *testing.T) {
	m, _ := example(t)
	future := []Regressor{Pulse("deal", 180, 12, 183)}
	const h, paths = 12, 40000
	f, err := m.Forecast(h, 0.8, future)
	if err != nil {
		t.Fatal(err)
	}
	s, err := m.Simulator(h, future)
	if err != nil {
		t.Fatal(err)
	}
	var sum, sumSq, logs, logSq [h]float64
	inside := 0.0
	family := rng.New(1, 0).Family("paths")
	path := make([]float64, h)
	for i := range uint64(paths) {
		stream := family.At(i)
		s.Path(&stream, path)
		for k, v := range path {
			z := math.Log(v) - f.TransformedMean[k]
			sum[k] += v
			sumSq[k] += v * v
			logs[k] += z
			logSq[k] += z * z
			if v >= f.Lo[k] && v <= f.Hi[k] {
				inside++
			}
		}
	}
	for k := range h {
		mean := sum[k] / paths
		se := math.Sqrt((sumSq[k]/paths - mean*mean) / paths)
		v := f.TransformedSE[k]
		z := []float64{(mean - f.Mean[k]) / se, logs[k] / paths / (v / math.Sqrt(paths)), (logSq[k]/paths/(v*v) - 1) / math.Sqrt(2.0/paths)}
		for _, z := range z {
			if !(math.Abs(z) < 4.5) {
				t.Errorf("period %d: z of mean, log mean and log variance %.2f", k, z)
			}
		}
	}
	if share := inside / (h * paths); math.Abs(share-0.8) > 0.01 {
		t.Errorf("%.3f of the values are inside the 80%% interval", share)
	}
}

func TestPathsRepeatAndDoNotAllocate(t *testing.T) {
	m, _ := example(t)
	s, err := m.Simulator(20, []Regressor{Pulse("deal", 180, 20)})
	if err != nil {
		t.Fatal(err)
	}
	family := rng.New(7, 0).Family("paths")
	a, b := make([]float64, 20), make([]float64, 15)
	stream, again := family.At(1), family.At(1)
	s.Path(&stream, a)
	if n := testing.AllocsPerRun(10, func() { again = family.At(1); s.Path(&again, b) }); n != 0 {
		t.Errorf("%v allocations a path", n)
	}
	for i := range b {
		if a[i] != b[i] {
			t.Errorf("period %d: %v in a longer path, %v in a shorter one from the same stream", i, a[i], b[i])
		}
	}
}

func TestBadInputIsRefusedInOneClearLine(t *testing.T) {
	ok := normals(5, 40)
	with := func(i int, v float64) []float64 {
		y := append([]float64(nil), ok...)
		y[i] = v
		return y
	}
	constant, missing, trend := make([]float64, 40), make([]float64, 40), make([]float64, 40)
	for i := range constant {
		constant[i], missing[i], trend[i] = 7, math.NaN(), float64(i)
	}
	x := Regressor{"x", ok}
	for name, c := range map[string]struct {
		m    ARIMA
		s    Series
		want string
	}{
		"constant series":       {ARIMA{Order: [3]int{1, 0, 0}}, Series{Values: constant}, "no variation"},
		"constant differences":  {ARIMA{Order: [3]int{0, 1, 1}, Drift: true}, Series{Values: trend}, "no variation"},
		"empty":                 {ARIMA{}, Series{}, "no observed value"},
		"two points":            {ARIMA{Order: [3]int{1, 0, 0}}, Series{Values: ok[:2]}, "2 observed values"},
		"too few to difference": {ARIMA{Order: [3]int{0, 2, 0}}, Series{Values: ok[:2]}, "more than the 2"},
		"all missing":           {ARIMA{}, Series{Values: missing}, "no observed value"},
		"infinite value":        {ARIMA{}, Series{Start: 10, Values: with(3, math.Inf(-1))}, "period 13"},
		"huge values":           {ARIMA{}, Series{Values: with(3, 1e300)}, "within"},
		"log of zero":           {ARIMA{Transform: Log()}, Series{Values: with(3, 0)}, "positive"},
		"collinear regressors":  {ARIMA{}, Series{Values: ok, Regressors: []Regressor{{"a", trend}, {"b", trend}}}, "regressor b"},
		"constant regressor":    {ARIMA{}, Series{Values: ok, Regressors: []Regressor{{"a", constant}}}, "regressor a"},
		"differenced away":      {ARIMA{Order: [3]int{0, 2, 1}}, Series{Values: ok, Regressors: []Regressor{{"a", trend}}}, "regressor a"},
		"pulse outside":         {ARIMA{}, Series{Values: ok, Regressors: []Regressor{Pulse("p", 0, 40, 50)}}, "regressor p"},
		"perfect regressor":     {ARIMA{}, Series{Values: ok, Regressors: []Regressor{x}}, "no variation"},
		"short regressor":       {ARIMA{}, Series{Values: ok, Regressors: []Regressor{{"x", ok[:39]}}}, "39 values"},
		"missing regressor":     {ARIMA{}, Series{Values: ok, Regressors: []Regressor{{"x", with(3, math.NaN())}}}, "period 3"},
		"infinite regressor":    {ARIMA{}, Series{Values: ok, Regressors: []Regressor{{"x", with(3, math.Inf(1))}}}, "period 3"},
		"nameless regressor":    {ARIMA{}, Series{Values: ok, Regressors: []Regressor{{"", trend}}}, "without a name"},
		"reserved name":         {ARIMA{}, Series{Values: ok, Regressors: []Regressor{{"drift", trend}}}, "reserved"},
		"same name":             {ARIMA{}, Series{Values: ok, Regressors: []Regressor{{"a", trend}, {"a", ok}}}, "twice"},
		"long period":           {ARIMA{Seasonal: [3]int{0, 0, 1}, Period: 52}, Series{Values: ok}, "less than the series' 40"},
		"no period":             {ARIMA{Seasonal: [3]int{0, 0, 1}}, Series{Values: ok}, "period: found 0"},
		"season never seen":     {ARIMA{Seasonal: [3]int{0, 1, 0}, Period: 2}, Series{Values: alternate(ok)}, "season never observed"},
		"negative order":        {ARIMA{Order: [3]int{-1, 0, 0}}, Series{Values: ok}, "order p"},
		"enormous order":        {ARIMA{Order: [3]int{0, 0, 1 << 40}}, Series{Values: ok}, "order q"},
		"too many lags":         {ARIMA{Seasonal: [3]int{900, 0, 0}, Period: 900}, Series{Values: ok}, "lags"},
		"drift without d":       {ARIMA{Drift: true}, Series{Values: ok}, "d + D = 1"},
	} {
		err := c.m.Fit(c.s)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %q, want one line with %q", name, err, c.want)
		}
		if _, err := c.m.Forecast(1, 0.9, nil); err == nil {
			t.Errorf("%s: a model that failed to fit makes forecasts", name)
		}
		a := Auto{ARIMA: ARIMA{Period: c.m.Period, Transform: c.m.Transform}}
		_ = a.Fit(c.s) // whatever it says, it must not panic
	}
}

// alternate makes every other value missing.
func alternate(y []float64) []float64 {
	y = append([]float64(nil), y...)
	for i := 1; i < len(y); i += 2 {
		y[i] = math.NaN()
	}
	return append(y, 1)
}

func TestBadRequestsOfAFittedModelAreRefused(t *testing.T) {
	m, _ := example(t)
	deal := func(n int) []Regressor { return []Regressor{Pulse("deal", 180, n)} }
	bad := deal(4)
	bad[0].Values[2] = math.NaN()
	for name, err := range map[string]error{
		"horizon 0":              second(m.Forecast(0, 0.9, deal(4))),
		"enormous horizon":       second(m.Forecast(1<<40, 0.9, deal(4))),
		"coverage 1":             second(m.Forecast(4, 1, deal(4))),
		"coverage NaN":           second(m.Forecast(4, math.NaN(), deal(4))),
		"no regressors":          second(m.Forecast(4, 0.9, nil)),
		"short regressors":       second(m.Forecast(5, 0.9, deal(4))),
		"misnamed regressor":     second(m.Forecast(4, 0.9, []Regressor{Pulse("sale", 180, 4)})),
		"missing regressor":      second(m.Simulator(4, bad)),
		"simulation":             second(m.Simulate(nil, 0, deal(4))),
		"update out of domain":   m.Update(-1, []float64{0}),
		"update infinite":        m.Update(math.Inf(1), []float64{0}),
		"update without x":       m.Update(100, nil),
		"update with infinite x": m.Update(100, []float64{math.Inf(1)}),
		"not fitted":             new(ARIMA).Update(1, nil),
		"not fitted to JSON":     second(json.Marshal(new(ARIMA))),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if m.Next() != 180 {
		t.Error("a refused update moved the model on")
	}
}

func second[T any](_ T, err error) error { return err }

func FuzzLoad(f *testing.F) {
	m, _ := example(f)
	good, err := json.Marshal(m)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	for _, cut := range []struct{ old, new string }{{`"order":[1,`, `"order":[900,`}, {`"sigma2":`, `"sigma2":-`}, {`"estimate":`, `"estimate":9`},
		{`"mean":[`, `"mean":[null,`}, {`"covariance":[[`, `"covariance":[[[`}, {`"period":4`, `"period":-4`}, {`"next":`, `"nxt":`}} {
		f.Add(bytes.Replace(good, []byte(cut.old), []byte(cut.new), 1))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var m ARIMA
		if m.UnmarshalJSON(data) != nil {
			return
		}
		future := make([]Regressor, len(m.names))
		for i, name := range m.names {
			future[i] = Pulse(name, 0, 3)
		}
		if _, err := m.Forecast(3, 0.9, future); err != nil {
			t.Errorf("a model that loads does not forecast: %v", err)
		}
		if err := m.Update(1, make([]float64, len(future))); err != nil {
			t.Errorf("a model that loads takes no update: %v", err)
		}
		if _, err := json.Marshal(&m); err != nil {
			t.Errorf("a model that loads cannot be written: %v", err)
		}
	})
}

// FuzzFit: whatever the series and the order, a fit is an error or a model all of whose figures are numbers (standard
// errors aside, which may not exist).
func FuzzFit(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 4, 3, 2, 1, 9, 8, 7}, uint16(0x111), uint8(0), 1.0)
	f.Add([]byte{7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7}, uint16(0x101), uint8(1), 1e9)
	f.Add([]byte{1, 255, 3, 255, 5, 255, 3, 255, 1, 9, 8, 7, 1, 2, 3, 4}, uint16(0x1101), uint8(6), 1e-9)
	f.Add([]byte{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2}, uint16(0x212), uint8(8), 1e300)
	f.Fuzz(func(t *testing.T, data []byte, order uint16, flags uint8, unit float64) {
		if len(data) > 60 {
			return
		}
		s := Series{Values: make([]float64, len(data))}
		x := Regressor{"x", make([]float64, len(data))}
		for i, b := range data {
			s.Values[i], x.Values[i] = float64(b)*unit, float64(b%5)
			if b == 255 {
				s.Values[i] = math.NaN()
			}
		}
		bit := func(i int) int { return int(order >> i & 1) }
		m := ARIMA{Order: [3]int{int(order & 3), bit(4), int(order >> 8 & 3)}, Seasonal: [3]int{bit(12), bit(13), bit(14)}, Period: 4}
		m.Drift = flags&1 != 0 && m.Order[1]+m.Seasonal[1] == 1
		var future []Regressor
		if flags&2 != 0 {
			s.Regressors, future = []Regressor{x}, []Regressor{{"x", []float64{1, 2, 3}}}
		}
		if flags&4 != 0 {
			m.Transform = BoxCox(float64(flags>>3&7)/2 - 1)
		}
		if m.Fit(s) != nil {
			return
		}
		forecast, err := m.Forecast(3, 0.9, future)
		if err != nil {
			t.Fatal(err)
		}
		figures := append([]float64{m.LogLik, m.Sigma2, m.AIC, m.BIC}, forecast.TransformedMean...)
		figures = append(figures, forecast.TransformedSE...)
		for _, c := range m.Coefficients {
			figures = append(figures, c.Estimate)
		}
		for _, v := range figures {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				t.Fatalf("%v%v: log-likelihood %v, σ² %v, coefficients %v, forecast %v ± %v", m.Order, m.Seasonal, m.LogLik, m.Sigma2,
					m.Coefficients, forecast.TransformedMean, forecast.TransformedSE)
			}
		}
		if math.IsNaN(forecast.Mean[2]) {
			t.Fatalf("mean %v of %v ± %v", forecast.Mean, forecast.TransformedMean, forecast.TransformedSE)
		}
	})
}

func TestRegressorsFollowTheCalendar(t *testing.T) {
	p := Pulse("p", 10, 5, 9, 10, 14, 15)
	if want := []float64{1, 0, 0, 0, 1}; !slices.Equal(p.Values, want) {
		t.Errorf("pulse %v, want %v", p.Values, want)
	}
	whole, part := Fourier(365.25/7, 2, 1, 60), Fourier(365.25/7, 2, 41, 20)
	for i := range whole {
		if whole[i].Name != part[i].Name || !slices.Equal(whole[i].Values[40:], part[i].Values) {
			t.Errorf("%s: the harmonics of weeks 41 to 60 depend on where the horizon starts", whole[i].Name)
		}
	}
}
