package experiment

import (
	"math"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

// crowd draws an experiment with four covariates, of which the first two move the metric, and a persona. The treatment is worth lift on average; where moved, the third covariate and the persona decide for whom.
func crowd(stream *rng.Stream, units int, moved, share float64, ratio bool) *Rows {
	r := &Rows{Arms: []string{"A", "B"}, Units: units, Metrics: []Metric{{Name: "spend"}}, Segments: []Segment{{Name: "persona", Values: []string{"keen", "calm", "cold"}}}}
	for _, name := range []string{"pre_spend", "age", "visits", "noise"} {
		r.Covariates = append(r.Covariates, Covariate{Name: name})
	}
	m := &r.Metrics[0]
	for i := range units {
		var x [4]float64
		for k := range x {
			x[k] = stream.Normal()
			r.Covariates[k].Of = append(r.Covariates[k].Of, x[k])
		}
		persona, arm := int32(stream.Intn(3)), int32(0)
		if stream.Float64() < share {
			arm = 1
		}
		effect := 0.2
		if x[2] > 0 {
			effect += moved
		}
		y := 2*x[0] + math.Abs(x[1]) + stream.Normal() + effect*float64(arm)
		if ratio {
			visits := float64(1 + stream.Intn(4))
			m.Denominator = append(m.Denominator, visits)
			y *= visits
		}
		r.Unit, r.Arm, r.Segments[0].Of = append(r.Unit, int32(i)), append(r.Arm, arm), append(r.Segments[0].Of, persona)
		m.Numerator = append(m.Numerator, y)
	}
	return r
}

func uplifted(t *testing.T, r *Rows) Uplift {
	t.Helper()
	report, err := Analyse(r, Options{Every: 1e6, Imbalanced: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Uplift) != 1 {
		t.Fatalf("%d uplifts", len(report.Uplift))
	}
	return report.Uplift[0]
}

// TestOneEffectForAllRaisesFewAlarms: covariates explain most of the metric and nothing of the effect. The p-value falls below 0.05 in 5 of 100 experiments, and the quarters' intervals hold the effect in 95.
func TestOneEffectForAllRaisesFewAlarms(t *testing.T) {
	n := many(60)
	for name, share := range map[string]float64{"half": 0.5, "a quarter, ratio": 0.25} {
		alarms, held, gaps := 0.0, 0.0, 0.0
		family := rng.New(8, 0).Family("crowd")
		for i := range n {
			stream := family.At(uint64(i))
			u := uplifted(t, crowd(&stream, 600, 0, share, share < 0.5))
			if u.P < 0.05 {
				alarms++
			}
			if u.Best.Low <= 0.2 && 0.2 <= u.Best.High {
				held++
			}
			if u.Gap.Low <= 0 && 0 <= u.Gap.High {
				gaps++
			}
		}
		within(t, name+": alarms", alarms/float64(n), 0.05, n)
		within(t, name+": intervals of the best quarter that hold the effect", held/float64(n), 0.95, n)
		within(t, name+": intervals of best less worst that hold 0", gaps/float64(n), 0.95, n)
	}
}

// TestPlantedEffectsAreFound: an effect that half of the units have, by one covariate, is found, its size measured, and the covariate named.
func TestPlantedEffectsAreFound(t *testing.T) {
	n := many(20)
	found, named, best, worst := 0.0, 0.0, 0.0, 0.0
	family := rng.New(9, 0).Family("crowd")
	for i := range n {
		stream := family.At(uint64(i))
		u := uplifted(t, crowd(&stream, 2000, 1, 0.5, false))
		if u.P < 0.05 {
			found++
		}
		if len(u.Traits) > 0 && u.Traits[0].Name == "visits" && u.Traits[0].Best > u.Traits[0].Worst {
			named++
		}
		best, worst = best+u.Best.Value/float64(n), worst+u.Worst.Value/float64(n)
	}
	t.Logf("found in %v of %d, named in %v; best quarter %.3f, worst %.3f", found, n, named, best, worst)
	if found < 0.9*float64(n) || named < 0.8*float64(n) {
		t.Errorf("found in %v of %d, the covariate named in %v", found, n, named)
	}
	if best < 0.9 || best > 1.25 || worst > 0.5 || worst < 0.15 {
		t.Errorf("the best quarter has %.3f, the worst %.3f; 1.2 and 0.2 were planted", best, worst)
	}
}
