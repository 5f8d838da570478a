package evaluate

import (
	"math"
	"reflect"
	"testing"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/results/stats"
)

// eightRuns are of the smooth shop, in which the best price of the ladder is 1.
func eightRuns(t *testing.T, workers int) []*Played {
	t.Helper()
	runs := Runs{Arena: arena(newShop, workers), Number: 8, Paths: 5}
	learner := Contestant{Name: "learner"}
	for i := range 8 {
		learner.Policies = append(learner.Policies, deals(2, 1, i+2)) // the later the training, the rarer its deals
	}
	var all []*Played
	for _, c := range []Contestant{learner, {Name: "low", Policies: []policies.Policy{always(0)}}, {Name: "high", Policies: []policies.Policy{always(2)}}, {Name: "twin", Policies: []policies.Policy{always(2)}}} {
		p, err := runs.Play(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	oracle, err := runs.Foresee(t.Context(), Bound{"oracle", func(path int) (float64, error) { return 10 + float64(path%2), nil }})
	if err != nil {
		t.Fatal(err)
	}
	return append(all, oracle)
}

var ranking = Ranking{Level: 0.95, Resamples: 500, Seed: 1, Baseline: "low", Optimum: "high"}

func rank(t *testing.T, k Ranking, all []*Played) *Standings {
	t.Helper()
	s, err := k.Rank(all)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRunsShareNoPathAndPoliciesShareAll(t *testing.T) {
	all := eightRuns(t, 2)
	seen := map[float64]bool{}
	for run, scores := range all[2].Scores {
		for path, x := range scores {
			if seen[x] {
				t.Errorf("run %d, path %d: customers of an earlier one", run, path)
			}
			seen[x] = true
			if twin := all[3].Scores[run][path]; twin != x {
				t.Errorf("run %d, path %d: the same policy earns %v and %v", run, path, x, twin)
			}
		}
	}
	if got := all[4].Scores[1]; !reflect.DeepEqual(got, []float64{11, 10, 11, 10, 11}) { // paths 5 to 9
		t.Errorf("the bound of run 1: %v", got)
	}
}

func TestStandingsDoNotDependOnTheNumberOfWorkers(t *testing.T) {
	one := rank(t, ranking, eightRuns(t, 1))
	k := ranking
	k.Workers = 7
	if two := rank(t, k, eightRuns(t, 3)); !reflect.DeepEqual(one, two) {
		t.Error("other figures on other numbers of workers")
	}
}

func TestNormalisedScoresRunFromTheBaselineToTheOptimum(t *testing.T) {
	s := rank(t, ranking, eightRuns(t, 2))
	for name, want := range map[string]float64{"low": 0, "high": 1, "twin": 1} {
		if e := s.Row(name).Normalised; math.Abs(e.Value-want) > 1e-12 || math.Abs(e.High-e.Low) > 1e-9 {
			t.Errorf("%s: %+v, not %v without doubt", name, e, want)
		}
	}
	learner := s.Row("learner")
	if e := learner.Normalised; !(0 < e.Low && e.Low < e.Value && e.Value < e.High && e.High < 1) {
		t.Errorf("the learner, which sometimes deals: %+v", e)
	}
	if gap := learner.OptimalityGap.Value; math.Abs(gap-(1-learner.Normalised.Value)) > 1e-9 { // no run of it reaches the optimum
		t.Errorf("the optimality gap is %v of a score of %v", gap, learner.Normalised.Value)
	}
	if s.Row("oracle").Normalised.Value <= 1 || s.Leader != "twin" || !s.Known {
		t.Errorf("the oracle %+v, the leader %s", s.Row("oracle").Normalised, s.Leader)
	}
	k := ranking
	k.Optimum = ""
	if s := rank(t, k, eightRuns(t, 2)); s.Known || s.Optimum != "high" {
		t.Errorf("where the optimum is not known, %q stands for it, known %v", s.Optimum, s.Known)
	}
	k.Baseline = "high"
	if s := rank(t, k, eightRuns(t, 2)); s.Optimum != "" || s.Row("learner").Normalised != nil {
		t.Errorf("nothing earns more than high, and yet %q is the optimum", s.Optimum)
	}
}

func TestPairsAreOfPoliciesAloneTheBetterOneFirst(t *testing.T) {
	s := rank(t, ranking, eightRuns(t, 2))
	if len(s.Pairs) != 6 { // of four policies; the bound is none
		t.Fatalf("%d pairs", len(s.Pairs))
	}
	for _, p := range s.Pairs {
		if p.Difference.Value < 0 || p.Holm < p.P || p.Holm > 6*p.P+1e-15 && p.Holm != 1 {
			t.Errorf("%+v", p)
		}
	}
	high, low := s.Row("high"), s.Row("low")
	want, err := stats.Paired(low.Scores, high.Scores, 0.95)
	if err != nil {
		t.Fatal(err)
	}
	if p, err := s.Pair("low", "high"); err != nil || p.Difference.Value != want.Value || math.Abs(p.Difference.Low-want.Low) > 1e-9 || p.Holm > 0.001 {
		t.Errorf("low less high is %+v, not %+v: %v", p, want, err)
	}
	if p, err := s.Pair("high", "twin"); err != nil || p.Difference.Value != 0 || p.Holm != 1 || p.Seeds.Needed != 0 {
		t.Errorf("the same policy twice: %+v, %v", p, err)
	}
	if _, err := s.Pair("high", "oracle"); err == nil {
		t.Error("a pair with a bound")
	}
}

func TestScenariosCountAlikeTogether(t *testing.T) {
	first := rank(t, ranking, eightRuns(t, 2))
	second := rank(t, ranking, eightRuns(t, 2)[:3]) // without the twin and the bound
	g, err := ranking.Together([]*Standings{first, second})
	if err != nil || len(g.Rows) != 3 || g.Scenarios != 2 {
		t.Fatalf("%+v, %v", g, err)
	}
	mean := (stats.Mean(first.Row("learner").Relative) + stats.Mean(second.Row("learner").Relative)) / 2
	if got := g.Rows[0]; got.Name != "learner" || math.Abs(got.Mean.Value-mean) > 1e-12 || got.Improvement.Value != 1 {
		t.Errorf("%+v, not a mean of %v", got, mean)
	}
	for i, at := range ProfileAt() { // all runs of high are at 1
		if want := map[bool]float64{true: 1}[at < 1-1e-9]; g.Rows[2].Profile[i].Value != want && math.Abs(at-1) > 1e-9 {
			t.Errorf("the profile of high at %v is %v", at, g.Rows[2].Profile[i].Value)
		}
	}
	if g, err := ranking.Together(nil); g != nil || err != nil {
		t.Errorf("of no scenario: %+v, %v", g, err)
	}
}

func TestContestantsThatCannotPlayAreRefused(t *testing.T) {
	runs := Runs{Arena: arena(newShop, 1), Number: 3, Paths: 1}
	if _, err := runs.Play(t.Context(), Contestant{Name: "two", Policies: []policies.Policy{always(0), always(1)}}); err == nil {
		t.Error("two policies in three runs")
	}
	runs.Number = 1
	if _, err := runs.Play(t.Context(), Contestant{Name: "one", Policies: []policies.Policy{always(0)}}); err == nil {
		t.Error("a single run")
	}
	if _, err := (&Ranking{Baseline: "nobody"}).Rank(nil); err == nil {
		t.Error("without a baseline")
	}
}

// TestScoresThatDifferByRoundingAreAlike: what is the same sum in another order is not told apart for certain because it never varies, leads nobody and is no optimum to be set on a scale by.
func TestScoresThatDifferByRoundingAreAlike(t *testing.T) {
	base := &Played{Name: "low", Policies: 1}
	above := &Played{Name: "high", Policies: 1}
	for run := range 8 {
		score := 100 + float64(run%3)
		base.Scores, above.Scores = append(base.Scores, []float64{score}), append(above.Scores, []float64{math.Nextafter(score, 200)})
	}
	s := rank(t, ranking, []*Played{base, above})
	pair := s.Pairs[0]
	if pair.P != 1 || pair.Difference.Value != 0 || pair.Seeds.Needed != 0 {
		t.Errorf("%+v, %d runs needed", pair, pair.Seeds.Needed)
	}
	if s.Optimum != "" || s.Rows[0].Normalised != nil {
		t.Errorf("normalised by %q: %+v", s.Optimum, s.Rows[0].Normalised)
	}
	k := ranking
	k.Optimum = ""
	if s := rank(t, k, []*Played{base, above}); s.Leader != "low" {
		t.Errorf("%s leads", s.Leader)
	}
}
