package scenarios

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/souk-sim/souk/scenarios/field"
)

// Perturbation is a way in which the market of a scenario may be another than the one that was fitted or told.
type Perturbation struct {
	Name    string
	Kind    string  // of PerturbationKinds
	Percent float64 // by which something changes; 0 where nothing does by a share
}

// The kinds of perturbations.
const (
	OtherElasticity = "elasticity"
	DemandShock     = "demand-shock"
	NewRival        = "new-rival"
	Posterior       = "posterior"
)

// shockPercent is how many shoppers more a demand shock brings where nobody says.
const shockPercent = -30

// PerturbationKinds tells each kind as a scenario writes it, and what it does.
func PerturbationKinds() [][2]string {
	return [][2]string{
		{OtherElasticity + "±PERCENT", "shoppers answer prices so much more or less, and buy as before at the prices of today"},
		{DemandShock + "±PERCENT", fmt.Sprintf("so many more or fewer shoppers from the middle of the episode on, in a problem without end throughout; without a number %d", shockPercent)},
		{NewRival, "another seller of the same undercuts by a tenth, for ever; one that is there already does so in a problem"},
		{Posterior, "the fitted model is another in each episode: a draw of its coefficients from their sampling distribution"},
	}
}

// UsualPerturbations are those that robustness is tried on where nobody says.
func UsualPerturbations() []string {
	return []string{OtherElasticity + "-25", OtherElasticity + "+25", DemandShock, NewRival, Posterior}
}

// ParsePerturbation reads a name: a kind, and a signed percentage where the kind takes one. The error is a *field.Error without a key.
func ParsePerturbation(name string) (Perturbation, error) {
	p := Perturbation{Name: name, Kind: name}
	at := strings.LastIndexAny(name, "+-")
	for _, kind := range []string{OtherElasticity, DemandShock} {
		if at < 0 || name[:at] != kind {
			continue
		}
		percent, err := strconv.ParseFloat(name[at:], 64)
		if err != nil || !(percent >= -90 && percent <= 900) || percent == 0 {
			return p, &field.Error{Found: strconv.Quote(name), Expected: kind + "±PERCENT, from -90 to +900 and not 0"}
		}
		p.Kind, p.Percent = kind, percent
		return p, nil
	}
	switch name {
	case DemandShock:
		p.Percent = shockPercent
		return p, nil
	case NewRival, Posterior:
		return p, nil
	}
	var names []string
	for _, kind := range PerturbationKinds() {
		names = append(names, kind[0])
	}
	return p, &field.Error{Found: strconv.Quote(name), Expected: "one of " + strings.Join(names, ", ")}
}
