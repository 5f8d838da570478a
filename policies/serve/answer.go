package serve

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
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
	var lines []byte
	fresh := make([]int, 0, len(all))
	for i := range all {
		q := &all[i]
		slot, err := s.slot(q.Policy)
		if err != nil {
			return nil, http.StatusNotFound, at(i, len(all), err)
		}
		known, same := s.memory.find(slot.Name, q, &answers[i])
		if known && !same {
			return nil, http.StatusConflict, at(i, len(all), field.New("id", fmt.Sprintf("%q", q.ID), "an id of its own: another question was answered under it"))
		} else if known {
			continue
		}
		d, err := s.decide(slot, q, now)
		if err != nil {
			return nil, http.StatusUnprocessableEntity, at(i, len(all), err)
		}
		answers[i] = d.Answer
		fresh = append(fresh, i)
		if s.options.Log != nil {
			if lines, err = s.record(lines, q, d, now); err != nil {
				return nil, http.StatusUnprocessableEntity, at(i, len(all), err)
			}
		}
	}
	if s.options.Log != nil && len(lines) > 0 {
		if err := s.options.Log(lines); err != nil {
			why := err.Error()
			s.broken.Store(&why)
			return nil, http.StatusServiceUnavailable, errors.New("the decision cannot be logged, and is not made")
		}
		s.broken.Store(nil)
	}
	for _, i := range fresh {
		s.memory.keep(answers[i].Policy, &all[i], &answers[i])
	}
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

// memory keeps the answers to questions that had an id, the newest so many, so that a client that asks again is answered alike.
type memory struct {
	lock   sync.Mutex
	size   int
	kept   map[string]*remembered
	oldest []string // a ring
	next   int
}

type remembered struct {
	question [32]byte
	answer   Answer
}

func newMemory(size int) memory {
	return memory{size: size, kept: make(map[string]*remembered), oldest: make([]string, size)}
}

// find fills in the answer to a question that was asked before under its id, and says whether it is the same question.
func (m *memory) find(policy string, q *Question, into *Answer) (known, same bool) {
	if q.ID == "" {
		return false, false
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	r := m.kept[policy+"\x00"+q.ID]
	if r == nil {
		return false, false
	}
	*into = r.answer
	return true, r.question == digest(q)
}

func (m *memory) keep(policy string, q *Question, a *Answer) {
	if q.ID == "" {
		return
	}
	key := policy + "\x00" + q.ID
	r := &remembered{digest(q), *a}
	m.lock.Lock()
	defer m.lock.Unlock()
	if m.kept[key] == nil {
		delete(m.kept, m.oldest[m.next])
		m.oldest[m.next] = key
		m.next = (m.next + 1) % m.size
	}
	m.kept[key] = r
}

// digest is of a question's JSON, whose keys stand in one order.
func digest(q *Question) [32]byte {
	text, err := json.Marshal(q)
	if err != nil { // of a Question none fails
		return [32]byte{}
	}
	return sha256.Sum256(bytes.TrimSpace(text))
}
