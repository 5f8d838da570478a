package market

import (
	"math"

	"github.com/souk-sim/souk/sim/portable"
)

// blockSize is how many weights are summed together: a price change costs a block's sum and the sums over blocks, a choice one look through each.
const blockSize = 32

// utmost bounds utilities so that sums of weights stay finite.
const utmost = 600

// shelf holds the multinomial logit weights of all products for one view, a persona in a channel, as running sums that a choice inverts. The sums
// follow when they are next asked for. Places are those of the products of other sellers, then the outside option, then the products of the focal seller.
//
// A uniform says first whether the choice is one of the focal seller's, and its lower bits which of the rest it is else. A new price of the focal seller's one product then
// moves those shoppers alone who turn to it or from it, and they are as few as can be: the coupling is maximal (Thorisson 2000, Coupling, Stationarity, and Regeneration).
// Where several sellers change prices, Gumbel noise of each product's own would couple all alike, but costs two logarithms for each product on the shelf and every shopper.
type shelf struct {
	weight []float64 // by place
	within []float64 // by place: the weights before it in its block
	block  []float64 // by block: its weights
	before []float64 // by block: the weights of earlier blocks
	stale  []bool    // by block: whether a weight has changed since its sum was taken
	fresh  bool      // none has
	total  float64
	rest   float64 // of it, what is not the focal seller's
	own    int     // first place of the focal seller's
	dollar float64 // |utility of a dollar|
	worth  float64 // consumer surplus that a visit to all products expects, $
}

func newShelf(places, own int, dollar float64) shelf {
	blocks := (places + blockSize - 1) / blockSize
	return shelf{weight: make([]float64, places), within: make([]float64, places), block: make([]float64, blocks), before: make([]float64, blocks),
		stale: make([]bool, blocks), own: own, dollar: dollar}
}

// set gives a place another weight.
func (s *shelf) set(place int, weight float64) {
	if s.weight[place] != weight {
		s.weight[place] = weight
		s.stale[place/blockSize], s.fresh = true, false
	}
}

// sum brings the running sums up to date.
func (s *shelf) sum() {
	s.total = 0
	for b := range s.block {
		s.before[b] = s.total
		if s.stale[b] {
			s.stale[b] = false
			sum := 0.0
			for place := b * blockSize; place < min(len(s.weight), (b+1)*blockSize); place++ {
				s.within[place] = sum
				sum += s.weight[place]
			}
			s.block[b] = sum
		}
		s.total += s.block[b]
	}
	s.rest = s.total
	if s.own < len(s.weight) {
		s.rest = s.before[s.own/blockSize] + s.within[s.own]
	}
	s.fresh = true
	s.worth = surplus(s.total, s.dollar)
}

// choose returns the place that a uniform u in [0, 1) chooses, where one place weighs so much more than on the shelf.
func (s *shelf) choose(u, extra float64, extraPlace int) int {
	if !s.fresh {
		s.sum()
	}
	rest := s.rest
	if extraPlace < s.own {
		rest += extra
	}
	target := float64(u*(s.total+extra)) - rest
	if target >= 0 { // the focal seller's
		if target += s.rest; target >= s.total {
			return s.last(extra, extraPlace)
		}
	} else if target = lower(u) * rest; target >= s.rest {
		return s.last(extra, extraPlace)
	}
	b := reach(s.before[1:], target)
	target -= s.before[b]
	place := b * blockSize
	return place + reach(s.within[place+1:min(len(s.within), place+blockSize)], target)
}

// reach counts the increasing sums that are at most a target. It has no branch for the processor to guess wrong.
func reach(sums []float64, target float64) int {
	n := len(sums)
	for _, sum := range sums {
		n -= int(math.Float64bits(target-sum) >> 63)
	}
	return n
}

// last is the place beyond the running sums: that of the extra weight, or where rounding led there the last.
func (s *shelf) last(extra float64, extraPlace int) int {
	if extra > 0 {
		return extraPlace
	}
	return len(s.weight) - 1
}

// lower is a uniform in [0, 1) made of the lower half of the bits of another one.
func lower(u float64) float64 {
	u = float64(u * (1 << 26))
	return u - math.Floor(u)
}

// odds is the weight of a utility beside that of the outside option.
func odds(utility, outside float64) float64 {
	return portable.Exp(max(-utmost, min(utmost, utility-outside)))
}

// surplus is the consumer surplus that a visit expects before its choice, $: the log sum over the utility of a dollar (Small & Rosen 1981).
func surplus(total, dollar float64) float64 {
	if dollar == 0 || total <= 0 {
		return 0
	}
	return portable.Log(total) / dollar
}
