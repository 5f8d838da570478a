package decisionlog

import (
	"hash/maphash"
	"slices"
)

// list is texts, one after the other, without a pointer for each: a log has millions.
type list struct {
	text []byte
	ends []int
}

func (x *list) add(name []byte) {
	if cap(x.text)-len(x.text) < len(name) {
		x.text = slices.Grow(x.text, max(len(x.text), len(name), 1<<10))
	}
	x.text = append(x.text, name...)
	x.ends = append(room(x.ends), len(x.text))
}

func (x *list) at(i int) []byte {
	from := 0
	if i > 0 {
		from = x.ends[i-1]
	}
	return x.text[from:x.ends[i]]
}

// strings are the texts as strings of one piece of memory.
func (x *list) strings() []string {
	whole, all := string(x.text), make([]string, len(x.ends))
	from := 0
	for i, end := range x.ends {
		all[i], from = whole[from:end], end
	}
	return all
}

// names are different texts, numbered from 0 as they first come: a hash table with linear probing that is never more than half full. The seed is of this table alone, so
// that nobody can choose names that meet; no number hangs on it.
type names struct {
	list
	seed  maphash.Seed
	slots []slot
}

// slot is one of a table of names.
type slot struct {
	number int32 // of the name, from 1; 0: none
	hash   uint32
}

func newNames() names { return names{seed: maphash.MakeSeed(), slots: make([]slot, 64)} }

// find is the slot of a name, or the empty one where it would stand.
func (x *names) find(name []byte) *slot {
	hash, last := uint32(maphash.Bytes(x.seed, name)), uint32(len(x.slots)-1)
	for i := hash & last; ; i = (i + 1) & last {
		switch s := &x.slots[i]; {
		case s.number == 0:
			s.hash = hash
			return s
		case s.hash == hash && string(x.at(int(s.number-1))) == string(name):
			return s
		}
	}
}

// number is the number of a name, −1 where there is none.
func (x *names) number(name []byte) int32 { return x.find(name).number - 1 }

// put is the number of a name, which it is given where it has none.
func (x *names) put(name []byte) int32 {
	s := x.find(name)
	if s.number == 0 {
		x.add(name)
		s.number = int32(len(x.ends))
		if 2*len(x.ends) >= len(x.slots) {
			x.grow()
			return int32(len(x.ends) - 1)
		}
	}
	return s.number - 1
}

// grow doubles the table.
func (x *names) grow() {
	old := x.slots
	x.slots = make([]slot, 2*len(old))
	last := uint32(len(x.slots) - 1)
	for _, s := range old {
		if s.number == 0 {
			continue
		}
		i := s.hash & last
		for x.slots[i].number != 0 {
			i = (i + 1) & last
		}
		x.slots[i] = s
	}
}
