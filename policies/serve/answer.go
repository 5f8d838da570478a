package serve

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
)

// questions is the body of /v1/decide: one question, or many.
type questions struct {
	Question
	Questions []Question `json:"questions,omitempty"`
}

func (s *Server) postDecide(w http.ResponseWriter, r *http.Request) {
	var asked questions
	if !decode(w, r, &asked) {
		return
	}
	many := asked.Questions != nil
	all := asked.Questions
	if !many {
		all = []Question{asked.Question}
	} else if asked.Observation != nil || len(all) == 0 || len(all) > s.options.Batch {
		refuse(w, http.StatusBadRequest, field.New("questions", len(all), fmt.Sprintf("1 to %d, and no observation beside them", s.options.Batch)))
		return
	}
	if key := r.Header.Get("Idempotency-Key"); key != "" && !many && all[0].ID == "" {
		all[0].ID = key
	}
	answers, code, err := s.decideAll(all)
	switch {
	case err != nil:
		refuse(w, code, err)
	case many:
		answer(w, http.StatusOK, map[string]any{"decisions": answers})
	default:
		answer(w, http.StatusOK, answers[0])
	}
}

// decideAll answers all questions or none: what is logged is what was answered.
func (s *Server) decideAll(all []Question) (answers []Answer, code int, err error) {
	now := s.clock()
	answers = make([]Answer, len(all))
	claims := make([]*remembered, len(all))
	defer func() {
		for i, c := range claims {
			if err == nil {
				c.settle(&answers[i])
			} else {
				c.settle(nil)
			}
		}
	}()
	slots := make([]*slot, len(all))
	order := make([]int, len(all))
	for i := range all {
		if slots[i], err = s.slot(all[i].Policy); err != nil {
			return nil, http.StatusNotFound, at(i, len(all), err)
		}
		order[i] = i
	}
	// Claimed in one order by everybody, so that two requests never wait for each other.
	slices.SortFunc(order, func(i, j int) int {
		return cmp.Or(cmp.Compare(slots[i].Name, slots[j].Name), cmp.Compare(all[i].ID, all[j].ID))
	})
	known := make([]*Answer, len(all))
	for k, i := range order {
		if k > 0 && all[i].ID != "" && all[i].ID == all[order[k-1]].ID && slots[i] == slots[order[k-1]] {
			return nil, http.StatusConflict, at(i, len(all), field.New("id", fmt.Sprintf("%q", all[i].ID), "an id of its own for each question"))
		}
		if known[i], claims[i], err = s.memory.claim(slots[i].Name, &all[i]); err != nil {
			return nil, http.StatusConflict, at(i, len(all), err)
		}
	}
	var lines []byte
	for i := range all {
		if known[i] != nil {
			answers[i] = *known[i]
			continue
		}
		d, err := s.decide(slots[i], &all[i], now)
		if err != nil {
			return nil, http.StatusUnprocessableEntity, at(i, len(all), err)
		}
		answers[i] = d.Answer
		if s.options.Log != nil {
			if lines, err = s.record(lines, &all[i], d, now); err != nil {
				return nil, http.StatusUnprocessableEntity, at(i, len(all), err)
			}
		}
	}
	if len(lines) == 0 {
		return answers, 0, nil
	}
	if err := s.options.Log(lines); err != nil {
		why := err.Error()
		s.broken.Store(&why)
		return nil, http.StatusServiceUnavailable, errors.New("the decision cannot be logged, and is not made")
	}
	s.broken.Store(nil)
	return answers, 0, nil
}

// at says which of many questions an error is of.
func at(i, n int, err error) error {
	if bad, ok := errors.AsType[*field.Error](err); ok && n > 1 {
		bad.Key = fmt.Sprintf("questions[%d].%s", i, bad.Key)
	}
	return err
}

func (s *Server) postExplain(w http.ResponseWriter, r *http.Request) {
	var q Question
	if !decode(w, r, &q) {
		return
	}
	slot, err := s.slot(q.Policy)
	if err != nil {
		refuse(w, http.StatusNotFound, err)
		return
	}
	policy := slot.deployed.Load().champion.Policy
	seen, err := observe(policy.About(), &q)
	if err != nil {
		refuse(w, http.StatusUnprocessableEntity, err)
		return
	}
	e := policy.Explain(seen)
	answer(w, http.StatusOK, struct {
		policies.Explanation
		Words string `json:"words"`
	}{e, e.String()})
}

// memory keeps the answers to questions that had an id, the newest so many, so that a client that asks again is answered alike. Who asks while
// the first answer is under way waits for it.
type memory struct {
	lock   sync.Mutex
	size   int
	kept   map[string]*remembered
	oldest []string // a ring
	next   int
}

// remembered is a question and, once made is closed, its answer; without one, the attempt failed and the next may try.
type remembered struct {
	question [32]byte
	made     chan struct{}
	answer   *Answer
}

func newMemory(size int) memory {
	return memory{size: size, kept: make(map[string]*remembered), oldest: make([]string, size)}
}

// claim gives the answer that a question had before. Without one the question is the caller's to answer, and he must settle the claim;
// claim is nil for a question without an id, which nobody can ask again.
func (m *memory) claim(policy string, q *Question) (known *Answer, claim *remembered, err error) {
	if q.ID == "" {
		return nil, nil, nil
	}
	key, question := policy+"\x00"+q.ID, digest(q)
	for {
		m.lock.Lock()
		r := m.kept[key]
		if r == nil {
			r = &remembered{question: question, made: make(chan struct{})}
			delete(m.kept, m.oldest[m.next])
			m.kept[key], m.oldest[m.next] = r, key
			m.next = (m.next + 1) % m.size
			m.lock.Unlock()
			return nil, r, nil
		}
		m.lock.Unlock()
		if r.question != question {
			return nil, nil, field.New("id", fmt.Sprintf("%q", q.ID), "an id of its own: another question was asked under it")
		}
		<-r.made
		if r.answer != nil {
			return r.answer, nil, nil
		}
		m.lock.Lock()
		if m.kept[key] == r { // it failed: whoever comes first makes a new attempt
			delete(m.kept, key)
		}
		m.lock.Unlock()
	}
}

// settle ends a claim, with nil where there is no answer.
func (r *remembered) settle(a *Answer) {
	if r != nil {
		r.answer = a
		close(r.made)
	}
}

// digest is of a question's JSON, whose keys stand in one order.
func digest(q *Question) [32]byte {
	text, err := json.Marshal(q)
	if err != nil { // of a Question none fails
		return [32]byte{}
	}
	return sha256.Sum256(bytes.TrimSpace(text))
}
