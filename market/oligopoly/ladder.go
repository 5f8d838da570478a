package oligopoly

import (
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
)

// Ladder is what may be chosen: prices, or quantities per unit of market size where firms choose these. It is one of a list, the rungs from … to, equally spaced, or those of
// Calvano et al. (2020): equally spaced on
//
//	[p^N − ξ(p^M − p^N), p^M + ξ(p^M − p^N)]
//
// with p^N and p^M of Config.Nash and Config.Monopoly, for each firm its own (for quantities, which fall from q^N to q^M, the other way round). The ends published for the paper's baseline, 1.42773 and 1.97018, are
// those of p^N and p^M rounded to five decimals: from = 1.427725, to = 1.970185.
type Ladder struct {
	Rungs  int       `toml:"rungs" default:"15" range:"[2,100000]" doc:"how many there are, without a list"`
	Extend float64   `toml:"extend" default:"0.1" range:"[0,1000]" doc:"ξ, by which share of the way from Nash to monopoly the rungs go beyond both"`
	From   *float64  `toml:"from" range:"[0,1000000000]" doc:"lowest rung, in place of extend; to goes with it"`
	To     *float64  `toml:"to" range:"[0,1000000000]" doc:"highest rung"`
	List   []float64 `toml:"list" range:"[0,1000000000]" doc:"the rungs themselves, ascending"`
}

const mostRungs = 100_000

// rungs returns each firm's ladder.
func (cfg *Config) rungs(system System) ([][]float64, error) {
	l, n := &cfg.Ladder, len(cfg.Firms)
	if len(l.List) > 0 {
		if l.From != nil || l.To != nil {
			return nil, field.New("ladder.list", "a list beside from or to", "either")
		}
		if len(l.List) < 2 || len(l.List) > mostRungs {
			return nil, field.New("ladder.list", fmt.Sprintf("%d rungs", len(l.List)), fmt.Sprintf("2 to %d", mostRungs))
		}
		for i, x := range l.List {
			if !(x >= 0 && x <= mostMoney) || i > 0 && x <= l.List[i-1] {
				return nil, field.New("ladder.list", x, fmt.Sprintf("ascending numbers of 0 to %g", mostMoney))
			}
		}
		return slices.Repeat([][]float64{l.List}, n), nil
	}
	if l.Rungs < 2 || l.Rungs > mostRungs {
		return nil, field.New("ladder.rungs", l.Rungs, fmt.Sprintf("2 to %d", mostRungs))
	}
	if (l.From == nil) != (l.To == nil) {
		return nil, field.New("ladder", "from or to alone", "both, or neither")
	}
	if l.From != nil {
		if !(*l.From >= 0 && *l.From < *l.To && *l.To <= mostMoney) {
			return nil, field.New("ladder.to", *l.To, fmt.Sprintf("more than from, %g, and at most %g", *l.From, mostMoney))
		}
		return slices.Repeat([][]float64{equallySpaced(*l.From, *l.To, l.Rungs)}, n), nil
	}
	return cfg.extended(system)
}

// extended lays each firm's rungs around its Nash and monopoly choices. Who sell the same product by price share one ladder, that of the most
// efficient firm, since equal prices must be equal to the bit to share the market.
func (cfg *Config) extended(system System) ([][]float64, error) {
	l := &cfg.Ladder
	if !(l.Extend >= 0 && l.Extend <= 1000) {
		return nil, field.New("ladder.extend", l.Extend, "0 to 1000")
	}
	nash, err := cfg.Nash()
	if err != nil {
		return nil, err
	}
	joint, err := cfg.Monopoly()
	if err != nil {
		return nil, err
	}
	ladders := make([][]float64, len(cfg.Firms))
	for i := range ladders {
		a, b := nash.Choices[i], joint.Choices[i]
		if _, same := system.(*bertrandSystem); same {
			a, b = slices.Min(nash.Choices), slices.Min(joint.Choices)
		}
		low, high := min(a, b), max(a, b)
		beyond := float64(l.Extend * (high - low))
		if high-low <= 1e-9*(math.Abs(high)+math.Abs(low)) {
			return nil, field.New("ladder", fmt.Sprintf("neither from nor to, where Nash and monopoly are the same for %s, %.4g", cfg.Firms[i].Name, a), "from and to, or a list: there is nothing between the two")
		}
		if system.Quantities() && low < beyond {
			return nil, field.New("ladder.extend", l.Extend, fmt.Sprintf("rungs of at least 0: %s would begin at %g; or from and to", cfg.Firms[i].Name, low-beyond))
		}
		ladders[i] = equallySpaced(low-beyond, high+beyond, l.Rungs)
	}
	return ladders, nil
}

func equallySpaced(from, to float64, rungs int) []float64 {
	all := make([]float64, rungs)
	step := (to - from) / float64(rungs-1)
	for k := range all {
		all[k] = from + float64(float64(k)*step)
	}
	all[rungs-1] = to
	return all
}
