package affinity

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
)

// Neighbours predict a user's rating of an item from her own ratings of the items most like it: b_ui + Σ s_ij(r_uj − b_uj) / Σ s_ij over
// the K most similar items j that she rated (Koren 2008, equation 5), similarities being positive ones, shrunk by n/(n + shrinkage), n the
// users who rated both. Where she rated none alike it is b_ui.
type Neighbours struct {
	K     int      `json:"k"`
	Sum   bool     `json:"sum"`   // of implicit feedback: scores are Σ s_ij·r_uj, no ratings
	Base  *Factors `json:"base"`  // μ, b_u and b_i
	Alike Sparse   `json:"alike"` // similarities above 0 of each item with others
	Rated Sparse   `json:"rated"` // what each user's ratings differ from their base by
}

// Sparse is a matrix in compressed rows: row u has the entries Start[u] to Start[u+1], by ascending column.
type Sparse struct {
	Start  []int     `json:"start"`
	Column []int32   `json:"column"`
	Value  []float64 `json:"value"`
}

func (s *Sparse) row(u int) ([]int32, []float64) {
	return s.Column[s.Start[u]:s.Start[u+1]], s.Value[s.Start[u]:s.Start[u+1]]
}

// maximumNeighbours keeps the heap of a prediction on the stack.
const maximumNeighbours = 256

// FitNeighbours measures how alike items are by what users thought of both. Options.Similarity is adjusted-cosine (the default: cosine
// of what users' ratings differ by from the ridge biases of FitBiases, λ = 5; Sarwar, Karypis, Konstan & Riedl 2001, with items' means
// too), cosine (of the ratings) or pearson (of those by users who rated both). Defaults: Neighbours 30, Shrinkage 25.
// Ratings that are all one tell nothing apart: there it predicts just them.
func FitNeighbours(r *Ratings, o Options) (*Neighbours, error) {
	if err := ready(r, o); err != nil {
		return nil, err
	}
	x := r.byUser(false)
	base := biases(x, r.Items, 5)
	e := base.residuals(x)
	of := e
	switch o.Similarity {
	case "", "adjusted-cosine":
	case "cosine", "pearson":
		of = x
	default:
		return nil, field.New("similarity", fmt.Sprintf("%q", o.Similarity), "adjusted-cosine, cosine or pearson")
	}
	return neighbours(of, e, base, o)
}

// FitItemCosine is the same for purchases, clicks and the like: an item's score is the sum of its similarities, the cosine of what users
// took, with the Neighbours most similar items that the user took, each times how much she took (Deshpande & Karypis 2004). Repeated
// pairs add up. Defaults: Neighbours 100, Shrinkage 5.
func FitItemCosine(r *Ratings, o Options) (*ItemCosine, error) {
	if err := ready(r, o); err != nil {
		return nil, err
	}
	x := r.byUser(true)
	o.Similarity, o.Neighbours, o.Shrinkage = "cosine", cmp.Or(o.Neighbours, 100), cmp.Or(o.Shrinkage, 5)
	m, err := neighbours(x, x, &Factors{UserBias: make([]float64, r.Users), ItemBias: make([]float64, r.Items)}, o)
	if err != nil {
		return nil, err
	}
	m.Sum = true
	m.Base.Mean = -1 // where nothing alike was taken, an item's share of all users, less 1 to stay below what is alike
	for _, item := range x.col {
		m.Base.ItemBias[item] += 1 / float64(r.Users)
	}
	return &ItemCosine{m}, nil
}

func neighbours(x, rated *matrix, base *Factors, o Options) (*Neighbours, error) {
	k := cmp.Or(o.Neighbours, 30)
	if k > maximumNeighbours {
		return nil, field.New("neighbours", k, fmt.Sprintf("1 to %d", maximumNeighbours))
	}
	_, items := base.Size()
	byItem := x.transpose(items)
	rows := make([]Sparse, items)
	pairs := make([]*pairing, max(1, o.Workers))
	norm := make([]float64, items)
	for i := range norm {
		_, values := byItem.row(i)
		norm[i] = math.Sqrt(dot(values, values))
	}
	blocks(items, o.Workers, func(worker, from, to int) {
		if pairs[worker] == nil {
			pairs[worker] = &pairing{x: x, byItem: byItem, norm: norm, pearson: o.Similarity == "pearson", shrinkage: cmp.Or(o.Shrinkage, 25), with: make([]overlap, items)}
		}
		for i := from; i < to; i++ {
			rows[i] = pairs[worker].alike(i)
		}
	})
	m := &Neighbours{K: k, Base: base, Rated: Sparse{rated.start, rated.col, rated.val}, Alike: Sparse{Start: []int{0}}}
	for _, row := range rows {
		m.Alike.Column = append(m.Alike.Column, row.Column...)
		m.Alike.Value = append(m.Alike.Value, row.Value...)
		m.Alike.Start = append(m.Alike.Start, len(m.Alike.Column))
	}
	return m, m.check()
}

// overlap sums over the users who rated two items.
type overlap struct{ n, xy, x, y, xx, yy float64 }

type pairing struct {
	x, byItem *matrix
	norm      []float64
	pearson   bool
	shrinkage float64
	with      []overlap
}

// alike gives the similarities above 0 of one item with all others.
func (p *pairing) alike(item int) (row Sparse) {
	clear(p.with)
	users, values := p.byItem.row(item)
	for n, u := range users {
		columns, others := p.x.row(int(u))
		v := values[n]
		for c, other := range columns {
			w, s := others[c], &p.with[other]
			s.n++
			s.xy += float64(v * w)
			if p.pearson {
				s.x, s.y = s.x+v, s.y+w
				s.xx += float64(v * v)
				s.yy += float64(w * w)
			}
		}
	}
	for other := range p.with {
		s := &p.with[other]
		if other == item || s.n == 0 {
			continue
		}
		similarity := s.xy / (p.norm[item] * p.norm[other])
		if p.pearson {
			similarity = (s.xy - s.x*s.y/s.n) / math.Sqrt((s.xx-s.x*s.x/s.n)*(s.yy-s.y*s.y/s.n))
		}
		if similarity *= s.n / (s.n + p.shrinkage); similarity > 0 && !math.IsInf(similarity, 0) {
			row.Column, row.Value = append(row.Column, int32(other)), append(row.Value, similarity)
		}
	}
	return row
}

// ItemCosine scores items by how alike they are to what the user took. Its scores are no ratings.
type ItemCosine struct {
	Items *Neighbours `json:"items"`
}

// Size is the number of users and items.
func (m *ItemCosine) Size() (users, items int) { return m.Items.Size() }

// Score is Σ s_ij·r_uj of every item i, and below 0 where it is like nothing that the user took: the more took it, the higher.
func (m *ItemCosine) Score(user int, scores []float64) { m.Items.Score(user, scores) }

func (m *ItemCosine) check() error {
	if m.Items == nil || !m.Items.Sum {
		return field.New("items", "none that sum", "similarities to sum")
	}
	return m.Items.check()
}

// Size is the number of users and items.
func (m *Neighbours) Size() (users, items int) { return m.Base.Size() }

// Predict is the expected rating, not clipped to the scale.
func (m *Neighbours) Predict(user, item int) float64 {
	base := m.Base.Predict(user, item)
	users, items := m.Size()
	if user < 0 || user >= users || item < 0 || item >= items {
		return base
	}
	var heap [maximumNeighbours]ranked
	_, value := m.Rated.row(user)
	sum, weight := 0.0, 0.0
	for _, n := range m.nearest(user, item, heap[:0]) {
		sum += float64(n.score * value[n.item])
		weight += n.score
	}
	switch {
	case weight == 0:
		return base
	case m.Sum:
		return sum
	}
	return base + sum/weight
}

// Score is the prediction for every item.
func (m *Neighbours) Score(user int, scores []float64) {
	for i := range scores {
		scores[i] = m.Predict(user, i)
	}
}

// nearest keeps the K most similar items that the user rated, as places in her ratings; ties keep the lower item.
func (m *Neighbours) nearest(user, item int, heap []ranked) []ranked {
	like, similarity := m.Alike.row(item)
	rated, _ := m.Rated.row(user)
	for a, b := 0, 0; a < len(like) && b < len(rated); {
		switch {
		case like[a] < rated[b]:
			a++
		case like[a] > rated[b]:
			b++
		default:
			heap = push(heap, ranked{similarity[a], int32(b)}, m.K)
			a, b = a+1, b+1
		}
	}
	return heap
}

func (m *Neighbours) check() error {
	if m.K < 1 || m.K > maximumNeighbours {
		return field.New("k", m.K, fmt.Sprintf("1 to %d", maximumNeighbours))
	}
	if m.Base == nil {
		return field.New("base", "none", "mean and biases")
	}
	if err := m.Base.check(); err != nil {
		return err
	}
	users, items := m.Size()
	if err := m.Alike.check("alike", items, items); err != nil {
		return err
	}
	if len(m.Alike.Value) > 0 && slices.Min(m.Alike.Value) <= 0 {
		return field.New("alike.value", slices.Min(m.Alike.Value), "similarities above 0")
	}
	return m.Rated.check("rated", users, items)
}

func (s *Sparse) check(key string, rows, columns int) error {
	n := len(s.Column)
	if len(s.Start) != rows+1 || s.Start[0] != 0 || s.Start[rows] != n || !slices.IsSorted(s.Start) {
		return field.New(key+".start", fmt.Sprintf("%d numbers", len(s.Start)), fmt.Sprintf("%d rising from 0 to %d", rows+1, n))
	}
	for u := range rows {
		for i := s.Start[u]; i < s.Start[u+1]; i++ {
			if c := s.Column[i]; c < 0 || int(c) >= columns || i > s.Start[u] && c <= s.Column[i-1] {
				return field.New(fmt.Sprintf("%s.column[%d]", key, i), c, fmt.Sprintf("0 to %d, rising in a row", columns-1))
			}
		}
	}
	return numbers(key+".value", s.Value, n)
}
