package workflow

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/souk-sim/souk/results/report/web"
	"github.com/souk-sim/souk/results/stats"
)

// Keeping is how well the loop kept up, over all rounds and histories. Shares are ratios of sums, with Fieller's intervals over histories; nil where so many histories
// cannot tell what is divided by from nothing.
type Keeping struct {
	Refitted   stats.Estimate  `json:"refitted"` // what exploration costs included; $ a period and shop, as those below
	Unexplored stats.Estimate  `json:"refitted_without_exploration"`
	Frozen     stats.Estimate  `json:"frozen"`
	Knowing    stats.Estimate  `json:"truth_knowing"`
	Learned    stats.Estimate  `json:"learned_on_the_truth"`
	Gained     stats.Estimate  `json:"refitted_over_frozen"`
	Learning   *stats.Estimate `json:"cost_of_learning,omitempty"`         // (truth-knowing − learned on the truth) / truth-knowing
	Cost       *stats.Estimate `json:"cost_of_drift,omitempty"`            // (learned on the truth − frozen) / learned on the truth: both learned, one of them for each round
	Exploring  *stats.Estimate `json:"cost_of_exploration,omitempty"`      // (refitted without − refitted) / refitted without
	Kept       *stats.Estimate `json:"kept,omitempty"`                     // (refitted − frozen) / (truth-knowing − frozen); nil too where truth-knowing earns no more, or anything may be
	Clean      *stats.Estimate `json:"kept_without_exploration,omitempty"` // likewise
	turned
}

// turned is how turns ended.
type turned struct {
	Turns    int `json:"turns"`
	Promoted int `json:"promoted"`        // they made another champion
	Untold   int `json:"turns_untold"`    // the log did not tell what the candidate would have earned, and the gate loss stood open
	Unproven int `json:"promoted_untold"` // both: simulation alone spoke for the champion
}

// turns counts those of all histories.
func (m *Rounds) turns() (n turned) {
	for i := range m.Histories {
		n.Turns += len(m.Histories[i].Rounds) - 1
		for r := range m.Histories[i].Rounds {
			one := &m.Histories[i].Rounds[r]
			mute := len(one.Untold) > 0
			if mute {
				n.Untold++
			}
			if one.Promoted {
				n.Promoted++
			}
			if mute && one.Promoted {
				n.Unproven++
			}
		}
	}
	return n
}

// contenders are the policies of a round, as texts call them.
var contenders = [...]struct {
	name   string
	profit func(r *Round) float64
}{
	{"refitted", func(r *Round) float64 { return r.Refitted }},
	{"refitted, not exploring", func(r *Round) float64 { return r.Unexplored }},
	{"frozen", func(r *Round) float64 { return r.Frozen }},
	{"truth-knowing", func(r *Round) float64 { return r.Knowing }},
	{"learned on the truth", func(r *Round) float64 { return r.Learned }},
}

// keeping pools the histories.
func (m *Rounds) keeping() (*Keeping, error) {
	k := &Keeping{turned: m.turns()}
	var means [len(contenders)][]float64 // by history
	for c := range means {
		for i := range m.Histories {
			sum := 0.0
			for r := range m.Histories[i].Rounds {
				sum += contenders[c].profit(&m.Histories[i].Rounds[r])
			}
			means[c] = append(means[c], sum/float64(len(m.Histories[i].Rounds)))
		}
	}
	for c, into := range []*stats.Estimate{&k.Refitted, &k.Unexplored, &k.Frozen, &k.Knowing, &k.Learned} {
		var err error
		if *into, err = stats.Crossed([][]float64{means[c]}, level); err != nil {
			return nil, err
		}
	}
	refitted, unexplored, frozen, knowing, learned := means[0], means[1], means[2], means[3], means[4]
	var err error
	if k.Gained, err = stats.Crossed([][]float64{less(refitted, frozen)}, level); err != nil {
		return nil, err
	}
	ratio := func(x, y []float64) *stats.Estimate {
		e, bad := stats.Ratio([][]float64{x}, [][]float64{y}, level)
		if bad != nil {
			if !errors.Is(bad, stats.ErrZeroDenominator) {
				err = bad
			}
			return nil
		}
		return &e
	}
	k.Cost, k.Exploring, k.Learning = ratio(less(learned, frozen), learned), ratio(less(unexplored, refitted), unexplored), ratio(less(knowing, learned), knowing)
	if possible := less(knowing, frozen); stats.Mean(possible) > 0 {
		k.Kept, k.Clean = tells(ratio(less(refitted, frozen), possible)), tells(ratio(less(unexplored, frozen), possible))
	}
	return k, err
}

// tells is a share of what is possible, nil where its interval says that it may be anything: all of it lost, or as much again gained.
func tells(e *stats.Estimate) *stats.Estimate {
	if e == nil || !(e.Low >= -1 && e.High <= 2) {
		return nil
	}
	return e
}

// less is x − y, one by one.
func less(x, y []float64) []float64 {
	d := make([]float64, len(x))
	for i := range d {
		d[i] = x[i] - y[i]
	}
	return d
}

// byRound are the means of a policy over histories, round by round.
func (m *Rounds) byRound(profit func(r *Round) float64) (all []float64) {
	for r := range m.Histories[0].Rounds {
		sum := 0.0
		for i := range m.Histories {
			sum += profit(&m.Histories[i].Rounds[r])
		}
		all = append(all, sum/float64(len(m.Histories)))
	}
	return all
}

// Text writes what policies earned, round by round and pooled, and what follows.
func (m *Rounds) Text(w io.Writer) error {
	p := &page{}
	p.line("%s: %s of %s in %s, %d histories", m.Scenario, plural(len(m.Histories[0].Rounds), "round"), plural(m.Scenery.Time.Horizon, m.Scenery.Time.Period), plural(m.Scenery.Loop.Shops, "shop"),
		len(m.Histories))
	rows := [][]string{{"round"}}
	columns := make([][]float64, len(contenders))
	for c := range contenders {
		rows[0] = append(rows[0], contenders[c].name)
		columns[c] = m.byRound(contenders[c].profit)
	}
	for r := range columns[0] {
		row := []string{fmt.Sprint(r)}
		for c := range columns {
			row = append(row, fmt.Sprintf("%.2f", columns[c][r]))
		}
		rows = append(rows, row)
	}
	all := []string{"all"}
	for _, e := range []stats.Estimate{m.Refitted, m.Unexplored, m.Frozen, m.Knowing, m.Learned} {
		all = append(all, plusMinus(e, ""))
	}
	p.line("")
	p.WriteString(align(append(rows, all)))
	p.section("", "Profit, "+m.Unit+", mean of histories. Exploration is paid for by refitted alone.")
	p.section("answer", m.answer()...)
	if len(m.Notes) > 0 {
		p.section("notes", m.Notes...)
	}
	_, err := io.WriteString(w, p.String())
	return err
}

// answer is what was found, in words.
func (m *Rounds) answer() []string {
	text := []string{fmt.Sprintf("The drift costs a policy that is never refitted %s of what one earns that is trained in the truth of every round; exploring costs the refitted one %s.", m.share(m.Cost), m.share(m.Exploring)),
		fmt.Sprintf("The one that knows the truth makes the offers that earn most by the closed form of its demand; the one that is trained in that truth, as the refitted one is in what the log shows of it, earns %s less.", m.share(m.Learning)),
		fmt.Sprintf("Refitting brings %s %s more than the frozen policy earns (%.0f%% interval %s to %s), exploration paid for.", sumOf(m.Gained.Value), m.Unit[2:], 100*m.Gained.Level, sumOf(m.Gained.Low), sumOf(m.Gained.High))}
	return append(text, fmt.Sprintf("Of what knowing the truth is worth a policy that is refitted to its own log keeps %s, exploration paid for, and %s without it: (refitted − frozen) / (truth-knowing − frozen), sums over all rounds and histories.", m.share(m.Kept), m.share(m.Clean)),
		fmt.Sprintf("%d of %s made another champion, %d of them by simulation alone: the log did not tell what the candidate would have earned, as in %d of all turns, and the gate loss stood open.",
			m.Promoted, plural(m.Turns, "turn"), m.Unproven, m.Untold))
}

// share is a share with its interval.
func (m *Rounds) share(e *stats.Estimate) string {
	if e == nil {
		return fmt.Sprintf("what cannot be told from %d histories", len(m.Histories))
	}
	return fmt.Sprintf("%s%% (%.0f%% interval %s to %s)", tenth(e.Value), 100*e.Level, tenth(e.Low), tenth(e.High))
}

func tenth(share float64) string { return minus(fmt.Sprintf("%.1f", 100*share)) }

// roundsPage is the report of a loop that was played against a drifting truth.
func roundsPage(f *RunFiles) (*web.Page, error) {
	m := &Rounds{}
	if _, err := f.json("rounds.json", m); err != nil {
		return nil, err
	}
	s, err := f.scenario()
	if err != nil {
		return nil, err
	}
	m.Scenery = s
	answer := web.Answer{Words: m.answer(), Figure: sumOf(m.Gained.Value), Of: "more than a policy that is never refitted earns one that is refitted to its own log, " + m.Unit[2:]}
	answer.Interval = fmt.Sprintf("%.0f%% interval %s to %s", 100*m.Gained.Level, sumOf(m.Gained.Low), sumOf(m.Gained.High))
	if m.Kept != nil {
		answer.Figure, answer.Of = tenth(m.Kept.Value)+"%", "of the worth of knowing how shoppers change is kept by a policy that is refitted to its own log"
		answer.Interval = fmt.Sprintf("%.0f%% interval %s%% to %s%%", 100*m.Kept.Level, tenth(m.Kept.Low), tenth(m.Kept.High))
	}
	x := make([]float64, len(m.Histories[0].Rounds))
	for r := range x {
		x[r] = float64(r)
	}
	profits := web.Lines{Title: "Profit, round by round", Caption: "Means of histories, " + m.Unit + ".", X: web.Axis{Name: "round", Whole: true}, Y: web.Axis{Name: "profit, " + m.Unit}}
	gained := web.Lines{Title: "More than the frozen policy", Caption: "What refitting brings, and what knowing the truth would.", X: web.Axis{Name: "round", Whole: true}, Y: web.Axis{Name: "profit above the frozen policy's, " + m.Unit, Zero: true}}
	frozen := m.byRound(contenders[2].profit)
	page := &web.Page{Title: m.Scenario, Kind: "Loop, run " + f.ID, Question: m.Question, Answer: answer}
	for _, c := range contenders {
		page.Names = append(page.Names, c.name)
		y := m.byRound(c.profit)
		profits.Series = append(profits.Series, web.Series{Name: c.name, X: x, Y: y})
		if c.name != contenders[2].name {
			gained.Series = append(gained.Series, web.Series{Name: c.name, X: x, Y: less(y, frozen)})
		}
	}
	by := web.Table{Caption: "By history: means over its rounds, " + m.Unit, Columns: []web.Column{{Name: "seed"}}}
	for _, c := range contenders {
		by.Columns = append(by.Columns, web.Column{Name: c.name, Kind: web.Numbers})
	}
	by.Columns = append(by.Columns, web.Column{Name: "kept, %", Kind: web.Numbers}, web.Column{Name: "promoted", Kind: web.Numbers}, web.Column{Name: "by simulation alone", Kind: web.Numbers})
	by.Note = "Promoted: turns that made another champion; by simulation alone: those of them in which the log did not tell what the candidate would have earned."
	for i := range m.Histories {
		one := Rounds{Histories: m.Histories[i : i+1]}
		row, mean := []web.Cell{web.Word(fmt.Sprint(m.Histories[i].Seed))}, [len(contenders)]float64{}
		for c := range contenders {
			mean[c] = stats.Mean(one.byRound(contenders[c].profit))
			row = append(row, web.Number(mean[c]))
		}
		n := one.turns()
		by.Rows = append(by.Rows, append(row, web.Number(100*(mean[0]-mean[2])/(mean[3]-mean[2])), web.Number(float64(n.Promoted)), web.Number(float64(n.Unproven))))
	}
	page.Sections = []web.Section{
		{ID: "rounds", Title: "Round by round", Blocks: []web.Block{profits, gained}},
		{ID: "truth", Title: "What drifted", Blocks: m.drifted(x)},
		{ID: "histories", Title: "History by history", Blocks: []web.Block{by}},
		f.reproduction(s, fmt.Sprintf("loop %s --seeds %d", f.given(s), len(m.Histories))),
	}
	return page, nil
}

// drifted draws the truth: its mean over histories, and how far they are apart.
func (m *Rounds) drifted(x []float64) (blocks []web.Block) {
	for k, key := range m.Drifts {
		low, mean, high := make([]float64, len(x)), make([]float64, len(x)), make([]float64, len(x))
		apart := false
		for r := range x {
			var all []float64
			for i := range m.Histories {
				all = append(all, m.Histories[i].Rounds[r].Truth[k])
			}
			low[r], mean[r], high[r] = slices.Min(all), stats.Mean(all), slices.Max(all)
			apart = apart || high[r] > low[r]
		}
		chart := web.Lines{Title: key, Caption: "The same in all histories.", X: web.Axis{Name: "round", Whole: true}, Y: web.Axis{Name: key}, Series: []web.Series{{Name: "mean", X: x, Y: mean}}}
		if apart {
			chart.Caption = "Mean of the histories, which differ; shaded: from the least of them to the most in each round."
			chart.Series[0].Bands = []web.Band{{Low: low, High: high}}
		}
		blocks = append(blocks, chart)
	}
	return blocks
}
