package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/souk-sim/souk/market/journey"
	"github.com/souk-sim/souk/scenarios/data/shared"
	"github.com/souk-sim/souk/sim/portable"
	"github.com/souk-sim/souk/sim/rng"
)

// travelled is the document of souk estimate --json of a model of visits.
type travelled struct {
	Schema, Model string
	N, Customers  int
	LogLik        float64
	Coefficients  []struct {
		Name         string
		Estimate, SE float64
	}
	Converged   bool
	Warnings    []string
	HeldOut     map[string]float64 `json:"held_out"`
	States      []string
	Sessions    int
	Open        int `json:"sessions_without_end"`
	Start       []float64
	StartCounts []float64 `json:"start_counts"`
	Transitions []struct {
		After  []string
		Next   []float64
		Counts []float64
	}
	Orders []struct {
		Order       int
		LogLik, BIC float64
	}
	Expected   float64 `json:"expected_clicks"`
	Exit       []float64
	Reach      map[string]float64
	Law        string
	Laws       []lawFit
	Mean       float64
	Variance   float64
	Days       int
	Dispersion float64 `json:"index_of_dispersion"`
	Weekdays   []struct {
		Counts []float64
	}
	Patterns []struct {
		States   []string
		Sessions int
		Support  float64
	}
	Positions []struct{ Examined float64 }
	Items     []struct {
		Item           string
		Attractiveness float64
	}
}

type lawFit struct {
	Law        string
	Parameters []struct {
		Name     string
		Estimate float64
	}
	LogLik float64
}

func (e *travelled) warns(words string) bool {
	return slices.ContainsFunc(e.Warnings, func(w string) bool { return strings.Contains(w, words) })
}

type eshop struct {
	Clicks   int           `json:"n_clicks"`
	Sessions int           `json:"n_sessions"`
	Start    []float64     `json:"start_counts"`
	Counts   [][]float64   `json:"transition_counts_rows_cat1_4_cols_cat1_4_exit"`
	Next     [][]float64   `json:"transition_prob"`
	Second   [][][]float64 `json:"second_order_counts_prev0isStart_cur_next"`
	Order0   float64       `json:"loglik_order0"`
	Order1   float64       `json:"loglik_order1"`
	Order2   float64       `json:"loglik_order2"`
	Expected float64       `json:"expected_clicks_from_order1_chain"`
	Fits     map[string]map[string]any
	Daily    struct {
		Days       int `json:"n_days"`
		Mean, Var  float64
		Dispersion float64 `json:"index_of_dispersion"`
	} `json:"daily_sessions"`
}

// TestTheEshopsVisitsAreTheReferencesThroughTheCommandLine: funnels of order 0 to 2, laws of length, days.
func TestTheEshopsVisitsAreTheReferencesThroughTheCommandLine(t *testing.T) {
	var want eshop
	oracle(t, "clickstream_eshop.json", &want)
	data := []string{"--data", shared.Path(t, "data", "clickstream", "eshop2008.csv")}
	named := append(slices.Clone(data), "--session", "session_id", "--state", "page_1_main_category_", "--order-column", "order")
	for order, loglik := range []float64{want.Order0, want.Order1, want.Order2} {
		flags := data
		if order == 1 {
			flags = named
		}
		e := estimateKind[travelled](t, "funnel", append(flags[:len(flags):len(flags)], "--order", strconv.Itoa(order))...)
		closeTo(t, fmt.Sprintf("log-likelihood of order %d", order), e.LogLik, loglik, 1e-12)
		closeTo(t, fmt.Sprintf("log-likelihood of order %d beside the others", order), e.Orders[order].LogLik, loglik, 1e-12)
		closeTo(t, "expected clicks", e.Expected, want.Expected, 1e-9)
		if e.Sessions != want.Sessions || !slices.Equal(e.States, []string{"1", "2", "3", "4"}) || !slices.Equal(e.StartCounts, want.Start) {
			t.Errorf("%d sessions, %v, %v", e.Sessions, e.States, e.StartCounts)
		}
		for i, row := range e.Transitions {
			switch order {
			case 1:
				if !slices.Equal(row.Counts, want.Counts[i]) || row.After[0] != e.States[i] {
					t.Errorf("after %v %v, want %v", row.After, row.Counts, want.Counts[i])
				}
				for x, p := range row.Next {
					closeTo(t, "a transition", p, want.Next[i][x], 1e-12)
				}
			case 2:
				if !slices.Equal(row.Counts, want.Second[i/4][i%4]) {
					t.Errorf("after %v %v, want %v", row.After, row.Counts, want.Second[i/4][i%4])
				}
			}
		}
		exits := 0.0
		for _, p := range e.Exit {
			exits += p
		}
		closeTo(t, "that a visit ends somewhere", exits, 1, 1e-9)
		if !(e.Reach["1"] > e.Start[0] && e.Reach["1"] < 1) {
			t.Errorf("reached %v", e.Reach)
		}
	}
	e := estimateKind[travelled](t, "lengths", data...)
	keys := map[string]string{journey.Geometric: "geometric", journey.LogSeries: "log_series", journey.ShiftedNB: "shifted_negbin",
		journey.ZeroTruncatedNB: "zero_truncated_negbin", journey.DiscreteLogNormal: "discrete_lognormal"}
	if e.Law != journey.ZeroTruncatedNB || e.Laws[len(e.Laws)-1].Law != journey.Geometric || len(e.Laws) != len(keys) {
		t.Errorf("%s wins, %+v", e.Law, e.Laws)
	}
	for _, l := range e.Laws { // Nelder and Mead's parameters hold to about 1e-5
		law := want.Fits[keys[l.Law]]
		closeTo(t, l.Law+"'s log-likelihood", l.LogLik, law["loglik"].(float64), 1e-9)
		for _, p := range l.Parameters {
			closeTo(t, l.Law+"'s "+p.Name, p.Estimate, law[p.Name].(float64), 2e-5)
		}
	}
	if e := estimateKind[travelled](t, "lengths", append(data, "--law", "geometric", "--held-out", "0.25")...); e.Law != journey.Geometric ||
		e.Coefficients[0].Name != "p" || math.Abs(e.HeldOut["sessions"]-6006) > 1 {
		t.Errorf("%s, %+v, %v", e.Law, e.Coefficients, e.HeldOut)
	}
	e = estimateKind[travelled](t, "arrivals", data...)
	if e.Days != want.Daily.Days || e.N != want.Daily.Days {
		t.Errorf("%d days", e.Days)
	}
	closeTo(t, "sessions a day", e.Mean, want.Daily.Mean, 1e-12)
	closeTo(t, "their variance", e.Variance, want.Daily.Var, 1e-12)
	closeTo(t, "their index of dispersion", e.Dispersion, want.Daily.Dispersion, 1e-12)
	half := estimateKind[travelled](t, "funnel", append(data, "--held-out", "0.5")...)
	// Half of the visits foretell the other half nearly as well as themselves.
	if half.Sessions != 12013 || half.HeldOut["sessions"] != 12013 || math.Abs(half.HeldOut["loglik_per_click"]-want.Order1/float64(want.Clicks)) > 0.02 {
		t.Errorf("%d sessions, held out %v", half.Sessions, half.HeldOut)
	}
}

func TestBasketsOfTheCompleteJourneyByHourAndWeekdayAreTheReferences(t *testing.T) {
	var want struct {
		Counts [][]float64 `json:"baskets_by_weekday_hour"`
	}
	oracle(t, "completejourney_arrivals.json", &want)
	e := estimateKind[travelled](t, "arrivals", "--data", shared.Path(t, "data", "transactions", "completejourney_sample.csv"))
	for w, counts := range want.Counts {
		if !slices.Equal(e.Weekdays[w].Counts, counts) {
			t.Errorf("weekday %d: %v, want %v", w, e.Weekdays[w].Counts, counts)
		}
	}
}

// browsing is a click log of n visitors with a session each day, whose pages are looked at for log-normal times (mean 3, standard deviation 1 of
// the logarithm of seconds), the last to be seen within the gap left open; ids are to be seen nowhere. Its rows are in no order.
func browsing(n int) (text string, pauses []float64) {
	family := rng.New(4, 0).Family("browsing")
	pages := []string{"land", "list", "view", "add", "check-out"}
	var rows []string
	for i := range n {
		stream := family.At(uint64(i))
		at := time.Date(2024, 3, 1, 8, 0, 0, 0, time.UTC).Add(time.Duration(stream.Intn(10*24*3600)) * time.Second)
		for page := 0; page < len(pages); {
			rows = append(rows, fmt.Sprintf("mallory-%05d,%s,%s\n", i, at.Format("2006-01-02 15:04:05"), pages[page]))
			pause := math.Round(math.Exp(3 + portable.NormalQuantile(stream.Float64())))
			at = at.Add(time.Duration(pause) * time.Second)
			switch u := stream.Float64(); {
			case u < 0.3:
				page = len(pages)
				continue
			case u < 0.7:
				page = min(page+1, len(pages)-1)
			case u < 0.9:
				page = 1
			}
			pauses = append(pauses, pause)
		}
	}
	slices.SortFunc(rows, func(a, b string) int { return strings.Compare(a[10:], b[10:]) })
	slices.Reverse(rows[:len(rows)/2])
	return "visitor_id,time,event\n" + strings.Join(rows, ""), pauses
}

// TestSessionsAreCutByTimeWhereTheFileHasNone. Five standard errors of the estimates: false alarms in one of a million runs.
func TestSessionsAreCutByTimeWhereTheFileHasNone(t *testing.T) {
	text, pauses := browsing(2000)
	data := []string{"--data", written(t, text), "--gap", "30m"}
	e := estimateKind[travelled](t, "dwell", data...)
	if e.N != len(pauses) || e.Law != journey.LogNormal || !e.warns("before") {
		t.Errorf("%d times, want %d: %s, %v", e.N, len(pauses), e.Law, e.Warnings)
	}
	for i, want := range []float64{3, 1} {
		if c := e.Coefficients[i]; math.Abs(c.Estimate-want) > 5*c.SE {
			t.Errorf("%s is %v (%v), want %v", c.Name, c.Estimate, c.SE, want)
		}
	}
	f := estimateKind[travelled](t, "funnel", append(data, "--goal", "check-out")...)
	if f.Sessions != 2000 || f.Customers != 2000 || !slices.Contains(f.States, "land") || !(f.Reach["check-out"] > 0.05) || len(f.Reach) != 1 {
		t.Errorf("%d sessions of %d visitors, %v, %v", f.Sessions, f.Customers, f.States, f.Reach)
	}
	if again := estimateKind[travelled](t, "funnel", data[:2]...); again.LogLik != f.LogLik {
		t.Errorf("30 minutes is the custom: %v and %v", again.LogLik, f.LogLik)
	}
	// Without end in the log are those whose last click is within the gap of the log's own.
	if f.Open == 0 || f.Open > 30 {
		t.Errorf("%d sessions without end", f.Open)
	}
	if later := estimateKind[travelled](t, "funnel", append(data, "--end", "2024-03-20")...); later.Open != 0 {
		t.Errorf("%d sessions without end in a log that goes on", later.Open)
	}
	p := estimateKind[travelled](t, "patterns", append(data, "--support", "0.2", "--max-gap", "1", "--max-length", "2")...)
	counts := map[string]int{}
	for _, x := range p.Patterns {
		counts[strings.Join(x.States, ">")] = x.Sessions
	}
	if counts["land>list"] < 600 || len(p.Patterns) == 0 || counts["list>land"] != 0 {
		t.Errorf("%v", counts)
	}
	for _, kind := range []string{"funnel", "lengths", "dwell", "patterns", "arrivals"} {
		model := filepath.Join(t.TempDir(), "m.json")
		flags := append(slices.Clone(data[:2]), "--held-out", "0.3")
		if kind != "patterns" {
			flags = append(flags, "--model", model)
		}
		for _, more := range []string{"--quiet", "--json"} {
			code, stdout, stderr := call(t, slices.Concat([]string{"estimate", kind}, flags, []string{more})...)
			saved, _ := os.ReadFile(model)
			if code != exitDone || strings.Contains(stdout+stderr+string(saved), "mallory") {
				t.Errorf("%s: exit code %d, %s", kind, code, stderr)
			}
			if _, err := journey.Load(saved); err != nil && kind != "patterns" {
				t.Errorf("%s: %v", kind, err)
			}
		}
	}
}

// TestClickModelsAreToldApart: lists drawn from a position-based model and from a cascade are known as such, and their parameters come back.
// Tolerances are more than five standard errors at these numbers of lists.
func TestClickModelsAreToldApart(t *testing.T) {
	attract := []float64{0.8, 0.5, 0.3, 0.6, 0.2, 0.4}
	for _, want := range []*journey.Examination{
		{Model: journey.PositionBased, Examined: []float64{1, 0.7, 0.4, 0.2}, Attractiveness: attract},
		{Model: journey.Cascade, Onward: 0.8, Return: 0.3, Attractiveness: attract},
	} {
		stream := rng.New(9, 0).Family("lists").At()
		var text strings.Builder
		text.WriteString("impression,rank,product,clicked\n")
		for l := range 20_000 {
			above, clicked, shown := true, false, 0
			for r := range 4 {
				item := (l*5 + r*(1+l%3)*2 + r) % len(attract)
				above = want.Looks(r, above, clicked, stream.Float64())
				clicked = above && want.Clicks(item, stream.Float64())
				if clicked {
					shown = 1
				} else {
					shown = 0
				}
				fmt.Fprintf(&text, "%d,%d,item-%d,%d\n", l, r+1, item, shown)
			}
		}
		e := estimateKind[travelled](t, "clicks", "--data", written(t, text.String()))
		if e.Law != want.Model {
			t.Fatalf("%s is taken for %s", want.Model, e.Law)
		}
		for r, p := range want.Examined {
			if math.Abs(e.Positions[r].Examined-p) > 0.03 {
				t.Errorf("position %d is looked at with %v, want %v", r+1, e.Positions[r].Examined, p)
			}
		}
		for i, x := range e.Items {
			if math.Abs(x.Attractiveness-attract[i]) > 0.03 || x.Item != fmt.Sprintf("item-%d", i) {
				t.Errorf("%s: %v, want %v", x.Item, x.Attractiveness, attract[i])
			}
		}
		if want.Model == journey.Cascade && (math.Abs(e.Coefficients[0].Estimate-0.8) > 0.03 || math.Abs(e.Coefficients[1].Estimate-0.3) > 0.03) {
			t.Errorf("%+v", e.Coefficients)
		}
	}
}

// TestBadVisitsGetOneClearLine asks for what the data do not tell.
func TestBadVisitsGetOneClearLine(t *testing.T) {
	const given, timed = "session,order,state\n", "customer,time,state\n"
	for _, c := range []struct {
		name, kind, text string
		flags            []string
		code             int
		parts            []string
	}{
		{"no clicks", "funnel", given, nil, exitInvalid, []string{"header only"}},
		{"no states", "funnel", "session,order,colour\n1,1,2\n", nil, exitInvalid, []string{"state", "--columns state=NAME"}},
		{"text for an order", "funnel", given + "1,1,a\n1,second,b\n", nil, exitInvalid, []string{":3: order", "a finite number"}},
		{"neither sessions nor times", "funnel", "customer,order,state\n1,1,a\n", nil, exitInvalid, []string{"sessions", "times"}},
		{"every session open", "funnel", timed + "1,2024-01-01 10:00:00,a\n2,2024-01-01 10:01:00,a\n", nil, exitInvalid, []string{"every visit", "at least one that ended"}},
		{"one-click sessions", "lengths", given + "1,1,a\n2,1,b\n3,1,a\n", nil, exitInvalid, []string{"one click in every session", "longer"}},
		{"one-click sessions, dwell", "dwell", timed + "1,2024-01-01 10:00:00,a\n2,2024-01-02 10:01:00,a\n", nil, exitInvalid, []string{"0 clicks that follow"}},
		{"no times of day", "dwell", "session,date,state\n1,2024-01-01,a\n1,2024-01-01,b\n", nil, exitInvalid, []string{"times of day"}},
		{"two ways of sessions", "funnel", given + "1,1,a\n", []string{"--session", "session", "--gap", "30m"}, exitUsage, []string{"--gap", "not both"}},
		{"a gap of no time", "funnel", given + "1,1,a\n", []string{"--gap", "soon"}, exitUsage, []string{"--gap", "30m"}},
		{"order 3", "funnel", given + "1,1,a\n", []string{"--order", "3"}, exitUsage, []string{"--order", "[0, 2]"}},
		{"an unknown goal", "funnel", given + "1,1,a\n1,2,b\n", []string{"--goal", "z"}, exitUsage, []string{"--goal", "a, b"}},
		{"an unknown law", "lengths", given + "1,1,a\n", []string{"--law", "normal"}, exitUsage, []string{"--law", "geometric"}},
		{"no support", "patterns", given + "1,1,a\n", []string{"--support", "0"}, exitUsage, []string{"--support"}},
		{"gaps the wrong way round", "patterns", given + "1,1,a\n1,2,a\n", []string{"--min-gap", "3", "--max-gap", "2"}, exitUsage, []string{"--max-gap", "at least the least gap"}},
		{"too many patterns", "patterns", given + "1,1,a\n1,2,b\n1,3,c\n", []string{"--limit", "2"}, exitUsage, []string{"--support", "2 patterns"}},
		{"no file of patterns, and no data looked at", "patterns", "", []string{"--model", "m.json"}, exitUsage, []string{"--model", "no model"}},
		{"a position that is missing", "clicks", "list,position,item,clicked\n1,1,a,1\n1,3,b,0\n", []string{"--repair", "refuse"}, exitInvalid, []string{"position", "every position once"}},
		{"lists without a click", "clicks", "list,position,item,clicked\n1,1,a,0\n1,2,b,0\n", nil, exitInvalid, []string{"no click"}},
		{"clicked perhaps", "clicks", "list,position,item,clicked\n1,1,a,perhaps\n", []string{"--repair", "refuse"}, exitInvalid, []string{":2: clicked", "yes or no"}},
		{"hours of days", "arrivals", "basket,date\n1,2024-01-01\n2,2024-01-02\n", []string{"--parts", "24"}, exitUsage, []string{"--parts", "the day alone"}},
		{"two days less two", "arrivals", "basket,date\n1,2024-01-01\n2,2024-01-02\n", []string{"--whole-days"}, exitUsage, []string{"--whole-days", "three days"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, stdout, stderr := call(t, append([]string{"estimate", c.kind, "--data", written(t, c.text)}, c.flags...)...)
			complains(t, code, c.code, stdout, stderr, c.parts...)
		})
	}
}
