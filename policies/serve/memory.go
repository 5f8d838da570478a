package serve

import (
	"fmt"
	"sync"
	"time"

	"github.com/souk-sim/souk/scenarios/field"
)

// memory keeps the answers to questions that had an id, the newest so many, so that a client that asks again is answered alike. Who asks while
// the first answer is under way waits for it. An id is one decision's, whatever the policy: outcomes name nothing else.
type memory struct {
	lock   sync.Mutex
	size   int
	kept   map[string]*remembered
	oldest []string // a ring
	next   int
}

// remembered is a question and, once made is closed, its answer; without one the attempt failed, and is forgotten.
type remembered struct {
	key      string
	question [32]byte
	posted   bool // it was about a price for all who come
	at       time.Time
	made     chan struct{}
	answer   *Answer
}

func newMemory(size int) memory {
	return memory{size: size, kept: make(map[string]*remembered), oldest: make([]string, size)}
}

// claim gives the answer that a question had before. Without one the question is the caller's to answer, and he must settle the claim;
// claim is nil for a question without an id, which nobody can ask again.
func (m *memory) claim(policy string, q *question, now time.Time) (known *Answer, claim *remembered, err error) {
	if q.id == "" {
		return nil, nil, nil
	}
	key, question := q.id, q.digest(policy)
	for {
		m.lock.Lock()
		r := m.kept[key]
		if r == nil {
			r = &remembered{key: key, question: question, posted: q.customer == "", at: now, made: make(chan struct{})}
			delete(m.kept, m.oldest[m.next])
			m.kept[key], m.oldest[m.next] = r, key
			m.next = (m.next + 1) % m.size
			m.lock.Unlock()
			return nil, r, nil
		}
		m.lock.Unlock()
		if r.question != question {
			return nil, nil, field.New("id", fmt.Sprintf("%q", q.id), "an id of its own: another question was asked under it")
		}
		<-r.made
		if r.answer != nil {
			return r.answer, nil, nil
		}
	}
}

// about says when the decision of an id was made, and whether it was about a price for all who come; known is false where the id is not remembered.
func (m *memory) about(id string) (at time.Time, posted, known bool) {
	m.lock.Lock()
	defer m.lock.Unlock()
	r := m.kept[id]
	if r == nil {
		return time.Time{}, false, false
	}
	return r.at, r.posted, true
}

// settle ends a claim, with nil where there is no answer.
func (m *memory) settle(r *remembered, a *Answer) {
	if r == nil {
		return
	}
	if r.answer = a; a == nil {
		m.lock.Lock()
		if m.kept[r.key] == r {
			delete(m.kept, r.key)
		}
		m.lock.Unlock()
	}
	close(r.made)
}
