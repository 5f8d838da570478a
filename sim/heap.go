package sim

// An item is the key of a scheduled event, and the number of the slot that holds the event.
type item struct {
	at       float64
	sequence uint64
	priority int32
	slot     uint32
}

func (a item) before(b item) bool {
	return a.at < b.at || a.at == b.at && a.tied(b)
}

func (a item) tied(b item) bool {
	return a.priority < b.priority || a.priority == b.priority && a.sequence < b.sequence
}

// A heap has its least item first; the children of i are 4i+1 … 4i+4.
type heap []item

func (h *heap) push(it item) {
	*h = append(*h, it)
	q := *h
	i := len(q) - 1
	for i > 0 {
		parent := (i - 1) / 4
		if !it.before(q[parent]) {
			break
		}
		q[i] = q[parent]
		i = parent
	}
	q[i] = it
}

func (h *heap) pop() item {
	q := *h
	least := q[0]
	n := len(q) - 1
	last := q[n]
	q = q[:n]
	*h = q
	for i := 0; i < n; {
		child := 4*i + 1
		if child >= n {
			q[i] = last
			break
		}
		for j := child + 1; j < min(4*i+5, n); j++ {
			if q[j].before(q[child]) {
				child = j
			}
		}
		if !q[child].before(last) {
			q[i] = last
			break
		}
		q[i] = q[child]
		i = child
	}
	return least
}
