package logs

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"io"
	"math"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

// Pseudonyms replaces customers' ids at the door, before anything else sees them. Without the key nobody can tell whose
// number it is, not even by trying all ids; with it, the same customer has the same number in every file. It is not for
// use by several goroutines at once.
type Pseudonyms struct {
	mac     hash.Hash
	id, sum []byte // room
}

// leastKey is the length in bytes below which keys can be tried out.
const leastKey = 16

// NewPseudonyms takes a secret key of 16 random bytes or more, which the caller keeps apart from the data. No error and no
// print of a Pseudonyms shows it.
func NewPseudonyms(key []byte) (*Pseudonyms, error) {
	if len(key) < leastKey {
		return nil, field.New("key", fmt.Sprintf("%d bytes", len(key)), fmt.Sprintf("a secret of at least %d", leastKey))
	}
	return &Pseudonyms{mac: hmac.New(sha256.New, key)}, nil
}

// Of is the customer's number: the first 63 bits of HMAC-SHA-256 (RFC 2104) of the id. Among a million customers, two have
// the same one with a probability below 10^-7.
func (p *Pseudonyms) Of(id string) int {
	p.mac.Reset()
	p.id = append(p.id[:0], id...)
	p.mac.Write(p.id)
	p.sum = p.mac.Sum(p.sum[:0])
	return int(binary.BigEndian.Uint64(p.sum) >> 1)
}

// Format keeps the key out of every print.
func (p *Pseudonyms) Format(s fmt.State, _ rune) { io.WriteString(s, "pseudonyms (key withheld)") }

// GroupCount is the number of customers in a group.
type GroupCount struct {
	Group     string `json:"group"`
	Customers int    `json:"customers"`
}

// Rest is the group into which Publishable merges those that are too small.
const Rest = "rest"

// Publishable merges the groups of fewer than least customers into Rest, which comes last. Where these are still too few,
// the next smallest group joins them, so that they cannot be had as the difference from a total either; where all customers
// together are too few, nothing is published. Empty groups are left out. of gives, for each group, its place among those
// published, -1 where it is withheld.
func Publishable(groups []GroupCount, least int) (published []GroupCount, of []int, err error) {
	if least < 1 {
		return nil, nil, field.New("least", least, "a number of customers from 1 on")
	}
	order := make([]int, len(groups)) // smallest first
	for i, g := range groups {
		if g.Customers < 0 || g.Group == Rest {
			return nil, nil, field.New(fmt.Sprintf("groups[%d]", i), fmt.Sprintf("%q with %d customers", g.Group, g.Customers),
				fmt.Sprintf("a name other than %q, and a count", Rest))
		}
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return groups[a].Customers - groups[b].Customers })
	rest := 0
	of = make([]int, len(groups))
	for _, i := range order {
		n := groups[i].Customers
		if n >= least && (rest == 0 || rest >= least) {
			break
		}
		rest, of[i] = rest+n, -1
	}
	for i, g := range groups {
		if of[i] == 0 {
			of[i] = len(published)
			published = append(published, g)
		}
	}
	if rest >= least {
		for i, g := range groups {
			if of[i] < 0 && g.Customers > 0 {
				of[i] = len(published)
			}
		}
		published = append(published, GroupCount{Rest, rest})
	}
	return published, of, nil
}

// NoisyCounts are counts that may be published: with ε-differential privacy (Dwork, McSherry, Nissim & Smith 2006), no
// customer's presence changes the probability of any outcome by more than a factor of exp(Epsilon).
type NoisyCounts struct {
	Counts            []int   `json:"counts"` // unbiased, and therefore negative at times
	Epsilon           float64 `json:"epsilon"`
	Contribution      int     `json:"contribution"` // the counts that one customer may change by one each, or one by so many
	StandardDeviation float64 `json:"standard_deviation"`
}

// AddNoise adds to each count an integer of the two-sided geometric law, P(k) ∝ exp(-|k| ε/contribution): Laplace's on the
// integers, where the rounding of floating-point numbers gives nothing away (Ghosh, Roughgarden & Sundararajan 2012; Mironov
// 2012), by two draws of the stream. The seed of the stream is a secret, and never serves two publications: who knows it
// can take the noise off again, as who sees many publications of the same counts can average it out: their ε add up.
func AddNoise(counts []int, epsilon float64, contribution int, stream *rng.Stream) (NoisyCounts, error) {
	if !(epsilon >= leastEpsilon && epsilon <= mostEpsilon) {
		return NoisyCounts{}, field.New("epsilon", epsilon, fmt.Sprintf("a number from %g to %g", leastEpsilon, mostEpsilon))
	}
	if contribution < 1 || contribution > 1e6 {
		return NoisyCounts{}, field.New("contribution", contribution, "a number of counts from 1 to a million")
	}
	rate := epsilon / float64(contribution)
	decay := math.Exp(-rate)
	noisy := NoisyCounts{Counts: make([]int, len(counts)), Epsilon: epsilon, Contribution: contribution,
		StandardDeviation: math.Sqrt(2*decay) / -math.Expm1(-rate)}
	for i, n := range counts {
		up, down := stream.Exponential()/rate, stream.Exponential()/rate
		noisy.Counts[i] = n + int(up) - int(down)
	}
	return noisy, nil
}

// Beyond these the noise hides everything, or nothing.
const (
	leastEpsilon = 1e-6
	mostEpsilon  = 20.0
)
