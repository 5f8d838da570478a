package journey

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/scenarios/field"
)

// Names of the click models.
const (
	// PositionBased: a list's position r is looked at with probability Examined[r], whatever else happens, and an item that is
	// looked at is clicked with its attractiveness (Richardson, Dominowska & Ragno 2007, WWW, 521; Chuklin, Markov & de Rijke
	// 2015, Click Models for Web Search, ch. 3). The largest Examined is 1: only products are told.
	PositionBased = "position-based"
	// Cascade: people go down from the top and look at the next position with probability Onward where they did not click
	// and Return where they did (Chapelle & Zhang 2009, WWW, 1, with an item's attraction and one satisfaction for all).
	// Onward 1 and Return 0 is the cascade of Craswell et al. (2008, WSDM, 87).
	Cascade = "cascade"
)

// Examination is how far down a list people look and what they click.
type Examination struct {
	Model          string                `json:"model"`
	Examined       []float64             `json:"examined,omitempty"` // by position, position-based only
	Onward         float64               `json:"onward,omitempty"`   // cascade only
	Return         float64               `json:"return,omitempty"`   // cascade only
	Attractiveness []float64             `json:"attractiveness"`     // by item: probability of a click where it is looked at
	Estimates      *ExaminationEstimates `json:"estimates,omitempty"`
}

// ExaminationEstimates is how a click model was fitted by EM: N is shown items, Perplexity 2 to the mean base-2 information of
// whether one is clicked (1 is certainty, 2 a coin), BaselineLogLik the log-likelihood of one click rate for all.
type ExaminationEstimates struct {
	Estimates
	Lists          int     `json:"lists"`
	Clicks         int     `json:"clicks"`
	Perplexity     float64 `json:"perplexity"`
	BaselineLogLik float64 `json:"baseline_loglik"`
}

// Shown is one list that somebody saw: items from the top, and which of them were clicked.
type Shown struct {
	Items   []int
	Clicked []bool
}

// FitExamination estimates a click model over items 0 to items-1 by EM. The likelihood may have
// several peaks; this is the one above equal chances.
func FitExamination(model string, items int, lists []Shown) (*Examination, error) {
	if model != PositionBased && model != Cascade {
		return nil, field.New("model", fmt.Sprintf("%q", model), PositionBased+" or "+Cascade)
	}
	e := &ExaminationEstimates{Lists: len(lists)}
	shown, longest, err := checkLists(items, lists, e)
	if err != nil {
		return nil, err
	}
	x := &Examination{Model: model, Attractiveness: make([]float64, items)}
	seen := 0
	for _, n := range shown {
		if n > 0 {
			seen++
		}
	}
	parameters := seen + longest - 1
	fit := x.fitPositions
	if model == Cascade {
		parameters, fit = seen+2, x.fitCascade
	}
	loglik, sweeps, converged := fit(lists, longest, e)
	n := int(sum(shown))
	warnings := e.Warnings
	e.Estimates = *newEstimates(loglik, parameters, n)
	e.Iterations, e.Converged, e.Warnings = sweeps, converged, warnings
	e.Perplexity = math.Exp(-loglik / float64(n))
	rate := float64(e.Clicks) / float64(n)
	e.BaselineLogLik = float64(e.Clicks)*math.Log(rate) + (float64(n)-float64(e.Clicks))*logOr0(1-rate)
	if !e.Converged {
		e.warn("EM still moved after %d sweeps", e.Iterations)
	}
	x.fillUnseen(shown, e)
	x.Estimates = e
	return x, x.Check()
}

// checkLists gives how often each item was shown and the length of the longest list.
func checkLists(items int, lists []Shown, e *ExaminationEstimates) (shown []float64, longest int, err error) {
	if items < 1 || items > 1<<24 {
		return nil, 0, field.New("items", items, "a number from 1 to 2^24")
	}
	shown = make([]float64, items)
	for i, l := range lists {
		if err := checkShown(l, items, i); err != nil {
			return nil, 0, err
		}
		for r, item := range l.Items {
			shown[item]++
			if l.Clicked[r] {
				e.Clicks++
			}
		}
		longest = max(longest, len(l.Items))
	}
	switch {
	case len(lists) == 0:
		return nil, 0, field.New("lists", 0, "at least one")
	case e.Clicks == 0:
		return nil, 0, field.New("lists", "no click", "at least one")
	}
	return shown, longest, nil
}

// checkShown reports why l cannot be list number i of a log, or a list alone where i is negative.
func checkShown(l Shown, items, i int) error {
	switch {
	case len(l.Items) == 0:
		return field.New(ordinal("list", i)+"items", "none", "at least one")
	case len(l.Clicked) != len(l.Items):
		return field.New(ordinal("list", i)+"clicked", fmt.Sprintf("%d marks", len(l.Clicked)), fmt.Sprintf("%d, one for each item", len(l.Items)))
	}
	for r, item := range l.Items {
		if item < 0 || item >= items {
			return field.New(fmt.Sprintf("%sposition %d", ordinal("list", i), r+1), item, fmt.Sprintf("an item from 0 to %d", items-1))
		}
	}
	return nil
}

// fillUnseen gives items that were never shown the mean of those that were.
func (x *Examination) fillUnseen(shown []float64, e *ExaminationEstimates) {
	mean, unseen := 0.0, 0
	for i, n := range shown {
		mean += n * x.Attractiveness[i]
		if n == 0 {
			unseen++
		}
	}
	mean /= sum(shown)
	for i, n := range shown {
		if n == 0 {
			x.Attractiveness[i] = mean
		}
	}
	if unseen > 0 {
		e.warn("%d of %d items were never shown: they are given the mean attractiveness of a shown item, %.3g", unseen, len(shown), mean)
	}
}

// Check says what is wrong with a click model given by hand or read from a file.
func (x *Examination) Check() error {
	switch {
	case x.Model != PositionBased && x.Model != Cascade:
		return field.New("model", fmt.Sprintf("%q", x.Model), PositionBased+" or "+Cascade)
	case x.Model == PositionBased && len(x.Examined) == 0:
		return field.New("examined", "no position", "at least one")
	case x.Model == PositionBased && (x.Onward != 0 || x.Return != 0):
		return field.New("onward", x.Onward, "none in a position-based model, and no return")
	case x.Model == Cascade && len(x.Examined) > 0:
		return field.New("examined", len(x.Examined), "none in a cascade")
	case !probability(x.Onward):
		return field.New("onward", x.Onward, "a probability")
	case !probability(x.Return):
		return field.New("return", x.Return, "a probability")
	case len(x.Attractiveness) == 0:
		return field.New("attractiveness", "no item", "at least one")
	}
	for i, p := range x.Examined {
		if !probability(p) {
			return field.New(fmt.Sprintf("examined[%d]", i), p, "a probability")
		}
	}
	for i, p := range x.Attractiveness {
		if !probability(p) {
			return field.New(fmt.Sprintf("attractiveness[%d]", i), p, "a probability")
		}
	}
	return nil
}

func probability(p float64) bool { return p >= 0 && p <= 1 }

// LogLikelihood is that of the clicks on one list, -Inf for what cannot be. It refuses items that the model does not know.
func (x *Examination) LogLikelihood(l Shown) (float64, error) {
	if err := checkShown(l, len(x.Attractiveness), -1); err != nil {
		return math.NaN(), err
	}
	if x.Model == Cascade {
		n := len(x.Attractiveness)
		c := cascadeCounts{attracted: make([]float64, n), looked: make([]float64, n)}
		return c.expect(x, l), nil
	}
	total := 0.0
	for r, item := range l.Items {
		p := x.Attractiveness[item] * x.Examined[min(r, len(x.Examined)-1)]
		if !l.Clicked[r] {
			p = 1 - p
		}
		total += math.Log(p)
	}
	return total, nil
}

// Looks says whether a shopper looks at a position (0 is the top), given whether he looked at the one above and clicked it, by
// one uniform u of [0, 1). Positions below those of a position-based model are looked at like its last. It does not allocate.
func (x *Examination) Looks(position int, above, clicked bool, u float64) bool {
	switch {
	case x.Model == PositionBased:
		return u < x.Examined[min(position, len(x.Examined)-1)]
	case position == 0:
		return true
	case clicked:
		return above && u < x.Return
	}
	return above && u < x.Onward
}

// Clicks says whether an item that is looked at is clicked, by one uniform u of [0, 1). It does not allocate.
func (x *Examination) Clicks(item int, u float64) bool { return u < x.Attractiveness[item] }
