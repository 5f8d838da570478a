package workflow

import (
	"errors"
	"io"
	"slices"

	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/results/parquet"
	"github.com/souk-sim/souk/results/report"
	"github.com/souk-sim/souk/results/rundir"
)

// mostPoints is how many points a curve over episodes has at most, however many episodes there are: longer ones are averaged in equal blocks.
const mostPoints = 1000

// Learning is how training went: learning.json.
type Learning struct {
	Score  string   `json:"score"`              // what it is, with its unit
	Block  int      `json:"episodes_per_point"` // those that a point averages; of the last, fewer may be left
	Curves []Course `json:"curves"`             // in the order of seeds, then agents' names
}

// Course is how one training went, as far as it is remembered.
type Course struct {
	Agent    string    `json:"agent"`
	Seed     int64     `json:"seed"`
	Episodes int       `json:"episodes"`
	Scores   []float64 `json:"scores"` // by block of episodes, mean

	earned []float64 // sum of scores until each of readings
}

// blockOf is how many episodes a point averages.
func blockOf(episodes int) int { return (episodes + mostPoints - 1) / mostPoints }

// follow reads how training went out of the run's episodes, one after the other.
func (m *Summary) follow(run *rundir.Run, school world) (err error) {
	s := m.Scenery
	rows, err := openTable[results.Episode](run, "episodes")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.close()) }()
	block := blockOf(s.Train.Episodes)
	m.learning = &Learning{Score: aPeriod(s), Block: block, Curves: coursesOf(rows, block, m.readings, school.score)}
	return rows.err
}

// coursesOf are the trainings whose episodes a table has, one after the other. What each has earned is kept of its agent's readings, ascending numbers of episodes.
func coursesOf(rows *rowsOf[results.Episode], block int, readings func(agent string) []int, score func(*results.Metrics) float64) (all []Course) {
	var c *Course
	var read []int
	sum, count, earned := 0.0, 0, 0.0
	end := func() {
		if count > 0 {
			c.Scores = append(c.Scores, sum/float64(count))
		}
		sum, count = 0, 0
	}
	for row := rows.next(); row != nil; row = rows.next() {
		if c == nil || c.Agent != row.Agent || c.Seed != row.Seed {
			end()
			all = append(all, Course{Agent: row.Agent, Seed: row.Seed})
			c, earned, read = &all[len(all)-1], 0, readings(row.Agent)
		}
		x := score(&row.Metrics)
		sum, count, earned, c.Episodes = sum+x, count+1, earned+x, c.Episodes+1
		if count == block {
			end()
		}
		if _, now := slices.BinarySearch(read, c.Episodes); now {
			c.earned = append(c.earned, earned)
		}
	}
	end()
	return all
}

// of are an agent's courses, by seed.
func (l *Learning) of(agent string) (all []Course) {
	for _, c := range l.Curves {
		if c.Agent == agent {
			all = append(all, c)
		}
	}
	return all
}

// learningCurves are the rewards of all training episodes.
func learningCurves(m *Summary) *report.LearningCurves {
	s := m.Scenery
	l := &report.LearningCurves{Title: "Learning", Subtitle: s.Name + ": what learners earned while they learned, exploration included", Y: m.learning.Score, Each: m.learning.Block}
	for _, agent := range s.Agents {
		curve := report.Curve{Name: agent.Name}
		for _, c := range m.learning.of(agent.Name) {
			curve.Seeds = append(curve.Seeds, c.Scores)
		}
		l.Curves = append(l.Curves, curve)
	}
	for _, row := range m.Comparison.Rows {
		if slices.Contains([]string{bestFixed, solved}, row.Name) {
			l.References = append(l.References, report.Reference{Name: row.Name, Value: row.Profit.Value})
		}
	}
	return l
}

// played is how many episodes a training had.
func (m *Summary) played(agent string, seed int64) int {
	return m.episodes(&Chosen{Agent: agent, Seed: seed})
}

// readings are the numbers of episodes after which an agent's regret is read, ascending, each half of the next: up to where all its seeds have come.
func (m *Summary) readings(agent string) []int {
	least := m.Scenery.Train.Episodes
	for seed := range m.Scenery.Train.Seeds {
		least = min(least, m.played(agent, int64(seed)+1))
	}
	return halves(least)
}

// rowsOf are the rows of a run's table, one after the other: a constant amount of them is in memory.
type rowsOf[R results.Row] struct {
	source parquet.Source
	reader *parquet.Reader[R]
	batch  []R
	read   []R // of batch, those to come
	err    error
}

func openTable[R results.Row](run *rundir.Run, table string) (*rowsOf[R], error) {
	source, err := run.Open(table + ".parquet")
	if err != nil {
		return nil, err
	}
	reader, err := parquet.NewReader[R](source, source.Size())
	if err != nil {
		return nil, errors.Join(err, source.Close())
	}
	return &rowsOf[R]{source: source, reader: reader, batch: make([]R, 1024)}, nil
}

// peek is the next row, borrowed until the one after it is asked for; nil at the end, or at an error, which is then err.
func (t *rowsOf[R]) peek() *R {
	if len(t.read) == 0 && t.err == nil {
		n, err := t.reader.Read(t.batch)
		if t.read = t.batch[:n]; !errors.Is(err, io.EOF) {
			t.err = err
		}
	}
	if len(t.read) == 0 {
		return nil
	}
	return &t.read[0]
}

func (t *rowsOf[R]) next() *R {
	row := t.peek()
	if row != nil {
		t.read = t.read[1:]
	}
	return row
}

func (t *rowsOf[R]) close() error { return errors.Join(t.reader.Close(), t.source.Close()) }
