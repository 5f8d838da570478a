package stats

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/souk-sim/souk/scenarios/data/shared"
	"github.com/souk-sim/souk/sim/rng"
)

// glmCase is a model of demand_regressions_R.json with its data.
type glmCase struct {
	ID, Family           string
	N                    int
	Coef, SE             map[string]float64
	HC0                  map[string]float64 `json:"se_HC0"`
	LogLik               float64            `json:"loglik"`
	Deviance, AIC, Theta float64
	Pearson              float64 `json:"pearson_dispersion"`
	ThetaSE              float64 `json:"se_theta"`

	family  Family
	y       []float64
	columns [][]float64
	names   []string
}

func glmCases(t testing.TB) []*glmCase {
	var doc struct{ Models []json.RawMessage }
	raw, err := os.ReadFile(shared.Path(t, "oracle/demand_regressions_R.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	beer, detailing := columns(t, shared.Path(t, "data/store/beer_top8.csv")), columns(t, shared.Path(t, "data/store/detailing_counts.csv"))
	var cases []*glmCase
	for _, m := range doc.Models {
		var c glmCase
		if json.Unmarshal(m, &c) != nil || c.Family == "" {
			continue
		}
		c.names = []string{"(Intercept)"}
		switch {
		case strings.Contains(c.ID, "_nb"):
			c.family = NegativeBinomial
		case strings.Contains(c.ID, "_logit"):
			c.family = Binomial
		}
		switch {
		case strings.HasPrefix(c.ID, "beer"):
			c.beer(beer)
		case strings.HasPrefix(c.ID, "detailing"):
			c.y = detailing["scripts"]
			c.names = append(c.names, "detailing", "log(lagged_scripts + 1)")
			lagged := make([]float64, len(c.y))
			for i, v := range detailing["lagged_scripts"] {
				lagged[i] = math.Log(v + 1)
			}
			c.columns = [][]float64{ones(len(c.y)), detailing["detailing"], lagged}
		case c.ID == "osi_logit":
			path := shared.Path(t, "data/clickstream/online_shoppers_intention.csv")
			c.shoppers(columns(t, path, "ProductRelated", "ProductRelated_Duration", "BounceRates", "ExitRates", "PageValues", "SpecialDay"), records(t, path))
		}
		if len(c.y) != c.N {
			t.Fatalf("%s: %d rows, R had %d", c.ID, len(c.y), c.N)
		}
		cases = append(cases, &c)
	}
	return cases
}

// beer takes the rows of UPC 3410057306, of one store or of all with their fixed effects.
func (c *glmCase) beer(data map[string][]float64) {
	var stores, lp, of []float64
	for i, upc := range data["UPC"] {
		store := data["STORE"][i]
		if upc == 3410057306 && (strings.HasSuffix(c.ID, "FE") || strings.HasSuffix(c.ID, fmt.Sprintf("_store%v", store))) {
			c.y, lp, of = append(c.y, data["MOVE"][i]), append(lp, math.Log(data["PRICE"][i])), append(of, store)
			if !slices.Contains(stores, store) {
				stores = append(stores, store)
			}
		}
	}
	c.columns, c.names = [][]float64{ones(len(c.y)), lp}, append(c.names, "lp")
	slices.Sort(stores)
	for _, store := range stores[1:] {
		dummy := make([]float64, len(of))
		for i := range of {
			if of[i] == store {
				dummy[i] = 1
			}
		}
		c.columns, c.names = append(c.columns, dummy), append(c.names, fmt.Sprint("store ", store))
	}
}

func (c *glmCase) shoppers(data map[string][]float64, text [][]string) {
	n := len(text) - 1
	indicator := func(column, value string) []float64 {
		at := slices.Index(text[0], column)
		x := make([]float64, n)
		for i, row := range text[1:] {
			if strings.EqualFold(row[at], value) {
				x[i] = 1
			}
		}
		return x
	}
	log1p := func(column string) []float64 {
		x := make([]float64, n)
		for i, v := range data[column] {
			x[i] = math.Log1p(v)
		}
		return x
	}
	c.y = indicator("Revenue", "true")
	c.names = append(c.names, "log1p(ProductRelated)", "log1p(ProductRelated_Duration)", "BounceRates", "ExitRates", "log1p(PageValues)", "SpecialDay", "wk", "ret", "nov")
	c.columns = [][]float64{ones(n), log1p("ProductRelated"), log1p("ProductRelated_Duration"), data["BounceRates"], data["ExitRates"], log1p("PageValues"),
		data["SpecialDay"], indicator("Weekend", "true"), indicator("VisitorType", "Returning_Visitor"), indicator("Month", "Nov")}
}

// TestGeneralisedLinearModelsAgreeWithR compares with R 4.2.2's glm, MASS 7.3-58.2's glm.nb and sandwich 3.0.2 on three
// published data sets.
func TestGeneralisedLinearModelsAgreeWithR(t *testing.T) {
	for _, c := range glmCases(t) {
		t.Run(c.ID, func(t *testing.T) {
			fit, err := FitGLM(c.family, c.y, dense(c.columns), nil, c.names)
			if err != nil {
				t.Fatal(err)
			}
			if !fit.Converged || len(fit.Warnings) > 0 {
				t.Errorf("converged %v, warnings %q", fit.Converged, fit.Warnings)
			}
			classical, robust := StandardErrors(fit.Classical()), StandardErrors(fit.Robust())
			for i, name := range c.names {
				want, listed := c.Coef[name]
				if !listed {
					continue // store effects
				}
				near(t, name, []float64{fit.Coef[i], classical[i]}, []float64{want, c.SE[name]}, 1e-6)
				if c.HC0 != nil {
					near(t, name+", robust", robust[i:i+1], []float64{c.HC0[name]}, 1e-6)
				}
			}
			near(t, "log-likelihood and deviance", []float64{fit.LogLik, fit.Deviance}, []float64{c.LogLik, c.Deviance}, 1e-6)
			if c.family == NegativeBinomial {
				near(t, "θ", []float64{1 / fit.Alpha}, []float64{c.Theta}, 1e-6)
				// glm.nb takes its standard error one step before theta.ml's end; theta.ml(..., eps = 1e-13) agrees to 1e-11.
				near(t, "standard error of θ", []float64{fit.AlphaSE / (fit.Alpha * fit.Alpha)}, []float64{c.ThetaSE}, 1e-5)
			} else {
				near(t, "AIC, dispersion", []float64{fit.AIC, fit.Pearson}, []float64{c.AIC, c.Pearson}, 1e-6)
			}
		})
	}
}

func TestAnOffsetIsARegressorWithCoefficientOne(t *testing.T) {
	stream := rng.New(1, 0).Family("offset").At()
	const n = 400
	y, x, exposure := make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range n {
		x[i], exposure[i] = stream.Normal(), math.Log(1+9*stream.Float64())
		y[i] = math.Floor(math.Exp(0.5+0.3*x[i]+exposure[i]) * (0.5 + stream.Float64()))
	}
	for _, family := range []Family{Poisson, NegativeBinomial} {
		fit, err := FitGLM(family, y, dense([][]float64{ones(n), x}), exposure, []string{"1", "x"})
		if err != nil {
			t.Fatal(err)
		}
		shifted := make([]float64, n)
		for i := range shifted {
			shifted[i] = exposure[i] + 0.2 + 0.1*x[i]
		}
		again, err := FitGLM(family, y, dense([][]float64{ones(n), x}), shifted, []string{"1", "x"})
		if err != nil {
			t.Fatal(err)
		}
		near(t, "coefficients", []float64{again.Coef[0] + 0.2, again.Coef[1] + 0.1, again.LogLik}, []float64{fit.Coef[0], fit.Coef[1], fit.LogLik}, 1e-9)
		score := 0.0
		for i, mu := range fit.Mean {
			score += (y[i] - mu) / (1 + fit.Alpha*mu)
		}
		if math.Abs(score) > 1e-5 {
			t.Errorf("the derivative by the constant is %v at the maximum", score)
		}
	}
}

// The sums and series of the negative binomial's likelihood against its definition by gamma functions, and against
// difference quotients.
func TestOverdispersionLikelihood(t *testing.T) {
	y, mean := []float64{0, 1, 3, 7, 7, 40}, []float64{0.2, 1.5, 3, 5, 11, 20}
	o := newOverdispersion(y)
	loglik := func(alpha float64) float64 {
		sum := o.rising(alpha)
		for i, mu := range mean {
			sum += NegativeBinomial.kernel(math.Log(mu), mu, y[i], alpha)
		}
		return sum
	}
	for _, alpha := range []float64{1e-4, 1.1e-3, 0.01, 0.3, 5} {
		theta, want := 1/alpha, 0.0
		for i, mu := range mean {
			a, _ := math.Lgamma(y[i] + theta)
			b, _ := math.Lgamma(theta)
			want += a - b + theta*math.Log(theta/(theta+mu)) + y[i]*math.Log(mu/(theta+mu))
		}
		near(t, fmt.Sprint("log-likelihood at α = ", alpha), []float64{loglik(alpha)}, []float64{want}, 1e-9)
		first, second := o.derivatives(alpha, mean)
		h := 1e-4 * alpha
		up, _ := o.derivatives(alpha+h, mean)
		down, _ := o.derivatives(alpha-h, mean)
		near(t, fmt.Sprint("derivatives at α = ", alpha), []float64{first, second},
			[]float64{(loglik(alpha+h) - loglik(alpha-h)) / (2 * h), (up - down) / (2 * h)}, 1e-5)
	}
}

func TestCountsWithoutOverdispersionArePoisson(t *testing.T) {
	y := []float64{3, 4, 3, 4, 3, 4, 3, 3}
	fit, err := FitGLM(NegativeBinomial, y, dense([][]float64{ones(len(y))}), nil, []string{"1"})
	if err != nil {
		t.Fatal(err)
	}
	poisson, err := FitGLM(Poisson, y, dense([][]float64{ones(len(y))}), nil, []string{"1"})
	if err != nil {
		t.Fatal(err)
	}
	if fit.Alpha != 0 || len(fit.Warnings) != 1 || !fit.Converged {
		t.Errorf("α %v, warnings %q", fit.Alpha, fit.Warnings)
	}
	near(t, "mean, log-likelihood", []float64{fit.Mean[0], fit.LogLik}, []float64{27.0 / 8, poisson.LogLik}, 1e-12)
}

func TestSeparationIsNamed(t *testing.T) {
	// In group b nothing was ever sold; above 3 everybody buys.
	counts, b := []float64{3, 5, 2, 4, 0, 0, 0}, []float64{0, 0, 0, 0, 1, 1, 1}
	x, buys := []float64{1, 2, 2.5, 2.9, 3.5, 4, 5}, []float64{0, 0, 0, 0, 1, 1, 1}
	for _, c := range []struct {
		family Family
		y, x   []float64
	}{{Poisson, counts, b}, {NegativeBinomial, counts, b}, {Binomial, buys, x}} {
		fit, err := FitGLM(c.family, c.y, dense([][]float64{ones(len(c.y)), c.x}), nil, []string{"1", "b"})
		if err != nil {
			t.Fatal(err)
		}
		last := ""
		if n := len(fit.Warnings); n > 0 {
			last = fit.Warnings[n-1]
		}
		if fit.Converged || !strings.HasPrefix(last, "separated") || !strings.HasSuffix(last, "b") {
			t.Errorf("family %v: converged %v, warnings %q", c.family, fit.Converged, fit.Warnings)
		}
		if se := StandardErrors(fit.Classical()); !(se[1] > 100) {
			t.Errorf("family %v: standard error %v of a coefficient without bound", c.family, se[1])
		}
		for i, mu := range fit.Mean {
			if c.family != Binomial && c.x[i] == 0 && math.Abs(mu-3.5) > 1e-6 {
				t.Errorf("the other group's mean is %v", mu)
			}
		}
	}
	silent, err := FitGLM(NegativeBinomial, make([]float64, 7), dense([][]float64{ones(7)}), nil, []string{"1"})
	if err != nil || silent.Converged || silent.Alpha != 0 || !(math.Abs(silent.LogLik) < 1e-9) {
		t.Errorf("zeros only: %v, %+v", err, silent)
	}
	// With the silent group as the base, every other coefficient runs away with the constant.
	a := []float64{1, 1, 1, 1, 0, 0, 0}
	fit, err := FitGLM(Poisson, counts, dense([][]float64{ones(7), a}), nil, []string{"1", "a"})
	if err != nil {
		t.Fatal(err)
	}
	if fit.Converged || len(fit.Warnings) != 1 || !strings.HasSuffix(fit.Warnings[0], "1, a") {
		t.Errorf("converged %v, warnings %q", fit.Converged, fit.Warnings)
	}
}

func TestGeneralisedLinearModelsRefuseWhatTheyCannotFit(t *testing.T) {
	x, y := []float64{1, 2, 3, 5, 8}, []float64{1, 0, 3, 2, 9}
	c := ones(5)
	for name, run := range map[string]struct {
		family  Family
		y       []float64
		columns [][]float64
		offset  []float64
		says    string
	}{
		"collinear":         {Poisson, y, [][]float64{c, x, x}, nil, "c2"},
		"nearly collinear":  {NegativeBinomial, y, [][]float64{c, {1, 1, 1, 1 + 1e-8, 1}}, nil, "c1"},
		"a zero column":     {Poisson, y, [][]float64{c, make([]float64, 5)}, nil, "c1"},
		"negative":          {Poisson, []float64{1, 2, -1, 3, 4}, [][]float64{c, x}, nil, "row 2"},
		"a fraction":        {NegativeBinomial, []float64{1, 2, 1.5, 3, 4}, [][]float64{c, x}, nil, "row 2"},
		"too large":         {NegativeBinomial, []float64{1, 2, 1e9, 3, 4}, [][]float64{c, x}, nil, "row 2"},
		"not 0 or 1":        {Binomial, []float64{0, 1, 2, 1, 0}, [][]float64{c, x}, nil, "row 2"},
		"missing":           {Poisson, []float64{0, 1, math.NaN(), 1, 0}, [][]float64{c, x}, nil, "row 2"},
		"infinite offset":   {Poisson, y, [][]float64{c, x}, []float64{0, 0, math.Inf(1), 0, 0}, "offset in row 2"},
		"a short offset":    {Poisson, y, [][]float64{c, x}, c[:4], "offset"},
		"too few responses": {Poisson, y[:4], [][]float64{c, x}, nil, "rows"},
	} {
		names := make([]string, len(run.columns))
		for i := range names {
			names[i] = fmt.Sprint("c", i)
		}
		_, err := FitGLM(run.family, run.y, dense(run.columns), run.offset, names)
		if err == nil || !strings.Contains(err.Error(), run.says) {
			t.Errorf("%s: error %v, want one that names %s", name, err, run.says)
		}
	}
}

// Store fixed effects of 14,076 store-weeks and 69 coefficients. R 4.2.2 takes 0.29 s for glm and 1.5 s for glm.nb.
func BenchmarkFitGLM(b *testing.B) {
	for _, c := range glmCases(b) {
		if !strings.HasSuffix(c.ID, "FE") && c.family != Binomial {
			continue
		}
		b.Run(c.ID, func(b *testing.B) {
			x := dense(c.columns)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := FitGLM(c.family, c.y, x, nil, c.names); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(c.N)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
