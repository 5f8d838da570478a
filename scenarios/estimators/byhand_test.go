package estimators

import (
	"errors"
	"testing"

	"github.com/souk-sim/souk/scenarios/field"
)

// TestAParameterIsNamedAsItWasWritten: not as the model that is made of it has it.
func TestAParameterIsNamedAsItWasWritten(t *testing.T) {
	for want, e := range map[string]ByHand{
		"parameters.r":      &BGNBD{Parameters: &BGNBDParameters{R: -0.243, Alpha: 4, A: 1, B: 2}},
		"parameters.s":      &ParetoNBD{Parameters: &ParetoNBDParameters{R: 1, Alpha: 4, S: -1, Beta: 2}},
		"parameters.gamma":  &GammaGamma{Parameters: &GammaGammaParameters{P: 6, Q: 4, Gamma: -1}},
		"parameters.q":      &LifetimeValue{Parameters: &LifetimeValueParameters{R: 1, Alpha: 4, A: 1, B: 2, P: 6, Q: -4, Gamma: 1}},
		"parameters.next.b": &Funnel{Parameters: &FunnelParameters{States: []string{"a", "b"}, Start: []float64{0.5, 0.5}, Next: map[string][]float64{"a": {0, 0.5, 0.5}, "b": {0.5, 0.9, 0.5}}}},
	} {
		_, err := e.Given()
		bad, ok := errors.AsType[*field.Error](err)
		if !ok || bad.Key != want {
			t.Errorf("%v, want one about %s", err, want)
		}
	}
}
