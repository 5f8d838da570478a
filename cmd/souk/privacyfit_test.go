package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/souk-sim/souk/scenarios/estimators"
)

// plantedScenario has a model of every kind; of those that a twin test takes, twins has one a part.
func plantedScenario(t *testing.T) (all, twins string) {
	options := map[string]string{
		"logit": "id = 'customer_id'\nlast_choice = true", "nested": "id = 'customer_id'\nnests = {food = ['bread', 'cheese']}", "mixed": "id = 'customer_id'\nnormal = ['price']\nnodes = 5",
		"latent-class": "id = 'customer_id'\nclasses = [2]\nstarts = 2", "quantity": "id = 'customer_id'\ndeal = 'on_deal'", "kmeans": "k = [2]", "mixture": "k = [2]",
		"coupon": "columns = {discount = 'coupon'}\nfrom = '2023-04-01'\nk = 2\nfolds = 3", "intention": "outcome = 'bought'\nid = 'customer_id'\nfolds = 3\ntrees = 5",
		"baskets": "support = 0.05", "affinity": "method = 'als'\nrank = 2", "bgnbd": "customers = 'people.csv'\nkey_file = 'key'", "dwell": "columns = {session = ''}\ngap = '30m'",
		"visit-mixture": "kinds = 2",
	}
	all = "name = 'shop'\nquestion = 'Who are they?'\n"
	twins = all
	for _, k := range estimators.Kinds() {
		if len(plantedCases[k.Name]) == 0 {
			t.Fatalf("%s has no planted log", k.Name)
		}
		model := fmt.Sprintf("\n[[shoppers.%s]]\nmodel = '%s'\ndata = '%s.csv'\n%s\n", k.Part, k.Name, plantedCases[k.Name][0].log, options[k.Name])
		all += model
		if _, can := k.New().(estimators.Twinned); can && !strings.Contains(twins, "shoppers."+k.Part) {
			twins += model
		}
	}
	return all, twins
}

// TestNoScenarioNamesACustomer fits a scenario of all kinds to planted logs, validates and draws it.
func TestNoScenarioNamesACustomer(t *testing.T) {
	l := newLeak()
	plantedFolder(t)
	text, twins := plantedScenario(t)
	put(t, "shop.toml", []byte(text))
	put(t, "twins.toml", []byte(twins))
	for _, args := range []string{"fit ./shop.toml", "fit ./shop.toml --json --models out", "fit ./twins.toml --validate --plot out/twins.svg", "fit ./twins.toml --validate --json --plot out/twins.png",
		"scenario show ./shop.toml --resolved", "scenario check ./shop.toml --json"} {
		if code := l.watched(t, t.Context(), strings.Fields(args)...); code != exitDone {
			_, _, stderr := call(t, strings.Fields(args)...)
			t.Errorf("souk %s: exit code %d, %s", args, code, stderr)
		}
	}
	for i, change := range [][2]string{{"outcome = 'bought'", "outcome = 'customer_id'"}, {"id = 'customer_id'\nlast_choice", "choice = 'customer_id'\nlast_choice"},
		{"method = 'als'", "columns = {item = 'user_id', user = 'item_id'}"}, {"kinds = 2", "state = 'customer_id'"}, {"support = 0.05", "columns = {item = 'order_id'}"}} {
		name := fmt.Sprintf("./mistaken%d.toml", i)
		put(t, name, []byte(strings.Replace(text, change[0], change[1], 1)))
		if code := l.watched(t, t.Context(), "fit", name); code == exitDone {
			t.Errorf("%v is done", change)
		}
	}
}
