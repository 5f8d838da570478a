package workflow

import (
	"context"
	"io"
	"slices"

	"github.com/souk-sim/souk/agents/train"
	"github.com/souk-sim/souk/market/logs"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/sim/env"
)

// Seats are who plays in a world.
type Seats struct {
	Learner int
	Spec    *env.Spec         // of the learner
	Others  []policies.Policy // by player; nil at the learner's place
	Encoder policies.Encoder  // of the scenario's state
	Beside  []train.Learner   // who learn too; their place among Others has what they do before they have learned
}

// among are the others with what those who learn beside the learner have learned.
func (s *Seats) among(learned []policies.Policy) []policies.Policy {
	all := slices.Clone(s.Others)
	for i := range s.Beside {
		all[s.Beside[i].Player] = learned[i]
	}
	return all
}

// world is what agents learn in and policies play in: a market of either kind, from which markets are opened.
type world interface {
	seats() *Seats
	open(master uint64) (train.World, error)
	score(account *results.Metrics) float64 // what the learner is after: $ a period, of all customers
	share() float64                         // of the customers that is simulated
	quick() world                           // the same in which policies are told apart sooner; itself where there is none
}

// Open reads what a scenario's market needs of data and checks it, before anything is fitted. The error is a *field.Error.
func Open(s *scenarios.Scenario) (Scene, error) {
	if s.World() == scenarios.OpenMarket {
		return openBazaar(s)
	}
	return openChain(s)
}

// arenaOf is where policies play in a world for the learner.
func arenaOf(w world, master uint64, workers int) evaluate.Arena {
	seats := w.seats()
	return evaluate.Arena{Master: master, Learner: seats.Learner, Others: seats.Others, Workers: workers, Score: w.score,
		World: func() (evaluate.World, error) { return w.open(master) }}
}

// Scene is the market of a scenario: one of either kind, on the way from its data to worlds and to what a report says of it. All that the main
// job does apart from it is the same for both.
type Scene interface {
	// Fit fits the models. The result does not depend on the number of workers, 0 being all processors. Progress is told of by one goroutine at a
	// time; nil for nobody. When the context is done it returns at once, with its error.
	Fit(ctx context.Context, workers int, progress func(done, total int)) error
	// Documents are the fitted models as JSON documents, by file name.
	Documents() map[string]any
	// FitText writes what was fitted, on what, how well, and what to be careful about.
	FitText(w io.Writer) error
	// Records are how many periods of data there are, and what their checks found.
	Records() (periods int, findings []logs.Finding)

	stages
	telling
}

// stages of the main job that differ between the kinds.
type stages interface {
	shoppers() []Shopper                                        // the models of [shoppers] that Fit has fitted
	worlds(ctx context.Context) (school, full world, err error) // what is learned in, and what is compared in
	rule(name string) (made rule, ok bool, err error)
	simulateAll(ctx context.Context, r *Run) (*Simulation, error) // where all sellers have a brain
	usual() []string                                              // names of what is simulated where nobody says
	budget() evaluate.Budget                                      // of tuning
	tune(ctx context.Context, w world, workers int, watch func(done, total int)) (*Baselines, error)
	settle(others []policies.Policy) world             // the comparison's world, in which these play from now on
	optima(c *evaluate.Contest, w world, b *Baselines) // adds what is known of the best that could be done
	chapters(ctx context.Context, r *Run, m *Summary, w world, learned []Learned, done func(stage string)) error
}

// rule makes the policy that a name stands for, once the world is there.
type rule func(ctx context.Context, w world, workers int) (policies.Policy, error)

// telling is what a report says of a market of this kind.
type telling interface {
	opening(p *page, m *Summary)                         // the sections before the comparison
	title(r *evaluate.Result) string                     // of the comparison
	notes(p *page, m *Summary)                           // below its table
	answer(m *Summary) []string                          // the headline in words
	closing(p *page, m *Summary)                         // the sections after it
	caveats(m *Summary) []string                         // what a reader should not forget
	alone(policy policies.Frozen, n int) (string, error) // prices while nothing else happens
	about() string                                       // the market, for the bundle; may be empty
	provenance() (data, warnings []string)               // for the bundle
	pictures(m *Summary, w world) ([]picture, error)     // beyond learning, policy and comparison
	figures(m *Summary, w world, f *drawings) error      // adds what the report draws of a market of this kind
	rules() string                                       // that can be simulated, for messages
	noun() string                                        // what an offer's price is: a price, or a level of list prices
	apart(policy policies.Frozen) float64                // by how much prices of neighbouring states may differ and be told as one
	simulated(m *Simulation) (title, below string)       // what stands above and below a simulation's table
}
