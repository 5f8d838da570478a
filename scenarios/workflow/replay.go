package workflow

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/souk-sim/souk/agents"
	"github.com/souk-sim/souk/agents/train"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/field"
)

// Replay is a publication's sessions played again with its authors' random numbers.
type Replay struct {
	Paper    string         `json:"paper"`
	Variant  string         `json:"variant"`
	Sessions int            `json:"sessions"`
	Compared int            `json:"compared"` // with those that were published
	Equal    int            `json:"equal"`
	Unequal  []SessionsDiff `json:"unequal"`
	Measures []Measure      `json:"measures"`
}

// SessionsDiff is a session that came out otherwise than published.
type SessionsDiff struct {
	Session   int    `json:"session"`
	Published string `json:"published"` // converged, episodes to convergence, cycle length
	Replayed  string `json:"replayed"`
}

// archive is how the program of Calvano et al. (2020) counts time: in episodes of so many periods.
const archive = 25_000

// PublishedSessions reads a table of sessions with the columns session, converged (0 or 1), episodes_to_convergence (of 25,000 periods, without the stable ones
// at the end) and cycle_length. Its error is a *field.Error.
func PublishedSessions(name string, r io.Reader) ([][]string, error) {
	rows, err := csv.NewReader(r).ReadAll()
	if err != nil {
		return nil, &field.Error{File: name, Found: err.Error(), Expected: "CSV"}
	}
	columns := []string{"session", "converged", "episodes_to_convergence", "cycle_length"}
	if len(rows) < 2 || !slices.Equal(rows[0], columns) {
		return nil, &field.Error{File: name, Line: 1, Found: fmt.Sprint(slices.Concat(rows[:min(1, len(rows))]...)), Expected: fmt.Sprintf("the columns %v, and rows", columns)}
	}
	for i, row := range rows[1:] {
		if row[0] != strconv.Itoa(i+1) {
			return nil, &field.Error{File: name, Line: i + 2, Key: "session", Found: row[0], Expected: strconv.Itoa(i + 1)}
		}
	}
	return rows[1:], nil
}

// PlayReplay plays the sessions of a game as the program of Calvano et al. (2020) draws them (see train.Replay), and compares each with what was published, where
// that is given. Errors are of type *field.Error, or the context's.
func PlayReplay(ctx context.Context, s *scenarios.Scenario, quick bool, published [][]string, workers int, watch func(done, total int)) (*Replay, error) {
	variant := s.Paper.Replay
	v, err := s.Variant(variant, quick)
	if err != nil {
		return nil, err
	}
	if v.World() != scenarios.RepeatedGame {
		return nil, s.Fault("no game", "a scenario of a game, [game], to replay", "name")
	}
	c, err := newRivalry(v)
	if err != nil {
		return nil, err
	}
	game, err := c.replay()
	if err != nil {
		return nil, err
	}
	r := &Replay{Paper: s.Name, Variant: variant, Sessions: v.Sessions.Number, Unequal: []SessionsDiff{}}
	err = game.Sessions(ctx, r.Sessions, workers, func(number int, o *train.ReplayOutcome) error {
		kept := session{periods: float64(o.Periods - min(game.Converged, o.Periods)), converged: o.Converged}
		if err := c.follow(&kept, o.Strategies, o.State); err != nil {
			return err
		}
		c.sessions = append(c.sessions, kept)
		if number <= len(published) {
			r.compare(number, fmt.Sprintf("%.0f, %.2f, %d", indicator(o.Converged), kept.periods/archive, len(kept.cycle.States)), published[number-1])
		}
		if watch != nil {
			watch(number, r.Sessions)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	r.Measures = c.measures()
	return r, nil
}

func (r *Replay) compare(number int, replayed string, row []string) {
	r.Compared++
	if published := row[1] + ", " + row[2] + ", " + row[3]; published != replayed {
		r.Unequal = append(r.Unequal, SessionsDiff{number, published, replayed})
		return
	}
	r.Equal++
}

// replay is the game for the authors' program, which knows Q-learners of one kind of exploration.
func (c *rivalry) replay() (*train.Replay, error) {
	own := &c.scenario.Sessions
	r := &train.Replay{World: c.game, Values: c.values, Converged: uint64(own.Converged), Periods: uint64(own.Periods)}
	for i := range c.cfg.Firms {
		name := c.cfg.Firms[i].Name
		a := c.scenario.AgentOf(i)
		if a == nil {
			return nil, c.scenario.Fault("a brain for "+name, "learners, to replay", "game", "firms", strconv.Itoa(i), "brain")
		}
		q, ok := a.Params.(*agents.QLearning)
		boltzmann := ok && q.Exploration.Rule == "boltzmann"
		from := map[bool]float64{false: 1, true: 1000}[boltzmann]
		if !ok || q.LearningRate.Kind != "constant" || q.Exploration.Kind != "decay" || q.Exploration.From != from || i > 0 && boltzmann != r.Boltzmann || c.scenario.Game.Firms[i].State != nil || c.values == nil {
			return nil, c.scenario.Fault(a.Name+" of "+name, "q-learning at a constant rate with exploration that decays from 1 (boltzmann: from 1000), state left out and [sessions] initial, to replay", "agents")
		}
		r.Boltzmann = boltzmann
		r.LearningRate, r.Decay = append(r.LearningRate, q.LearningRate.Value), append(r.Decay, q.Exploration.Rate)
	}
	return r, nil
}

// Text writes what came of it.
func (r *Replay) Text(w io.Writer) error {
	p := &page{}
	p.line("%s replayed with the authors' random numbers: %s", r.Paper, plural(r.Sessions, "session"))
	if r.Compared > 0 {
		p.line("%d of %d end as published: time to convergence and length of the limit cycle", r.Equal, r.Compared)
	}
	for i, d := range r.Unequal {
		if i == 10 {
			p.line("  … and %d more", len(r.Unequal)-i)
			break
		}
		p.line("  session %d: published %s, replayed %s (converged, episodes of %s periods, cycle)", d.Session, d.Published, d.Replayed, thousands(archive, ""))
	}
	p.line("")
	p.WriteString(figuresTable(r.Measures))
	_, err := io.WriteString(w, p.String())
	return err
}
