package workflow

import (
	"fmt"
	"io"
	"strings"

	"github.com/souk-sim/souk/market/twins"
	"github.com/souk-sim/souk/scenarios"
)

// ValidateText writes the twin tests: a line for each model, and then for each that was tested what tells the synthetic customers from the
// real ones, and their measures side by side.
func ValidateText(w io.Writer, s *scenarios.Scenario, all []TwinTest) error {
	p := &page{}
	p.line("%s: do synthetic shoppers pass for real ones?", s.Name)
	p.section("", fmt.Sprintf("Half of the customers were fitted; as many synthetic ones are held against the other half by a classifier that has learned on others. "+
		"They pass with an area under the curve (AUC) of at most %.2f, and within %.2f of where it tells the two real halves apart; ½ is chance. "+
		"Where their 95%% intervals hold passes and fails alike a verdict is not certain; %s.", twins.MostAUC, twins.MostApart, twins.Narrow))
	p.line("")
	p.WriteString(align(verdicts(all)))
	for _, t := range all {
		if t.Report == nil {
			p.section(t.Part, t.Name+": not tested: "+t.Why)
			continue
		}
		p.section(t.Part, twinText(t)...)
		p.line("")
		p.WriteString(align(measureTable(t.Report)))
	}
	_, err := io.WriteString(w, p.String())
	return err
}

func verdicts(all []TwinTest) [][]string {
	rows := [][]string{{"", "model", "synthetic vs held out", "real vs real", "verdict"}}
	for _, t := range all {
		row := []string{t.Part, t.Name, "–", "–", "not tested"}
		if r := t.Report; r != nil {
			row = append(row[:2], interval(r.AUC.Value, r.AUC.Low, r.AUC.High), interval(r.RealAUC.Value, r.RealAUC.Low, r.RealAUC.High), "fail")
			if r.Passes {
				row[4] = "pass"
			}
			if !r.Certain {
				row[4] += ", not certain"
			}
		}
		rows = append(rows, row)
	}
	return rows
}

func interval(value, low, high float64) string {
	return fmt.Sprintf("%.3f [%.3f, %.3f]", value, low, high)
}

func twinText(t TwinTest) []string {
	r := t.Report
	verdict := "they can hardly be told apart"
	if !r.Passes {
		verdict = "they can be told apart"
		if r.AUC.Value > twins.MostAUC {
			verdict += fmt.Sprintf(": %.3f is above %.2f", r.AUC.Value, twins.MostAUC)
		} else {
			verdict += fmt.Sprintf(": %.3f is %.3f from real against real", r.AUC.Value, r.AUC.Value-r.RealAUC.Value)
		}
	}
	if !r.Certain {
		verdict += ", but these are too few people to be sure"
	}
	text := []string{fmt.Sprintf("%s, %s of %s: %d fitted, %d held out, %d synthetic; %s", t.Name, r.About, t.Data, r.Train, r.HeldOut, r.Synthetic, verdict)}
	if len(r.Giveaways) > 0 {
		text = append(text, "what gives the synthetic ones away: "+strings.Join(r.Giveaways, "; "))
	} else {
		text = append(text, "no single feature gives the synthetic ones away")
	}
	var features []string
	for _, f := range r.Features {
		auc := "–"
		if f.AUC != nil {
			auc = strings.TrimPrefix(fmt.Sprintf("%.2f", *f.AUC), "0")
		}
		features = append(features, f.Name+" "+auc)
	}
	text = append(text, "features with the AUC of each alone: "+strings.Join(features, ", "))
	for _, table := range r.Tables {
		text = append(text, fmt.Sprintf("%s: cells differ by %.4f in the mean, real from real by %.4f, by chance %.4f", table.Name, table.Distance, table.RealDistance, table.Chance))
	}
	return append(text, r.Notes...)
}

func measureTable(r *twins.Report) [][]string {
	rows := [][]string{{"", "held out", "± s.e.", "synthetic", "z", "z real"}}
	cell := func(v *float64, format string) string {
		if v == nil {
			return "–"
		}
		return strings.Replace(fmt.Sprintf(format, *v), "-", "−", 1)
	}
	for _, m := range r.Measures {
		rows = append(rows, []string{m.Name, cell(m.HeldOut, "%.4g"), cell(m.SE, "%.2g"), cell(m.Synthetic, "%.4g"), cell(m.Z, "%+.1f"), cell(m.RealZ, "%+.1f")})
	}
	return rows
}
