package agents

// queue is a binary heap of entries, the most urgent first, each at most once.
type queue struct {
	heap    []int32
	urgency []float64 // [entry]
	where   []int32   // [entry]: 1 + its place in the heap, 0 where it is not in it
}

func newQueue(entries int) queue {
	return queue{heap: make([]int32, 0, entries), urgency: make([]float64, entries), where: make([]int32, entries)}
}

// push adds an entry, or raises its urgency.
func (q *queue) push(entry int32, urgency float64) {
	switch {
	case q.where[entry] == 0:
		q.heap = append(q.heap, entry)
		q.where[entry] = int32(len(q.heap))
	case urgency <= q.urgency[entry]:
		return
	}
	q.urgency[entry] = urgency
	q.up(int(q.where[entry]) - 1)
}

// pop takes the most urgent entry; there must be one.
func (q *queue) pop() int32 {
	first := q.heap[0]
	q.where[first] = 0
	last := q.heap[len(q.heap)-1]
	q.heap = q.heap[:len(q.heap)-1]
	if len(q.heap) > 0 {
		q.put(0, last)
		q.down(0)
	}
	return first
}

func (q *queue) put(place int, entry int32) {
	q.heap[place], q.where[entry] = entry, int32(place+1)
}

func (q *queue) up(place int) {
	entry := q.heap[place]
	for place > 0 {
		parent := (place - 1) / 2
		if q.urgency[q.heap[parent]] >= q.urgency[entry] {
			break
		}
		q.put(place, q.heap[parent])
		place = parent
	}
	q.put(place, entry)
}

func (q *queue) down(place int) {
	entry := q.heap[place]
	for {
		child := 2*place + 1
		if child >= len(q.heap) {
			break
		}
		if right := child + 1; right < len(q.heap) && q.urgency[q.heap[right]] > q.urgency[q.heap[child]] {
			child = right
		}
		if q.urgency[q.heap[child]] <= q.urgency[entry] {
			break
		}
		q.put(place, q.heap[child])
		place = child
	}
	q.put(place, entry)
}

func (q *queue) archive(a *archive) {
	a.indices(&q.heap, len(q.urgency), len(q.urgency))
	if a.loading {
		clear(q.where)
	}
	for place, entry := range q.heap {
		q.where[entry] = int32(place + 1)
	}
	a.floats(q.urgency)
}
