package persona

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

// planted are rows of unit normal noise around centres so far apart that no row is nearer to another one, in turns.
func planted(n, k, d int, apart float64, stream rng.Stream) (x []float64, group []int) {
	for i := range n {
		g := i % k
		for j := range d {
			center := 0.0
			if j == g%d {
				center = apart * float64(1+g/d)
			}
			x = append(x, center+stream.Normal())
		}
		group = append(group, g)
	}
	return x, group
}

// sameCut tells whether two labellings cut the rows alike.
func sameCut(a, b []int) bool {
	to, from := map[int]int{}, map[int]int{}
	for i := range a {
		if t, ok := to[a[i]]; ok && t != b[i] {
			return false
		}
		if f, ok := from[b[i]]; ok && f != a[i] {
			return false
		}
		to[a[i]], from[b[i]] = b[i], a[i]
	}
	return true
}

// A row strays over the border of two groups 16 deviations apart with a probability below 1e-14: no false alarms.
func TestKMeansFindsPlantedGroups(t *testing.T) {
	for k := 1; k <= 8; k++ {
		x, group := planted(800, k, 4, 16, rng.New(1, 0).Family("planted").At(uint64(k)))
		m, err := FitKMeans(x, 4, KMeansOptions{K: k, Restarts: 10, Streams: rng.New(1, 0).Family("kmeans")})
		if err != nil {
			t.Fatal(err)
		}
		if !sameCut(m.Labels, group) {
			t.Errorf("k = %d: the planted groups are not found: sizes %v", k, m.Sizes)
		}
		for i, g := range m.Labels {
			if at := m.Assign(x[4*i : 4*i+4]); at != g {
				t.Fatalf("row %d is of group %d, and assigned to %d", i, g, at)
			}
		}
	}
}

func TestKMeansIsTheSameOnAnyNumberOfWorkersAndInAnyOrderOfTheRows(t *testing.T) {
	x, _ := planted(600, 5, 3, 3, rng.New(2, 0).Family("planted").At())
	o := KMeansOptions{K: 6, Restarts: 20, Streams: rng.New(1, 0).Family("kmeans")}
	one, _ := FitKMeans(x, 3, o)
	o.Workers = 7
	seven, _ := FitKMeans(x, 3, o)
	if !reflect.DeepEqual(one, seven) {
		t.Error("seven workers find other groups than one")
	}
	var backwards []float64
	for i := 597; i >= 0; i -= 3 {
		backwards = append(backwards, x[3*i:3*i+3]...)
	}
	for i := 599; i >= 0; i-- {
		if i > 597 || i%3 != 0 {
			backwards = append(backwards, x[3*i:3*i+3]...)
		}
	}
	other, _ := FitKMeans(backwards, 3, o)
	if !reflect.DeepEqual(one.Centers, other.Centers) {
		t.Error("the order of the rows matters")
	}
}

// Whatever is found must be at rest: each centre the mean of its rows, each row with its nearest centre, no group empty.
// Rows of few distinct values in many groups make groups empty on the way.
func TestKMeansIsAtRest(t *testing.T) {
	for seed := range uint64(40) {
		stream := rng.New(seed, 0).Family("rest").At()
		n, k := 30+stream.Intn(300), 2+stream.Intn(12)
		var x []float64
		for range 2 * n {
			x = append(x, math.Floor(6*stream.Float64()*stream.Float64()))
		}
		m, err := FitKMeans(x, 2, KMeansOptions{K: k, Restarts: 3, Streams: rng.New(seed, 1).Family("kmeans")})
		if err != nil {
			continue // fewer distinct rows than groups
		}
		inertia, mean, size := 0.0, make([]float64, 2*k), make([]int, k)
		for i, g := range m.Labels {
			row := x[2*i : 2*i+2]
			own := squared(row, m.Centers[g])
			inertia += own
			if near := squared(row, m.Centers[m.Assign(row)]); near < own-1e-12 {
				t.Fatalf("seed %d: row %d is nearer to another centre", seed, i)
			}
			mean[2*g], mean[2*g+1] = mean[2*g]+row[0], mean[2*g+1]+row[1]
			size[g]++
		}
		if !m.Converged || !reflect.DeepEqual(size, m.Sizes) || math.Abs(inertia-m.Inertia) > 1e-9*(1+inertia) {
			t.Errorf("seed %d: converged %v, sizes %v for %v, inertia %v for %v", seed, m.Converged, m.Sizes, size, m.Inertia, inertia)
		}
		for g, c := range m.Centers {
			if size[g] == 0 || math.Hypot(c[0]-mean[2*g]/float64(size[g]), c[1]-mean[2*g+1]/float64(size[g])) > 1e-9 {
				t.Errorf("seed %d: group %d of %d rows is not around its centre", seed, g, size[g])
			}
		}
	}
}

func TestBadTablesAreRefused(t *testing.T) {
	same := []float64{1, 2, 1, 2, 1, 2}
	for _, c := range []struct {
		name    string
		x       []float64
		d, k    int
		message string
	}{
		{"no customer", nil, 2, 1, "table: found 0 numbers"},
		{"no feature", same, 0, 1, "features: found 0"},
		{"half a row", same[:3], 2, 1, "table: found 3 numbers"},
		{"more groups than customers", same[:2], 2, 2, "k: found 2, expected no more groups than distinct rows, of which there are 1"},
		{"identical customers", same, 2, 2, "of which there are 1"},
		{"no group", same, 2, 0, "k: found 0"},
		{"not a number", []float64{1, math.NaN()}, 1, 1, "row 1, feature 0: found NaN"},
		{"infinite", []float64{math.Inf(-1), 3}, 2, 1, "row 0, feature 0: found -Inf"},
	} {
		_, err := FitKMeans(c.x, c.d, KMeansOptions{K: c.k})
		if err == nil || !strings.Contains(err.Error(), c.message) {
			t.Errorf("%s: %v, want %q", c.name, err, c.message)
		}
	}
	for _, c := range []struct{ n, k int }{{1, 1}, {3, 1}} {
		m, err := FitKMeans(same[:2*c.n], 2, KMeansOptions{K: c.k})
		if err != nil || m.Inertia != 0 || fmt.Sprint(m.Centers) != "[[1 2]]" || m.Sizes[0] != c.n {
			t.Errorf("%d identical customers: %+v, %v", c.n, m, err)
		}
	}
}
