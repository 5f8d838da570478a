package estimators

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/souk-sim/souk/market/persona"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

// KMeans cuts customers into groups by k-means, and makes personas of them.
type KMeans struct {
	People
	K        GroupNumbers `toml:"k" default:"'auto'" doc:"groups; of several (2,3,5) and of auto (1 to 10) the silhouette chooses"`
	Restarts int          `toml:"restarts" default:"50" range:"[1,100000]" doc:"searches, each from new centres"`

	Parameters *DescribedPersonas `toml:"parameters" doc:"the personas themselves, without a file"`
}

// DescribedPersonas are groups of customers as somebody describes them, where a scenario has no log.
type DescribedPersonas struct {
	Features   []string         `toml:"features" required:"true" doc:"what customers are told apart by"`
	Groups     []DescribedGroup `toml:"groups" required:"true" doc:"of customers"`
	Provenance string           `toml:"provenance" required:"true" doc:"where the numbers come from"`
}

// DescribedGroup is a group of customers as somebody describes it.
type DescribedGroup struct {
	Share  float64   `toml:"share" required:"true" range:"(0,1]" doc:"of all customers; shares sum to 1"`
	Center []float64 `toml:"center" required:"true" doc:"mean of each feature"`
	SD     []float64 `toml:"sd" doc:"standard deviation of each feature within the group; left out: 0"`
}

// Given implements ByHand.
func (m *KMeans) Given() (json.Marshaler, error) {
	if m.Parameters == nil {
		return nil, nil
	}
	var groups []persona.Described
	for _, g := range m.Parameters.Groups {
		groups = append(groups, persona.Described{Share: g.Share, Center: g.Center, SD: g.SD})
	}
	p, err := persona.ByHand(m.Parameters.Features, groups)
	if err != nil {
		return nil, under("parameters", err)
	}
	return saved{p.Save}, nil
}

// under puts a table's name before the key of an error.
func under(table string, err error) error {
	if bad, ok := err.(*field.Error); ok {
		nested := *bad
		nested.Key = table + "." + bad.Key
		return &nested
	}
	return err
}

// GroupNumbers are numbers of groups to choose among; none: auto.
type GroupNumbers []int

const (
	mostGroups = 1000
	autoGroups = 10
)

// UnmarshalTOML takes a number, a list of numbers, or auto.
func (g *GroupNumbers) UnmarshalTOML(v any) error {
	const expected = "a number of groups from 1 to 1000, several, or auto"
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	*g = nil
	if len(list) == 1 && list[0] == "auto" {
		return nil
	}
	for _, v := range list {
		k, ok := v.(int64)
		if !ok || k < 1 || k > mostGroups {
			return &field.Error{Found: fmt.Sprint(v), Expected: expected}
		}
		*g = append(*g, int(k))
	}
	if len(*g) == 0 {
		return &field.Error{Found: "nothing", Expected: expected}
	}
	return nil
}

// among are the numbers to try, ascending, of no more groups than there are different rows.
func (g GroupNumbers) among(p *people) []int {
	if g != nil {
		return slices.Compact(slices.Sorted(slices.Values(g)))
	}
	distinct := map[[4]float64]bool{} // the first features tell enough
	for i := 0; i < len(p.z) && len(distinct) < autoGroups; i += p.width() {
		var row [4]float64
		copy(row[:], p.z[i:i+p.width()])
		distinct[row] = true
	}
	var all []int
	for k := 1; k <= len(distinct); k++ {
		all = append(all, k)
	}
	return all
}

// groupFigures are what is told of groups beside the personas' cards.
type groupFigures struct {
	K          int                 `json:"k"`
	Features   []string            `json:"features"`
	Inertia    float64             `json:"inertia"`
	Iterations int                 `json:"iterations"`
	Agreeing   int                 `json:"agreeing_restarts"`
	Silhouette *float64            `json:"silhouette,omitempty"` // of two groups or more
	Candidates []persona.Candidate `json:"candidates,omitempty"`
	ByGap      int                 `json:"k_by_gap,omitempty"`
	personaFigures
}

// Fit implements Estimator.
func (m *KMeans) Fit(_ context.Context, job Job) (*Fit, error) {
	p, err := m.read(job)
	if err != nil {
		return nil, err
	}
	f := &Fit{LogLik: math.NaN(), Warnings: p.warnings}
	streams := rng.New(job.Seed, 0).Family("k-means")
	own := groupFigures{Features: p.features.Names}
	if err := m.choose(job, p, streams, &own, f); err != nil {
		return nil, err
	}
	best, err := persona.FitKMeans(p.z, p.width(), persona.KMeansOptions{K: own.K, Restarts: m.Restarts, Workers: job.Workers, Streams: streams})
	if err != nil {
		return nil, groupError(job, err)
	}
	own.Inertia, own.Iterations, own.Agreeing = best.Inertia, best.Iterations, best.Agreeing
	if own.K > 1 {
		s, err := persona.Silhouette(p.z, p.width(), best.Labels, streams)
		if err != nil {
			return nil, inFile(job.Data, err)
		}
		own.Silhouette = &s
	}
	f.Model, f.Converged = fmt.Sprintf("k-means, %d groups", own.K), best.Converged
	personas, err := m.personas(job, p, best.Labels, f)
	if err != nil {
		return nil, err
	}
	own.personaFigures = personaFiguresOf(personas)
	f.Own = own
	f.Words = append(f.Words, fmt.Sprintf("inertia %.4f, %d of %d restarts within 1%% of it", own.Inertia, own.Agreeing, m.Restarts))
	if own.Silhouette != nil {
		f.Words = append(f.Words, fmt.Sprintf("silhouette %.3f (of at most 2,000 rows)", *own.Silhouette))
	}
	if p.held != nil {
		f.HeldOut = []Figure{{"customers", float64(p.held.features.Rows())}, {"inertia_per_customer", heldInertia(best, p.held)},
			{"inertia_per_customer_fitted", own.Inertia / float64(f.N)}}
	}
	return f, nil
}

// choose settles the number of groups.
func (m *KMeans) choose(job Job, p *people, streams rng.Family, own *groupFigures, f *Fit) error {
	among := m.K.among(p)
	if len(among) == 1 {
		own.K = among[0]
		return nil
	}
	most := among[len(among)-1]
	all, byGap, _, err := persona.Choose(p.z, p.width(), persona.ChooseOptions{Most: most, Workers: job.Workers, Streams: streams, Done: job.steps(most)})
	if err != nil {
		return groupError(job, err)
	}
	own.ByGap = byGap
	t := Table{Title: "groups", Rows: [][]string{{"", "inertia", "silhouette", "gap", "s.e."}}}
	best := math.Inf(-1)
	for _, c := range all {
		if !slices.Contains(among, c.K) {
			continue
		}
		own.Candidates = append(own.Candidates, c)
		t.Rows = append(t.Rows, []string{strconv.Itoa(c.K), rounded(c.Inertia), rounded(c.Silhouette), rounded(c.Gap), rounded(c.GapSE)})
		if c.K > 1 && c.Silhouette > best {
			own.K, best = c.K, c.Silhouette
		}
	}
	f.Tables = append(f.Tables, t)
	if byGap != own.K {
		f.Warnings = append(f.Warnings, fmt.Sprintf("the silhouette is for %d groups and the gap statistic for %d: the groups are not clear-cut", own.K, byGap))
	}
	return nil
}

// groupError is about an option where the number of groups is at fault, else about the file.
func groupError(job Job, err error) error {
	if bad, ok := err.(*field.Error); ok && bad.Key == "k" {
		return err
	}
	return inFile(job.Data, err)
}

// heldInertia is the mean squared distance of those held out from the nearest centre.
func heldInertia(m *persona.KMeans, held *people) float64 {
	sum, d := 0.0, held.width()
	for i := 0; i < len(held.z); i += d {
		for j, c := range m.Centers[m.Assign(held.z[i:i+d])] {
			sum += float64((held.z[i+j] - c) * (held.z[i+j] - c))
		}
	}
	return sum / float64(held.features.Rows())
}
