package estimators

import (
	"context"
	"encoding/json"

	"github.com/souk-sim/souk/market/choice"
)

// Logit is McFadden's conditional logit.
type Logit struct {
	Choices
	Parameters *Tastes `toml:"parameters" doc:"the model itself, without a file"`
}

func (l *Logit) individual(s *choice.Situations, _ Job) (choice.Individual, error) {
	return choice.FitLogit(s, l.utility())
}

// Fit implements Estimator.
func (l *Logit) Fit(_ context.Context, job Job) (*Fit, error) {
	st, err := l.study(l, job)
	if err != nil {
		return nil, err
	}
	if st.loyal != nil {
		st.model = st.loyal // whose standard errors allow for the smoothing
	}
	f, own, err := st.report("conditional logit")
	if err != nil {
		return nil, err
	}
	f.Own = own
	return f, nil
}

// Given implements ByHand.
func (l *Logit) Given() (json.Marshaler, error) {
	if l.Parameters == nil {
		return nil, nil
	}
	return l.Parameters.logit(l.Base, l.Outside != "")
}
