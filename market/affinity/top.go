package affinity

import (
	"cmp"
	"slices"
)

// ranked is an item, or a place in a list, and its score.
type ranked struct {
	score float64
	item  int32
}

// before orders by falling score, NaN last, ties by number.
func before(a, b ranked) int {
	return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.item, b.item))
}

// push keeps the best k in a heap whose worst is on top.
func push(heap []ranked, n ranked, k int) []ranked {
	if len(heap) < k {
		heap = append(heap, n)
		for i := len(heap) - 1; i > 0 && before(heap[i], heap[(i-1)/2]) > 0; i = (i - 1) / 2 {
			heap[i], heap[(i-1)/2] = heap[(i-1)/2], heap[i]
		}
		return heap
	}
	if before(n, heap[0]) > 0 {
		return heap
	}
	heap[0] = n
	for i := 0; ; {
		worst := i
		for c := 2*i + 1; c <= 2*i+2 && c < k; c++ {
			if before(heap[c], heap[worst]) > 0 {
				worst = c
			}
		}
		if worst == i {
			return heap
		}
		heap[i], heap[worst] = heap[worst], heap[i]
		i = worst
	}
}

// best gives the k best scored items that are not among those excluded (ascending), best first, in heap's memory.
func best(scores []float64, excluded []int32, k int, heap []ranked) []ranked {
	heap = heap[:0]
	for item, score := range scores {
		if len(excluded) > 0 && int(excluded[0]) == item {
			excluded = excluded[1:]
			continue
		}
		heap = push(heap, ranked{score, int32(item)}, k)
	}
	slices.SortFunc(heap, before)
	return heap
}
