package offpolicy_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/evaluate/offpolicy"
	"github.com/souk-sim/souk/policies/rules"
	"github.com/souk-sim/souk/results/decisionlog"
	"github.com/souk-sim/souk/sim/env"
)

// always is a target that makes one offer, with ε of any.
func always(t testing.TB, spec *env.Spec, price, epsilon float64) policies.Policy {
	t.Helper()
	fixed, err := (&rules.Fixed{Price: price}).Policy(spec)
	if err != nil {
		t.Fatal(err)
	}
	p, err := policies.Explore(fixed, spec, epsilon)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func ladder(features []string, prices ...float64) *env.Spec {
	s := &env.Spec{}
	for _, name := range features {
		s.Features = append(s.Features, env.Feature{Name: name})
	}
	for _, p := range prices {
		s.Offers = append(s.Offers, env.Offer{Price: p})
	}
	return s
}

func read(t testing.TB, text string) *decisionlog.Log {
	t.Helper()
	log, err := decisionlog.Read(strings.NewReader(text), "log")
	if err != nil {
		t.Fatal(err)
	}
	return log
}

func evaluate(t testing.TB, log *decisionlog.Log, p policies.Policy, spec *env.Spec, change func(*offpolicy.Options)) *offpolicy.Result {
	t.Helper()
	o := offpolicy.Defaults()
	o.Least = 0
	if change != nil {
		change(&o)
	}
	r, err := offpolicy.Evaluate(log, p, spec, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func value(t testing.TB, r *offpolicy.Result, name string) float64 {
	t.Helper()
	for _, row := range r.Estimates {
		if row.Name == name {
			if row.Estimate == nil {
				t.Fatalf("%s: %s", name, row.Refused)
			}
			return row.Estimate.Value
		}
	}
	t.Fatalf("no %s; %s", name, r.Refused)
	return 0
}

func near(t *testing.T, what string, x, expected float64) {
	t.Helper()
	if !(math.Abs(x-expected) <= 1e-9*(1+math.Abs(expected))) {
		t.Errorf("%s: %.12g, expected %.12g", what, x, expected)
	}
}

// By hand: two episodes of two steps and discount ½, offers $1 and $2, the target always asks $2 and the log did with probability ½ or ¼.
//
//	episode a: $2 (½) brings 4, $2 (¼) brings 8: ρ = 2, 8;  4 + ½·8 = 8
//	episode b: $2 (½) brings 2, $1 (½) brings 6: ρ = 2, 0;  2 + ½·6 = 5
func TestEstimatesByHand(t *testing.T) {
	step := func(unit string, step int, last bool, action int, propensity, reward float64) string {
		return fmt.Sprintf("{\"version\":1,\"unit\":%q,\"step\":%d,\"last\":%v,\"observation\":{},\"action\":%d,\"price\":%d,\"propensity\":%g,\"reward\":%g,\"discount\":0.5}\n",
			unit, step, last, action, action+1, propensity, reward)
	}
	log := read(t, step("a", 0, false, 1, 0.5, 4)+step("a", 1, true, 1, 0.25, 8)+step("b", 0, false, 1, 0.5, 2)+step("b", 1, true, 0, 0.5, 6))
	spec := ladder(nil, 1, 2)
	r := evaluate(t, log, always(t, spec, 2, 0), spec, func(o *offpolicy.Options) { o.Model = "constant" })
	near(t, "ips", value(t, r, "ips"), (8*8+0*5)/2.)
	near(t, "snips", value(t, r, "snips"), 8)
	near(t, "per-decision", value(t, r, "per-decision"), ((2*4+0.5*8*8)+(2*2))/2.)
	near(t, "per-decision weighted", value(t, r, "per-decision weighted"), (2*4+2*2)/4.+0.5*8)
	near(t, "marginalised", value(t, r, "marginalised"), (4+2)/2.+0.5*8)
	// The models are of the other episode: of b Q₁ = 6, Q₀ = 2 + ½·6 = 5, of a Q₁ = 8, Q₀ = 8.
	near(t, "dr", value(t, r, "dr"), ((5+2*(4+0.5*6-5)+0.5*8*(8-6))+(8+2*(2+0.5*8-8)))/2.)
	near(t, "fqe", value(t, r, "fqe"), (4+2)/2.+0.5*7)
	near(t, "effective", r.Weights.Trajectories, 1)

	single := evaluate(t, log, always(t, spec, 2, 0), spec, func(o *offpolicy.Options) { o.Single = true })
	near(t, "ips of decisions", value(t, single, "ips"), (2*4+4*8+2*2)/4.)
	near(t, "snips of decisions", value(t, single, "snips"), (2*4+4*8+2*2)/8.)
	near(t, "effective decisions", single.Weights.Trajectories, 64/24.)
}

// All estimators and models against numpy (testdata/reference.py).
func TestEstimatesAgreeWithNumpy(t *testing.T) {
	text, err := os.ReadFile("testdata/log.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	var reference map[string]float64
	if err := json.Unmarshal(raw, &reference); err != nil {
		t.Fatal(err)
	}
	log := read(t, string(text))
	spec := ladder([]string{"x"}, 1, 2, 3)
	state := policies.Encoder{Dimensions: []policies.Dimension{{Feature: "x", Edges: []float64{0.5, 1.5}}}}
	target := always(t, spec, 2, 0.3)
	for _, model := range offpolicy.Models() {
		r := evaluate(t, log, target, spec, func(o *offpolicy.Options) { o.Model, o.State = model, &state })
		for _, name := range []string{"ips", "snips", "per-decision", "per-decision weighted", "marginalised"} {
			near(t, name, value(t, r, name), reference[name])
		}
		for _, name := range []string{"fqe", "marginalised dr", "dr", "weighted dr", "switch-dr"} {
			near(t, name+" "+model, value(t, r, name), reference[name+" "+model])
		}
		near(t, "τ "+model, r.Estimates[len(r.Estimates)-1].Threshold, reference["tau "+model])
		near(t, "effective", r.Weights.Trajectories, reference["effective"])
	}
}

// Whoever works on it, the result is the same.
func TestWorkersDoNotChangeTheResult(t *testing.T) {
	text, err := os.ReadFile("testdata/log.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	spec := ladder([]string{"x"}, 1, 2, 3)
	var documents [][]byte
	for _, workers := range []int{1, 2, 7} {
		r := evaluate(t, read(t, string(text)), always(t, spec, 2, 0.3), spec, func(o *offpolicy.Options) { o.Workers = workers })
		document, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		documents = append(documents, document)
	}
	if !bytes.Equal(documents[0], documents[1]) || !bytes.Equal(documents[0], documents[2]) {
		t.Error("the result depends on the number of workers")
	}
}

// bandit is a log of so many decisions that draw from odds; what is told of propensities is up to tell.
func bandit(n int, odds []float64, tell func(action int) float64) string {
	var b strings.Builder
	state := uint64(1)
	for i := range n {
		state = state*6364136223846793005 + 1442695040888963407
		action := policies.Draw(odds, float64(state>>11)/(1<<53))
		fmt.Fprintf(&b, "{\"version\":1,\"unit\":\"%d\",\"step\":0,\"last\":true,\"observation\":{},\"action\":%d,\"price\":%d,\"propensity\":%g,\"reward\":%d}\n", i, action, action+1, tell(action), action)
	}
	return b.String()
}

func TestALogThatCannotTellIsRefused(t *testing.T) {
	spec := ladder(nil, 1, 2, 3)
	odds := []float64{0.5, 0.5, 0}
	honest := func(a int) float64 { return odds[a] }
	for _, c := range []struct {
		what, text, said string
		target           policies.Policy
	}{
		{"an offer that was never made", bandit(1000, odds, honest), "never makes", always(t, spec, 3, 0)},
		{"propensities that are not those of the log", bandit(1000, odds, func(int) float64 { return 0.9 }), "mean weight", always(t, spec, 2, 0.0)},
		{"a log that was not random", bandit(1000, []float64{1, 0, 0}, func(int) float64 { return 1 }), "never makes", always(t, spec, 2, 0)},
		{"what was not allowed", strings.ReplaceAll(bandit(1000, odds, honest), `"price":1`, `"price":1,"allowed":[0]`), "not allowed", always(t, spec, 2, 0)},
	} {
		r := evaluate(t, read(t, c.text), c.target, spec, nil)
		if !strings.Contains(r.Refused, c.said) || r.Tells() {
			t.Errorf("%s: %q", c.what, r.Refused)
		}
	}
	r := evaluate(t, read(t, bandit(1000, odds, honest)), always(t, spec, 2, 0), spec, func(o *offpolicy.Options) { o.Least = 600 })
	for _, row := range r.Estimates {
		if row.Estimate != nil || !strings.Contains(row.Refused, "effective") {
			t.Errorf("%s rests on %g and is not refused", row.Name, row.Effective)
		}
	}
}

// Where the log does one thing alone at some observations, and the policy another, nothing that is common to all observations shows it: each offer is
// made often, and weights are 0 where they would have to be large.
func TestALogThatTriesNothingElseAtSomeObservationsIsRefused(t *testing.T) {
	spec := ladder([]string{"x"}, 1, 2)
	for _, c := range []struct {
		every   int // which observation the log knows one offer at alone
		refused bool
	}{{33, true}, {250, false}} {
		var b strings.Builder
		for i := range 4000 {
			action, propensity, x, reward := i/2%2, 0.5, 0, 1
			if i%c.every == 0 {
				action, propensity, x = 0, 1, 1
			}
			fmt.Fprintf(&b, "{\"version\":1,\"unit\":\"%d\",\"step\":0,\"last\":true,\"observation\":{\"x\":%d},\"action\":%d,\"price\":%d,\"propensity\":%g,\"reward\":%d}\n", i, x, action, action+1, propensity, reward)
		}
		r := evaluate(t, read(t, b.String()), always(t, spec, 2, 0), spec, nil)
		if refused := strings.Contains(r.Refused, "with certainty"); refused != c.refused || r.Tells() == c.refused {
			t.Errorf("one of %d: %q, mean weight %g ± %g", c.every, r.Refused, r.Weights.Mean, r.Weights.MeanError)
		}
		if own := evaluate(t, read(t, b.String()), always(t, spec, 1, 0), spec, nil); own.Refused != "" {
			t.Errorf("the log's own offer: %q", own.Refused)
		}
	}
}

// Propensities that are a little wrong are not refused, but told: here one offer was made 53 times in 100, not 50.
func TestAMeanWeightThatMayNotBeOneIsTold(t *testing.T) {
	spec := ladder(nil, 1, 2)
	for _, c := range []struct {
		ones int
		told bool
	}{{53, true}, {50, false}} {
		var b strings.Builder
		for i := range 2000 {
			action := 0
			if i%100 < c.ones {
				action = 1
			}
			fmt.Fprintf(&b, "{\"version\":1,\"unit\":\"%d\",\"step\":0,\"last\":true,\"observation\":{},\"action\":%d,\"price\":%d,\"propensity\":0.5,\"reward\":%d}\n", i, action, action+1, i%7)
		}
		r := evaluate(t, read(t, b.String()), always(t, spec, 2, 0), spec, nil)
		if told := strings.Contains(strings.Join(r.Warnings, "\n"), "mean weight"); told != c.told || r.Refused != "" {
			t.Errorf("%d of 100: %q, %q", c.ones, r.Warnings, r.Refused)
		}
	}
}

// What has no spread but rounding has no standard errors to be counted in, and what drew none has those of the log: all is finite, and can be written.
func TestIntervalsOfWhatDoesNotVaryAreFinite(t *testing.T) {
	spec := ladder(nil, 1, 2, 3)
	odds := []float64{0.5, 0.49, 0.01}
	text := bandit(300, odds, func(a int) float64 { return odds[a] })
	same := text
	for a := range odds {
		same = strings.ReplaceAll(same, fmt.Sprintf(`"reward":%d}`, a), `"reward":0.1}`)
	}
	for _, c := range []struct {
		what, text string
		price      float64
	}{{"equal rewards", same, 2}, {"few of weight", text, 3}} {
		for _, single := range []bool{false, true} {
			r := evaluate(t, read(t, c.text), always(t, spec, c.price, 0), spec, func(o *offpolicy.Options) { o.Single = single })
			if _, err := json.Marshal(r); err != nil {
				t.Errorf("%s: %v", c.what, err)
			}
			for _, row := range r.Estimates {
				if e := row.Estimate; !(e.Low <= e.Value && e.Value <= e.High) || math.IsInf(e.High-e.Low, 0) {
					t.Errorf("%s, %s: %+v", c.what, row.Name, *e)
				}
			}
		}
	}
}

// Maurer & Pontil (2009), theorem 4, by hand: x = 0, 1, 0, 1 within a range of 1 has V = 1/3; √(2/3·ln 80/4) + 7·ln 80/9 = 4.262….
func TestBernsteinByHand(t *testing.T) {
	low, high := offpolicy.Bernstein([]float64{0, 1, 0, 1}, 1, 0.95)
	half := math.Sqrt(2./3*math.Log(80)/4) + 7*math.Log(80)/9
	near(t, "low", low, 0.5-half)
	near(t, "high", high, 0.5+half)
}

// An interval that is to hold for every distribution is no narrower than that of Student: what is wrong in the mean, or left out of the range, has none.
func TestBernsteinIsOfUnbiasedMeansAlone(t *testing.T) {
	spec := ladder(nil, 1, 2, 3)
	odds := []float64{0.8, 0.15, 0.05}
	log := read(t, bandit(2000, odds, func(a int) float64 { return odds[a] }))
	r := evaluate(t, log, always(t, spec, 3, 0.5), spec, nil)
	for _, row := range r.Estimates {
		_, has := map[string]bool{"ips": true, "per-decision": true, "dr": true}[row.Name]
		switch b := row.Bernstein; {
		case (b != nil) != has:
			t.Errorf("%s: %v", row.Name, b)
		case has && !(b[0] <= row.Estimate.Low && b[1] >= row.Estimate.High):
			t.Errorf("%s: %v within %v to %v", row.Name, *b, row.Estimate.Low, row.Estimate.High)
		}
	}
}

// A million decisions are evaluated in seconds.
func BenchmarkEvaluate(b *testing.B) {
	spec := ladder(nil, 1, 2, 3)
	odds := []float64{0.5, 0.3, 0.2}
	log := read(b, bandit(1_000_000, odds, func(a int) float64 { return odds[a] }))
	target := always(b, spec, 2, 0.1)
	b.ReportAllocs()
	for b.Loop() {
		evaluate(b, log, target, spec, func(o *offpolicy.Options) { o.Single, o.Workers = true, 2 })
	}
}

// A champion that tries the target's offer once in twenty, and a challenger that makes it half of the time: by hand, 100 decisions of the champion with 5 weights of 20 are 5 effective ones, 20 of the
// challenger with 10 of 2 are 10, and all together (100 + 20)²/(5·400 + 10·4) = 7.06.
func TestEachPolicyThatLoggedHasItsOwnWeights(t *testing.T) {
	var b strings.Builder
	line := func(policy string, action int, propensity float64) {
		fmt.Fprintf(&b, `{"version":1,"policy":"tea/%s","observation":{},"action":%d,"price":%d,"propensity":%g,"reward":1}`+"\n", policy, action, action+1, propensity)
	}
	for i := range 100 {
		if i%20 == 0 {
			line("champion", 1, 0.05)
		} else {
			line("champion", 0, 0.95)
		}
	}
	for i := range 20 {
		line("challenger", i%2, 0.5)
	}
	spec := ladder(nil, 1, 2)
	r := evaluate(t, read(t, b.String()), always(t, spec, 2, 0), spec, func(o *offpolicy.Options) { o.Single = true })
	if len(r.Loggers) != 2 || r.Loggers[0].Policy != "tea/champion" || r.Loggers[0].Trajectories != 100 || r.Loggers[1].Trajectories != 20 {
		t.Fatalf("%+v", r.Loggers)
	}
	near(t, "the champion alone", r.Loggers[0].Effective, 5)
	near(t, "the challenger alone", r.Loggers[1].Effective, 10)
	near(t, "both", r.Weights.Decisions, 120*120.0/2040)
	if one := evaluate(t, read(t, bandit(50, []float64{0.5, 0.5}, func(int) float64 { return 1 })), always(t, spec, 2, 0), spec, nil); one.Loggers != nil {
		t.Errorf("one policy: %+v", one.Loggers)
	}
}

// The log of a service never says that a decision was the last of its unit.
func TestUnitsUnderWayNameWhatTakesThem(t *testing.T) {
	text := ""
	for i := range 6 {
		text += fmt.Sprintf(`{"version":1,"unit":"u%d","step":0,"last":false,"observation":{},"action":%d,"price":%d,"propensity":0.5,"reward":1}`+"\n", i, i%2, i%2+1)
	}
	spec := ladder(nil, 1, 2)
	if _, err := offpolicy.Evaluate(read(t, text), always(t, spec, 2, 0), spec, offpolicy.Defaults()); err == nil || !strings.Contains(err.Error(), "--single") {
		t.Errorf("%v", err)
	}
}
