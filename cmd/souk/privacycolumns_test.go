package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

// disguised are sessions whose shoppers stand in columns that no name gives away: by a word with a number, by a plain word, by a card.
func disguised() string {
	stream := rng.New(9, 0).Family("sessions").At()
	text := "number,shopper,login,card,region,pages,device,bought\n"
	for i := range 480 {
		who, pages := i%24, stream.Intn(20)
		bought := 0
		if stream.Intn(20) < pages {
			bought = 1
		}
		text += fmt.Sprintf("%d,SECRET-%d,hidden%s,4111%012d,%d,%d,%s,%d\n", 5000+i, who%8, strings.Repeat("x", who+1), who, 1+stream.Intn(5), pages,
			[]string{"phone", "desk"}[stream.Intn(2)], bought)
	}
	return text
}

func TestIntentionNamesNobodyWhateverAColumnIsCalled(t *testing.T) {
	data, model := written(t, disguised()), filepath.Join(t.TempDir(), "model.json")
	for _, args := range [][]string{nil, {"--features", "shopper,login,card,pages"}, {"--id", "shopper"}, {"--method", "forest"}} {
		args = append([]string{"estimate", "intention", "--data", data, "--outcome", "bought", "--folds", "3", "--trees", "5", "--model", model}, args...)
		for _, args := range [][]string{args, append(args, "--json")} {
			code, stdout, stderr := call(t, args...)
			text, err := os.ReadFile(model)
			if code != exitDone || err != nil {
				t.Fatalf("%v: exit code %d, %s (%v)", args, code, stderr, err)
			}
			for _, id := range []string{"SECRET", "hiddenx", "41110000"} {
				if strings.Contains(stdout+stderr+string(text), id) {
					t.Errorf("%v shows %s", args, id)
				}
			}
		}
	}
	var got struct {
		LogLik       float64 `json:"loglik"`
		N            int
		Coefficients []struct{ Name string }
		Warnings     []string
	}
	estimateInto(t, &got, "intention", "--data", data, "--outcome", "bought", "--folds", "3", "--trees", "5")
	names := ""
	for _, c := range got.Coefficients {
		names += c.Name + " "
	}
	if names != "region pages device=desk " && names != "region pages device=phone " {
		t.Errorf("told by %s", names)
	}
	warnings := strings.Join(got.Warnings, "\n")
	for _, want := range []string{"number holds whole numbers", "--id shopper", "login holds 24 different words", "--without card", "--categories region if they are codes"} {
		if !strings.Contains(warnings, want) {
			t.Errorf("no warning says %q: %q", want, warnings)
		}
	}
	// Pages tell much: better than one share for all, whose log-likelihood is no less than -n ln 2.
	if !(got.LogLik < 0 && got.LogLik > -0.95*float64(got.N)*math.Ln2) {
		t.Errorf("log-likelihood %v of %d sessions", got.LogLik, got.N)
	}
	estimateInto(t, &got, "intention", "--data", data, "--outcome", "bought", "--folds", "3", "--trees", "5", "--features", "pages,region", "--categories", "region")
	if len(got.Warnings) > 0 || len(got.Coefficients) != 5 {
		t.Errorf("codes that are said to be: %q, %+v", got.Warnings, got.Coefficients)
	}
}

// All like the same two films: nothing personal is to be learnt.
func TestAffinitySaysWherePopularityIsBetter(t *testing.T) {
	stream := rng.New(4, 0).Family("ratings").At()
	text := "user,item,rating\n"
	for u := range 80 {
		for i := range 20 {
			if stream.Float64() < map[bool]float64{true: 0.9, false: 0.2}[i < 2] {
				text += fmt.Sprintf("%d,film%d,%d\n", u, i, 1+stream.Intn(5))
			}
		}
	}
	_, page, stderr := call(t, "estimate", "affinity", "--data", written(t, text), "--method", "random", "--relevant", "1")
	if !strings.Contains(page, "what is popular is a better list") {
		t.Errorf("%s%s", stderr, page)
	}
}
