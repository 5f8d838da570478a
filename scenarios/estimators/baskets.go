package estimators

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/souk-sim/souk/market/basket"
	"github.com/souk-sim/souk/market/logs"
)

// Baskets finds what is bought together.
type Baskets struct {
	Reading
	Layout     string  `toml:"layout" default:"'auto'" oneof:"auto,lines,rows" doc:"lines: a basket a line; rows: a row for each item of a basket"`
	Items      string  `toml:"items" doc:"CSV or Parquet file of the items' labels, with columns item and label"`
	Support    float64 `toml:"support" default:"0.01" range:"(0,1]" doc:"least share of the baskets that hold a set"`
	Confidence float64 `toml:"confidence" default:"0.5" range:"[0,1]" doc:"least probability of then where if is in the basket"`
	Lift       float64 `toml:"lift" range:"[0,1e9]" doc:"least ratio of that to the probability of then in any basket"`
	MaxLength  int     `toml:"max_length" range:"[0,100]" doc:"items of a set at most; 0: any number"`
	MaxThen    int     `toml:"max_then" default:"1" range:"[1,100]" doc:"items of then at most"`
	Closed     bool    `toml:"closed" doc:"lists the sets that no larger set is as frequent as"`
	Maximal    bool    `toml:"maximal" doc:"lists the sets that no larger set is frequent with"`
	Correction string  `toml:"correction" default:"'holm'" oneof:"holm,bh" doc:"of p-values, for all rules that there could be of the items: Holm or Benjamini–Hochberg"`
	Level      float64 `toml:"level" default:"0.05" range:"(0,1]" doc:"adjusted p-value up to which a rule is saved for shoppers to go by"`

	Parameters *DescribedBaskets `toml:"parameters" doc:"what is bought together, without a file"`
}

// DescribedBaskets say what is bought together, where a scenario has no baskets.
type DescribedBaskets struct {
	Shares     map[string]float64 `toml:"shares" required:"true" doc:"of the baskets that hold each item"`
	Rules      []DescribedRule    `toml:"rules" doc:"what goes with what; all else is independent"`
	Provenance string             `toml:"provenance" required:"true" doc:"where the numbers come from"`
}

// DescribedRule says that who has some items has another one as well.
type DescribedRule struct {
	If         []string `toml:"if" required:"true" doc:"items in the basket"`
	Then       string   `toml:"then" required:"true" doc:"an item that is in it too"`
	Confidence float64  `toml:"confidence" required:"true" range:"(0,1]" doc:"with this probability"`
}

// Given implements ByHand.
func (b *Baskets) Given() (json.Marshaler, error) {
	if b.Parameters == nil {
		return nil, nil
	}
	var habits []basket.Habit
	for _, r := range b.Parameters.Rules {
		habits = append(habits, basket.Habit{If: r.If, Then: r.Then, Confidence: r.Confidence})
	}
	c, err := basket.ByHand(b.Parameters.Shares, habits)
	if err != nil {
		return nil, under("parameters", err)
	}
	return saved{c.Save}, nil
}

// basketRule is a rule as it is told. A conviction without a counterexample is left out, for it is infinite.
type basketRule struct {
	If         []string `json:"if"`
	Then       []string `json:"then"`
	Count      int      `json:"count"`
	IfCount    int      `json:"if_count"`
	ThenCount  int      `json:"then_count"`
	Support    float64  `json:"support"`
	Confidence float64  `json:"confidence"`
	Lift       float64  `json:"lift"`
	Leverage   float64  `json:"leverage"`
	Conviction *float64 `json:"conviction,omitempty"`
	Fisher     float64  `json:"p_fisher"`
	Productive float64  `json:"p_value"`    // that every item of if matters
	Adjusted   float64  `json:"p_adjusted"` // for the number of rules that could have been found
}

// basketSet is a frequent set that was asked for.
type basketSet struct {
	Items   []string `json:"items"`
	Count   int      `json:"count"`
	Support float64  `json:"support"`
	Closed  bool     `json:"closed"`
	Maximal bool     `json:"maximal"`
}

// basketFigures are what is told of baskets.
type basketFigures struct {
	Baskets  int              `json:"baskets"`
	Items    int              `json:"items"`
	Bought   int              `json:"items_bought"` // in all baskets together
	Sizes    map[string]int   `json:"basket_sizes"` // baskets by their items
	MinCount int              `json:"min_count"`
	Itemsets int              `json:"itemsets"`
	ByLength map[string]int   `json:"itemsets_by_length"`
	Closed   int              `json:"closed"`
	Maximal  int              `json:"maximal"`
	Counts   int              `json:"sum_of_counts"`
	Rules    int              `json:"number_of_rules"`
	Passed   int              `json:"significant_rules"`
	List     []basketRule     `json:"rules"`
	Sets     []basketSet      `json:"sets,omitempty"`
	Guess    *basket.Guessing `json:"guessing,omitempty"` // of a missing item, on baskets held out
}

// read gives the baskets to mine, those held out, and the items' names.
func (b *Baskets) read(job Job) (in, out [][]int, names, warnings []string, err error) {
	o := b.options([]string{"basket", "customer", "time"})
	if b.Layout != "auto" {
		o.Layout = b.Layout
	}
	data, err := logs.DecodeBaskets(job.Data.Name, job.Data, job.Data.Size, o)
	if err != nil {
		return nil, nil, nil, nil, err
	}
	names = data.Names
	if b.Items != "" {
		file, err := job.Open(b.Items)
		if err != nil {
			return nil, nil, nil, nil, err
		}
		labels, err := logs.DecodeLabels(file.Name, file, file.Size, nil)
		if err != nil {
			return nil, nil, nil, nil, err
		}
		names = logs.Label(names, labels)
	}
	lists := data.Lists()
	apart, err := heldOut(job, len(lists), "baskets")
	if err != nil {
		return nil, nil, nil, nil, err
	}
	for i, items := range lists {
		if apart[i] {
			out = append(out, items)
		} else {
			in = append(in, items)
		}
	}
	return in, out, names, findings(data.Report), nil
}

// Fit implements Estimator.
func (b *Baskets) Fit(_ context.Context, job Job) (*Fit, error) {
	in, out, names, warnings, err := b.read(job)
	if err != nil {
		return nil, err
	}
	sets, err := basket.Mine(in, basket.Options{Support: b.Support, MaxLength: b.MaxLength})
	if err != nil {
		return nil, err
	}
	rules, err := sets.Rules(basket.RuleOptions{Confidence: b.Confidence, MaxThen: b.MaxThen})
	if err != nil {
		return nil, err
	}
	rules = slices.DeleteFunc(rules, func(r basket.Rule) bool { return r.Lift < b.Lift })
	correction := basket.Holm
	if b.Correction == "bh" {
		correction = basket.BenjaminiHochberg
	}
	if len(out) > 0 {
		err = basket.HoldOut(rules, out, correction)
	} else {
		err = sets.Test(rules, correction)
	}
	if err != nil {
		return nil, inFile(job.Data, err)
	}
	passed := slices.DeleteFunc(slices.Clone(rules), func(r basket.Rule) bool { return !(r.Adjusted <= b.Level) })
	cross, err := sets.CrossSell(passed)
	if err != nil {
		return nil, inFile(job.Data, err)
	}
	for i := range cross.Items {
		cross.Items[i].Name = names[cross.Items[i].Item]
	}
	own := b.figures(sets, rules, names)
	own.Passed = len(passed)
	f := &Fit{Model: "association rules by FP-growth", N: sets.Baskets, LogLik: math.NaN(), Converged: true, Own: own, Saved: saved{cross.Save}}
	f.Warnings = append(warnings, sets.Warnings...)
	f.Data = fmt.Sprintf("%d baskets with %d items of %d kinds", own.Baskets, own.Bought, own.Items)
	b.tell(f, own, len(out))
	if len(out) > 0 {
		g := cross.Guess(out)
		own.Guess = &g
		f.Own = own
		f.HeldOut = []Figure{{"baskets", float64(len(out))}, {"guesses", float64(g.Guesses)}, {"log_score", g.LogScore}, {"log_score_by_popularity", g.Popularity},
			{"hit_rate", g.Hits}, {"hit_rate_by_popularity", g.Popular}}
		if g.LogScore <= g.Popularity {
			f.Warnings = append(f.Warnings, "on baskets held out the rules guess a missing item no better than the items' popularity")
		}
	}
	return f, nil
}

// figures counts the sets and names the rules, those of the highest lift first and then by name.
func (b *Baskets) figures(s *basket.Sets, rules []basket.Rule, names []string) basketFigures {
	own := basketFigures{Baskets: s.Baskets, Items: len(s.Items), MinCount: s.MinCount, Itemsets: len(s.Sets), Rules: len(rules), List: []basketRule{},
		Sizes: map[string]int{}, ByLength: map[string]int{}}
	for k, n := range s.Sizes {
		if own.Bought += k * n; n > 0 {
			own.Sizes[strconv.Itoa(k)] = n
		}
	}
	for _, set := range s.Sets {
		own.ByLength[strconv.Itoa(len(set.Items))]++
		own.Counts += set.Count
		if set.Closed {
			own.Closed++
		}
		if set.Maximal {
			own.Maximal++
		}
		if b.Closed && set.Closed || b.Maximal && set.Maximal {
			own.Sets = append(own.Sets, basketSet{named(set.Items, names), set.Count, float64(set.Count) / float64(s.Baskets), set.Closed, set.Maximal})
		}
	}
	for _, r := range rules {
		told := basketRule{named(r.If, names), named(r.Then, names), r.Count, r.IfCount, r.ThenCount, r.Support, r.Confidence, r.Lift, r.Leverage, &r.Conviction,
			r.Fisher, r.Productive, r.Adjusted}
		if math.IsInf(r.Conviction, 1) {
			told.Conviction = nil
		}
		own.List = append(own.List, told)
	}
	slices.SortStableFunc(own.List, func(x, y basketRule) int {
		return cmp.Or(-cmp.Compare(x.Lift, y.Lift), slices.Compare(x.If, y.If), slices.Compare(x.Then, y.Then))
	})
	return own
}

func named(items []int, names []string) []string {
	var out []string
	for _, item := range items {
		out = append(out, names[item])
	}
	return out
}

// shownRules are as many as a page has.
const shownRules = 20

// passed is 1 of a rule for shoppers to go by, else 0.
func (b *Baskets) passed(r basketRule) int {
	if r.Adjusted <= b.Level {
		return 1
	}
	return 0
}

// tell writes the page. Its p-values are corrected as basket.Sets.Test says: for all rules that could have been found, not those that were.
func (b *Baskets) tell(f *Fit, own basketFigures, out int) {
	var lengths []string
	for k := 1; own.ByLength[strconv.Itoa(k)] > 0; k++ {
		lengths = append(lengths, fmt.Sprintf("%d of %d", own.ByLength[strconv.Itoa(k)], k))
	}
	f.Words = append(f.Words, fmt.Sprintf("%d frequent sets, in %d baskets or more: %s; %d closed, %d maximal", own.Itemsets, own.MinCount, strings.Join(lengths, ", "), own.Closed, own.Maximal),
		fmt.Sprintf("%d rules of confidence %v or more; %d with an adjusted p-value of %v or less are for shoppers to go by", own.Rules, b.Confidence, own.Passed, b.Level))
	if corrected := "p-values are corrected for all rules of such a form that there could be, found or not, and by 2^-items of if (Webb 2007)"; out > 0 {
		f.Words = append(f.Words, "p-values are of baskets held out, corrected for the rules found")
	} else if own.Rules > 0 {
		f.Words = append(f.Words, corrected)
	}
	if own.Rules == 0 {
		f.Warnings = append(f.Warnings, "no rule: a lower support or confidence finds some")
		return
	}
	t, first := Table{Rows: [][]string{{"rule", "support", "confidence", "lift", "p adjusted"}}}, slices.Clone(own.List)
	slices.SortStableFunc(first, func(x, y basketRule) int { return b.passed(y) - b.passed(x) })
	for _, r := range first[:min(len(first), shownRules)] {
		t.Rows = append(t.Rows, []string{strings.Join(r.If, ", ") + " → " + strings.Join(r.Then, ", "), rounded(r.Support), fmt.Sprintf("%.3f", r.Confidence),
			fmt.Sprintf("%.2f", r.Lift), fmt.Sprintf("%.2g", r.Adjusted)})
	}
	if own.Rules > shownRules {
		t.Note = fmt.Sprintf("%d of %d rules, those with a low adjusted p-value first and then those of the highest lift", shownRules, own.Rules)
	}
	f.Tables = append(f.Tables, t)
	if n := len(own.Sets); n > 0 {
		sets := Table{Title: "sets", Rows: [][]string{{"", "baskets", "support"}}}
		order := slices.Clone(own.Sets)
		slices.SortStableFunc(order, func(x, y basketSet) int { return cmp.Compare(y.Count, x.Count) })
		for _, s := range order[:min(n, shownRules)] {
			sets.Rows = append(sets.Rows, []string{strings.Join(s.Items, ", "), strconv.Itoa(s.Count), rounded(s.Support)})
		}
		if n > shownRules {
			sets.Note = fmt.Sprintf("%d of %d sets, the most frequent", shownRules, n)
		}
		f.Tables = append(f.Tables, sets)
	}
}
