package basket

import "slices"

// tree is an FP-tree: a prefix tree of baskets whose items come by rank, most frequent first, so that common beginnings are
// shared. Node 0 is the root. All nodes of one rank are linked.
type tree struct {
	nodes []node
	head  []int32 // by rank: the first node
	count []int32 // by rank: baskets
	first []int32 // by rank: the root's child, as the root has too many to search
	keep  []bool  // by rank: frequent here
}

type node struct {
	rank, count            int32
	parent, child, sibling int32
	next                   int32 // of the same rank
}

func (t *tree) reset(ranks int) {
	t.nodes = append(t.nodes[:0], node{})
	for _, s := range []*[]int32{&t.head, &t.count, &t.first} {
		*s = slices.Grow((*s)[:0], ranks)[:ranks]
		clear(*s)
	}
	t.keep = slices.Grow(t.keep[:0], ranks)[:ranks]
	clear(t.keep)
}

// add puts in count baskets with these ranks, ascending.
func (t *tree) add(ranks []int32, count int32) {
	at := int32(0)
	for _, rank := range ranks {
		child := t.first[rank]
		if at != 0 {
			child = t.nodes[at].child
			for child != 0 && t.nodes[child].rank != rank {
				child = t.nodes[child].sibling
			}
		}
		if child == 0 {
			child = int32(len(t.nodes))
			t.nodes = append(t.nodes, node{rank: rank, parent: at, sibling: t.nodes[at].child, next: t.head[rank]})
			t.head[rank] = child
			if at == 0 {
				t.first[rank] = child
			}
			t.nodes[at].child = child
		}
		t.nodes[child].count += count
		t.count[rank] += count
		at = child
	}
}

// growth mines trees. The tree of depth d is that of the baskets that hold the d items of suffix.
type growth struct {
	minimum        int32
	longest, limit int
	label          []int // by rank: the item
	trees          []*tree
	suffix         []int32
	path           []int32
	sets           []Set
	arena          []int // of the sets' items
}

// run mines the coded baskets, order being the frequent items by rank, and reports whether the sets kept to the limit.
func (g *growth) run(coded [][]int32, items int, order []int) bool {
	rank := make([]int32, items)
	for i := range rank {
		rank[i] = -1
	}
	for r, i := range order {
		rank[i] = int32(r)
	}
	t := g.tree(0, len(order))
	for _, basket := range coded {
		g.path = g.path[:0]
		for _, i := range basket {
			if rank[i] >= 0 {
				g.path = append(g.path, rank[i])
			}
		}
		slices.Sort(g.path)
		t.add(g.path, 1)
	}
	return g.mine(t)
}

func (g *growth) tree(depth, ranks int) *tree {
	if depth == len(g.trees) {
		g.trees = append(g.trees, new(tree))
	}
	g.trees[depth].reset(ranks)
	return g.trees[depth]
}

// mine emits all frequent sets that end in suffix, and reports whether they kept to the limit.
func (g *growth) mine(t *tree) bool {
	for rank := int32(len(t.head)) - 1; rank >= 0; rank-- {
		if t.count[rank] < g.minimum {
			continue
		}
		if len(g.sets) == g.limit {
			return false
		}
		g.suffix = append(g.suffix, rank)
		g.emit(t.count[rank])
		if rank > 0 && len(g.suffix) != g.longest {
			if given := g.condition(t, rank); given != nil && !g.mine(given) {
				return false
			}
		}
		g.suffix = g.suffix[:len(g.suffix)-1]
	}
	return true
}

// condition makes the tree of what comes before rank in the baskets that hold it, of frequent items alone; nil where there
// are none.
func (g *growth) condition(t *tree, rank int32) *tree {
	given := g.tree(len(g.suffix), int(rank))
	for n := t.head[rank]; n != 0; n = t.nodes[n].next {
		count := t.nodes[n].count
		for at := t.nodes[n].parent; at != 0; at = t.nodes[at].parent {
			given.count[t.nodes[at].rank] += count
		}
	}
	any := false
	for r, count := range given.count {
		given.keep[r] = count >= g.minimum
		any = any || given.keep[r]
	}
	if !any {
		return nil
	}
	clear(given.count)
	for n := t.head[rank]; n != 0; n = t.nodes[n].next {
		g.path = g.path[:0]
		for at := t.nodes[n].parent; at != 0; at = t.nodes[at].parent {
			if r := t.nodes[at].rank; given.keep[r] {
				g.path = append(g.path, r)
			}
		}
		slices.Reverse(g.path)
		given.add(g.path, t.nodes[n].count)
	}
	return given
}

// emit records the suffix as a set.
func (g *growth) emit(count int32) {
	if len(g.arena)+len(g.suffix) > cap(g.arena) {
		g.arena = make([]int, 0, 1<<14+len(g.suffix))
	}
	from := len(g.arena)
	for _, rank := range g.suffix {
		g.arena = append(g.arena, g.label[rank])
	}
	items := g.arena[from:len(g.arena):len(g.arena)]
	slices.Sort(items)
	g.sets = append(g.sets, Set{Items: items, Count: int(count)})
}
