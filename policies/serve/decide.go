package serve

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/results/decisionlog"
	"github.com/souk-sim/souk/scenarios/field"
)

// Answer is what to offer.
type Answer struct {
	ID         string   `json:"id"`
	Policy     string   `json:"policy"`
	Arm        string   `json:"arm"` // champion, challenger or fallback
	Revision   string   `json:"revision"`
	Action     int      `json:"action"` // −1 while the policy is stopped
	Price      float64  `json:"price"`
	Promotion  string   `json:"promotion,omitempty"`
	Propensity float64  `json:"propensity"`
	Outside    []string `json:"outside,omitempty"`    // features that the policy looks at and that lie outside of where it learned: the price is a guess
	Guardrails []string `json:"guardrails,omitempty"` // bounds of the limits that kept the policy from what it would have offered: "at most 0.3 below reference_price"
}

// hashed is who is meant, for the log and for the split: a keyed hash (HMAC, RFC 2104), so that nobody without the salt can try names.
func (s *Server) hashed(kind, who string) []byte {
	h := hmac.New(sha256.New, s.options.Salt)
	h.Write([]byte(kind + "\x00" + who))
	return h.Sum(nil)
}

// hashedUniform is a number in [0, 1) of a keyed hash.
func (s *Server) hashedUniform(kind, who string) float64 {
	return float64(binary.BigEndian.Uint64(s.hashed(kind, who))>>11) / (1 << 53)
}

// uniform is the number in [0, 1) by which a decision is drawn. Of one that its client named it is a keyed hash of the name, so that asked again after a restart, with the
// same salt, it is drawn alike. Of others it is of the runtime's generator, seeded by the operating system.
func (s *Server) uniform(kind, id string) float64 {
	if id == "" {
		return rand.Float64()
	}
	return s.hashedUniform(kind, id)
}

// arms says which of a slot's bundles answers, and which one is beside it, nil for none: the same for a customer as long as the salt is the same, and when the share
// grows whom the challenger answered it answers still. A decision for nobody alone goes by its id; where that is not known either, the champion answers.
func (s *Server) arms(slot *slot, customer, id string) (by, beside *arm) {
	d := slot.deployed.Load()
	who := cmp.Or(customer, id)
	if d.challenger == nil || slot.Shadow || slot.Share <= 0 || who == "" {
		return d.champion, d.challenger
	}
	if s.hashedUniform("arm "+slot.Name, who) < slot.Share {
		return d.challenger, d.champion
	}
	return d.champion, d.challenger
}

// decision is an answer and what the log says of it.
type decision struct {
	Answer
	arm     *arm
	seen    []float64
	allowed []bool
	shadow  decisionlog.Shadow
	explore float64 // probability of exploring that was asked for
	unit    string  // whose decisions hang together where it is for no customer alone: what is priced
	asked   bool    // its price waits to be answered, or not
}

// decide answers a question; nothing is logged yet.
func (s *Server) decide(slot *slot, q *question, now time.Time) (*decision, error) {
	explore, stopped := q.explore, slot.stopped.Load()
	if math.IsNaN(explore) {
		explore = slot.Unasked
	}
	if explore > slot.Explore && !stopped {
		return nil, field.New("explore", explore, fmt.Sprintf("0 to %g, the most that the service was started with", slot.Explore))
	}
	id := q.id
	if id == "" {
		id = s.newID()
	}
	by, beside := s.arms(slot, q.customer, id)
	made := &decision{Answer: Answer{ID: id, Policy: slot.Name, Arm: by.name, Revision: by.Manifest.Revision}, arm: by, explore: explore, unit: slot.unit(q.product)}
	if stopped { // perhaps because observations are broken: they are not checked
		made.seen, _ = q.order(by)
		made.fallBack(slot.Fallback)
		return made, nil
	}
	var err error
	if made.seen, err = q.observe(by, beside, q.allowMissing); err != nil {
		return nil, err
	}
	made.Outside = by.beyond(made.seen)
	if err := s.choose(made, slot, q, now); err != nil {
		return nil, err
	}
	if slot.Shadow && beside != nil {
		if made.shadow, err = s.ask(slot, beside, by, q); err != nil {
			return nil, err
		}
		if made.shadow.Offer != (decisionlog.Offer{Price: made.Price, Promotion: made.Promotion}) {
			by.differs.Inc()
		}
	}
	return made, nil
}

// fallBack makes the offer of a policy that is stopped: its fallback price, or where a guardrail forbids that at what was seen, as below a cost, the nearest offer that all
// allow. Where none is allowed by all, as where the cost is above the ladder, it is the one that breaks them least, if that is less than the fallback price does. What was
// not seen forbids nothing.
func (d *decision) fallBack(price float64) {
	spec := &d.arm.frame.Spec
	d.Arm, d.Action, d.Price, d.Propensity, d.explore = "fallback", -1, price, 1, 0
	worst, instead := 0.0, 0.0
	for i := range spec.Limits {
		limit := &spec.Limits[i]
		if over := limit.Excess(d.seen, price); over > 0 {
			d.Guardrails, worst = append(d.Guardrails, limit.Words()...), max(worst, over)
		}
	}
	if d.Guardrails == nil {
		return
	}
	d.arm.limited.Inc()
	offer := spec.Offers[policies.Nearest(spec, policies.Mask(spec, d.seen, nil), price, "")]
	for i := range spec.Limits {
		instead = max(instead, spec.Limits[i].Excess(d.seen, offer.Price))
	}
	if instead < worst {
		d.Price, d.Promotion = offer.Price, offer.Promotion
	}
}

// choose makes the offer of a policy.
func (s *Server) choose(made *decision, slot *slot, q *question, now time.Time) error {
	by, spec := made.arm, &made.arm.frame.Spec
	explorer, err := policies.Explore(by.Policy, spec, made.explore)
	if err != nil {
		return err
	}
	odds := make([]float64, len(spec.Offers))
	policies.Odds(explorer, made.seen, odds)
	made.allowed = policies.Mask(spec, made.seen, nil)
	made.Action, err = slot.steady(q.product, spec, made.allowed, odds, now, s.uniform("draw "+slot.Name, q.id))
	if err != nil {
		return err
	}
	made.asked = slot.Change > 0
	offer := spec.Offers[made.Action]
	made.Price, made.Promotion, made.Propensity = offer.Price, offer.Promotion, odds[made.Action]
	if made.explore > 0 && made.Action != slices.Index(odds, slices.Max(odds)) { // after what was moved by the limit on change, which is no exploring
		by.explored.Inc()
	}
	if hit := by.Policy.Decide(made.seen, 1).Guardrails; hit != 0 {
		by.limited.Inc()
		for i, limit := range spec.Limits {
			if hit&(1<<min(i, 63)) != 0 {
				made.Guardrails = append(made.Guardrails, limit.Words()...)
			}
		}
	}
	return nil
}

// ask is what a challenger in the shadow would offer. What it looks at and is not told is missing to it: it must not keep the champion from answering.
func (s *Server) ask(slot *slot, challenger, champion *arm, q *question) (decisionlog.Shadow, error) {
	seen, err := q.observe(challenger, champion, true)
	if err != nil {
		return decisionlog.Shadow{}, err
	}
	d := challenger.Policy.Decide(seen, s.uniform("shadow "+slot.Name, q.id))
	return decisionlog.Shadow{Policy: challenger.logged, Revision: challenger.Manifest.Revision, Action: d.Action, Offer: decisionlog.Offer{Price: d.Price, Promotion: d.Promotion}}, nil
}

// record is the decision's line for the log.
func (s *Server) record(line []byte, q *question, d *decision, now time.Time) ([]byte, error) {
	unit, customer := d.unit, ""
	if q.customer != "" {
		customer = hex.EncodeToString(s.hashed("customer", q.customer)[:12])
		unit = customer
	}
	var names []string // of what was seen: a feature that is not told is missing all the same, and most are
	var seen []float64
	for i, x := range d.seen {
		if !math.IsNaN(x) {
			names, seen = append(names, d.arm.features[i]), append(seen, x)
		}
	}
	return decisionlog.Append(line, &decisionlog.Record{
		ID: d.ID, Time: seconds(now), Policy: d.Policy + "/" + d.Arm, Revision: d.Revision, Unit: unit, Step: -1,
		Features: names, Observation: seen, Action: d.Action, Offer: decisionlog.Offer{Price: d.Price, Promotion: d.Promotion}, Allowed: d.allowed,
		Propensity: d.Propensity, Explore: d.explore, Reward: math.NaN(), Discount: 1, Product: q.product, Customer: customer, Fallback: d.Action < 0, Shadow: d.shadow})
}

// unit is what is priced where an offer stands for all who come: the next decision about it ends this one.
func (s *slot) unit(product string) string {
	if product == "" {
		return s.Name
	}
	return s.Name + "/" + product
}

// newID names a decision.
func (s *Server) newID() string {
	return s.name + "-" + strconv.FormatUint(s.ids.Add(1), 36)
}
