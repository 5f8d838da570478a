package serve

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/results/decisionlog"
	"github.com/souk-sim/souk/scenarios/field"
)

func (s *Server) postDecide(w http.ResponseWriter, r *http.Request) int {
	body, code, err := s.read(w, r)
	if err != nil {
		return refuse(w, code, err)
	}
	all, many, bad := parseQuestions(body, s.options.Batch)
	if bad != nil {
		return refuse(w, http.StatusBadRequest, bad)
	}
	if key := r.Header.Get("Idempotency-Key"); key != "" {
		switch {
		case many || all[0].id != "" && all[0].id != key || len(key) > longestName:
			return refuse(w, http.StatusBadRequest, field.New("Idempotency-Key", fmt.Sprintf("%.60q", key), fmt.Sprintf("at most %d bytes, as the id of the one question", longestName)))
		default:
			all[0].id = key
		}
	}
	answers, code, err := s.decideAll(all)
	switch {
	case err != nil:
		return refuse(w, code, err)
	case many:
		return answer(w, http.StatusOK, map[string]any{"decisions": answers})
	default:
		return answer(w, http.StatusOK, answers[0])
	}
}

// batch is questions on the way to their answers.
type batch struct {
	questions []question
	slots     []*slot
	known     []*Answer     // given before, to the same question
	claims    []*remembered // of questions with an id
	made      []*decision
	answers   []Answer
}

// decideAll answers all questions or none: what is logged is what was answered.
func (s *Server) decideAll(all []question) (answers []Answer, code int, err error) {
	n := len(all)
	b := batch{all, make([]*slot, n), make([]*Answer, n), make([]*remembered, n), make([]*decision, n), make([]Answer, n)}
	answered, now := false, s.clock()
	defer func() { // whatever happens: others may wait for these answers
		for i, c := range b.claims {
			if answered {
				s.memory.settle(c, &b.answers[i])
			} else {
				s.memory.settle(c, nil)
			}
		}
		for i, d := range b.made {
			if d != nil {
				b.slots[i].stand(b.questions[i].product, d, now, answered)
			}
		}
	}()
	for i := range all {
		if b.slots[i], err = s.slot(all[i].policy); err != nil {
			return nil, http.StatusNotFound, at(i, n, err)
		}
	}
	if i, err := s.claim(&b, now); err != nil {
		return nil, http.StatusConflict, at(i, n, err)
	}
	lines, i, err := s.makeAll(&b, now)
	if err != nil {
		return nil, http.StatusUnprocessableEntity, at(i, n, err)
	}
	if err := s.log(lines); err != nil {
		return nil, http.StatusServiceUnavailable, err
	}
	answered = true
	for i, d := range b.made {
		switch {
		case d == nil:
			s.metrics.again.Inc()
			continue
		case d.Action < 0:
			d.arm.fallback.Inc()
		default:
			d.arm.made.Inc()
		}
		if d.Outside != nil {
			d.arm.outside.Inc()
		}
		s.heard.learn(&b.questions[i])
	}
	return b.answers, http.StatusOK, nil
}

// claim finds the answers that were given before and claims the other questions that have an id, in one order for everybody, so that two requests
// never wait for each other. bad is the question that the error is of.
func (s *Server) claim(b *batch, now time.Time) (bad int, err error) {
	order := make([]int, len(b.questions))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int {
		return cmp.Compare(b.questions[i].id, b.questions[j].id)
	})
	for k, i := range order {
		q := &b.questions[i]
		if k > 0 && q.id != "" && q.id == b.questions[order[k-1]].id {
			return i, field.New("id", fmt.Sprintf("%q", q.id), "an id of its own for each question")
		}
		if b.known[i], b.claims[i], err = s.memory.claim(b.slots[i].Name, q, now); err != nil {
			return i, err
		}
	}
	return 0, nil
}

// makeAll decides what was not decided before, and returns the lines for the log. bad is the question that the error is of.
func (s *Server) makeAll(b *batch, now time.Time) (lines []byte, bad int, err error) {
	lines = make([]byte, 0, 512*len(b.questions)) // most lines are shorter
	for i := range b.questions {
		if b.known[i] != nil {
			b.answers[i] = *b.known[i]
			continue
		}
		d, err := s.decide(b.slots[i], &b.questions[i], now)
		if err != nil {
			return nil, i, err
		}
		b.made[i], b.answers[i] = d, d.Answer
		if s.options.Log == nil {
			continue
		}
		if lines, err = s.record(lines, &b.questions[i], d, now); err != nil {
			return nil, i, err
		}
	}
	return lines, 0, nil
}

// log appends lines to the log, where there is one and there are any.
func (s *Server) log(lines []byte) error {
	if len(lines) == 0 || s.options.Log == nil {
		return nil
	}
	if err := s.options.Log(lines); err != nil {
		now := s.clock()
		s.failed.Store(&now)
		s.metrics.logFailures.Inc()
		if errors.Is(err, decisionlog.ErrDoubt) {
			return errors.New("whether it was logged is not known, and it is not done: ask again, under the same id")
		}
		return errors.New("it cannot be logged, and is not done")
	}
	if s.failed.Load() != nil {
		s.failed.Store(nil)
	}
	return nil
}

// at says which of many questions an error is of.
func at(i, n int, err error) error {
	if bad, ok := errors.AsType[*field.Error](err); ok && n > 1 {
		return under(fmt.Sprintf("questions[%d]", i), bad)
	}
	return err
}

// postExplain explains the greedy decision of the bundle that would answer.
func (s *Server) postExplain(w http.ResponseWriter, r *http.Request) int {
	body, code, err := s.read(w, r)
	if err != nil {
		return refuse(w, code, err)
	}
	var q question
	in := reader{text: body}
	bad := in.parseQuestion(&q, nil)
	if bad == nil {
		bad = in.end()
	}
	if bad != nil {
		return refuse(w, http.StatusBadRequest, bad)
	}
	slot, err := s.slot(q.policy)
	if err != nil {
		return refuse(w, http.StatusNotFound, err)
	}
	by, beside := s.arms(slot, q.customer, q.id)
	seen, err := q.observe(by, beside, q.allowMissing)
	if err != nil {
		return refuse(w, http.StatusUnprocessableEntity, err)
	}
	e := by.Policy.Explain(seen)
	return answer(w, http.StatusOK, struct {
		Policy string `json:"policy"`
		Arm    string `json:"arm"`
		policies.Explanation
		Words string `json:"words"`
	}{slot.Name, by.name, e, e.String()})
}
