package serve

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/results/decisionlog"
	"github.com/souk-sim/souk/scenarios/field"
)

// Question is one observation to decide on.
type Question struct {
	Policy       string              `json:"policy,omitempty"` // by name; may be left out where there is one
	ID           string              `json:"id,omitempty"`     // names the decision, for its outcome; asked again it is answered alike. Left out: one is made
	Customer     string              `json:"customer,omitempty"`
	Product      string              `json:"product,omitempty"`
	Observation  map[string]*float64 `json:"observation"`       // null is missing
	Explore      float64             `json:"explore,omitempty"` // probability of any allowed offer
	AllowMissing bool                `json:"allow_missing,omitempty"`
}

// Answer is what to offer.
type Answer struct {
	ID         string   `json:"id"`
	Policy     string   `json:"policy"`
	Arm        string   `json:"arm"` // champion, challenger or fallback
	Revision   string   `json:"revision"`
	Action     int      `json:"action"` // −1 for the fallback price, which is no offer of the ladder
	Price      float64  `json:"price"`
	Promotion  string   `json:"promotion,omitempty"`
	Propensity float64  `json:"propensity"`
	Guardrails []string `json:"guardrails,omitempty"` // bounds of the limits that kept the policy from what it would have offered: "at most 0.3 below reference_price"
}

// observe puts an observation into a policy's order. It refuses features that the policy does not know, numbers that are not finite, and
// what it looks at missing.
func observe(frame *policies.Frame, q *Question) ([]float64, error) {
	seen := make([]float64, len(frame.Spec.Features))
	known := 0
	for i, f := range frame.Spec.Features {
		seen[i] = math.NaN()
		if x, given := q.Observation[f.Name]; given {
			known++
			if x != nil {
				seen[i] = *x
			}
		}
		if frame.LooksAt(i) && math.IsNaN(seen[i]) && !q.AllowMissing {
			return nil, field.New("observation."+f.Name, "nothing", `a number, because the policy looks at it; or "allow_missing": true`)
		}
	}
	if known == len(q.Observation) {
		return seen, nil
	}
	var names, unknown []string
	for _, f := range frame.Spec.Features {
		names = append(names, f.Name)
	}
	for name := range q.Observation {
		if !slices.Contains(names, name) {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	return nil, field.New("observation."+unknown[0], "no feature of this policy", fmt.Sprintf("some of %v", names))
}

// hashed is who is meant, for the log: a keyed hash, so that nobody without the salt can try names.
func (s *Server) hashed(kind, who string) []byte {
	h := hmac.New(sha256.New, s.options.Salt)
	h.Write([]byte(kind + "\x00" + who))
	return h.Sum(nil)
}

// arm says which of a slot's policies answers: the same for a customer as long as salt and share are.
func (s *Server) arm(slot *slot, d *deployed, q *Question, id string) arm {
	who := q.Customer
	if who == "" {
		who = id
	}
	if d.challenger != nil && !slot.Shadow && slot.Share > 0 {
		u := float64(binary.BigEndian.Uint64(s.hashed("arm "+slot.Name, who))>>11) / (1 << 53)
		if u < slot.Share {
			return arm{"challenger", d.challenger.Policy}
		}
	}
	return arm{"champion", d.champion.Policy}
}

// decision is an answer and what the log says of it.
type decision struct {
	Answer
	seen    []float64
	allowed []bool
	arm     arm
}

// decide answers a question; nothing is logged yet.
func (s *Server) decide(slot *slot, q *Question, now time.Time) (*decision, error) {
	if q.Explore < 0 || q.Explore > slot.Explore || math.IsNaN(q.Explore) {
		return nil, field.New("explore", q.Explore, fmt.Sprintf("0 to %g, what the service was started with", slot.Explore))
	}
	id := q.ID
	if id == "" {
		id = s.newID()
	}
	d := slot.deployed.Load()
	by := s.arm(slot, d, q, id)
	frame := by.policy.About()
	seen, err := observe(frame, q)
	if err != nil {
		return nil, err
	}
	made := &decision{Answer: Answer{ID: id, Policy: slot.Name, Arm: by.name, Revision: frame.Revision}, seen: seen, arm: by}
	if slot.stopped.Load() {
		made.Arm, made.Action, made.Price, made.Propensity = "fallback", -1, slot.Fallback, 1
		return made, nil
	}
	explorer, err := policies.Explore(by.policy, &frame.Spec, q.Explore)
	if err != nil {
		return nil, err
	}
	odds := make([]float64, len(frame.Spec.Offers))
	policies.Odds(explorer, seen, odds)
	made.allowed = policies.Mask(&frame.Spec, seen, nil)
	if err := slot.steady(q.Product, &frame.Spec, made.allowed, odds, now); err != nil {
		return nil, err
	}
	made.Action = policies.Draw(odds, s.uniform())
	offer := frame.Spec.Offers[made.Action]
	made.Price, made.Promotion, made.Propensity = offer.Price, offer.Promotion, odds[made.Action]
	if hit := by.policy.Decide(seen, 1).Guardrails; hit != 0 {
		for i, limit := range frame.Spec.Limits {
			if hit&(1<<min(i, 63)) != 0 {
				made.Guardrails = append(made.Guardrails, limit.Words()...)
			}
		}
	}
	slot.keep(q.Product, made.Price, now)
	return made, nil
}

// record is the decision's line for the log.
func (s *Server) record(line []byte, q *Question, d *decision, now time.Time) ([]byte, error) {
	unit := d.ID
	if q.Customer != "" {
		unit = hex.EncodeToString(s.hashed("customer", q.Customer)[:12])
	}
	frame := d.arm.policy.About()
	var names []string
	for _, f := range frame.Spec.Features {
		names = append(names, f.Name)
	}
	return decisionlog.Append(line, &decisionlog.Record{
		ID: d.ID, Time: float64(now.UnixMilli()) / 1000, Policy: d.Policy + "/" + d.Arm, Revision: d.Revision, Unit: unit, Step: -1,
		Features: names, Observation: d.seen, Action: d.Action, Offer: decisionlog.Offer{Price: d.Price, Promotion: d.Promotion}, Allowed: d.allowed,
		Propensity: d.Propensity, Reward: math.NaN(), Discount: 1, Fallback: d.Arm == "fallback"})
}

// newID names a decision.
func (s *Server) newID() string {
	return s.name + "-" + strconv.FormatUint(s.ids.Add(1), 36)
}
