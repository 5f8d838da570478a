package report

import (
	"bytes"
	"flag"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/sim/rng"
	"gonum.org/v1/plot/vg"
)

var gallery = flag.String("gallery", "", "write the tests' pictures to this folder, to look at them")

// samples are pictures such as a run of canned-tuna leaves, from made-up numbers.
func samples() map[string]interface{ Picture() (*Picture, error) } {
	random := rng.New(1, 0).Family("samples").At()
	curve := func(name string, from, to, rate float64) Curve {
		c := Curve{Name: name}
		for range 4 {
			var s []float64
			for e := range 4000 {
				s = append(s, to+(from-to)*math.Exp(-float64(e)/rate)+30*random.Normal())
			}
			c.Seeds = append(c.Seeds, s)
		}
		return c
	}
	learning := &LearningCurves{
		Title: "Learning to price tuna", Subtitle: "Category profit of one store, by training episode of 52 weeks", Y: "profit a week, $",
		Curves:     []Curve{curve("Q-learning", 360, 452, 900), curve("SARSA", 355, 448, 1200)},
		References: []Reference{{"best fixed price", 418}, {"best cycle", 451}, {"optimum", 455}},
	}
	return map[string]interface{ Picture() (*Picture, error) }{
		"learning": learning, "prices": samplePrices(&random), "policy": samplePolicy(), "comparison": sampleComparison(), "leaderboard": sampleLeaderboard(),
		"residuals": sampleResiduals(&random), "twins": sampleTwins(), "progress": sampleProgress(),
		"profiles": sampleProfiles(&random), "aggregates": sampleAggregates(&random),
	}
}

func sampleProgress() *Progress {
	l := &Progress{Title: "Learning", Subtitle: "deadline", X: "training episode", Y: "value of the greedy policy, % of the optimum",
		References: []Reference{{"best-fixed", 96.6}, {"optimum", 100}}, Caption: "Bands: 95% intervals."}
	for i, name := range []string{"q-learning", "sarsa"} {
		e := Estimates{Name: name}
		for k := range 20 {
			x := math.Exp2(float64(k) / 2)
			y, by := 100-30/(1+x/50)-float64(i), 4/math.Sqrt(x)
			e.X, e.Value, e.Low, e.High = append(e.X, x), append(e.Value, y), append(e.Low, y-by), append(e.High, y+by)
		}
		l.Curves = append(l.Curves, e)
	}
	return l
}

func sampleTwins() *Twins {
	return &Twins{Title: "shop: synthetic customers are hardly to be told from real ones", Subtitle: "bgnbd; 1178 fitted, 1179 held out, 1179 synthetic", Limit: 0.6,
		AUC:       []Estimate{{"synthetic against held out", 0.553, 0.53, 0.576, true}, {"real against real", 0.497, 0.474, 0.52, false}},
		Distances: []Distance{{"share who came back", -1.2, 0.4}, {"repeat purchases per customer", 3.1, -0.7}, {"money per purchase", math.NaN(), 1.1}},
		Distributions: []Distribution{{"repeat purchases, share of customers", []string{"0", "1", "2", "3+"}, []float64{0.55, 0.2, 0.1, 0.15}, []float64{0.58, 0.18, 0.11, 0.13}},
			{"purchases by week", []string{"1", "2", "3"}, []float64{0.2, 0.1, 0.05}, []float64{0.25, math.NaN(), 0.04}}}}
}

func sampleResiduals(random *rng.Stream) *Residuals {
	l := &Residuals{Title: "Residuals of ARIMA(0,1,1)(0,1,1)[12]", Subtitle: "log of airline passengers; Ljung–Box p = 0.23 at 24 lags, Jarque–Bera p = 0.06",
		X: "month", Y: "residual of the log", Bound: 1.96 / 12}
	for t := range 144 {
		l.Time, l.Values = append(l.Time, float64(t+1)), append(l.Values, 0.036*random.Normal())
	}
	l.Values[60], l.Values[62] = math.NaN(), math.NaN()
	for range 24 {
		l.ACF, l.PACF = append(l.ACF, random.Normal()/12), append(l.PACF, random.Normal()/12)
	}
	return l
}

func samplePrices(random *rng.Stream) *PricePaths {
	paths := &PricePaths{Title: "What the learned policy does, and what the chain did", Subtitle: "Star-Kist 6 oz, test weeks 319 to 370",
		X: "week", Y: "shelf price, $", Deals: "a rival on deal"}
	for _, name := range []string{"Q-learning", "the chain's own prices"} {
		p := PricePath{Name: name}
		r := 0.85
		for w := range 52 {
			price := 0.97
			if w%3 == 2 && name == "Q-learning" || random.Float64() < 0.25 && name != "Q-learning" {
				price = 0.68 + 0.04*math.Floor(3*random.Float64())
			}
			p.Time, p.Price, p.Reference = append(p.Time, float64(319+w)), append(p.Price, price), append(p.Reference, r)
			p.RivalDeal = append(p.RivalDeal, random.Float64() < 0.3)
			r = 0.3*r + 0.7*price
		}
		if name != "Q-learning" {
			p.Price[20], p.Reference[20] = math.NaN(), math.NaN()
		}
		paths.Paths = append(paths.Paths, p)
	}
	return paths
}

func samplePolicy() *PolicyLines {
	l := &PolicyLines{Title: "The learned policy", Subtitle: "Q-learning, seed 1: what to charge, given what shoppers are used to",
		X: "reference price, $", Y: "price, $", Diagonal: "price = reference price"}
	calm, deal := PolicyLine{Name: "no rival on deal"}, PolicyLine{Name: "a rival on deal"}
	for b := range 40 {
		r := 0.55 + 0.0105*float64(b)
		l.Feature = append(l.Feature, r)
		at, other := 0.97, 0.97
		if r > 0.86 {
			at = 0.68 + 0.035*math.Floor(float64(b-30)/3)
		}
		if r > 0.9 {
			other = 0.72
		}
		calm.Price, deal.Price = append(calm.Price, at), append(deal.Price, other)
		calm.Known, deal.Known = append(calm.Known, b > 5), append(deal.Known, b > 9)
	}
	l.Lines = []PolicyLine{calm, deal}
	return l
}

func sampleComparison() *Comparison {
	return &Comparison{
		Title: "Weekly profit on customers that training never met", Subtitle: "Every policy meets the same customers", X: "category profit a week, $",
		Caption: "Bars: 95% intervals over 4 training seeds and 200 evaluation paths.",
		Estimates: []Estimate{
			{Name: "optimum, upper bound", Value: 471, Low: 463, High: 479}, {Name: "optimum, lower bound", Value: 455.2, Low: 447, High: 463},
			{Name: "Q-learning", Value: 453.1, Low: 445, High: 461, Learned: true}, {Name: "SARSA", Value: 449.7, Low: 442, High: 457.5, Learned: true},
			{Name: "best cycle", Value: 451, Low: 443, High: 459}, {Name: "best fixed price", Value: 418.4, Low: 411, High: 426},
			{Name: "history", Value: 409, Low: 399, High: 419}, {Name: "cost-plus", Value: 391, Low: 384, High: 398}, {Name: "random", Value: 352, Low: 345, High: 359},
		},
	}
}

// sampleScores are normalised scores of three markets × 10 seeds.
func sampleScores(random *rng.Stream) (names []string, tables []stats.Table) {
	names = []string{"q-learning", "sarsa", "ppo", "dqn", "best cycle", "cost-plus", "markdown-20"}
	for i := range names {
		table := make(stats.Table, 3)
		for k := range table {
			for range 10 {
				table[k] = append(table[k], []float64{0.9 - 0.15*float64(i) + 0.05*float64(k) + (0.1+0.05*float64(i%3))*random.Normal()})
			}
		}
		tables = append(tables, table)
	}
	return names, tables
}

var sampleBootstrap = stats.Bootstrap{Resamples: 500, Level: 0.95, Streams: rng.New(1, 0).Family("bootstrap")}

func sampleProfiles(random *rng.Stream) *Profiles {
	l := &Profiles{Title: "How often each policy scores what", Subtitle: "3 markets × 10 training seeds, all on the same customers",
		X: "normalised score", Marks: []Reference{{"best fixed price", 0}, {"optimum", 1}}, Caption: "Bands: 95% intervals at each score, stratified bootstrap."}
	names, tables := sampleScores(random)
	for i, name := range names {
		e := Estimates{Name: name}
		for x := -0.4; x <= 1.3; x += 0.01 {
			e.X = append(e.X, x)
		}
		profile, err := sampleBootstrap.Profile(tables[i], e.X)
		if err != nil {
			panic(err)
		}
		for _, v := range profile {
			e.Value, e.Low, e.High = append(e.Value, v.Value), append(e.Low, v.Low), append(e.High, v.High)
		}
		l.Curves = append(l.Curves, e)
	}
	return l
}

func sampleAggregates(random *rng.Stream) *Aggregates {
	l := &Aggregates{Title: "Normalised scores", Subtitle: "3 markets × 10 training seeds; 0: best fixed price, 1: optimum",
		Caption: "Bars: 95% intervals, stratified bootstrap (BCa) of 10,000 resamples."}
	names, tables := sampleScores(random)
	all, err := sampleBootstrap.Stratified(tables, stats.Mean, stats.InterquartileMean, stats.Median, func(x []float64) float64 { return stats.OptimalityGap(x, 1) })
	if err != nil {
		panic(err)
	}
	for j, statistic := range []string{"mean", "interquartile mean", "median", "optimality gap"} {
		c := Statistic{Name: statistic, From: -0.2, To: 0.9}
		for i, name := range names {
			e := all[i][j].Percentile()
			c.Estimates = append(c.Estimates, Estimate{name, e.Value, e.Low, e.High, i < 4})
		}
		l.Statistics = append(l.Statistics, c)
	}
	return l
}

func sampleLeaderboard() *Leaderboard {
	l := &Leaderboard{Title: "Which model forecasts customers best", Subtitle: "canned-tuna, 17 origins in weeks 239 to 318", Score: "MASE (less is better)",
		Caption: "Bars: 95% intervals over origins."}
	for i, name := range []string{"combination", "theta", "ets", "arima", "regression", "seasonal-naive", "naive"} {
		s := Standing{Estimate: Estimate{Name: name, Learned: i == 0}}
		for h := range 13 {
			s.Ahead = append(s.Ahead, (0.5+0.04*float64(i))*(1+0.06*float64(h)))
			s.Value += s.Ahead[h] / 13
		}
		s.Ahead[4] = math.NaN()
		s.Low, s.High = s.Value-0.08, s.Value+0.08
		l.Standings = append(l.Standings, s)
	}
	return l
}

func TestPicturesHaveTheSameBytesEveryTime(t *testing.T) {
	draw := func() map[string][]byte {
		all := make(map[string][]byte)
		for name, sample := range samples() {
			p, err := sample.Picture()
			if err != nil {
				t.Fatal(err)
			}
			var svg, image bytes.Buffer
			if err := p.SVG(&svg); err != nil {
				t.Fatal(err)
			}
			if err := p.PNG(&image); err != nil {
				t.Fatal(err)
			}
			all[name+".svg"], all[name+".png"] = svg.Bytes(), image.Bytes()
		}
		return all
	}
	first := draw()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for name, data := range draw() {
		if !bytes.Equal(data, first[name]) {
			t.Errorf("%s differs from one time to the next", name)
		}
		if strings.HasSuffix(name, ".png") {
			if c, err := png.DecodeConfig(bytes.NewReader(data)); err != nil || c.Width != 1600 {
				t.Errorf("%s is %d pixels wide, %v", name, c.Width, err)
			}
		} else if len(data) > 200_000 {
			t.Errorf("%s has %d bytes", name, len(data))
		}
		if *gallery != "" {
			if err := os.WriteFile(filepath.Join(*gallery, name), data, 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestBadInputIsRefused(t *testing.T) {
	nan := math.NaN()
	cases := []struct {
		name   string
		sample interface{ Picture() (*Picture, error) }
	}{
		{"no curve", &LearningCurves{}},
		{"no seed", &LearningCurves{Curves: []Curve{{Name: "a"}}}},
		{"no episode", &LearningCurves{Curves: []Curve{{Seeds: [][]float64{{}}}}}},
		{"a gap in a curve", &LearningCurves{Curves: []Curve{{Seeds: [][]float64{{1, nan}}}}}},
		{"no path", &PricePaths{}},
		{"an empty path", &PricePaths{Paths: []PricePath{{}}}},
		{"prices missing", &PricePaths{Paths: []PricePath{{Time: []float64{1, 2}, Price: []float64{1}}}}},
		{"an infinite price", &PricePaths{Paths: []PricePath{{Time: []float64{1}, Price: []float64{math.Inf(1)}}}}},
		{"deals missing", &PricePaths{Paths: []PricePath{{Time: []float64{1, 2}, Price: []float64{1, 2}, RivalDeal: []bool{true}}}}},
		{"no line", &PolicyLines{}},
		{"a short line", &PolicyLines{Feature: []float64{1, 2}, Lines: []PolicyLine{{Price: []float64{1}}}}},
		{"no estimate", &Comparison{}},
		{"a value outside its interval", &Comparison{Estimates: []Estimate{{Value: 3, Low: 1, High: 2}}}},
		{"no residual", &Residuals{Time: []float64{1}, Values: []float64{nan}, ACF: []float64{0}, PACF: []float64{0}}},
		{"residuals without time", &Residuals{Values: []float64{1, 2}, ACF: []float64{0}, PACF: []float64{0}}},
		{"time runs back", &Residuals{Time: []float64{2, 1}, Values: []float64{1, 2}, ACF: []float64{0}, PACF: []float64{0}}},
		{"no autocorrelation", &Residuals{Time: []float64{1}, Values: []float64{2}}},
		{"no partial autocorrelation", &Residuals{Time: []float64{1}, Values: []float64{2}, ACF: []float64{0}}},
		{"no bound", &Residuals{Time: []float64{1}, Values: []float64{2}, ACF: []float64{0}, PACF: []float64{0}, Bound: nan}},
		{"NaN", &Comparison{Estimates: []Estimate{{Value: nan}}}},
		{"no standing", &Leaderboard{}},
		{"no profile", &Profiles{}},
		{"an empty profile", &Profiles{Curves: []Estimates{{}}}},
		{"thresholds that fall", &Profiles{Curves: []Estimates{{X: []float64{2, 1}, Value: []float64{0, 1}, Low: []float64{0, 1}, High: []float64{0, 1}}}}},
		{"a share above one", &Profiles{Curves: []Estimates{{X: []float64{1}, Value: []float64{2}, Low: []float64{1}, High: []float64{2}}}}},
		{"no statistic", &Aggregates{}},
		{"statistics of other policies", &Aggregates{Statistics: []Statistic{{Estimates: []Estimate{{Name: "a"}}}, {Estimates: []Estimate{{Name: "b"}}}}}},
		{"statistics of fewer policies", &Aggregates{Statistics: []Statistic{{Estimates: []Estimate{{}, {}}}, {Estimates: []Estimate{{}}}}}},
		{"a scale that runs back", &Aggregates{Statistics: []Statistic{{Estimates: []Estimate{{}}, From: 2, To: 1}}}},
		{"standings of unequal length", &Leaderboard{Standings: []Standing{{Ahead: []float64{1, 2}}, {Ahead: []float64{1}}}}},
		{"a standing without a score", &Leaderboard{Standings: []Standing{{Ahead: []float64{nan, nan}}}}},
	}
	for _, c := range cases {
		if _, err := c.sample.Picture(); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestSmallAndDegenerateDataCanBeDrawn(t *testing.T) {
	nan := math.NaN()
	for _, sample := range []interface{ Picture() (*Picture, error) }{
		&LearningCurves{Curves: []Curve{{Name: "one", Seeds: [][]float64{{5}}}}},
		&LearningCurves{Curves: []Curve{{Name: "flat", Seeds: [][]float64{{0, 0, 0}}}}, References: []Reference{{"same", 0}, {"again", 0}}},
		&PricePaths{Paths: []PricePath{{Time: []float64{7}, Price: []float64{nan}}}},
		&PolicyLines{Feature: []float64{1}, Lines: []PolicyLine{{Price: []float64{nan}, Known: []bool{false}}}},
		&Residuals{Time: []float64{3}, Values: []float64{5}, ACF: []float64{nan}, PACF: []float64{nan}},
		&Residuals{Time: []float64{3, 4, 5}, Values: []float64{0, nan, 0}, ACF: []float64{1}, PACF: []float64{-1}, Bound: 0.9},
		&Comparison{Zero: true, Estimates: []Estimate{{Name: "exact", Value: -3, Low: -3, High: -3}}},
		&Leaderboard{Standings: []Standing{{Ahead: []float64{1}}}},
		&Profiles{Curves: []Estimates{{Name: "one threshold", X: []float64{3}, Value: []float64{1}, Low: []float64{1}, High: []float64{1}}}},
		&Aggregates{Statistics: []Statistic{{Name: "mean", Estimates: []Estimate{{Name: "exact", Value: -3, Low: -3, High: -3}}}}},
		&Leaderboard{Standings: []Standing{{Ahead: []float64{1, nan}}, {Ahead: []float64{1, 1}}}},
	} {
		p, err := sample.Picture()
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := p.SVG(&b); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.String(), "NaN") || strings.Contains(b.String(), "Inf") {
			t.Errorf("%+v: a coordinate is not finite", sample)
		}
		if err := p.PNG(&b); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTicksAreRoundNumbersInside(t *testing.T) {
	for _, c := range []struct {
		lo, hi float64
		want   string
	}{
		{0, 4000, "0 1,000 2,000 3,000 4,000"},
		{0.52, 0.99, "0.6 0.7 0.8 0.9"},
		{-0.03, 0.071, "−0.025 0.000 0.025 0.050"},
		{-1234567, 1234567, "−1,000,000 −500,000 0 500,000 1,000,000"},
	} {
		at, label := ticks(c.lo, c.hi, 5)
		if got := strings.Join(label, " "); got != c.want || at[0] < c.lo || at[len(at)-1] > c.hi {
			t.Errorf("from %v to %v: %s", c.lo, c.hi, got)
		}
	}
}

func TestLabelsAreSpreadInOrder(t *testing.T) {
	at := []vg.Length{100, 99, 98, 3, 2}
	spread(at, 10, 0, 100)
	for i, want := range []vg.Length{100, 90, 80, 10, 0} {
		if at[i] != want {
			t.Errorf("label %d at %v, want %v", i, at[i], want)
		}
	}
}
