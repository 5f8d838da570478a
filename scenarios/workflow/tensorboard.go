package workflow

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/results/rundir"
	"github.com/souk-sim/souk/results/tensorboard"
)

// mostHistograms is how many distributions there are of a kind, evenly over a training.
const mostHistograms = 50

// perEpisode are the curves that TensorBoard is given: means of blocks of episodes.
var perEpisode = []struct {
	tag string
	of  func(score float64, e *results.Episode) float64
}{
	{"episode/score", func(score float64, _ *results.Episode) float64 { return score }},
	{"episode/reward", func(_ float64, e *results.Episode) float64 { return e.Reward }},
	{"episode/profit", func(_ float64, e *results.Episode) float64 { return e.OwnProfit }},
	{"episode/revenue", func(_ float64, e *results.Episode) float64 { return e.OwnRevenue }},
	{"episode/units", func(_ float64, e *results.Episode) float64 { return e.OwnUnits }},
	{"episode/mean_price", func(_ float64, e *results.Episode) float64 { return e.MeanPrice }},
	{"episode/price_changes", func(_ float64, e *results.Episode) float64 { return float64(e.PriceChanges) }},
	{"episode/lost_units", func(_ float64, e *results.Episode) float64 { return e.LostUnits }},
	{"agent/exploration", func(_ float64, e *results.Episode) float64 { return e.Exploration }},
	{"agent/learning_rate", func(_ float64, e *results.Episode) float64 { return e.LearningRate }},
}

// tensorBoard leaves event files, a folder for each agent and seed. Steps are episodes played. Their size does not grow with the episodes.
func (m *Summary) tensorBoard(run *rundir.Run, school world) (err error) {
	episodes, err := openTable[results.Episode](run, "episodes")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, episodes.close()) }()
	steps, err := openTable[results.Step](run, "steps")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, steps.close()) }()
	for first := episodes.peek(); first != nil; first = episodes.peek() {
		agent, seed := first.Agent, first.Seed
		var file bytes.Buffer
		w := tensorboard.NewWriter(&file)
		values, err := m.hyperParameters(agent)
		if err != nil {
			return err
		}
		if err := errors.Join(w.HParams(agent, values), m.curves(w, episodes, school), prices(w, steps, agent, seed, m.span())); err != nil {
			return fmt.Errorf("tensorboard: %s, seed %d: %w", agent, seed, err)
		}
		if err := run.WriteFile(fmt.Sprintf("tensorboard/%s-%d/%s", agent, seed, tensorboard.FileName), file.Bytes()); err != nil {
			return err
		}
	}
	return errors.Join(episodes.err, steps.err)
}

// span is over how many episodes a histogram goes.
func (m *Summary) span() int {
	return (m.Scenery.Train.Episodes + mostHistograms - 1) / mostHistograms
}

// curves writes one training's, which begins with the next row.
func (m *Summary) curves(w *tensorboard.Writer, rows *rowsOf[results.Episode], school world) error {
	block, span := blockOf(m.Scenery.Train.Episodes), m.span()
	sums, count, played := make([]float64, len(perEpisode)), 0, int64(0)
	var scores []float64
	first := *rows.peek()
	for row := rows.next(); row != nil; row = rows.next() {
		score := school.score(&row.Metrics)
		for i := range perEpisode {
			sums[i] += perEpisode[i].of(score, row)
		}
		count, played, scores = count+1, played+1, append(scores, score)
		next := rows.peek()
		last := next == nil || next.Agent != first.Agent || next.Seed != first.Seed
		if count == block || last {
			for i, c := range perEpisode {
				if err := w.Scalar(c.tag, played, sums[i]/float64(count)); err != nil {
					return err
				}
			}
			clear(sums)
			count = 0
		}
		if len(scores) == span || last {
			if err := w.Histogram("episode/scores", played, scores); err != nil {
				return err
			}
			scores = scores[:0]
		}
		if last {
			break
		}
	}
	return rows.err
}

// prices writes how often one training posted which prices, of the episodes whose steps are kept.
func prices(w *tensorboard.Writer, rows *rowsOf[results.Step], agent string, seed int64, span int) error {
	var posted []float64
	for row := rows.peek(); row != nil && row.Agent == agent && row.Seed == seed; row = rows.peek() {
		posted = append(posted, row.Price)
		part, played := row.Episode/int64(span), row.Episode+1
		rows.next()
		next := rows.peek()
		if next == nil || next.Agent != agent || next.Seed != seed || next.Episode/int64(span) != part {
			if err := w.Histogram("step/prices", played, posted); err != nil {
				return err
			}
			posted = posted[:0]
		}
	}
	return rows.err
}

// hyperParameters are those of an agent, by the keys of its table in the scenario.
func (m *Summary) hyperParameters(agent string) (map[string]any, error) {
	values := map[string]any{"agent": agent, "episodes": float64(m.Scenery.Train.Episodes)}
	for _, a := range m.Scenery.Agents {
		if a.Name != agent {
			continue
		}
		text, err := json.Marshal(a.Params)
		if err != nil {
			return nil, err
		}
		var tree map[string]any
		if err := json.Unmarshal(text, &tree); err != nil {
			return nil, err
		}
		flatten(values, "", tree)
	}
	return values, nil
}

// flatten puts the leaves of a tree under their dotted keys; a list becomes its text.
func flatten(into map[string]any, prefix string, tree map[string]any) {
	for _, key := range slices.Sorted(maps.Keys(tree)) {
		switch v := tree[key].(type) {
		case nil:
		case map[string]any:
			flatten(into, prefix+key+".", v)
		case []any:
			into[prefix+key] = fmt.Sprint(v...)
		default:
			into[prefix+key] = v
		}
	}
}
