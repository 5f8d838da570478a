package persona

import (
	"math"
	"reflect"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

// Groups six deviations apart: over 60 samples of k from 1 to 4, the gap statistic missed the planted number in none, and
// may miss it in one of these 8 before this fails; the silhouette cannot say 1.
func TestTheNumberOfPlantedGroupsIsChosen(t *testing.T) {
	missed := 0
	for seed := range uint64(8) {
		k := 1 + int(seed%4)
		x, _ := planted(200, k, 3, 6, rng.New(seed, 0).Family("planted").At())
		o := ChooseOptions{Most: 6, References: 10, Restarts: 10, Workers: 2, Streams: rng.New(seed, 0).Family("choose")}
		candidates, byGap, bySilhouette, err := Choose(x, 3, o)
		if err != nil {
			t.Fatal(err)
		}
		if byGap != k {
			missed++
			t.Logf("seed %d: %d groups by the gap, %d planted: %+v", seed, byGap, k, candidates)
		}
		if k > 1 && bySilhouette != k {
			t.Errorf("seed %d: %d groups by the silhouette, %d planted", seed, bySilhouette, k)
		}
		if seed == 0 {
			o.Workers = 1
			if again, _, _, _ := Choose(x, 3, o); !reflect.DeepEqual(again, candidates) {
				t.Error("workers matter")
			}
		}
	}
	if missed > 1 {
		t.Errorf("the gap statistic missed %d of 8", missed)
	}
}

// Rousseeuw's definition by hand: the points 0, 1 | 4, 6 on a line.
func TestSilhouetteIsRousseeuws(t *testing.T) {
	got, err := Silhouette([]float64{0, 1, 4, 6}, 1, []int{0, 0, 1, 1}, rng.Family{})
	want := ((5-1)/5. + (4-1)/4. + (3.5-2)/3.5 + (5.5-2)/5.5) / 4
	if err != nil || math.Abs(got-want) > 1e-12 {
		t.Errorf("%v, want %v (%v)", got, want, err)
	}
	if got, err := Silhouette([]float64{0, 1}, 1, []int{0, 0}, rng.Family{}); err != nil || !math.IsNaN(got) {
		t.Errorf("a single group has the silhouette %v (%v)", got, err)
	}
	for _, labels := range [][]int{{0}, {0, -1}, {0, 2}} {
		if _, err := Silhouette([]float64{0, 1}, 1, labels, rng.Family{}); err == nil {
			t.Errorf("labels %v of two rows", labels)
		}
	}
	if c, byGap, bySilhouette, err := Choose([]float64{2, 2, 2}, 1, ChooseOptions{Most: 1}); err != nil || byGap != 1 || bySilhouette != 1 || c[0].Inertia != 0 {
		t.Errorf("identical rows: %+v, %d, %d, %v", c, byGap, bySilhouette, err)
	}
	for _, most := range []int{0, 3} {
		if _, _, _, err := Choose([]float64{0, 1}, 1, ChooseOptions{Most: most}); err == nil {
			t.Errorf("up to %d groups of two rows", most)
		}
	}
}

// The silhouette of a sample of 2,000 of 6,000 rows lies within 0.02 of that of the first 2,000, of which none is left out:
// a row's silhouette deviates by less than 0.2, so that this is over three standard errors of the difference, and the seed is fixed.
func TestTheSilhouetteOfASampleIsNearThatOfAll(t *testing.T) {
	x, group := planted(6000, 3, 2, 6, rng.New(1, 0).Family("planted").At())
	sampled, err := Silhouette(x, 2, group, rng.New(1, 0).Family("silhouette"))
	if err != nil {
		t.Fatal(err)
	}
	other, err := Silhouette(x[:4000], 2, group[:2000], rng.Family{})
	if err != nil || math.Abs(sampled-other) > 0.02 {
		t.Errorf("%v of a sample, %v of the first 2,000 (%v)", sampled, other, err)
	}
}

// Of 5,000 rows at one place and one far away, a sample that missed the one would have a single group.
func TestTheSilhouetteMissesNoGroup(t *testing.T) {
	x, group := make([]float64, 5000), make([]int, 5000)
	x[17], group[17] = 9, 1
	for seed := range uint64(5) {
		got, err := Silhouette(x, 1, group, rng.New(seed, 0).Family("silhouette"))
		if want := 4999. / 5000; err != nil || math.Abs(got-want) > 1e-12 {
			t.Errorf("seed %d: %v, want %v (%v)", seed, got, want, err)
		}
	}
}
