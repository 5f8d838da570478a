package estimators

import (
	"encoding/json"
	"fmt"
	"maps"
	"strconv"

	"github.com/souk-sim/souk/market/logs"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

// Publication is counts of customers that may leave the shop: how many came back how often, with noise. The rows are the same whoever the customers are
// and each customer is in one of them, so that the noise makes the file differentially private as it stands.
type Publication struct {
	Counts  string  `toml:"counts" doc:"JSON file to write how many customers came back how often to, with Laplace noise, for publication"`
	Epsilon float64 `toml:"epsilon" default:"1" range:"[0.000001,20]" doc:"of that noise: no customer changes the odds of what is published by more than e to its power"`
}

// publication is the file of counts.
type publication struct {
	Schema string   `json:"schema"`
	Of     string   `json:"of"`
	Groups []string `json:"groups"`
	logs.NoisyCounts
	Note string `json:"note"`
}

// highest number of repeat purchases that is told apart.
const highest = 7

// publish adds the file of counts to those of the fit. With a key the noise depends on it and on the counts, so that to publish the same again gives no
// more away; else on the job's.
func (p *Publication) publish(job Job, c clientele, f *Fit) error {
	if p.Counts == "" {
		return nil
	}
	counts, names := make([]int, highest+1), make([]string, highest+1)
	for i := range names {
		names[i] = strconv.Itoa(i)
	}
	names[highest] += "+"
	for _, x := range c.all {
		counts[min(x.Frequency, highest)]++
	}
	seed := job.Noise
	switch {
	case c.key != nil:
		secret, err := logs.NewPseudonyms(c.key)
		if err != nil {
			return err
		}
		seed = uint64(secret.Of(fmt.Sprintf("noise of %v at %v", counts, p.Epsilon)))
	case seed == 0:
		return field.New("counts", "no key_file", "a secret beside it: noise by a seed that others know can be taken off again")
	}
	stream := rng.New(seed, 0).Family("noise").At()
	noisy, err := logs.AddNoise(counts, p.Epsilon, 1, &stream)
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(publication{"souk/counts/1", "customers by their repeat purchases", names, noisy,
		"Laplace noise on whole numbers: epsilon-differentially private for one customer more or less. What is published of the same customers adds up its epsilons."}, "", "  ")
	if err != nil {
		return err
	}
	files := map[string][]byte{p.Counts: append(text, '\n')}
	maps.Copy(files, f.Files)
	f.Files = files
	f.Words = append(f.Words, fmt.Sprintf("%s: customers by how often they came back, with noise of ε = %g (standard deviation %.2f); it alone is for publication, and the ε of all that is "+
		"published of the same customers add up", p.Counts, p.Epsilon, noisy.StandardDeviation))
	return nil
}
