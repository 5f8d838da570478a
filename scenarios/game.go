package scenarios

import (
	"fmt"
	"strconv"

	"github.com/souk-sim/souk/market/oligopoly"
	"github.com/souk-sim/souk/scenarios/field"
)

// What a scenario says of a repeated game in closed form beside the keys of oligopoly.Config.

// Game is a repeated game and who plays it.
type Game struct {
	oligopoly.Config
	Demand  GameDemand `toml:"demand" required:"true" doc:"how sales follow from what the firms choose"`
	Firms   []Firm     `toml:"firms" required:"true" doc:"who competes; each sells one product"`
	Horizon int        `toml:"-"` // sessions.periods
	End     string     `toml:"-"` // a session has no end in its own world
}

// GameDemand names a demand system: its options are those of its kind.
type GameDemand struct{ oligopoly.Demand }

func (g *GameDemand) choose(*document, path, map[string]any) {
	for _, k := range oligopoly.Kinds() {
		if k.Name == g.Kind {
			g.Demand.Options = k.New()
		}
	}
}

func (g *GameDemand) options() any {
	if g.Demand.Options == nil {
		return nil
	}
	return g.Demand.Options
}

func (g *GameDemand) fits(*document, path) {} // oligopoly.Config.System tells, when the firms are known

// Firm is one of the competitors, and who decides for it.
type Firm struct {
	oligopoly.Firm
	Agent string             `toml:"agent" doc:"the learner that decides for it; left out: the first of [[agents]]"`
	Brain *Rule              `toml:"brain" doc:"a pricing rule that decides for it, in place of a learner"`
	State map[string]Feature `toml:"state" doc:"features the learner sees, by name; left out: what all firms chose in the periods that firms remember"`
}

// Sessions is how often the game is played, and how long.
type Sessions struct {
	Number      int                `toml:"number" default:"100" range:"[1,1000000]" doc:"sessions, each with learners of its own"`
	Periods     int                `toml:"periods" default:"1000000000" range:"[1,100000000000]" doc:"a session's periods, at most where it may converge before"`
	Converged   int                `toml:"converged" default:"0" range:"[0,1000000000000]" doc:"a session has converged when no greedy choice has changed for so many periods; 0: all periods are played"`
	Synchronous bool               `toml:"synchronous" doc:"learners learn in every period what each of their choices would have brought, and not of the one made alone (Asker, Fershtman & Pakes 2022)"`
	Initial     *oligopoly.Initial `toml:"initial" doc:"values that learners begin with; left out: as [[agents]] have it"`
	Last        int                `toml:"last" default:"1000" range:"[1,1000000000]" doc:"periods at the end of a session, over which measures named final-… are means"`
	Deviate     Deviate            `toml:"deviate" doc:"the experiment in which a firm leaves what was learned for a period"`
}

// Deviate is the experiment of Calvano et al. (2020, §IV.A).
type Deviate struct {
	Firm    int      `toml:"firm" default:"1" range:"[1,64]" doc:"who deviates, counted from 1"`
	Choice  string   `toml:"choice" default:"'reply'" oneof:"reply,reply-elsewhere" doc:"reply: in each state of the limit cycle the best answer to what the rivals are to choose there; reply-elsewhere: in the k-th of them that to what they choose in the k-th of all states, as the program of Calvano et al. (2020) takes it"`
	To      *float64 `toml:"to" doc:"in place of choice: what it goes to, or the rung nearest to that"`
	Periods int      `toml:"periods" default:"15" range:"[1,1000]" doc:"periods that are watched from the deviation on"`
}

// GameConfig is the game as market/oligopoly plays it; nil in other worlds.
func (s *Scenario) GameConfig() *oligopoly.Config {
	if s.World() != RepeatedGame {
		return nil
	}
	cfg := s.Game.Config
	cfg.Demand, cfg.Horizon, cfg.End = s.Game.Demand.Demand, s.Sessions.Periods+1, "truncate" // a session is a part of one episode
	cfg.Firms = make([]oligopoly.Firm, len(s.Game.Firms))
	for i := range cfg.Firms {
		cfg.Firms[i] = s.Game.Firms[i].Firm
	}
	return &cfg
}

// AgentOf is the learner of a firm; nil where a rule decides.
func (s *Scenario) AgentOf(firm int) *Agent {
	f := &s.Game.Firms[firm]
	if f.Brain != nil {
		return nil
	}
	for i := range s.Agents {
		if s.Agents[i].Name == f.Agent || f.Agent == "" {
			return &s.Agents[i]
		}
	}
	return nil
}

// game checks what a repeated game has.
func (d *document) game(s *Scenario) {
	var learners []string
	d.names("agents", len(s.Agents), func(i int) string {
		learners = append(learners, s.Agents[i].Name)
		return s.Agents[i].Name
	})
	d.names(path("game").then("firms"), len(s.Game.Firms), func(i int) string { return s.Game.Firms[i].Name })
	for i := range s.Game.Firms {
		f, p := &s.Game.Firms[i], path("game").then("firms").then(strconv.Itoa(i))
		switch {
		case f.Brain != nil && f.Agent != "":
			d.bad(p.then("agent"), show(f.Agent)+" beside a brain", "one or the other")
		case f.Brain != nil && f.State != nil:
			d.bad(p.then("state"), "it beside a brain", "none: the rule "+f.Brain.Kind+" sees what it needs")
		case f.Brain != nil:
		case len(learners) == 0:
			d.bad(p, "no brain, and no [[agents]]", "a brain, or a learner")
		case s.AgentOf(i) == nil:
			d.bad(p.then("agent"), show(f.Agent), Suggest(f.Agent, learners))
		}
	}
	if n := len(s.Game.Firms); s.Sessions.Deviate.Firm > n {
		d.bad(path("sessions").then("deviate").then("firm"), strconv.Itoa(s.Sessions.Deviate.Firm), fmt.Sprintf("one of %d firms", n))
	}
	if len(d.errs) == 0 {
		d.playable(s)
	}
}

// playable makes the game, and looks at what its firms see.
func (d *document) playable(s *Scenario) {
	g, err := oligopoly.New(s.GameConfig(), 0)
	if err != nil {
		bad, ok := err.(*field.Error)
		if ok {
			err = &field.Error{Key: "game." + bad.Key, Found: bad.Found, Expected: bad.Expected}
		}
		d.located(err)
		return
	}
	if i := s.Sessions.Initial; i != nil {
		if i.Kind == "uniform" && i.From > i.To {
			d.bad(path("sessions").then("initial").then("to"), number64(i.To), "at least from")
		} else if g.States() == 0 {
			d.bad(path("sessions").then("initial"), "values of states", "a game with less to remember, of at most 2²⁵ states")
		} else if s.Game.Discount >= 1 && i.Kind != "uniform" && i.Kind != "constant" {
			d.bad(path("game").then("discount"), number64(s.Game.Discount), "less than 1, so that what learners begin with is finite")
		}
	}
	for i := range s.Game.Firms {
		f, p := &s.Game.Firms[i], path("game").then("firms").then(strconv.Itoa(i))
		if f.Brain != nil {
			if _, err := f.Brain.Params.Policy(g.Spec(i)); err != nil {
				d.wrong(p.then("brain"), err)
			}
			continue
		}
		d.cells(p.then("state"), f.State, g.Spec(i).Features, nil)
	}
}
