package estimators

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/souk-sim/souk/market/choice"
	"github.com/souk-sim/souk/market/logs"
	"github.com/souk-sim/souk/scenarios/field"
)

// Choices says where a file has choice situations (logs.ChoiceColumns) and what people are taken to like about them.
type Choices struct {
	Layout      string            `toml:"layout" default:"'wide'" oneof:"wide,long" doc:"wide: a row a choice, with columns attribute.alternative; long: a row an alternative"`
	Choice      string            `toml:"choice" default:"'choice'" doc:"column of what was taken: name or number of the alternative (wide), 1 or 0, yes or no (long)"`
	ID          string            `toml:"id" doc:"column of the household; without it every choice is another's"`
	Attributes  []string          `toml:"attributes" doc:"what is known of each alternative; left out: what stands before the dots (wide), or the numbers that vary (long)"`
	Columns     map[string]string `toml:"columns" doc:"columns of other names, as in price.heinz=p1"`
	Situation   string            `toml:"situation" default:"'situation'" doc:"long: column of the choice situation"`
	Alternative string            `toml:"alternative" default:"'alternative'" doc:"long: column of the alternative's name"`
	Outside     string            `toml:"outside" doc:"nothing may be taken; in a wide file the choice column says so by this word"`
	Constants   bool              `toml:"constants" default:"true" doc:"a constant for each alternative but the base"`
	Base        string            `toml:"base" doc:"the alternative without a constant; left out: nothing, where that may be taken, else the first"`
	Price       string            `toml:"price" doc:"attribute in whose units the others' worth is told; left out: what says price by its name"`
	LastChoice  bool              `toml:"last_choice" doc:"what a household took last becomes an attribute, last_choice"`
	PastShares  bool              `toml:"past_shares" doc:"an attribute, past_shares: the share of each alternative in what a household took so far, and one more, of nothing"`
	Reference   string            `toml:"reference" doc:"price attribute whose distance below and above what a household remembers become attributes, gain and loss"`
	Memory      float64           `toml:"memory" default:"0.5" range:"[0,1)" doc:"of the reference price, from one choice to the next"`
	Loyalty     bool              `toml:"loyalty" doc:"an attribute, loyalty: what a household took before, of late above all (Guadagni & Little 1983)"`
	Smoothing   float64           `toml:"smoothing" range:"[0,1)" doc:"of loyalty, from one choice to the next; 0: estimated"`
}

// panel is an Estimator of individual choices.
type panel interface {
	Estimator
	Twinned
	// read gives the job's choices, and what to be careful about in them.
	read(job Job) (*choice.Situations, []string, error)
	// individual fits the model to situations that have their history.
	individual(s *choice.Situations, job Job) (choice.Individual, error)
}

var (
	_ panel = (*Logit)(nil)
	_ panel = (*Nested)(nil)
	_ panel = (*Mixed)(nil)
	_ panel = (*LatentClass)(nil)
)

// utility is how utility is built.
func (c *Choices) utility() choice.Utility {
	return choice.Utility{Base: c.Base, NoConstants: !c.Constants}
}

func (c *Choices) read(job Job) (*choice.Situations, []string, error) { return c.situations(job, nil) }

// situations are those of the file, without history, with traits of the households, and what to be careful about in them.
func (c *Choices) situations(job Job, traits []string) (*choice.Situations, []string, error) {
	columns := logs.ChoiceColumns{Choice: c.Choice, Household: c.ID, Attributes: c.Attributes, Traits: traits, Outside: c.Outside, Names: c.Columns}
	if c.Layout == "long" {
		columns.Situation, columns.Alternative = c.Situation, c.Alternative
	}
	file, err := logs.DecodeChoices(job.Data.Name, job.Data, job.Data.Size, columns)
	if bad, ok := errors.AsType[*field.Error](err); ok && bad.File == "" && bad.Key == "household" {
		return nil, nil, field.New("id", bad.Found, bad.Expected)
	}
	if err != nil {
		return nil, nil, err
	}
	var careful, missing []string
	for m, a := range file.Attributes {
		if n := file.Missing[m]; n > 0 {
			missing = append(missing, fmt.Sprintf("%s %d", a, n))
		}
	}
	if missing != nil {
		careful = append(careful, "cells without a value ("+strings.Join(missing, ", ")+"): such an alternative counts as absent from its situation")
	}
	if len(file.Attributes) == 0 {
		careful = append(careful, "no attributes: the model has constants alone")
	}
	return &choice.Situations{Alternatives: file.Alternatives, Attributes: file.Attributes, X: file.X, Available: file.Available,
		Chosen: file.Chosen, Outside: c.Outside != "", Household: file.Household, Traits: file.Traits, Trait: file.Trait}, careful, nil
}

// price names the attribute that is the price: the one that is said or remembered, else one that says so by its name; empty where there is none.
func (c *Choices) price(s *choice.Situations) string {
	switch {
	case c.Price != "":
		return c.Price
	case c.Reference != "":
		return c.Reference
	case slices.Contains(s.Attributes, "price"):
		return "price"
	}
	if i := slices.IndexFunc(s.Attributes, func(a string) bool { return strings.Contains(strings.ToLower(a), "price") }); i >= 0 {
		return s.Attributes[i]
	}
	return ""
}

// loyal is the conditional logit whose smoothing of loyalty is estimated: nil where that is given or loyalty is left out.
func (c *Choices) loyal(s *choice.Situations) (*choice.Logit, error) {
	if !c.Loyalty || c.Smoothing != 0 {
		return nil, nil
	}
	if s, err := c.remember(s, nil); err != nil {
		return nil, err
	} else {
		return choice.FitLoyalty(s, c.utility())
	}
}

// remember adds the attributes of history, loyalty where its smoothing is known.
func (c *Choices) remember(s *choice.Situations, loyal *choice.Logit) (*choice.Situations, error) {
	if c.Reference != "" && !slices.Contains(s.Attributes, c.Reference) {
		return nil, field.New("reference", c.Reference, fmt.Sprintf("one of the attributes %q", s.Attributes))
	}
	smoothing := c.Smoothing
	if loyal != nil {
		smoothing = loyal.Smoothing.Estimate
	}
	type attribute struct {
		name   string
		values []float64
	}
	var more []attribute
	if c.LastChoice {
		more = append(more, attribute{"last_choice", s.LastChoice()})
	}
	if c.PastShares {
		more = append(more, attribute{"past_shares", s.PastShares()})
	}
	if c.Reference != "" {
		gain, loss, err := s.GainLoss(c.Reference, c.Memory)
		if err != nil {
			return nil, err
		}
		more = append(more, attribute{"gain", gain}, attribute{"loss", loss})
	}
	if c.Loyalty && (loyal != nil || c.Smoothing != 0) {
		more = append(more, attribute{"loyalty", s.Loyalty(smoothing)})
	}
	for _, a := range more {
		var err error
		if s, err = s.With(a.name, a.values); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// holdOut keeps a share of the households apart, drawn by the job's seed: held is nil where that share is 0.
func holdOut(s *choice.Situations, job Job) (fitted, held *choice.Situations, err error) {
	if job.HeldOut == 0 {
		return s, nil, nil
	}
	out, err := heldOutRows(job, s.Len(), s.Household, "choices")
	if err != nil {
		return nil, nil, err
	}
	var in, apart []int
	for i := range out {
		if out[i] {
			apart = append(apart, i)
		} else {
			in = append(in, i)
		}
	}
	return s.Subset(in), s.Subset(apart), nil
}

// study is a model of choices fitted for a job, and what it was fitted on.
type study struct {
	*Choices
	job     Job
	s, held *choice.Situations // with history; held is nil where all are fitted
	loyal   *choice.Logit      // that of Choices.loyal
	model   choice.Individual
	careful []string // about the file
}

// study reads the job's choices, keeps some apart, adds their history and fits e.
func (c *Choices) study(e panel, job Job) (*study, error) {
	s, careful, err := e.read(job)
	if err != nil {
		return nil, err
	}
	out := &study{Choices: c, job: job, careful: careful}
	if err := c.checkPrice(s); err != nil {
		return nil, err
	}
	if out.s, out.held, err = holdOut(s, job); err != nil {
		return nil, err
	}
	if out.loyal, err = c.loyal(out.s); err != nil {
		return nil, out.about(err)
	}
	if out.s, err = c.remember(out.s, out.loyal); err != nil {
		return nil, out.about(err)
	}
	if out.held != nil {
		if out.held, err = c.remember(out.held, out.loyal); err != nil {
			return nil, out.about(err)
		}
	}
	if out.model, err = e.individual(out.s, job); err != nil {
		return nil, out.about(err)
	}
	return out, nil
}

func (c *Choices) checkPrice(s *choice.Situations) error {
	if c.Price != "" && !slices.Contains(s.Attributes, c.Price) {
		return field.New("price", c.Price, fmt.Sprintf("one of the attributes %q", s.Attributes))
	}
	return nil
}

// aboutChoices is an error of market/choice as one about an option, where it is, or about the file.
func aboutChoices(job Job, err error) error {
	bad, ok := errors.AsType[*field.Error](err)
	if !ok {
		return err
	}
	named := *bad
	if strings.HasPrefix(bad.Key, "nest ") {
		named.Key = "nests"
	}
	switch named.Key {
	case "base", "classes", "concomitants", "nests", "nodes", "normal", "log_normal", "reference":
		return &named
	}
	return inFile(job.Data, &named)
}

func (st *study) about(err error) error { return aboutChoices(st.job, err) }
