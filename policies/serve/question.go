package serve

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/souk-sim/souk/scenarios/field"
)

// question is one observation to decide on, as /openapi.json has it.
type question struct {
	policy       string // by name; may be left out where there is one
	id           string // names the decision, for its outcome; asked again it is answered alike. Left out: one is made
	customer     string // for whom alone the offer is; left out: it stands for all who come
	product      string
	observation  numbers
	explore      float64 // probability of any allowed offer; NaN: the policy's
	allowMissing bool
}

var questionKeys = []string{"observation", "policy", "id", "customer", "product", "explore", "allow_missing", "questions"}

// parseQuestion reads a question. Only the outermost object may be many; many is nil where it is one.
func (r *reader) parseQuestion(q *question, many func() *field.Error) *field.Error {
	*q = question{explore: math.NaN()}
	known := questionKeys
	if many == nil {
		known = known[:len(known)-1]
	}
	return r.members(known, "questions", func(k int) *field.Error {
		switch questionKeys[k] {
		case "observation":
			return r.numbers(&q.observation)
		case "policy":
			return r.name(&q.policy)
		case "id":
			return r.name(&q.id)
		case "customer":
			return r.name(&q.customer)
		case "product":
			return r.name(&q.product)
		case "explore":
			err := r.number(&q.explore)
			if err == nil && !(q.explore >= 0 && q.explore <= 1) {
				err = bad(fmt.Sprint(q.explore), "a probability, 0 to 1")
			}
			return err
		case "allow_missing":
			return r.boolean(&q.allowMissing)
		default:
			return many()
		}
	})
}

// parseQuestions reads the body of /v1/decide: one question, or {"questions": [...]} with at most so many.
func parseQuestions(body []byte, most int) (all []question, many bool, err *field.Error) {
	r := reader{text: body}
	var one question
	err = r.parseQuestion(&one, func() *field.Error {
		many = true
		var q question
		return r.list(most, func() *field.Error {
			err := r.parseQuestion(&q, nil)
			all = append(all, q)
			return err
		})
	})
	if err == nil {
		err = r.end()
	}
	if !many {
		all = []question{one}
	} else if err == nil && (one.observation.names != nil || one.policy != "" || one.id != "" || one.customer != "" || one.product != "" || one.allowMissing || !math.IsNaN(one.explore)) {
		err = field.New("questions", "a question beside them", "one question, or many")
	}
	return all, many, err
}

// digest tells questions, and whom they are asked, apart that come under one id; in which order their features stand makes no difference.
func (q *question) digest(policy string) [32]byte {
	order := make([]int, len(q.observation.names))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Compare(string(q.observation.names[i]), string(q.observation.names[j])) })
	text := fmt.Appendf(nil, "%q %q %q %v %v", policy, q.customer, q.product, q.explore, q.allowMissing)
	for _, i := range order {
		text = fmt.Appendf(text, " %q", q.observation.names[i])
		text = binary.LittleEndian.AppendUint64(text, math.Float64bits(q.observation.values[i]))
	}
	return sha256.Sum256(text)
}

// observe puts a question's observation into a policy's order. It refuses features that neither it nor a policy that is asked beside it knows, and what
// it looks at missing, where that is not allowed. beside may be nil.
func (q *question) observe(by, beside *arm, allowMissing bool) ([]float64, error) {
	if q.observation.names == nil {
		return nil, field.New("observation", "nothing", "numbers by the names of features")
	}
	seen, strange := q.order(by)
	for _, k := range strange {
		if name := q.observation.names[k]; beside == nil || !slices.Contains(beside.features, string(name)) {
			return nil, by.unknown(name)
		}
	}
	if allowMissing {
		return seen, nil
	}
	for i, f := range by.features {
		if math.IsNaN(seen[i]) && by.frame.LooksAt(i) {
			return nil, field.New("observation."+f, "nothing", `a number, because the policy looks at it; or "allow_missing": true`)
		}
	}
	return seen, nil
}

// order puts a question's observation into a policy's order, what it does not tell as missing. strange are the places of features that the policy does not have.
func (q *question) order(by *arm) (seen []float64, strange []int) {
	seen = make([]float64, len(by.features))
	for i := range seen {
		seen[i] = math.NaN()
	}
	at := 0
	for k, name := range q.observation.names {
		if at < 0 || at >= len(by.features) || by.features[at] != string(name) { // most often they come in order
			at = slices.IndexFunc(by.features, func(f string) bool { return f == string(name) })
		}
		if at >= 0 {
			seen[at] = q.observation.values[k]
			at++
		} else {
			strange = append(strange, k)
		}
	}
	return seen, strange
}

// mostNamed is how many names a message has at most.
const mostNamed = 20

// unknown is the error of a feature that a policy does not have: it names the one that was meant, by the looks of it, and those that matter.
func (a *arm) unknown(name []byte) *field.Error {
	expected := "nothing, because the policy looks at no feature"
	if n := len(a.looked); n > 0 {
		expected = "one that the policy looks at: " + strings.Join(a.looked[:min(n, mostNamed)], ", ")
		if n > mostNamed {
			expected += fmt.Sprintf(" and %d more, which /v1/policies tells", n-mostNamed)
		}
	}
	if near := field.Nearest(short(name), a.features); near != "" {
		expected = near + " (did you mean that?), or " + expected
	}
	return field.New("observation."+short(name), "no feature of this policy", expected)
}
