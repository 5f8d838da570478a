package logs_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/souk-sim/souk/market/logs"
	"github.com/souk-sim/souk/results/decisionlog"
	"github.com/souk-sim/souk/scenarios/field"
)

// posted is a log of prices of tea that were posted to all who came, beside coffee whose price was observed or told.
func posted(t *testing.T, outcomes ...string) *decisionlog.Log {
	t.Helper()
	text := `{"version":1,"id":"a","product":"tea","time":0,"unit":"u","step":0,"observation":{"price:coffee":4},"action":0,"price":3,"propensity":0.5,"reward":1}
{"version":1,"id":"b","product":"tea","time":1,"unit":"u","step":1,"observation":{"price:coffee":4.5},"action":1,"price":2,"promotion":"deal","propensity":0.5,"reward":1}
{"version":1,"id":"c","product":"tea","time":2.5,"unit":"u","step":2,"observation":{"price:coffee":null},"action":0,"price":3,"propensity":0.5,"reward":1}
`
	log, err := decisionlog.Read(strings.NewReader(text+strings.Join(outcomes, "\n")), "log")
	if err != nil {
		t.Fatal(err)
	}
	return log
}

// A row is a visitor, with the prices that stood before him and what he took; biscuits, of which no price is told, are nothing taken.
func TestChoicesOfADecisionLogAreRowsOfVisitors(t *testing.T) {
	log := posted(t, `{"version":1,"outcome":"a","visitors":3,"units":{"tea":1,"coffee":1}}`,
		`{"version":1,"outcome":"b","visitors":2,"units":{"tea":1,"biscuits":5},"prices":{"coffee":5}}`,
		`{"version":1,"outcome":"c","visitors":1,"units":{"tea":2}}`)
	want := `price.tea,price.coffee,promotion.tea,promotion.coffee,time,choice
3,4,0,0,0,tea
3,4,0,0,0,coffee
3,4,0,0,0,none
2,5,1,0,1,tea
2,5,1,0,1,none
3,,0,0,2.5,tea
`
	text, err := logs.DecidedChoices(log)
	if err != nil || string(text) != want {
		t.Errorf("%v\n%s", err, text)
	}
	read, err := logs.DecodeChoices("log", strings.NewReader(string(text)), int64(len(text)), logs.ChoiceColumns{Choice: "choice", Attributes: []string{"price"}, Outside: logs.Outside})
	if err != nil || len(read.Chosen) != 6 || read.Available[5*2+1] {
		t.Errorf("%+v, %v", read, err)
	}
	visits, err := logs.DecidedVisits(log, 1)
	if err != nil || string(visits) != "period,decisions,visitors,units,reward\n0,1,3,2,1\n1,1,2,6,1\n" {
		t.Errorf("%v\n%s", err, visits)
	}
}

func TestChoicesThatADecisionLogCannotTellAreRefused(t *testing.T) {
	for outcome, key := range map[string]string{
		`{"version":1,"outcome":"a","visitors":3,"units":{"tea":4}}`:    "units",
		`{"version":1,"outcome":"a","visitors":3,"units":{"tea":1.5}}`:  "units.tea",
		`{"version":1,"outcome":"a","visitors":2.5,"units":{"tea":1}}`:  "visitors",
		`{"version":1,"outcome":"a","visitors":1e9,"units":{"tea":1}}`:  "visitors",
		`{"version":1,"outcome":"a","visitors":2,"reward":1}`:           "units",
		`{"version":1,"outcome":"c","visitors":2,"units":{"coffee":1}}`: "units.coffee", // at which price?
		`{"version":1,"outcome":"x","visitors":2,"units":{"coffee":1}}`: "outcome",
	} {
		_, err := logs.DecidedChoices(posted(t, outcome))
		if bad, ok := errors.AsType[*field.Error](err); !ok || bad.File != "log" || bad.Key != key {
			t.Errorf("%s: %v", outcome, err)
		}
	}
	log := posted(t, `{"version":1,"outcome":"a","visitors":3,"units":{"tea":1}}`)
	for _, period := range []float64{0, -1, 3, 1e-9, math.NaN(), math.Inf(1)} {
		if _, err := logs.DecidedVisits(log, period); err == nil {
			t.Errorf("periods of %v are accepted", period)
		}
	}
}
