package workflow

import (
	"fmt"

	"github.com/souk-sim/souk/policies"
)

// visited says whether a policy knows where training was.
func visited(policy policies.Frozen) bool {
	table, ok := policy.(*policies.Table)
	return ok && len(table.Visits) > 0
}

// visits counts how often training was in a state; 0 where the policy does not know.
func visits(policy policies.Frozen, state int) (n uint64) {
	if !visited(policy) {
		return 0
	}
	table, offers := policy.(*policies.Table), len(policy.About().Spec.Offers)
	for _, v := range table.Visits[state*offers : (state+1)*offers] {
		n += uint64(v)
	}
	return n
}

// leastVisits is how often training has to have tried an offer, in the mean, for a table to be spoken of without a caution: the standard error of a
// mean of so many rewards is less than a fifth of their deviation.
const leastVisits = 30

// barelyVisited cautions that training was too short for a table: in the states that it met it tried an offer fewer than leastVisits times in the
// mean. It is empty where that is not so, and of policies that know no visits.
func barelyVisited(policy policies.Frozen) string {
	if !visited(policy) {
		return ""
	}
	about, total, met := policy.About(), uint64(0), 0
	for s := range about.Encoder.States() {
		if n := visits(policy, s); n > 0 {
			total, met = total+n, met+1
		}
	}
	offers := len(about.Spec.Offers)
	if met == 0 {
		return "Training updated no value: it was over before the warm-up was, and the policy is what it began with."
	}
	mean := float64(total) / float64(met) / float64(offers)
	if mean >= leastVisits {
		return ""
	}
	return fmt.Sprintf("Too few episodes for %s: of its %d × %s each was tried %.2g times in the mean, less than %d; train longer, or tell fewer states apart.",
		plural(met, "state"), met, plural(offers, "offer"), mean, leastVisits)
}
