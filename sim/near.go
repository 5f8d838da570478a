package sim

import "slices"

// An item stands for a scheduled event: the slot that holds it, and what decides most comparisons of its key.
type item struct {
	at       float64
	priority int32
	slot     uint32
}

func (c *Calendar[E]) before(a, b item) bool {
	return a.at < b.at || a.at == b.at && c.tiedBefore(a, b)
}

func (c *Calendar[E]) tiedBefore(a, b item) bool {
	return a.priority < b.priority || a.priority == b.priority && c.slots[a.slot].sequence < c.slots[b.slot].sequence
}

// push adds an item to the near ones. They are few as a rule, and an ordered row, least last, is the fastest then.
func (c *Calendar[E]) push(it item) {
	q := &c.queue
	n := len(q.near)
	q.near = append(q.near, it)
	if n == fewItems && !q.crowd {
		slices.Reverse(q.near[:n]) // a row in order is a heap
		q.crowd = true
	}
	if q.crowd {
		c.up(n, it)
		return
	}
	near := q.near
	for n > 0 && c.before(near[n-1], it) {
		near[n] = near[n-1]
		n--
	}
	near[n] = it
}

// first returns the least near item.
func (q *queue) first() *item {
	if q.crowd {
		return &q.near[0]
	}
	return &q.near[len(q.near)-1]
}

// pop takes the least item off the near ones, of which there must be one.
func (c *Calendar[E]) pop() item {
	q := &c.queue
	if q.crowd {
		return c.popCrowd()
	}
	n := len(q.near) - 1
	it := q.near[n]
	q.near = q.near[:n]
	return it
}

func (c *Calendar[E]) popCrowd() item {
	q := &c.queue
	n := len(q.near) - 1
	least, last := q.near[0], q.near[n]
	q.near = q.near[:n]
	if n == 0 {
		q.crowd = false
	} else {
		c.down(last)
	}
	return least
}

// up puts an item into the place i of the heap, the last, or above; the children of i are 4i+1 … 4i+4.
func (c *Calendar[E]) up(i int, it item) {
	q := c.queue.near
	for i > 0 {
		parent := (i - 1) / 4
		if !c.before(it, q[parent]) {
			break
		}
		q[i] = q[parent]
		i = parent
	}
	q[i] = it
}

// down puts an item into the top of the heap, or below.
func (c *Calendar[E]) down(it item) {
	q := c.queue.near
	i := 0
	for child := 1; child < len(q); child = 4*i + 1 {
		for j := child + 1; j < min(4*i+5, len(q)); j++ {
			if c.before(q[j], q[child]) {
				child = j
			}
		}
		if !c.before(q[child], it) {
			break
		}
		q[i] = q[child]
		i = child
	}
	q[i] = it
}
