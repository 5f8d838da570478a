package decisionlog

import (
	"hash/maphash"
	"math/bits"
	"slices"
)

// ids are ids, one after the other, without a pointer for each: a log has millions.
type ids struct {
	text []byte
	ends []int
}

func (x *ids) add(id []byte) {
	if cap(x.text)-len(x.text) < len(id) {
		x.text = slices.Grow(x.text, max(len(x.text), len(id)))
	}
	x.text = append(x.text, id...)
	x.ends = append(room(x.ends), len(x.text))
}

func (x *ids) at(i int) []byte {
	from := 0
	if i > 0 {
		from = x.ends[i-1]
	}
	return x.text[from:x.ends[i]]
}

// index finds the place of an id: a hash table with linear probing that is never more than half full. The seed is of this process alone, so that nobody can choose
// ids that meet; no result hangs on it.
type index struct {
	of    *ids
	seed  maphash.Seed
	slots []slot
}

// slot is one of an index.
type slot struct {
	place int32 // of the id, from 1; 0: none
	tag   uint32
}

// newIndex makes an index for as many ids as there are, without one.
func newIndex(of *ids) *index {
	return &index{of, maphash.MakeSeed(), make([]slot, 1<<bits.Len(uint(2*len(of.ends))))}
}

// find returns where the place of an id stands, from 1, or 0 where there is none yet; whoever sets it, to that of the same id, puts it in.
func (x *index) find(id []byte) *int32 {
	hash := maphash.Bytes(x.seed, id)
	tag, last := uint32(hash>>32), len(x.slots)-1
	for i := int(hash) & last; ; i = (i + 1) & last {
		switch e := &x.slots[i]; {
		case e.place == 0:
			e.tag = tag
			return &e.place
		case e.tag == tag && string(x.of.at(int(e.place-1))) == string(id):
			return &e.place
		}
	}
}
