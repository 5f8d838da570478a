package workflow

import (
	"fmt"
	"io"
	"math"

	"github.com/souk-sim/souk/policies/evaluate/experiment"
	"github.com/souk-sim/souk/scenarios/field"
)

// Plan is the size of an experiment of two arms before it is run.
type Plan struct {
	Mean  float64       `json:"mean"` // of a unit
	SD    float64       `json:"sd"`
	Share float64       `json:"treated_share"`
	Alpha float64       `json:"alpha"`
	Power float64       `json:"power"`
	Rows  []PlannedSize `json:"sizes"`
}

// PlannedSize is how many units both arms need to find a lift.
type PlannedSize struct {
	Lift       float64 `json:"lift"`
	Difference float64 `json:"difference"`
	Units      float64 `json:"units"`
}

// PlanABTest tells how many units find lifts of a metric with a mean and a standard deviation, and what lift so many units find (0: none asked).
func PlanABTest(mean, sd, share float64, units int, o experiment.Options) (*Plan, error) {
	switch {
	case mean == 0 || math.IsNaN(mean) || math.IsInf(mean, 0):
		return nil, field.New("--mean", mean, "a number other than 0: lifts are shares of it")
	case !(sd > 0) || math.IsInf(sd, 0):
		return nil, field.New("--sd", sd, "a number above 0")
	}
	p := &Plan{Mean: mean, SD: sd, Share: share, Alpha: o.Alpha, Power: o.Power}
	d := experiment.Design{ControlSD: sd, TreatmentSD: sd, Alpha: o.Alpha}
	if units > 0 {
		n := float64(units)
		found, err := d.Detectable(o.Power, n*(1-share), n*share)
		if err != nil {
			return nil, err
		}
		p.Rows = append(p.Rows, PlannedSize{found / math.Abs(mean), found, n})
	}
	for _, lift := range []float64{0.01, 0.02, 0.05, 0.1, 0.2} {
		n, err := d.Units(lift*mean, o.Power, share)
		if err != nil {
			return nil, err
		}
		if !math.IsInf(n, 0) {
			p.Rows = append(p.Rows, PlannedSize{lift, lift * math.Abs(mean), n})
		}
	}
	return p, nil
}

// Text writes the plan as a table.
func (p *Plan) Text(w io.Writer) error {
	rows := [][]string{{"lift", "difference", "units in both arms"}}
	for _, r := range p.Rows {
		rows = append(rows, []string{fmt.Sprintf("%.3g%%", 100*r.Lift), amount4(r.Difference), howMany(r.Units)})
	}
	_, err := fmt.Fprintf(w, "Found with probability %g%% at a two-sided error of %g%%, %g%% of the units treated:\n\n%s", 100*p.Power, 100*p.Alpha, 100*p.Share, align(rows))
	return err
}
