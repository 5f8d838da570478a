package sim

import (
	"math"
	"slices"
)

// The queue is a ladder queue (Tang, Goh & Thng 2005, ACM TOMACS 15:175) cut down to one rung. The rung is a row of
// buckets of equal width in time, about as many as there were pending events when it was laid out, so that a bucket
// yields about three. Items of the bucket being emptied, and earlier ones, are in a small heap; those beyond the rung
// wait in no order, and make the next rung. Only the buckets of one group are lists of slots; the items of a later group stay
// together in one array until its turn comes. So even a million pending events are written and read in runs, not
// each at its own place in memory.
type queue struct {
	near         heap
	lists        []uint32 // first slot of each bucket of the open group
	groups       [][]item
	beyond       []item
	start, scale float64 // bucket of time t: (t-start)·scale
	open         float64 // first bucket not yet emptied into near
	groupEnd     float64 // first bucket after the open group
	end          float64 // number of buckets
	limit        int     // items held before the queue is laid out anew
}

const (
	groupBits   = 12
	groupSize   = 1 << groupBits
	smallHeap   = 16 // up to so many items, the heap alone is faster
	sampleItems = 32
)

func (q *queue) clear() {
	clear(q.lists)
	for g := range q.groups {
		q.groups[g] = q.groups[g][:0]
	}
	*q = queue{near: q.near[:0], lists: q.lists, groups: q.groups, beyond: q.beyond[:0]}
}

// place puts an item where it belongs. An infinite time lies beyond the rung; where there is no rung its bucket is
// 0·∞, not a number, and the heap takes it like everything else.
func (c *Calendar[E]) place(it item) {
	q := &c.queue
	switch bucket := (it.at - q.start) * q.scale; {
	case !(bucket >= q.open):
		q.near.push(it)
	case bucket < q.groupEnd:
		first := &q.lists[int(bucket)%groupSize]
		c.slots[it.slot].next = *first
		*first = it.slot
	case bucket < q.end:
		g := int(bucket) / groupSize
		q.groups[g] = append(q.groups[g], it)
	default:
		q.beyond = append(q.beyond, it)
	}
}

// refill moves the next bucket that has pending events into the empty heap, and returns false when there is none.
func (c *Calendar[E]) refill() bool {
	q := &c.queue
	for len(q.near) == 0 {
		switch {
		case q.open < q.groupEnd:
			i := q.lists[int(q.open)%groupSize]
			q.lists[int(q.open)%groupSize] = 0
			q.open++
			for i != 0 {
				s := &c.slots[i]
				next := s.next
				if s.live {
					q.near.push(s.item)
				} else {
					c.release(i)
				}
				i = next
			}
		case q.groupEnd < q.end:
			g := int(q.groupEnd) / groupSize
			q.groupEnd = min(q.groupEnd+groupSize, q.end)
			items := q.groups[g]
			q.groups[g] = items[:0]
			// Looking at every slot once here, where the processor can fetch many at a time, brings them into the cache.
			for _, it := range items {
				if c.slots[it.slot].live {
					c.place(it)
				} else {
					c.release(it.slot)
				}
			}
		case len(q.beyond) > 0:
			c.spread()
		default:
			return false
		}
	}
	return true
}

// gather takes everything out of the heap and the rung, and puts it beyond.
func (c *Calendar[E]) gather() {
	q := &c.queue
	q.beyond = append(q.beyond, q.near...)
	q.near = q.near[:0]
	for b := int(q.open); b < int(q.groupEnd); b++ {
		for i := q.lists[b%groupSize]; i != 0; i = c.slots[i].next {
			q.beyond = append(q.beyond, c.slots[i].item)
		}
		q.lists[b%groupSize] = 0
	}
	for g := range q.groups {
		q.beyond = append(q.beyond, q.groups[g]...)
		q.groups[g] = q.groups[g][:0]
	}
}

// spread lays out the queue anew for the items beyond, when there is nothing nearer, and drops the cancelled ones.
func (c *Calendar[E]) spread() {
	q := &c.queue
	items := q.beyond[:0]
	first := math.Inf(1)
	for _, it := range q.beyond {
		if c.slots[it.slot].live {
			items = append(items, it)
			first = min(first, it.at)
		} else {
			c.release(it.slot)
		}
	}
	q.beyond = items[:0] // refilled from the start while items is read
	n := len(items)
	scale := 0.0
	if n > smallHeap {
		scale = float64(n) / (4 * (medianTime(items) - first))
	}
	if !(scale > 0) || math.IsInf(scale, 1) { // few items, or most at one instant or never: the heap takes all
		q.start, q.scale, q.open, q.groupEnd, q.end = 0, 0, 1, 1, 1
		if q.limit = 4 * n; n <= smallHeap {
			q.limit = smallHeap + 1
		}
		for _, it := range items {
			q.near.push(it)
		}
		return
	}
	q.start, q.scale, q.open, q.groupEnd, q.end = first, scale, 0, min(groupSize, float64(n)), float64(n)
	q.limit = 4 * n
	if q.lists == nil {
		q.lists = make([]uint32, groupSize)
	}
	for len(q.groups)*groupSize < n {
		q.groups = append(q.groups, nil)
	}
	for _, it := range items {
		c.place(it)
	}
}

// medianTime estimates the median time from up to sampleItems of the items.
func medianTime(items []item) float64 {
	var sample [sampleItems]float64
	stride := len(items)/sampleItems + 1
	k := 0
	for i := 0; i < len(items); i += stride {
		sample[k] = items[i].at
		k++
	}
	slices.Sort(sample[:k])
	return sample[k/2]
}
