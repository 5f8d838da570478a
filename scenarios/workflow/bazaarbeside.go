package workflow

import (
	"fmt"
	"strings"

	"github.com/souk-sim/souk/agents/train"
	"github.com/souk-sim/souk/market"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/rules"
	"github.com/souk-sim/souk/scenarios"
)

// Who learns beside the learning seller, each by itself, and what became of all sellers.

// beside seats one who learns too. Before it has learned it makes its opening offer.
func (w *shop) beside(m *market.Market, player int, seller *scenarios.Seller, agent *scenarios.Agent) (err error) {
	spec, k := m.Spec(player), &w.Config.Sellers[player]
	who := train.Learner{Name: k.Name, Player: player, Params: agent.Params}
	if who.Encoder, err = encoder(seller, spec); err != nil {
		return err
	}
	w.Beside = append(w.Beside, who)
	o := k.Called(k.Opening)
	w.Others[player], err = (&rules.Fixed{Price: o.Price, Promotion: o.Promotion}).Policy(spec)
	return err
}

func (b *bazaar) settle(others []policies.Policy) world {
	settled := *b.full
	settled.Others = others
	b.full = &settled
	return b.full
}

// besideText says who plays with whom where several learn.
func (b *bazaar) besideText() string {
	var names []string
	for i := range b.full.Beside {
		names = append(names, b.full.Beside[i].Name)
	}
	return fmt.Sprintf("%s learned too, each by itself. What an agent learned plays with what they learned beside it under the same seed; what did not learn plays with what they learned "+
		"beside %s, seed by seed, and was tuned with that of its first seed. learners.parquet has what each earned while it learned.", strings.Join(few(names, mostTold), ", "), b.s.Agents[0].Name)
}

// sellersEarned is a table of what each seller came to under each agent.
func (b *bazaar) sellersEarned(m *Summary) string {
	rows := [][]string{{"earns, $ a " + b.s.Time.Period}}
	for i, k := range b.cfg.Sellers[:min(len(b.cfg.Sellers), mostTold)] {
		name := k.Name
		if agent := b.s.LearnsBy(b.s.Players()[i]); agent != nil {
			name += " (" + agent.Name + ")"
		}
		rows = append(rows, []string{name})
	}
	for _, row := range m.Comparison.Rows {
		if !b.s.Trains(row.Name) {
			continue
		}
		rows[0] = append(rows[0], "beside "+row.Name)
		for i := range rows[1:] {
			rows[1+i] = append(rows[1+i], plusMinus(row.Players[i], ""))
		}
	}
	return align(rows)
}
