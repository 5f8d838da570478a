package workflow

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/souk-sim/souk/results/report"
)

// levels are the places of the trials that have a value of the k-th key in common, or numbers next to each other where there are many.
func levels(m *Swept, k int) (groups [][]int) {
	at := map[string]int{}
	numbers := true
	for i := range m.Trials {
		t := &m.Trials[i]
		g, known := at[t.Values[k]]
		if !known {
			g = len(groups)
			at[t.Values[k]], groups = g, append(groups, nil)
		}
		groups[g] = append(groups[g], i)
		numbers = numbers && !math.IsNaN(t.levels[k])
	}
	if !numbers {
		return groups
	}
	slices.SortStableFunc(groups, func(a, b []int) int { return cmp.Compare(m.Trials[a[0]].levels[k], m.Trials[b[0]].levels[k]) })
	n := mostLevels
	if len(groups) > len(m.Trials)/leastGroup && m.Scenery.Sweep.Over[k].Values == nil && m.Scenery.Sweep.Trials > 0 {
		n = min(n, max(2, len(m.Trials)/leastGroup))
	}
	if len(groups) <= n {
		return groups
	}
	var merged [][]int
	for g := range n {
		merged = append(merged, slices.Concat(groups[g*len(groups)/n:(g+1)*len(groups)/n]...))
	}
	return merged
}

// levelText is what the trials of a level have in common.
func levelText(m *Swept, k int, group []int) string {
	first, last := &m.Trials[group[0]], &m.Trials[group[len(group)-1]]
	if first.Values[k] == last.Values[k] {
		return first.Values[k]
	}
	return first.Values[k] + " to " + last.Values[k]
}

// picture shows the mean score at each level of each key, the key that mattered most first.
func (m *Swept) picture() *report.Comparison {
	c := &report.Comparison{Title: "What mattered", Subtitle: m.Scenario + ": mean score of the configurations that have a value in common", X: m.Score,
		Caption: fmt.Sprintf("Bars: %.0f%% intervals over configurations. %% is the share of the variance between configurations that a key explains.", 100*level)}
	for _, e := range m.Effects {
		for i, l := range e.Levels {
			name := shortKey(e.Key) + " = " + l.At
			if i == 0 {
				name = fmt.Sprintf("(%.0f%%)  %s", 100*e.Share, name)
			}
			c.Estimates = append(c.Estimates, report.Estimate{Name: name, Value: l.Value, Low: l.Low, High: l.High, Learned: i == 0})
		}
	}
	return c
}

// shortKey is the end of a dotted key.
func shortKey(key string) string {
	parts := strings.Split(key, ".")
	return strings.Join(parts[max(0, len(parts)-2):], ".")
}

// mostTrialsTold is how many configurations are printed; sweep.json has all.
const mostTrialsTold = 40

// Text writes the table of configurations, the best first, and what mattered.
func (m *Swept) Text(w io.Writer) error {
	p := &page{}
	s := m.Scenery
	p.line("%s · sweep %s · %s, %s", m.Scenario, m.RunID, plural(len(m.Trials), "configuration"), m.Method)
	how := "± is a standard error"
	if s.Sweep.Measure == "" {
		paths := s.Sweep.Paths
		if paths == 0 {
			paths = tunePaths
		}
		how = fmt.Sprintf("mean over %s and %d paths that neither training nor the comparison of souk train meets; ± is a standard error, over the best paired by seed and path", plural(s.Train.Seeds, "seed"), paths)
	}
	p.section("", m.Score+", the "+m.Best+" first: "+how)
	p.line("")
	p.WriteString(m.table())
	if n := len(m.Trials) - mostTrialsTold; n > 0 {
		p.section("", fmt.Sprintf("… and %d more; sweep.json has all", n))
	}
	if len(m.Effects) > 1 { // a single key explains everything, which says nothing
		p.section("", "What mattered: the share of the variance between configurations that each key explains, and the mean score at its values:")
		p.line("")
		p.WriteString(m.effectsTable())
		if rest := m.together(); rest > 0 {
			p.section("", fmt.Sprintf("No key by itself explains the %.0f%% that are left: keys work together there, or it is chance.", 100*rest))
		}
	} else if spread := m.spread(); spread != "" {
		p.section("", spread)
	}
	best := &m.Trials[m.Order[0]-1]
	var sets []string
	for k, key := range m.Keys {
		sets = append(sets, "--set '"+key+"="+best.Values[k]+"'")
	}
	p.section("best", "configuration "+fmt.Sprint(best.Number)+": "+strings.Join(sets, " "))
	if len(m.Trials) > 1 {
		again := "what it earns, souk train tells on other paths."
		if s.Sweep.Measure != "" {
			again = "measure it again under another seed."
		}
		p.section("careful", "The best of many scores is the best by some luck: "+again)
	}
	_, err := io.WriteString(w, p.String())
	return err
}

// together is the share of the variance between configurations that no key explains by itself.
func (m *Swept) together() float64 {
	rest := 1.0
	for _, e := range m.Effects {
		rest -= e.Share
	}
	if rest < 0.005 {
		return 0
	}
	return rest
}

// spread says how far apart the first and the last configuration are, of those that went all the way; those of halving are of other budgets.
func (m *Swept) spread() string {
	if len(m.Trials) < 2 || m.Method == "halving" {
		return ""
	}
	first, last := m.Trials[m.Order[0]-1].last(), m.Trials[m.Order[len(m.Order)-1]-1].last()
	return fmt.Sprintf("From the best to the worst configuration are %s ±%s, as if their errors were independent.",
		scoreText(math.Abs(first.Value-last.Value)), scoreText(math.Hypot(first.Error, last.Error)))
}

func (m *Swept) table() string {
	rows := [][]string{{""}}
	for _, key := range m.Keys {
		rows[0] = append(rows[0], shortKey(key))
	}
	halving := m.Method == "halving"
	if halving {
		rows[0] = append(rows[0], "budget")
	}
	paired := slices.ContainsFunc(m.Trials, func(t Trial) bool { return t.Behind != nil })
	if rows[0] = append(rows[0], "score", "±"); paired {
		rows[0] = append(rows[0], "over the best")
	}
	for _, number := range m.Order[:min(len(m.Order), mostTrialsTold)] {
		t := &m.Trials[number-1]
		row := append([]string{fmt.Sprint(t.Number)}, t.Values...)
		if halving {
			row = append(row, fmt.Sprint(t.last().Budget))
		}
		row = append(row, scoreText(t.last().Value), scoreText(t.last().Error))
		if b := t.Behind; b != nil {
			row = append(row, scoreText(b.Value)+" ±"+scoreText(b.StandardError))
		}
		rows = append(rows, row)
	}
	return align(rows)
}

func (m *Swept) effectsTable() string {
	rows := [][]string{}
	for _, e := range m.Effects {
		for i, l := range e.Levels {
			row := []string{"", l.At, scoreText(l.Value), fmt.Sprintf("of %d", l.N)}
			if i == 0 {
				row[0] = fmt.Sprintf("%3.0f%%  %s", 100*e.Share, shortKey(e.Key))
			}
			rows = append(rows, row)
		}
	}
	return align(rows)
}

// scoreText is a score in four digits or more.
func scoreText(x float64) string {
	if math.Abs(x) >= 1000 {
		return thousands(x, "")
	}
	return strings.Replace(fmt.Sprintf("%.4g", x), "-", "−", 1)
}
