package sim

import (
	"math"
	"math/bits"
	"slices"
)

// The queue is a ladder queue (Tang, Goh & Thng 2005, ACM TOMACS 15:175) cut down to one rung: a row of buckets of
// equal width in time that reaches as far as eight medians of the times of the items for which it was laid out. There
// are up to 16 buckets an item, so that most yield one; with many items only two, which yield about three. The items of
// the bucket being emptied, and earlier ones, are kept in order, or as a heap when they are many. Those after the rung
// wait in no order until the next rung is laid out for them.
//
// Its first form, a bucket an item and no batches, was chosen by measurement, in the loop of BenchmarkHold, against a
// 4-ary heap alone and the calendar queue of Brown (1988, CACM 31:1220). Least processor time of several rounds in turn,
// in ns an operation (AMD EPYC, 2 cores, both busy), another day than the figures of docs/benchmarks.md, when the first
// form needed a tenth to a third more than this one:
//
//	pending          10²     10⁴     10⁶
//	first form       31      23      121
//	4-ary heap       61      147     426
//	calendar queue   20      55      247
type queue struct {
	near         []item // in order, the least last; a heap when it is a crowd
	crowd        bool
	buckets      []uint32 // first slot of each bucket's list
	occupied     []uint64 // a bit for each bucket, set when its list is not empty
	staged       []item   // of buckets from edge on, not yet in their lists
	beyond       []item
	start, scale float64 // bucket of time t: (t-start)·scale
	open         float64 // first bucket not yet emptied into near
	edge         float64 // end, but with many buckets the end of the word of occupied that holds open
	end          float64 // number of buckets
	limit        int     // items held before the queue is laid out anew
	touched      float64 // written only, so that the compiler keeps the loads of stage
}

const (
	fewItems    = 32      // so many near items are no crowd
	smallQueue  = 16      // so many pending events need no rung
	fineBuckets = 1 << 15 // so many buckets fit into the cache

	sampleItems   = 32
	prefetchDepth = 6
)

func (q *queue) clear() {
	*q = queue{near: q.near[:0], buckets: q.buckets, occupied: q.occupied, staged: q.staged[:0], beyond: q.beyond[:0]}
}

// place puts an item where it belongs. An infinite time lies beyond the rung; where there is no rung its bucket is
// 0·∞, not a number, and it is near like everything else.
func (c *Calendar[E]) place(it item) {
	q := &c.queue
	switch bucket := (it.at - q.start) * q.scale; {
	case !(bucket >= q.open):
		c.push(it)
	case bucket < q.edge:
		c.enlist(uint(bucket), it.slot)
	case bucket < q.end:
		q.staged = append(q.staged, it)
	default:
		q.beyond = append(q.beyond, it)
	}
}

// enlist puts a slot first in the list of a bucket.
func (c *Calendar[E]) enlist(bucket uint, slot uint32) {
	q := &c.queue
	c.slots[slot].next = q.buckets[bucket]
	q.buckets[bucket] = slot
	q.occupied[bucket/64] |= 1 << (bucket % 64)
}

// refill takes the items of the next bucket that has any for the near ones, of which none are left, and returns false
// when no bucket has.
func (c *Calendar[E]) refill() bool {
	q := &c.queue
	for len(q.near) == 0 {
		switch {
		case q.open < q.end:
			b := uint(q.open)
			if b%64 == 0 && len(q.buckets) > fineBuckets {
				c.stage(b)
			}
			left := q.occupied[b/64] >> (b % 64)
			if left == 0 {
				q.open = min(float64(b|63)+1, q.end)
				continue
			}
			b += uint(bits.TrailingZeros64(left))
			q.open = float64(b + 1)
			for i := q.buckets[b]; i != 0; {
				s := &c.slots[i]
				c.push(item{s.at, s.priority, i})
				i = s.next
			}
		case len(q.beyond) > 0:
			c.spread()
		default:
			return false
		}
	}
	return true
}

// stage makes the next 64 of many buckets ready. Where neither the buckets nor the slots fit into the processor's cache,
// almost every access misses it, and an operation takes as long as the misses that wait for each other. Those of many
// items, one after the other, overlap: so items are put into their buckets by the batch, and the lists of the buckets to
// come, chains of misses each, are followed in step, as far as most of them go. With a million events pending an operation
// takes a third of the time.
func (c *Calendar[E]) stage(bucket uint) {
	q := &c.queue
	for _, it := range q.staged {
		c.enlist(uint((it.at-q.start)*q.scale), it.slot)
	}
	q.staged = q.staged[:0]
	q.edge = min(float64(bucket+64), q.end)
	var sum float64
	for _, i := range q.buckets[bucket:uint(q.edge)] {
		for range prefetchDepth { // the list ends in slot 0, which is its own next
			s := &c.slots[i]
			sum += s.at
			i = s.next
		}
	}
	q.touched = sum
}

// gather puts all items beyond.
func (c *Calendar[E]) gather() {
	q := &c.queue
	q.beyond = append(q.beyond, q.near...)
	q.beyond = append(q.beyond, q.staged...)
	q.near, q.crowd, q.staged = q.near[:0], false, q.staged[:0]
	for ; q.open < q.end; q.open++ {
		for i := q.buckets[int(q.open)]; i != 0; i = c.slots[i].next {
			s := &c.slots[i]
			q.beyond = append(q.beyond, item{s.at, s.priority, i})
		}
	}
}

// spread lays out the queue anew for the items beyond, when there is nothing nearer, and drops the cancelled ones.
func (c *Calendar[E]) spread() {
	q := &c.queue
	items := q.beyond[:0]
	first := math.Inf(1)
	for _, it := range q.beyond {
		if c.slots[it.slot].live() {
			items = append(items, it)
			first = min(first, it.at)
		} else {
			c.release(it.slot)
		}
	}
	q.beyond = items[:0] // refilled from the start while items is read
	n := len(items)
	m, scale := max(2*n, min(16*n, fineBuckets)), 0.0
	if n > smallQueue {
		scale = float64(m) / (8 * (medianTime(items) - first))
	}
	if !(scale > 0) || math.IsInf(scale, 1) { // few items, or most at one instant or never: all are near
		q.start, q.scale, q.open, q.edge, q.end = 0, 0, 1, 1, 1
		if q.limit = 4 * n; n <= smallQueue {
			q.limit = smallQueue + 1
		}
		for _, it := range items {
			c.push(it)
		}
		return
	}
	q.start, q.scale, q.open, q.edge, q.end = first, scale, 0, float64(m), float64(m)
	q.limit = 4 * n
	q.buckets = slices.Grow(q.buckets[:0], m)[:m]
	clear(q.buckets)
	q.occupied = slices.Grow(q.occupied[:0], m/64+1)[:m/64+1]
	clear(q.occupied)
	for _, it := range items {
		c.place(it)
	}
	if m > fineBuckets {
		q.edge = 0
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
