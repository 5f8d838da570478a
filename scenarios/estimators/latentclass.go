package estimators

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/souk-sim/souk/market/choice"
	"github.com/souk-sim/souk/scenarios/field"
)

// LatentClass is the latent-class logit; of several numbers of classes it takes the best.
type LatentClass struct {
	Choices
	Classes      []int    `toml:"classes" default:"[2]" range:"[1,50]" shorthand:"true" doc:"how many classes; of several numbers, that with the lowest BIC over households is taken"`
	Starts       int      `toml:"starts" range:"[0,100000]" doc:"random starts; 0: 50, and up to twice as many again while only one has reached the best"`
	Concomitants []string `toml:"concomitants" doc:"columns of the households' traits on which membership depends"`
}

// candidate is the fit of one number of classes.
type candidate struct {
	Classes       int     `json:"classes"`
	LogLik        float64 `json:"loglik"`
	Parameters    int     `json:"parameters"`
	AIC           float64 `json:"aic"`
	BIC           float64 `json:"bic"`
	BICHouseholds float64 `json:"bic_households"`
	Converged     bool    `json:"converged"`
	Starts        int     `json:"starts"`
	Reached       int     `json:"reached"`
}

func (l *LatentClass) read(job Job) (*choice.Situations, []string, error) {
	return l.situations(job, l.Concomitants)
}

func (l *LatentClass) individual(s *choice.Situations, job Job) (choice.Individual, error) {
	return (&classSearch{LatentClass: l}).individual(s, job)
}

// classSearch is a LatentClass that keeps what it tried.
type classSearch struct {
	*LatentClass
	tried []candidate // a conditional logit first, to compare with
}

// individual fits each number of classes and takes the one with the lowest BIC over households.
func (l *classSearch) individual(s *choice.Situations, job Job) (best choice.Individual, err error) {
	numbers := slices.Compact(slices.Sorted(slices.Values(l.Classes)))
	if len(numbers) == 0 {
		return nil, field.New("classes", "none", "one number or more")
	}
	if numbers[0] > 1 {
		numbers = slices.Insert(numbers, 0, 1)
	}
	progress := progressOver(numbers, job.Progress)
	for _, n := range numbers {
		m, err := l.fit(s, n, job, progress(n))
		if err != nil {
			return nil, err
		}
		e := m.Summary()
		c := candidate{Classes: n, LogLik: e.LogLik, Parameters: len(e.Coefficients), AIC: e.AIC, BIC: e.BIC, BICHouseholds: e.BICPanel, Converged: e.Converged}
		if latent, ok := m.(*choice.LatentClass); ok {
			c.Starts, c.Reached = latent.Starts, latent.Reached
		}
		l.tried = append(l.tried, c)
		if slices.Contains(l.Classes, n) && (best == nil || e.BICPanel < best.Summary().BICPanel) {
			best = m
		}
	}
	return best, nil
}

// progressOver gives for each number of classes what is told of its starts, as a share of all the work: a start of twice the classes takes twice as long.
func progressOver(numbers []int, tell func(done, total int)) func(classes int) func(done, total int) {
	const perClass = 100
	all, before, told := 0, 0, 0
	for _, n := range numbers {
		all += perClass * n
	}
	return func(classes int) func(done, total int) {
		from := before
		before += perClass * classes
		if tell == nil {
			return nil
		}
		return func(done, total int) {
			if at := from + perClass*classes*done/total; at > told { // more starts may be tried than were foreseen
				told = at
				tell(told, all)
			}
		}
	}
}

func (l *LatentClass) fit(s *choice.Situations, classes int, job Job, progress func(done, total int)) (choice.Individual, error) {
	if classes == 1 {
		return choice.FitLogit(s, l.utility())
	}
	return choice.FitLatentClass(s, choice.LatentClassOptions{Utility: l.utility(), Classes: classes, Concomitants: l.Concomitants, Starts: l.Starts, Seed: job.Seed,
		Workers: job.Workers, Progress: progress})
}

// class is one class of households.
type class struct {
	Share        float64            `json:"share"`
	Coefficients map[string]float64 `json:"coefficients"`
	// Elasticities are of each alternative's share in the class by its own price.
	Elasticities []float64 `json:"price_elasticities,omitempty"`
	Worth        []worth   `json:"willingness_to_pay,omitempty"`

	all []choice.Parameter
}

// Fit implements Estimator.
func (l *LatentClass) Fit(_ context.Context, job Job) (*Fit, error) {
	search := &classSearch{LatentClass: l}
	st, err := l.study(search, job)
	if err != nil {
		return nil, err
	}
	f, own, err := st.report("conditional logit")
	if err != nil {
		return nil, err
	}
	all := struct {
		choiceFigures
		Shares    []float64   `json:"shares"`
		Classes   []class     `json:"classes"`
		Starts    int         `json:"starts"`
		Finished  int         `json:"finished"`
		Reached   int         `json:"reached"`
		Emptied   int         `json:"emptied"`
		Selection []candidate `json:"selection"`
	}{choiceFigures: own, Shares: []float64{1}, Selection: search.tried}
	logits := []*choice.Logit{}
	switch m := st.model.(type) {
	case *choice.Logit:
		f.Model = "latent-class logit of 1 class, a conditional logit,"
		logits = append(logits, m)
	case *choice.LatentClass:
		f.Model = fmt.Sprintf("latent-class logit of %d classes", len(m.Shares))
		people := f.Customers
		if people == 0 {
			people = f.N
		}
		f.Warnings = append(f.Warnings, fewIn("class", m.Shares, people)...)
		all.Shares, all.Starts, all.Finished, all.Reached, all.Emptied = m.Shares, m.Starts, m.Finished, m.Reached, m.Emptied
		for c := range m.Shares {
			logits = append(logits, m.Class(c))
		}
		f.Words = append(f.Words, fmt.Sprintf("%d random starts; %d were climbed to the top, %d of them to the best; in %d a class lost all its households", m.Starts, m.Finished, m.Reached, m.Emptied))
	}
	for c, m := range logits {
		described, err := st.class(m, all.Shares[c], own.Price)
		if err != nil {
			return nil, st.about(err)
		}
		all.Classes = append(all.Classes, described)
	}
	f.Tables = slices.Concat([]Table{classTable(all.Classes, own.Alternatives, own.Price)}, f.Tables, []Table{selectionTable(search.tried)})
	f.Own = all
	return f, nil
}

// class describes the people of one class before all situations.
func (st *study) class(m *choice.Logit, share float64, price string) (class, error) {
	c := class{Share: share, Coefficients: map[string]float64{}, all: m.Coefficients}
	for _, p := range m.Coefficients {
		c.Coefficients[p.Name] = p.Estimate
	}
	if price == "" {
		return c, nil
	}
	c.Worth = worthIn(m, price)
	matrix, err := choice.AttributeElasticities(m, st.s, price)
	if err != nil {
		return c, err
	}
	own := make([]float64, len(matrix))
	for j := range matrix {
		own[j] = matrix[j][j]
	}
	if _, err := json.Marshal(own); err == nil { // an alternative without a share has none
		c.Elasticities = own
	}
	return c, nil
}

// classTable has a column a class.
func classTable(all []class, alternatives []string, price string) Table {
	t := Table{Title: "classes of households", Rows: [][]string{{""}, {"share"}}}
	for i, c := range all {
		t.Rows[0] = append(t.Rows[0], fmt.Sprintf("class %d", i+1))
		t.Rows[1] = append(t.Rows[1], fmt.Sprintf("%.1f%%", 100*c.Share))
	}
	row := func(name string, of func(class) float64) {
		cells := []string{name}
		for _, c := range all {
			cells = append(cells, threeDigits(of(c)))
		}
		t.Rows = append(t.Rows, cells)
	}
	for i, p := range all[0].all {
		row(p.Name, func(c class) float64 { return c.all[i].Estimate })
	}
	if slices.ContainsFunc(all, func(c class) bool { return c.Elasticities == nil }) || len(alternatives) > mostColumns {
		return t
	}
	for j, name := range alternatives {
		row("% of "+name+" for 1% of its "+price, func(c class) float64 { return c.Elasticities[j] })
	}
	return t
}

// selectionTable compares the numbers of classes.
func selectionTable(tried []candidate) Table {
	t := Table{Title: "how many classes", Rows: [][]string{{"classes", "log-likelihood", "parameters", "AIC", "BIC over households", "starts", "at the best"}}}
	for _, c := range tried {
		t.Rows = append(t.Rows, []string{fmt.Sprint(c.Classes), fmt.Sprintf("%.3f", c.LogLik), fmt.Sprint(c.Parameters), fmt.Sprintf("%.1f", c.AIC), fmt.Sprintf("%.1f", c.BICHouseholds),
			fmt.Sprint(c.Starts), fmt.Sprint(c.Reached)})
	}
	return t
}
