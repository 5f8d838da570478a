package twins

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

const (
	// MostAUC is the highest area under the curve of synthetic against held-out people at which the synthetic ones pass, and
	// MostApart how far it may be from that of the two real halves.
	MostAUC, MostApart = 0.60, 0.08
	// fewest people of a population.
	fewest = 20
	level  = 0.95 // of the intervals
	// telling is how many features are named as what gives the synthetic people away.
	telling = 5
)

// Report says how like real people synthetic ones are.
type Report struct {
	About     string   `json:"about"`           // what people these are
	Notes     []string `json:"notes,omitempty"` // what the synthetic people were given, and other things to know
	Train     int      `json:"train_people"`
	HeldOut   int      `json:"held_out_people"`
	Synthetic int      `json:"synthetic_people"`

	AUC     stats.Estimate `json:"auc"`      // synthetic against held-out, cross-validated
	RealAUC stats.Estimate `json:"auc_real"` // real against real halves, by the same classifier: the mean of several, as yardstick says
	// SplitAUC is that of the training half against the held-out half alone.
	SplitAUC stats.Estimate `json:"auc_train_held_out"`
	Passes   bool           `json:"passes"` // AUC at most MostAUC and within MostApart of RealAUC
	// Certain is false where there are too few people for the verdict: the intervals of AUC and of its distance from RealAUC, the
	// two taken for independent, hold passes and fails alike.
	Certain bool `json:"certain"`

	Features  []Feature       `json:"features"`  // that the classifier saw, the most telling first
	Giveaways []string        `json:"giveaways"` // names of those that tell most, where more than chance does
	Measures  []MeasureReport `json:"measures"`
	Tables    []TableReport   `json:"tables"`
}

// Feature is how one feature tells synthetic from held-out people.
type Feature struct {
	Name      string   `json:"name"`
	Train     float64  `json:"train_mean"`
	HeldOut   float64  `json:"held_out_mean"` // of the people who have it
	Synthetic float64  `json:"synthetic_mean"`
	Missing   Triple   `json:"missing_share"`
	AUC       *float64 `json:"auc"` // by this feature alone, above 1/2 where it is higher in synthetic people; nil where too few have it
	// KS is the largest distance between the two distribution functions (Kolmogorov & Smirnov), those without the feature below
	// all others; PValue by the asymptotic law, an upper bound where values are tied.
	KS     float64 `json:"ks"`
	PValue float64 `json:"ks_p_value"`
	// Coefficient is that of the logistic regression on all people, per standard deviation, and Square that of the square.
	Coefficient float64 `json:"coefficient"`
	Square      float64 `json:"square_coefficient"`
}

// Triple is a number of each population.
type Triple struct {
	Train     float64 `json:"train"`
	HeldOut   float64 `json:"held_out"`
	Synthetic float64 `json:"synthetic"`
}

// MeasureReport is one measure side by side. Numbers are nil where a population does not define them.
type MeasureReport struct {
	Name      string   `json:"name"`
	Train     *float64 `json:"train"`
	HeldOut   *float64 `json:"held_out"`
	SE        *float64 `json:"held_out_se"`
	Synthetic *float64 `json:"synthetic"`
	// Z is (synthetic - held-out)/√(their squared errors), RealZ the same of train against held-out: within ±2 is noise.
	Z     *float64 `json:"z"`
	RealZ *float64 `json:"z_real"`
}

// TableReport is one table side by side: Train, HeldOut, SE and Synthetic are rows × columns, nil where not defined.
type TableReport struct {
	Name      string       `json:"name"`
	Rows      []string     `json:"rows"`
	Columns   []string     `json:"columns"`
	Train     [][]*float64 `json:"train"`
	HeldOut   [][]*float64 `json:"held_out"`
	SE        [][]*float64 `json:"held_out_se"`
	Synthetic [][]*float64 `json:"synthetic"`
	// Distance is the mean absolute difference of synthetic and held-out cells, rows by their weight in the held-out half;
	// RealDistance that of train and held-out; Chance what sampling alone would make of the former, √(2/π) of the errors.
	Distance     float64 `json:"distance"`
	RealDistance float64 `json:"distance_real"`
	Chance       float64 `json:"distance_by_chance"`
	// ChiSquare is the mean over cells of the squared z of synthetic against held-out, 1 by chance; RealChiSquare of train.
	ChiSquare     float64 `json:"mean_z2"`
	RealChiSquare float64 `json:"mean_z2_real"`
}

// Options say how populations are compared.
type Options struct {
	Streams rng.Streams // of the split, the simulation and the folds
	Folds   int         // of the cross-validation; 5 where zero
	Workers int         // 0 is one; the result does not depend on it
}

// Compare holds synthetic people against held-out ones, with the training half as the yardstick. The classifier is that of
// contest.
func Compare(about string, train, heldOut, synthetic *Population, o Options) (*Report, error) {
	for _, p := range []struct {
		which string
		of    *Population
	}{{"training half", train}, {"held-out half", heldOut}, {"synthetic people", synthetic}} {
		if err := p.of.check(p.which, heldOut); err != nil {
			return nil, err
		}
	}
	for _, i := range synthetic.Pair {
		if i < 0 || i >= len(heldOut.People) {
			return nil, field.New("pairs", i, fmt.Sprintf("a held-out person from 0 to %d", len(heldOut.People)-1))
		}
	}
	if o.Folds == 0 {
		o.Folds = 5
	}
	if o.Folds < 2 || o.Folds > fewest/2 {
		return nil, field.New("folds", o.Folds, fmt.Sprintf("2 to %d", fewest/2))
	}
	r := &Report{About: about, Train: len(train.People), HeldOut: len(heldOut.People), Synthetic: len(synthetic.People)}
	against := newContest(heldOut, synthetic)
	model, auc, err := against.judge(o)
	if err != nil {
		return nil, err
	}
	if r.RealAUC, r.SplitAUC, err = yardstick(train, heldOut, o); err != nil {
		return nil, err
	}
	r.AUC = auc
	r.Passes = r.AUC.Value <= MostAUC && math.Abs(r.AUC.Value-r.RealAUC.Value) <= MostApart
	r.Certain = r.certain()
	for j := range heldOut.Features {
		r.Features = append(r.Features, newFeature(j, train, heldOut, synthetic, against, model))
	}
	slices.SortStableFunc(r.Features, func(a, b Feature) int { return cmp.Compare(b.KS, a.KS) })
	for _, f := range r.Features[:min(telling, len(r.Features))] {
		if f.PValue < (1-level)/float64(len(r.Features)) {
			r.Giveaways = append(r.Giveaways, f.Name)
		}
	}
	for i, m := range heldOut.Measures {
		r.Measures = append(r.Measures, newMeasureReport(train.Measures[i], m, synthetic.Measures[i]))
	}
	for i, t := range heldOut.Tables {
		r.Tables = append(r.Tables, newTableReport(train.Tables[i], t, synthetic.Tables[i]))
	}
	return r, nil
}

// certain tells whether all that the intervals hold passes, or all fails.
func (r *Report) certain() bool {
	apart := math.Abs(r.AUC.Value - r.RealAUC.Value)
	reach := around(stats.Estimate{Value: 0.5, StandardError: math.Hypot(r.AUC.StandardError, r.RealAUC.StandardError)}).High - 0.5
	passes := r.AUC.High <= MostAUC && apart+reach <= MostApart
	fails := r.AUC.Low > MostAUC || apart-reach > MostApart
	return passes || fails
}

// Narrow is what to know of the intervals of a Report.
const Narrow = "the intervals take the folds for independent and are too narrow for people who are hard to tell apart, near 0.5 up to three times"

// yardstick is the area under the curve of real against real people by the classifier that judges synthetic ones: the mean over
// the training half against the held-out one and other random halves of the same sizes, all with the penalty of the first. A
// single one is off by luck, by 0.01 for 12,000 people a half and 0.025 for 250, since the folds' classifiers share people.
func yardstick(train, heldOut *Population, o Options) (mean, split stats.Estimate, err error) {
	const enough, fewest, most = 5_000, 4, 10 // people, halvings
	first, second := heldOut, train
	people, group := slices.Concat(first.People, second.People), slices.Concat(first.Group, second.Group)
	halvings := max(fewest, min(most, enough/len(people)))
	mean.Level = level
	penalty := 0.0
	for h := range halvings {
		if h > 0 {
			a, b := groupHalves(len(people), group, o.Streams.Family(fmt.Sprintf("twins/yardstick/%d", h)))
			first, second = &Population{Features: heldOut.Features, People: pick(people, a)}, &Population{People: pick(people, b)}
			if group != nil {
				first.Group, second.Group = pick(group, a), pick(group, b)
			}
		}
		c := newContest(first, second)
		if h == 0 {
			m, err := c.fit(o)
			if err != nil {
				return mean, split, err
			}
			penalty = m.Lambda
		}
		e, err := c.auc(penalty, o)
		if err != nil {
			return mean, split, err
		}
		if h == 0 {
			split = e
		}
		mean.Value += e.Value / float64(halvings)
		mean.StandardError += e.StandardError / float64(halvings)
	}
	return around(mean), split, nil
}

func newMeasureReport(train, heldOut, synthetic Measure) MeasureReport {
	return MeasureReport{Name: heldOut.Name, Train: number(train.Value), HeldOut: number(heldOut.Value), SE: number(heldOut.SE),
		Synthetic: number(synthetic.Value), Z: number(z(synthetic, heldOut)), RealZ: number(z(train, heldOut))}
}

// z is the difference of two measures in standard errors, NaN where that is not defined.
func z(a, b Measure) float64 {
	if a.Value == b.Value {
		return 0
	}
	return (a.Value - b.Value) / math.Hypot(a.SE, b.SE)
}

// number is nil for what is not a finite number, which JSON has no word for.
func number(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

func numbers(rows [][]float64) [][]*float64 {
	out := make([][]*float64, len(rows))
	for i, row := range rows {
		for _, v := range row {
			out[i] = append(out[i], number(v))
		}
	}
	return out
}

func newTableReport(train, heldOut, synthetic Table) TableReport {
	r := TableReport{Name: heldOut.Name, Rows: heldOut.Rows, Columns: heldOut.Columns,
		Train: numbers(train.Value), HeldOut: numbers(heldOut.Value), SE: numbers(heldOut.SE), Synthetic: numbers(synthetic.Value)}
	r.Distance, r.Chance, r.ChiSquare = distance(synthetic, heldOut)
	r.RealDistance, _, r.RealChiSquare = distance(train, heldOut)
	return r
}

// distance is the mean absolute difference of two tables, what chance would make it, and the mean squared z. Rows count by
// their weight in b; rows and cells that either lacks are left out.
func distance(a, b Table) (mean, chance, squares float64) {
	weights, cells := 0.0, 0.0
	for r, w := range b.Weight {
		if w == 0 || a.Weight[r] == 0 {
			continue
		}
		for c, v := range b.Value[r] {
			if math.IsNaN(v) || math.IsNaN(a.Value[r][c]) {
				continue
			}
			d, se := math.Abs(a.Value[r][c]-v), math.Hypot(a.SE[r][c], b.SE[r][c])
			mean, chance, weights = mean+w*d, chance+w*se, weights+w
			if se > 0 {
				squares, cells = squares+d*d/(se*se), cells+1
			}
		}
	}
	if weights == 0 {
		return 0, 0, 0
	}
	return mean / weights, chance / weights * math.Sqrt(2/math.Pi), squares / max(cells, 1)
}
