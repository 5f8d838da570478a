package scenarios

import "testing"

func TestPerturbationsAreReadByName(t *testing.T) {
	for name, want := range map[string]Perturbation{
		"elasticity-25":   {"elasticity-25", OtherElasticity, -25},
		"elasticity+12.5": {"elasticity+12.5", OtherElasticity, 12.5},
		"demand-shock":    {"demand-shock", DemandShock, -30},
		"demand-shock+50": {"demand-shock+50", DemandShock, 50},
		"demand-shock-50": {"demand-shock-50", DemandShock, -50},
		"new-rival":       {"new-rival", NewRival, 0},
		"posterior":       {"posterior", Posterior, 0},
	} {
		if got, err := ParsePerturbation(name); err != nil || got != want {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	for _, name := range []string{"", "elasticity", "elasticity+0", "elasticity-95", "elasticity+1e9", "elasticity+x", "demand-shock-", "new-rival-2", "posterior+1", "elasticity+NaN"} {
		if p, err := ParsePerturbation(name); err == nil {
			t.Errorf("%q is read as %+v", name, p)
		}
	}
}

func FuzzPerturbation(f *testing.F) {
	for _, name := range UsualPerturbations() {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if p, err := ParsePerturbation(name); err == nil && (p.Name != name || !(p.Percent >= -90 && p.Percent <= 900)) {
			t.Errorf("%q is read as %+v", name, p)
		}
	})
}
