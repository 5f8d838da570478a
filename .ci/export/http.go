package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// question and decided are what the service is asked and what it answers, as /openapi.json has them.
type question struct {
	Policy       string              `json:"policy"`
	Observation  map[string]*float64 `json:"observation"`
	AllowMissing bool                `json:"allow_missing"`
}

type decided struct {
	Action     int     `json:"action"`
	Price      float64 `json:"price"`
	Promotion  string  `json:"promotion"`
	Propensity float64 `json:"propensity"`
}

// ask holds what a service answers against every file of decisions in a folder. Whether a policy draws is told by its odds: of one that does, the service draws
// its own offer, which must have the probability that it says.
func ask(folder, url string) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.json"))
	check(err)
	slices.Sort(paths)
	failed := false
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		text, err := os.ReadFile(path)
		check(err)
		var want file
		check(json.Unmarshal(text, &want))
		wrong, at := 0, 0
		for batch := range slices.Chunk(want.Observations, 1000) {
			for _, d := range decideAll(url, name, want.Features, batch) {
				odds := want.Odds[at]
				drawn := slices.Max(odds) < 1
				same := d.Action == want.Actions[at] && d.Price == want.Prices[at] && d.Promotion == want.Promotions[at] && d.Propensity == odds[d.Action]
				if drawn {
					same = d.Propensity > 0 && d.Propensity == odds[d.Action]
				}
				if !same {
					if wrong++; wrong == 1 {
						fmt.Println(name, "row", at, string(must(json.Marshal(want.Observations[at]))), "answered", d, "and not", want.Actions[at])
					}
				}
				at++
			}
		}
		fmt.Printf("%s over HTTP: %d observations, %d decided otherwise\n", name, at, wrong)
		failed = failed || wrong > 0 || at != len(want.Actions) || at == 0
	}
	if failed || len(paths) == 0 {
		os.Exit(1)
	}
}

// decideAll asks for many decisions at once, which are answered in order.
func decideAll(url, policy string, features []string, observations [][]*float64) []decided {
	var asked struct {
		Questions []question `json:"questions"`
	}
	for _, o := range observations {
		q := question{Policy: policy, Observation: map[string]*float64{}, AllowMissing: true}
		for i, x := range o {
			q.Observation[features[i]] = x
		}
		asked.Questions = append(asked.Questions, q)
	}
	answer, err := http.Post(url+"/v1/decide", "application/json", bytes.NewReader(must(json.Marshal(asked))))
	check(err)
	defer answer.Body.Close()
	body := must(io.ReadAll(answer.Body))
	if answer.StatusCode != http.StatusOK {
		log.Fatalf("%s: %s: %s", policy, answer.Status, body)
	}
	var all struct {
		Decisions []decided `json:"decisions"`
	}
	check(json.Unmarshal(body, &all))
	return all.Decisions
}

func must[T any](x T, err error) T {
	check(err)
	return x
}
