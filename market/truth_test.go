package market

import (
	"math"
	"testing"
)

// plain is a market of one seller and three products, in which each shopper is alone with the prices.
func plain(visitors float64, days int) *Config {
	return &Config{PeriodDays: 1, Horizon: days, Traffic: Traffic{Visitors: visitors},
		Personas: []Persona{{Name: "all", Share: 1, Price: -1, Units: 1}},
		Products: []Product{{Name: "a", Price: 1, Cost: 0.5, Appeal: 0.5}, {Name: "b", Price: 2, Cost: 1, Appeal: 2}, {Name: "c", Price: 3, Cost: 1, Appeal: 2.5}},
		Sellers:  []Seller{{Name: "us", Products: []string{"a", "b", "c"}, Levels: true, Offers: []Offer{{Price: 1}, {Price: 1.25}}, Review: Review{Every: 1}, Reward: Reward{Of: Profit}}},
		Visit:    Visit{Kind: Shelf, SoldOut: "seen", Places: 1, Spread: 1, Consider: 1},
	}
}

// shares are a logit's, the outside option first: the closed form beside the market's tables.
func shares(cfg *Config, persona, channel int, prices []float64, mood float64) []float64 {
	p := &cfg.Personas[persona]
	shares, sum := []float64{math.Exp(p.Outside)}, math.Exp(p.Outside)
	for j := range cfg.Products {
		utility := cfg.Products[j].Appeal + p.Appeals[cfg.Products[j].Name] + p.Price*mood*prices[j]
		if len(cfg.Channels) > 0 {
			utility += cfg.Channels[channel].Utility
		}
		gap := cfg.Products[j].Price - prices[j] // the reference price of the first period is the list price
		utility += p.Gain*math.Max(gap, 0) - p.Loss*math.Max(-gap, 0)
		shares = append(shares, math.Exp(utility))
		sum += shares[j+1]
	}
	for j := range shares {
		shares[j] /= sum
	}
	return shares
}

// Shoppers of each persona, in each channel, choose as the logit says at prices a quarter above those they remember; personas and channels come by their weights. Chi-square,
// |z| < 3.29: 0.1% false alarms each.
func TestShoppersChooseAsTheLogitSays(t *testing.T) {
	cfg := plain(60_000, 1)
	cfg.Personas = []Persona{{Name: "careful", Share: 3, Price: -1.5, Outside: 0.5, Loss: 1, Gain: 3, Units: 1}, {Name: "rich", Share: 1, Price: -0.3, Units: 1, Appeals: map[string]float64{"c": 0.7}}}
	cfg.Channels = []Channel{{Name: "web", Share: 2}, {Name: "app", Share: 1, Utility: 0.8}}
	for action, level := range []float64{1, 1.25} {
		prices := []float64{1 * level, 2 * level, 3 * level}
		var count [2][2][4]float64
		visits := 0.0
		watch(t, open(t, cfg, 2), 0, always(action), func(r *Record) {
			if r.Kind == ShopperDecides {
				count[r.Persona][r.Channel][r.Product+1]++
				visits++
			}
		})
		var who, what tally
		revenue, variance, taken := 0.0, 0.0, 0.0
		for i := range count {
			for c := range count[i] {
				n := total(count[i][c][:])
				share := []float64{0.75, 0.25}[i] * []float64{2.0 / 3, 1.0 / 3}[c]
				who.add(n, visits*share)
				for k, s := range shares(cfg, i, c, prices, 1) {
					what.add(count[i][c][k], n*s)
					if k > 0 {
						revenue += cfg.Traffic.Visitors * share * s * prices[k-1]
						variance += cfg.Traffic.Visitors * share * s * prices[k-1] * prices[k-1]
						taken += count[i][c][k] * prices[k-1]
					}
				}
			}
		}
		if z := who.z(1); !(math.Abs(z) < 3.29) {
			t.Errorf("level %g: personas and channels: z = %.2f", level, z)
		}
		if z := what.z(4); !(math.Abs(z) < 3.29) {
			t.Errorf("level %g: choices: z = %.2f", level, z)
		}
		// A Poisson number of shoppers makes every order count a Poisson number: expected and sampled revenue agree.
		if z := (taken - revenue) / math.Sqrt(variance); !(math.Abs(z) < 3.29) {
			t.Errorf("level %g: revenue %.2f, expected %.2f (z = %.2f)", level, taken, revenue, z)
		}
	}
}

// Shoppers of a day are a Poisson number; with dispersion D its variance is μ + μ²D. Hours and weekdays are as their weights say, growth and season, by the integral. Chi-square and
// means: |z| < 3.29; variances: within 4 standard errors (0.01%).
func TestShoppersComeAsThePoissonProcessSays(t *testing.T) {
	hours, weekdays := make([]float64, 24), []float64{1, 2, 1, 1, 3, 0, 4}
	for h := range hours {
		hours[h] = float64(h * h % 7)
	}
	for _, dispersion := range []float64{0, 0.1} {
		cfg := plain(70, 7*600)
		cfg.Traffic.Hours, cfg.Traffic.Weekdays, cfg.Traffic.Dispersion = hours, weekdays, dispersion
		var byHour [24]float64
		byDay := make([]sample, 7)
		day, came := 0, 0.0
		watch(t, open(t, cfg, 3), 0, always(0), func(r *Record) {
			switch r.Kind {
			case ShopperArrives:
				byHour[int(r.Time*24)%24]++
				came++
			case PeriodCloses:
				byDay[day%7].add(came)
				day, came = day+1, 0
			}
		})
		var profile tally
		sum := total(byHour[:])
		for h, n := range byHour {
			if hours[h] > 0 {
				profile.add(n, sum*hours[h]/total(hours))
			} else if n > 0 {
				t.Errorf("%g shoppers in hour %d of weight 0", n, h)
			}
		}
		if z := profile.z(1); dispersion == 0 && !(math.Abs(z) < 3.29) { // dispersion moves days, but not hours within them
			t.Errorf("hours: z = %.2f", z)
		}
		for d := range byDay {
			mean := 7 * 70 * weekdays[d] / total(weekdays)
			variance := mean + dispersion*mean*mean
			if mean == 0 {
				if byDay[d].sum > 0 {
					t.Errorf("%g shoppers on weekday %d of weight 0", byDay[d].sum, d)
				}
				continue
			}
			if z := (byDay[d].mean() - mean) / math.Sqrt(variance/byDay[d].n); !(math.Abs(z) < 3.29) {
				t.Errorf("dispersion %g, weekday %d: %.2f shoppers, expected %.2f (z = %.2f)", dispersion, d, byDay[d].mean(), mean, z)
			}
			// Kurtosis 3 + 1/μ of a Poisson law, and up to about 6 of its log-normal mixture.
			if z := (byDay[d].variance()/variance - 1) / math.Sqrt((2+20*dispersion)/byDay[d].n); !(math.Abs(z) < 4) {
				t.Errorf("dispersion %g, weekday %d: variance %.1f, expected %.1f (z = %.2f)", dispersion, d, byDay[d].variance(), variance, z)
			}
		}
	}
}

// A wave of season and growth: the shoppers of each day are Poisson numbers of the rate's mean over the day, here by Simpson's rule. |z| < 3.29.
func TestGrowthAndSeasonMoveTheRate(t *testing.T) {
	cfg := plain(500, 60)
	cfg.Traffic.Growth, cfg.Traffic.Season = 0.01, Season{Amplitude: 0.5, Days: 20, Peak: 5}
	rate := func(day float64) float64 {
		return 500 * math.Exp(0.01*day+0.5*math.Cos(2*math.Pi*(day-5)/20))
	}
	var days tally
	day, came := 0.0, 0.0
	watch(t, open(t, cfg, 4), 0, always(0), func(r *Record) {
		switch r.Kind {
		case ShopperArrives:
			came++
		case PeriodCloses:
			days.add(came, (rate(day)+4*rate(day+0.5)+rate(day+1))/6)
			day, came = day+1, 0
		}
	})
	if z := days.z(0); !(math.Abs(z) < 3.29) {
		t.Errorf("z = %.2f", z)
	}
}

// A shock sets in with the period in which its day lies, and ends with that of its end: it multiplies shoppers, and the price coefficients by which they choose and by which surplus is measured. |z| < 3.29.
func TestShocksChangeRatesAndTastes(t *testing.T) {
	cfg := plain(3000, 30)
	cfg.Traffic.Shocks = []Shock{{Day: 10.5, Days: 5, Visitors: 2, Price: 1}, {Day: 20, Visitors: 0.5, Price: 2}}
	var visits, choices tally
	m, surplus := open(t, cfg, 5), 0.0
	count, came, day := make([]float64, 4), 0.0, 0
	watch(t, m, 0, always(0), func(r *Record) {
		switch r.Kind {
		case ShopperDecides: // without delay: the visit is of the day
			count[r.Product+1]++
			came++
		case PeriodCloses:
			rate, mood := 3000.0, 1.0
			if day >= 10 && day <= 15 {
				rate = 6000
			}
			if day >= 20 {
				rate, mood = 1500, 2
			}
			visits.add(came, rate)
			for k, s := range shares(cfg, 0, 0, []float64{1, 2, 3}, mood) {
				if k == 0 {
					surplus -= came * math.Log(s) / mood // of the utility of a dollar, which is 1
				}
				choices.add(count[k], came*s)
			}
			clear(count)
			day, came = day+1, 0
		}
	})
	if z := visits.z(0); !(math.Abs(z) < 3.29) {
		t.Errorf("visits: z = %.2f", z)
	}
	if have := m.Account().Surplus; !(math.Abs(have-surplus) < 1e-9*surplus) {
		t.Errorf("surplus %g, expected %g", have, surplus)
	}
	if z := choices.z(30); !(math.Abs(z) < 3.29) {
		t.Errorf("choices: z = %.2f", z)
	}
}

// Shoppers who think for an exponential time and go are a queue of infinitely many servers: a Poisson number of them, of mean rate × time, are under way (Palm 1943). 1500 days,
// 20 thinking times apart; mean |z| < 3.29, variance within 4 standard errors.
func TestShoppersUnderWayAreAPoissonNumber(t *testing.T) {
	cfg := plain(1000, 1500)
	cfg.Visit.ThinkMinutes = 1440.0 / 20
	for j := range cfg.Products {
		cfg.Products[j].Appeal = -500
	}
	m := open(t, cfg, 6)
	var under sample
	m.watch = func(now float64, e event) {
		if e.kind == periodCloses {
			under.add(float64(len(m.visitors) - len(m.freeVisit)))
		}
	}
	watch(t, m, 1, always(0), nil)
	if z := (under.mean() - 50) / math.Sqrt(50/under.n); !(math.Abs(z) < 3.29) {
		t.Errorf("%.2f shoppers under way, expected 50 (z = %.2f)", under.mean(), z)
	}
	if z := (under.variance()/50 - 1) / math.Sqrt(2/under.n); !(math.Abs(z) < 4) {
		t.Errorf("variance %.2f, expected 50 (z = %.2f)", under.variance(), z)
	}
}
