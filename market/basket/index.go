package basket

import "slices"

// index finds a frequent set by its items: a hash table with linear probing over the sum of the items' own hashes, from
// which an item's can be taken to look for the set without it.
type index struct {
	sets []Set
	slot []int32 // 1 + the set's place, 0 where empty; the length is a power of two
}

func newIndex(sets []Set) index {
	size := 16
	for size < 2*len(sets) {
		size *= 2
	}
	x := index{sets, make([]int32, size)}
	for i, s := range sets {
		at := hash(s.Items) & uint64(size-1)
		for x.slot[at] != 0 {
			at = (at + 1) & uint64(size-1)
		}
		x.slot[at] = int32(i + 1)
	}
	return x
}

// hashItem is the SplitMix64 finaliser.
func hashItem(item int) uint64 {
	z := uint64(item) + 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func hash(items []int) (sum uint64) {
	for _, item := range items {
		sum += hashItem(item)
	}
	return sum
}

// find is the place of the set of these items, ascending, whose hash is given; -1 where it is not frequent.
func (x *index) find(items []int, hash uint64) int {
	mask := uint64(len(x.slot) - 1)
	for at := hash & mask; x.slot[at] != 0; at = (at + 1) & mask {
		if i := int(x.slot[at] - 1); slices.Equal(x.sets[i].Items, items) {
			return i
		}
	}
	return -1
}

// count of the baskets that hold items, a subset of a frequent set.
func (s *Sets) count(items []int) int {
	if len(items) == 0 {
		return s.Baskets
	}
	return s.Sets[s.index.find(items, hash(items))].Count
}

// close marks the closed and the maximal sets (Pasquier et al. 1999; Bayardo 1998). A set has a larger one that is frequent,
// or as frequent, if and only if it has one with a single item more.
func (s *Sets) close() {
	for i := range s.Sets {
		s.Sets[i].Closed, s.Sets[i].Maximal = true, true
	}
	var less []int
	for _, larger := range s.Sets {
		whole := hash(larger.Items)
		for omit, item := range larger.Items {
			if len(larger.Items) == 1 {
				break
			}
			less = append(append(less[:0], larger.Items[:omit]...), larger.Items[omit+1:]...)
			set := &s.Sets[s.index.find(less, whole-hashItem(item))]
			set.Maximal = false
			if set.Count == larger.Count {
				set.Closed = false
			}
		}
	}
}
