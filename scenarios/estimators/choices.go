package estimators

import (
	"fmt"

	"github.com/souk-sim/souk/market/choice"
	"github.com/souk-sim/souk/market/logs"
	"github.com/souk-sim/souk/sim/rng"
)

// Choices says where a file has choice situations (logs.ChoiceColumns) and what people are taken to like about them.
type Choices struct {
	Layout      string            `toml:"layout" default:"'wide'" oneof:"wide,long" doc:"wide: a row a choice, with columns attribute.alternative; long: a row an alternative"`
	Choice      string            `toml:"choice" default:"'choice'" doc:"column of what was taken: name or number of the alternative (wide), 1 or 0 (long)"`
	ID          string            `toml:"id" doc:"column of the household; without it every choice is another's"`
	Attributes  []string          `toml:"attributes" doc:"what is known of each alternative; left out (wide): what stands before the dots"`
	Columns     map[string]string `toml:"columns" doc:"columns of other names, as in price.heinz=p1"`
	Situation   string            `toml:"situation" default:"'situation'" doc:"long: column of the choice situation"`
	Alternative string            `toml:"alternative" default:"'alternative'" doc:"long: column of the alternative's name"`
	Outside     string            `toml:"outside" doc:"nothing may be taken; in a wide file the choice column says so by this word"`
	Constants   bool              `toml:"constants" default:"true" doc:"a constant for each alternative but the base"`
	Base        string            `toml:"base" doc:"the alternative without a constant; left out: nothing, where that may be taken, else the first"`
	LastChoice  bool              `toml:"last_choice" doc:"what a household took last becomes an attribute, last_choice"`
	Reference   string            `toml:"reference" doc:"price attribute whose distance below and above what a household remembers become attributes, gain and loss"`
	Memory      float64           `toml:"memory" default:"0.5" range:"[0,1)" doc:"of the reference price, from one choice to the next"`
}

// utility is how utility is built.
func (c *Choices) utility() choice.Utility {
	return choice.Utility{Base: c.Base, NoConstants: !c.Constants}
}

// read gives the situations to fit on and those held out, whole households each: nil where none are.
func (c *Choices) read(job Job, traits ...string) (fitted, held *choice.Situations, err error) {
	s, err := c.situations(job, traits)
	if err != nil {
		return nil, nil, err
	}
	if s, err = c.history(s); err != nil {
		return nil, nil, inFile(job.Data, err)
	}
	fitted, held = holdOut(s, job)
	return fitted, held, nil
}

// situations are those of the file, without history.
func (c *Choices) situations(job Job, traits []string) (*choice.Situations, error) {
	columns := logs.ChoiceColumns{Choice: c.Choice, Household: c.ID, Attributes: c.Attributes, Traits: traits, Outside: c.Outside, Names: c.Columns}
	if c.Layout == "long" {
		columns.Situation, columns.Alternative = c.Situation, c.Alternative
	}
	file, err := logs.DecodeChoices(job.Data.Name, job.Data, job.Data.Size, columns)
	if err != nil {
		return nil, err
	}
	return &choice.Situations{Alternatives: file.Alternatives, Attributes: file.Attributes, X: file.X, Available: file.Available,
		Chosen: file.Chosen, Outside: c.Outside != "", Household: file.Household, Traits: file.Traits, Trait: file.Trait}, nil
}

// history adds what follows from a household's earlier choices.
func (c *Choices) history(s *choice.Situations) (*choice.Situations, error) {
	var err error
	if c.LastChoice {
		if s, err = s.With("last_choice", s.LastChoice()); err != nil {
			return nil, err
		}
	}
	if c.Reference == "" {
		return s, nil
	}
	gain, loss, err := s.GainLoss(c.Reference, c.Memory)
	if err != nil {
		return nil, err
	}
	if s, err = s.With("gain", gain); err != nil {
		return nil, err
	}
	return s.With("loss", loss)
}

// holdOut keeps a share of the households apart, drawn by the job's seed.
func holdOut(s *choice.Situations, job Job) (fitted, held *choice.Situations) {
	if job.HeldOut == 0 {
		return s, nil
	}
	stream, out := rng.New(job.Seed, 0).Family("held-out"), map[int]bool{}
	var in, apart []int
	for i := range s.Len() {
		h := i
		if s.Household != nil {
			h = s.Household[i]
		}
		if _, met := out[h]; !met {
			of := stream.At(uint64(h))
			out[h] = of.Float64() < job.HeldOut
		}
		if out[h] {
			apart = append(apart, i)
		} else {
			in = append(in, i)
		}
	}
	if len(in) == 0 || len(apart) == 0 {
		return s, nil
	}
	return s.Subset(in), s.Subset(apart)
}

// report describes a fitted model of choices. price names the attributes whose elasticities and worth are told, where they are in it.
func (c *Choices) report(job Job, m choice.Individual, s, held *choice.Situations, words string) (*Fit, error) {
	e := m.Summary()
	f := &Fit{Model: words, N: e.N, Customers: e.Households, LogLik: e.LogLik, Converged: e.Converged, Warnings: e.Warnings}
	f.Data = fmt.Sprintf("%d choices of %d alternatives", e.N, len(e.Alternatives))
	if s.Household != nil {
		f.Data += fmt.Sprintf(" by %d households", e.Households)
	} else {
		f.Customers = 0
	}
	for _, p := range e.Coefficients {
		f.Coefficients = append(f.Coefficients, Coefficient{p.Name, p.Estimate, p.SE, p.RobustSE, p.ClusteredSE})
	}
	f.Words = []string{fmt.Sprintf("log-likelihood %.4f, AIC %.2f, BIC %.2f", e.LogLik, e.AIC, e.BIC),
		fmt.Sprintf("McFadden R² %.4f against chance, %.4f against constant shares", e.McFadden, e.McFaddenShares)}
	if held != nil {
		score, err := choice.Evaluate(m, held, nil)
		if err != nil {
			return nil, inFile(job.Data, err)
		}
		f.HeldOut = []Figure{{"choices", float64(score.N)}, {"loglik_per_choice", score.LogLik / float64(score.N)}, {"hit_rate", score.HitRate}}
	}
	return f, nil
}

// fitFigures are what every choice model tells beside its estimates.
type fitFigures struct {
	Alternatives   []string               `json:"alternatives"`
	Attributes     []string               `json:"attributes"`
	NullLogLik     float64                `json:"null_loglik"`
	SharesLogLik   float64                `json:"shares_loglik"`
	McFadden       float64                `json:"mcfadden_r2"`
	McFaddenShares float64                `json:"mcfadden_r2_vs_shares"`
	AIC            float64                `json:"aic"`
	BIC            float64                `json:"bic"`
	BICHouseholds  float64                `json:"bic_households"`
	Iterations     int                    `json:"iterations"`
	Elasticities   map[string][][]float64 `json:"elasticities,omitempty"` // by attribute: % of the share of j for 1% more of k's
}

func figuresOf(m choice.Individual, s *choice.Situations) (fitFigures, error) {
	e := m.Summary()
	f := fitFigures{e.Alternatives, e.Attributes, e.NullLogLik, e.SharesLogLik, e.McFadden, e.McFaddenShares, e.AIC, e.BIC, e.BICPanel, e.Iterations, nil}
	for at, a := range e.Attributes {
		if !positive(s, at) {
			continue
		}
		matrix, err := choice.AttributeElasticities(m, s, a)
		if err != nil {
			return f, err
		}
		if f.Elasticities == nil {
			f.Elasticities = map[string][][]float64{}
		}
		f.Elasticities[a] = matrix
	}
	return f, nil
}

// positive tells whether an attribute is more than 0 wherever it is known, as prices are: it then has elasticities.
func positive(s *choice.Situations, attribute int) bool {
	for i := attribute; i < len(s.X); i += len(s.Attributes) {
		if (s.Available == nil || s.Available[i/len(s.Attributes)]) && !(s.X[i] > 0) {
			return false
		}
	}
	return true
}
