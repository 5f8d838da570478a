package choice

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"
)

func TestEasterAndLent(t *testing.T) {
	for year, want := range map[int]string{1990: "1990-04-15", 1991: "1991-03-31", 1996: "1996-04-07", 1997: "1997-03-30", 2000: "2000-04-23", 2038: "2038-04-25"} {
		if got := easterSunday(year).Format(time.DateOnly); got != want {
			t.Errorf("Easter %d: %s, want %s", year, got, want)
		}
	}
	// Week 1 begins on Thursday 14 September 1989, so week 25 is 1 to 7 March 1990. Ash Wednesday was 28 February, a day of
	// week 24; Easter 1990 fell on Sunday of week 31 (12 to 18 April), three days of which are Lent.
	c := calendar{time.Date(1989, 9, 14, 0, 0, 0, 0, time.UTC)}
	for week, want := range map[int]float64{23: 0, 24: 1.0 / 7, 25: 1, 30: 1, 31: 3.0 / 7, 32: 0} {
		if got := c.lent(week); math.Abs(got-want) > 1e-12 {
			t.Errorf("Lent in week %d: %g, want %g", week, got, want)
		}
	}
}

// TestModelSurvivesJSON: what was written and loaded behaves as before, bit for bit.
func TestModelSurvivesJSON(t *testing.T) {
	m, err := Fit(simulate(truth(t), 1, 0), Options{FirstDay: "1989-09-14", Split: recoverySplit, Quantity: truth(t).Quantity, Memories: []float64{0.25, 0.5}})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := Load(raw)
	if err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(loaded)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(raw, again) {
		t.Error("the second JSON differs from the first")
	}
	a, b := filled(t, m, nil, []float64{0.7, 0.9, 1.2}), filled(t, loaded, nil, []float64{0.7, 0.9, 1.2})
	p, q := make([]float64, 3), make([]float64, 3)
	a.ExpectedOver(p, m.Lattice())
	b.ExpectedOver(q, loaded.Lattice())
	for j := range p {
		if p[j] != q[j] {
			t.Errorf("brand %d: %v and %v", j, p[j], q[j])
		}
	}
}

// TestRedrawVariesAsTheCovarianceSays over 2000 draws of one coefficient (5 standard errors of its variance).
func TestRedrawVariesAsTheCovarianceSays(t *testing.T) {
	m := truth(t)
	z := make([]float64, len(m.Coefficients))
	z[3] = 2
	drawn, err := m.Redraw(z)
	if err != nil {
		t.Fatal(err)
	}
	if got := drawn.price[0] - m.price[0]; math.Abs(got-0.2) > 1e-9 { // covariance 0.01·I
		t.Errorf("price moved by %g, want 2 standard errors of 0.1", got)
	}
	if _, err := m.Redraw(z[1:]); err == nil {
		t.Error("too few normals: no error")
	}
}

func TestFitRefusesBadInput(t *testing.T) {
	m := truth(t)
	good := Options{FirstDay: m.FirstDay, Split: recoverySplit, Quantity: m.Quantity, Memories: []float64{0.3, 0.5}}
	cases := []struct {
		name, want string
		spoil      func(p *Panel, o *Options)
	}{
		{"share of 1 or more", "shares in week", func(p *Panel, _ *Options) { p.Units[3][1] = 1e8 }},
		{"no units", "units of b in week", func(p *Panel, _ *Options) { p.Units[3][1] = 0 }},
		{"negative price", "price of a in week", func(p *Panel, _ *Options) { p.Price[5][0] = -1 }},
		{"infinite wholesale", "wholesale of a in week", func(p *Panel, _ *Options) { p.Wholesale[5][0] = math.Inf(1) }},
		{"display above 1", "display of c in week", func(p *Panel, _ *Options) { p.Display[5][2] = 1.5 }},
		{"no customers", "customers in week", func(p *Panel, _ *Options) { p.Customers[0] = 0 }},
		{"missing brand", "units of c", func(p *Panel, _ *Options) {
			for t := range p.Units {
				p.Units[t][2] = math.NaN()
			}
		}},
		{"a column too few", "price in week", func(p *Panel, _ *Options) { p.Price[7] = p.Price[7][:2] }},
		{"no brands", "brands", func(p *Panel, _ *Options) { p.Brands = nil }},
		{"weeks not increasing", "weeks", func(p *Panel, _ *Options) { p.Weeks[4] = p.Weeks[3] }},
		{"too few weeks", "train weeks", func(_ *Panel, o *Options) { o.Split.Train = Range{1, 20} }},
		{"overlapping split", "validation", func(_ *Panel, o *Options) { o.Split.Validation = Range{200, 320} }},
		{"no variation in a regressor", "varies", func(p *Panel, o *Options) {
			for t := range p.Price {
				for j := range p.Price[t] {
					p.Price[t][j] = 1
				}
			}
		}},
		{"a display that never varies", "display", func(p *Panel, _ *Options) {
			for t := range p.Display {
				for j := range p.Display[t] {
					p.Display[t][j] = 0
				}
			}
		}},
		{"no date", "first_day", func(_ *Panel, o *Options) { o.FirstDay = "14/9/89" }},
		{"memory of 1", "memories", func(_ *Panel, o *Options) { o.Memories = []float64{0.5, 1} }},
		{"no memories", "memories", func(_ *Panel, o *Options) { o.Memories = nil }},
		{"unknown term", "without", func(_ *Panel, o *Options) { o.Without = []string{"gane"} }},
		{"unknown estimator", "estimator", func(_ *Panel, o *Options) { o.Estimator = "ols" }},
		{"spec for other brands", "remembers", func(_ *Panel, o *Options) { o.Spec = &Spec{} }},
		{"no pooling", "price", func(_ *Panel, o *Options) { o.Spec = &Spec{Remembers: make([]bool, 3)} }},
		{"bad quantity", "quantity", func(_ *Panel, o *Options) { o.Quantity.Dispersion = -1 }},
	}
	for _, c := range cases {
		p, o := simulate(m, 1, 0), good
		c.spoil(p, &o)
		switch _, err := Fit(p, o); {
		case err == nil:
			t.Errorf("%s: no error", c.name)
		case !strings.Contains(err.Error(), c.want):
			t.Errorf("%s: %q does not name %q", c.name, err, c.want)
		}
	}
}

// TestSearchHonoursWhatIsLeftOut: terms named in Without stay out, and one memory is no choice.
func TestSearchHonoursWhatIsLeftOut(t *testing.T) {
	m := truth(t)
	fit, err := Fit(simulate(m, 1, 0), Options{FirstDay: m.FirstDay, Split: recoverySplit, Quantity: m.Quantity, Memories: []float64{0.6}, Without: []string{"loss", "lent"}})
	if err != nil {
		t.Fatal(err)
	}
	if fit.Spec.Loss != Absent || fit.Spec.Lent != Absent || fit.Spec.Memory != 0.6 || fit.Diagnostics.NextBestMemory != 0.6 {
		t.Errorf("found %+v, next best memory %g", fit.Spec, fit.Diagnostics.NextBestMemory)
	}
}

func FuzzLoad(f *testing.F) {
	raw, err := json.Marshal(truth(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add([]byte(`{"brands":["a"],"first_day":"1989-09-14"}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Load(data)
		if err != nil {
			return
		}
		s, err := m.NewShelf(nil)
		if err != nil {
			t.Fatal(err)
		}
		for j := range m.Brands {
			s.Set(j, 1, m.Display(j, 1, 1), 1, 0)
		}
		s.Choose(0.5)
	})
}
