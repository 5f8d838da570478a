package sim

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

// push adds an item to the heap of near items, whose least is the first; the children of i are 4i+1 … 4i+4.
func (c *Calendar[E]) push(it item) {
	c.queue.near = append(c.queue.near, it)
	q := c.queue.near
	i := len(q) - 1
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

// pop takes the least item off the heap, which must not be empty.
func (c *Calendar[E]) pop() item {
	q := c.queue.near
	least := q[0]
	n := len(q) - 1
	last := q[n]
	q = q[:n]
	c.queue.near = q
	for i := 0; i < n; {
		child := 4*i + 1
		if child >= n {
			q[i] = last
			break
		}
		for j := child + 1; j < min(4*i+5, n); j++ {
			if c.before(q[j], q[child]) {
				child = j
			}
		}
		if !c.before(q[child], last) {
			q[i] = last
			break
		}
		q[i] = q[child]
		i = child
	}
	return least
}
