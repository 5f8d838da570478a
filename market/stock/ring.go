package stock

// ring is a queue with two ends. It allocates only when it is fuller than ever before.
type ring[T any] struct {
	items []T // a power of two of them
	head  int
	n     int
}

func (r *ring[T]) at(i int) *T { return &r.items[(r.head+i)&(len(r.items)-1)] }
func (r *ring[T]) front() *T   { return &r.items[r.head] }
func (r *ring[T]) back() *T    { return r.at(r.n - 1) }

func (r *ring[T]) push(x T) {
	if r.n == len(r.items) {
		grown := make([]T, max(4, 2*r.n))
		for i := range r.n {
			grown[i] = *r.at(i)
		}
		r.items, r.head = grown, 0
	}
	r.n++
	*r.back() = x
}

func (r *ring[T]) popFront() { r.head, r.n = (r.head+1)&(len(r.items)-1), r.n-1 }
func (r *ring[T]) popBack()  { r.n-- }
func (r *ring[T]) clear()    { r.head, r.n = 0, 0 }
