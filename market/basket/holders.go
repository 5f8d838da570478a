package basket

import "math/bits"

// holders knows, of each item of some rules, which baskets hold it: a bit each.
type holders struct {
	baskets int
	of      map[int][]uint64
	all     []uint64 // scratch
}

func newHolders(rules []Rule, baskets [][]int) *holders {
	words := (len(baskets) + 63) / 64
	h := &holders{len(baskets), make(map[int][]uint64), make([]uint64, words)}
	for _, r := range rules {
		for _, side := range [][]int{r.If, r.Then} {
			for _, item := range side {
				if h.of[item] == nil {
					h.of[item] = make([]uint64, words)
				}
			}
		}
	}
	for b, basket := range baskets {
		for _, item := range basket {
			if holders := h.of[item]; holders != nil {
				holders[b/64] |= 1 << (b % 64)
			}
		}
	}
	return h
}

// count is the baskets that hold all the items.
func (h *holders) count(items []int) int {
	if len(items) == 0 {
		return h.baskets
	}
	copy(h.all, h.of[items[0]])
	for _, item := range items[1:] {
		for w, v := range h.of[item] {
			h.all[w] &= v
		}
	}
	n := 0
	for _, v := range h.all {
		n += bits.OnesCount64(v)
	}
	return n
}
