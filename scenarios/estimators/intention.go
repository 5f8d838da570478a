package estimators

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/souk-sim/souk/market/logs"
	"github.com/souk-sim/souk/market/persona"
	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

// Intention learns which sessions end in a purchase.
type Intention struct {
	Outcome    string   `toml:"outcome" doc:"column of what became of a session: two words, or 1 and 0 (required)"`
	Bought     string   `toml:"bought" doc:"word of the outcome that is a purchase; left out: TRUE, yes or 1"`
	Features   []string `toml:"features" doc:"columns that it is told by; left out: all others"`
	Without    []string `toml:"without" doc:"columns that are not looked at"`
	Categories []string `toml:"categories" doc:"columns of codes or words: their cells are shown; columns of at most 20 words without digits are told by themselves"`
	Log        []string `toml:"log" doc:"columns of numbers that are taken as ln(1 + x)"`
	ID         string   `toml:"id" doc:"column of the customer: all sessions of one are held out, or none, and the AUC's standard error is by customer"`
	Method     string   `toml:"method" default:"'logistic'" oneof:"logistic,forest" doc:"which of the two models is saved; both are fitted and judged"`
	Mix        float64  `toml:"mix" default:"1" range:"[0,1]" doc:"of the penalty: 1 for the lasso, 0 for ridge"`
	Folds      int      `toml:"folds" default:"10" range:"[2,100]" doc:"of the cross-validation that chooses the penalty"`
	Trees      int      `toml:"trees" default:"100" range:"[1,10000]" doc:"of the forest"`
	MinLeaf    int      `toml:"min_leaf" default:"5" range:"[1,1000000]" doc:"least sessions of a leaf"`
	Least      int      `toml:"least" default:"10" range:"[1,1000000]" doc:"sessions that a word must be of; those that fewer have become the word rare"`

	Parameters *DescribedIntention `toml:"parameters" doc:"the model itself, without a file"`
}

// DescribedIntention is a logistic regression as somebody gives it, where a scenario has no sessions.
type DescribedIntention struct {
	Intercept    float64            `toml:"intercept" required:"true" doc:"log-odds of a purchase where all features are 0"`
	Coefficients map[string]float64 `toml:"coefficients" required:"true" doc:"of features that are numbers"`
	Provenance   string             `toml:"provenance" required:"true" doc:"where the numbers come from"`
}

// Given implements ByHand.
func (m *Intention) Given() (json.Marshaler, error) {
	if m.Parameters == nil {
		return nil, nil
	}
	l := &stats.Logistic{Intercept: m.Parameters.Intercept}
	model := &persona.Intention{Logistic: l}
	for _, name := range slices.Sorted(maps.Keys(m.Parameters.Coefficients)) {
		model.Inputs = append(model.Inputs, persona.Input{Name: name})
		l.Names, l.Coef = append(l.Names, name), append(l.Coef, m.Parameters.Coefficients[name])
	}
	if _, err := model.Save(); err != nil {
		return nil, under("parameters", err)
	}
	return saved{model.Save}, nil
}

// mostWords of a column that can be learnt from. An id has more.
const mostWords = 100

// sessions are what is learnt from.
type sessions struct {
	inputs   []persona.Input
	values   []float64 // sessions × inputs
	bought   []float64
	customer []int // nil: each session is another's
	warnings []string
}

func (s *sessions) subset(rows []int) (values, bought []float64, customer []int) {
	for _, i := range rows {
		values, bought = append(values, s.values[i*len(s.inputs):(i+1)*len(s.inputs)]...), append(bought, s.bought[i])
		if s.customer != nil {
			customer = append(customer, s.customer[i])
		}
	}
	return values, bought, customer
}

// read reads the sessions.
func (m *Intention) read(job Job) (*sessions, error) {
	if m.Outcome == "" {
		return nil, field.New("outcome", "nothing", "the column of what became of a session")
	}
	names, err := logs.ColumnNames(job.Data.Name, job.Data, job.Data.Size)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(names, m.Outcome) { // the first line may be a row, of which nothing is shown
		_, err := logs.DecodeRecords(job.Data.Name, job.Data, job.Data.Size, logs.RecordColumns{Words: []string{m.Outcome}})
		return nil, err
	}
	for _, named := range []struct {
		key     string
		columns []string
	}{{"features", m.Features}, {"without", m.Without}, {"categories", m.Categories}, {"log", m.Log}} {
		for _, c := range named.columns {
			if !slices.Contains(names, c) || c == m.Outcome {
				return nil, field.New(named.key, fmt.Sprintf("%q", c), "columns of the file beside the outcome: "+strings.Join(names, ", "))
			}
		}
	}
	var c logs.RecordColumns
	var warnings []string
	for _, n := range names {
		switch {
		case n != m.Outcome && n != m.ID && m.Features == nil && !slices.Contains(m.Without, n) && (logs.HoldsIDs(n) || strings.EqualFold(n, "id")):
			warnings = append(warnings, n+" is by its name an id, and left out; whose sessions are held out together, id says")
		case n == m.Outcome, n == m.ID, slices.Contains(m.Without, n), m.Features != nil && !slices.Contains(m.Features, n):
		case slices.Contains(m.Categories, n):
			c.Words = append(c.Words, n)
		case slices.Contains(m.Log, n):
			c.Numbers = append(c.Numbers, n)
		default:
			c.Either = append(c.Either, n)
		}
	}
	if len(c.Numbers)+len(c.Words)+len(c.Either) == 0 {
		return nil, &field.Error{File: job.Data.Name, Found: "no columns beside the outcome", Expected: "at least one that tells it"}
	}
	if c.Words = append([]string{m.Outcome}, c.Words...); m.ID != "" {
		c.IDs = []string{m.ID}
	}
	r, err := logs.DecodeRecords(job.Data.Name, job.Data, job.Data.Size, c)
	if err != nil {
		return nil, err
	}
	s, err := m.sessions(job, r, len(c.Numbers), len(c.Numbers)+len(c.IDs))
	if err != nil {
		return nil, err
	}
	s.warnings = append(warnings, s.warnings...)
	return s, nil
}

// sessions makes inputs of records, whose columns from one place to another are the customer, if that is known, and the outcome.
func (m *Intention) sessions(job Job, r logs.Records, from, at int) (*sessions, error) {
	s := &sessions{}
	yes, err := m.purchase(job, r.Words[at])
	if err != nil {
		return nil, err
	}
	for _, w := range r.Word[at] {
		s.bought = append(s.bought, map[bool]float64{true: 1}[int(w) == yes])
	}
	if from < at {
		s.customer = whole(r.Word[from])
	}
	var of []int
	for j, name := range r.Names {
		if j >= from && j <= at {
			continue
		}
		warning, leave := m.doubt(r, j)
		if warning != "" {
			s.warnings = append(s.warnings, warning)
		}
		if leave {
			continue
		}
		in := persona.Input{Name: name, Log: slices.Contains(m.Log, name)}
		if r.Word[j] != nil {
			if in.Words = m.frequent(r.Word[j], r.Words[j]); len(in.Words) > mostWords {
				return nil, &field.Error{File: job.Data.Name, Key: name, Found: fmt.Sprintf("%d different words", len(in.Words)),
					Expected: fmt.Sprintf("at most %d; a column that tells nothing, such as an id, can be left out (without)", mostWords)}
			}
		}
		if len(in.Words) == 1 || r.Number[j] != nil && slices.Min(r.Number[j]) == slices.Max(r.Number[j]) {
			s.warnings = append(s.warnings, name+" is the same in all sessions, or rare words alone, and left out")
			continue
		}
		s.inputs, of = append(s.inputs, in), append(of, j)
	}
	if s.inputs == nil {
		return nil, &field.Error{File: job.Data.Name, Found: "no column to learn from: all are the same in all sessions, or like ids", Expected: "one that varies; --categories names those whose words may be shown"}
	}
	for i := range r.Rows {
		for _, j := range of {
			if r.Number[j] != nil {
				s.values = append(s.values, r.Number[j][i])
			} else {
				s.values = append(s.values, float64(r.Word[j][i]))
			}
		}
	}
	return s, nil
}

// rareWord stands for all words that too few sessions have.
const rareWord = "rare"

// frequent gives the words of enough sessions, and turns the column to them: the rare ones are one word, so that no figure speaks of few.
func (m *Intention) frequent(column []int32, words []string) (kept []string) {
	sessions, to := make([]int, len(words)), make([]int32, len(words))
	for _, w := range column {
		sessions[w]++
	}
	for w, n := range sessions {
		if to[w] = -1; n >= m.Least {
			to[w] = int32(len(kept))
			kept = append(kept, words[w])
		}
	}
	rare := false
	for i, w := range column {
		if column[i] = to[w]; column[i] < 0 {
			column[i], rare = int32(len(kept)), true
		}
	}
	if rare {
		name := rareWord
		for slices.Contains(kept, name) {
			name += "_"
		}
		kept = append(kept, name)
	}
	return kept
}

// purchase tells which word of the outcome is a purchase.
func (m *Intention) purchase(job Job, words []string) (int, error) {
	bad := func(found string) error {
		return &field.Error{File: job.Data.Name, Key: m.Outcome, Found: found, Expected: "two outcomes, a purchase and none"}
	}
	switch {
	case len(words) == 1:
		return 0, bad("only one outcome")
	case len(words) > 2:
		return 0, bad(fmt.Sprintf("%d different outcomes", len(words)))
	}
	for i, w := range words {
		if m.Bought != "" && w == m.Bought || m.Bought == "" && slices.Contains([]string{"true", "yes", "y", "1", "1.0"}, strings.ToLower(w)) {
			return i, nil
		}
	}
	return 0, field.New("bought", fmt.Sprintf("%q", m.Bought), fmt.Sprintf("which of the outcomes %q and %q is a purchase", words[0], words[1]))
}

// calibrated are the sessions of one tenth of the probabilities: what was said, and what came of it.
type calibrated struct {
	Sessions  int     `json:"sessions"`
	Predicted float64 `json:"predicted"`
	Observed  float64 `json:"observed"`
}

// judged is how well a model does on sessions it did not see.
type judged struct {
	AUC         stats.Estimate `json:"auc"`
	LogLoss     float64        `json:"log_loss"`
	Brier       float64        `json:"brier"`
	Calibration []calibrated   `json:"calibration"`
}

// judge compares probabilities with what came of them, customer saying whose sessions depend on each other, if any do. A probability of 0 or 1 counts as one of a thousandth off in the loss.
func judge(p, y []float64, customer []int) (*judged, error) {
	if customer == nil {
		for i := range p {
			customer = append(customer, i)
		}
	}
	var err error
	j := &judged{}
	if j.AUC, err = stats.ClusteredAUC(p, y, customer, 0.95); err != nil {
		return nil, err
	}
	order := make([]int, len(p))
	for i, p := range p {
		order[i] = i
		q := min(max(p, 1e-3), 1-1e-3)
		j.LogLoss -= (y[i]*math.Log(q) + (1-y[i])*math.Log(1-q)) / float64(len(y))
		j.Brier += (p - y[i]) * (p - y[i]) / float64(len(y))
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	parts := min(10, max(1, len(p)/usualLeast)) // none of few
	for b := range parts {
		rows := order[b*len(p)/parts : (b+1)*len(p)/parts]
		c := calibrated{Sessions: len(rows)}
		for _, i := range rows {
			c.Predicted, c.Observed = c.Predicted+p[i]/float64(len(rows)), c.Observed+y[i]/float64(len(rows))
		}
		if len(rows) > 0 {
			j.Calibration = append(j.Calibration, c)
		}
	}
	return j, nil
}

// intentionFigures are what is told of both models. In sample the forest is judged by the trees that did not see a session.
type intentionFigures struct {
	Intercept float64     `json:"intercept"`
	Share     float64     `json:"share_bought"`
	Lambda    float64     `json:"lambda"`
	Path      []pathPoint `json:"path"`
	Logistic  *judged     `json:"logistic,omitempty"` // on sessions held out
	Forest    *judged     `json:"forest,omitempty"`
	OutOfBag  float64     `json:"forest_auc_out_of_bag"`
	Saved     string      `json:"saved"`
}

// Fit implements Estimator.
func (m *Intention) Fit(_ context.Context, job Job) (*Fit, error) {
	s, err := m.read(job)
	if err != nil {
		return nil, err
	}
	in, out, err := m.split(s, job)
	if err != nil {
		return nil, err
	}
	values, bought, customer := s.subset(in)
	own := intentionFigures{Share: stats.Mean(bought), Saved: m.Method}
	if own.Share == 0 || own.Share == 1 {
		return nil, &field.Error{File: job.Data.Name, Key: m.Outcome, Found: "sessions to fit on that all end alike", Expected: "some of either outcome; hold out less"}
	}
	streams, done := rng.New(job.Seed, 0), job.steps(m.Folds+m.Trees)
	logistic, forest, path, oob, err := persona.FitIntention(s.inputs, values, bought, persona.IntentionOptions{Path: stats.PathOptions{Mix: m.Mix},
		Folds:  stats.FoldOptions{Folds: m.Folds, Group: customer, Workers: job.Workers, Streams: streams.Family("folds"), Done: done},
		Forest: stats.ForestOptions{Trees: m.Trees, MinLeaf: m.MinLeaf, Workers: job.Workers, Streams: streams.Family("forest"), Done: done}})
	if err != nil {
		return nil, inFile(job.Data, err)
	}
	f := &Fit{Model: "purchase intention: penalised logistic regression and random forest", N: len(in), LogLik: logistic.LogLik(values, bought), Converged: true, Warnings: append(s.warnings, path.Warnings...)}
	f.Data = fmt.Sprintf("%d sessions, %s with a purchase, by %d columns", len(in), percent(own.Share), len(s.inputs))
	if customer != nil {
		f.Customers = len(slices.Compact(slices.Sorted(slices.Values(customer))))
	}
	for j, name := range logistic.Features() {
		f.Coefficients = append(f.Coefficients, Coefficient{Name: name, Estimate: logistic.Logistic.Coef[j]})
	}
	own.Intercept, own.Lambda, own.Path = logistic.Logistic.Intercept, logistic.Logistic.Lambda, pathOf(path)
	own.OutOfBag = outOfBag(oob, bought)
	f.Saved = saved{logistic.Save}
	if m.Method == "forest" {
		f.Saved = saved{forest.Save}
	}
	f.Words = []string{fmt.Sprintf("log-likelihood %.4f of the logistic regression", f.LogLik),
		fmt.Sprintf("constant %s, penalty %s by cross-validation; coefficients in the units of the columns", rounded(own.Intercept), rounded(own.Lambda)),
		fmt.Sprintf("AUC of the forest by trees that did not see a session: %s", rounded(own.OutOfBag))}
	if len(out) > 0 {
		own.Logistic, own.Forest = m.heldOut(f, s, out, logistic, forest)
	}
	f.Own = own
	return f, nil
}

func outOfBag(oob, bought []float64) float64 {
	var p, y []float64
	for i, v := range oob {
		if !math.IsNaN(v) {
			p, y = append(p, v), append(y, bought[i])
		}
	}
	auc, _ := stats.AUC(p, y, 0.95) // 0 where too few are left
	return auc.Value
}

// split keeps a share of the customers apart, else of the sessions.
func (m *Intention) split(s *sessions, job Job) (in, out []int, err error) {
	apart, err := heldOutRows(job, len(s.bought), s.customer, "sessions")
	if err != nil {
		return nil, nil, err
	}
	for i, a := range apart {
		if a {
			out = append(out, i)
		} else {
			in = append(in, i)
		}
	}
	return in, out, nil
}

// heldOut judges both models on sessions that they did not see.
func (m *Intention) heldOut(f *Fit, s *sessions, out []int, models ...*persona.Intention) (logistic, forest *judged) {
	values, y, customer := s.subset(out)
	x, p := make([]float64, len(models[0].Features())), make([]float64, len(y))
	f.HeldOut = []Figure{{"sessions", float64(len(y))}}
	t := Table{Title: "calibration on sessions held out, by tenths of the probability", Rows: [][]string{{"", "logistic", "bought", "forest", "bought"}}}
	var both []*judged
	for k, model := range models {
		for i := range y {
			model.Encode(values[i*len(s.inputs):(i+1)*len(s.inputs)], x)
			p[i] = model.Probability(x)
		}
		j, err := judge(p, y, customer)
		if err != nil {
			f.Warnings = append(f.Warnings, "too few of the sessions held out ended in a purchase, or did not, for an AUC")
			return nil, nil
		}
		both = append(both, j)
		name := []string{"auc", "forest_auc"}[k]
		f.HeldOut = append(f.HeldOut, Figure{name, j.AUC.Value}, Figure{name + "_se", j.AUC.StandardError}, Figure{strings.Replace(name, "auc", "log_loss", 1), j.LogLoss})
	}
	for b := range both[0].Calibration {
		row := []string{fmt.Sprint(b + 1)}
		for _, j := range both {
			row = append(row, percent(j.Calibration[b].Predicted), percent(j.Calibration[b].Observed))
		}
		t.Rows = append(t.Rows, row)
	}
	f.Tables = append(f.Tables, t)
	return both[0], both[1]
}
