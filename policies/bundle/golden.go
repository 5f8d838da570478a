package bundle

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/souk-sim/souk/policies"
)

// vector is one entry of golden.json: what the policy decides at an observation (null is a missing feature) and a
// uniform number.
type vector struct {
	Observation []*float64        `json:"observation"`
	U           float64           `json:"u"`
	State       int               `json:"state"`
	Decision    policies.Decision `json:"decision"`
}

// vectors is how many decisions a bundle proves itself by.
const vectors = 256

// goldenVectors draws observations from the places where loaders may differ: on bin edges and limits, just beside them,
// within bins, beyond the ends, and missing. Beside is one float32 away, because edges are float32. The revision is left out of decisions, since it hashes them.
func goldenVectors(p policies.Frozen) []vector {
	t := p.About()
	places := make([][]float64, len(t.Spec.Features))
	for i := range places {
		places[i] = []float64{math.NaN(), 0, 1}
	}
	for _, d := range t.Encoder.Dimensions {
		for k, x := range d.Edges {
			below := x - 1
			if k > 0 {
				below = (x + d.Edges[k-1]) / 2
			}
			places[d.Index] = append(places[d.Index], below, float64(math.Nextafter32(float32(x), float32(math.Inf(-1)))), x, x+1)
		}
	}
	for _, l := range t.Spec.Limits {
		if l.Feature == "" {
			continue
		}
		for _, o := range t.Spec.Offers {
			places[l.Index] = append(places[l.Index], o.Price+l.Drop, o.Price+l.Drop+0.01, o.Price-l.Rise, o.Price-l.Rise-0.01)
			if l.Times > 0 {
				places[l.Index] = append(places[l.Index], o.Price/l.Times, (o.Price+0.01)/l.Times)
			}
		}
	}
	// A fixed seed: the vectors are part of the contents, and math/rand/v2's PCG is stable by its promise.
	draw := rand.New(rand.NewPCG(1, 2))
	all := make([]vector, vectors)
	for n := range all {
		v := &all[n]
		v.Observation = make([]*float64, len(places))
		observation := make([]float64, len(places))
		for i, place := range places {
			x := place[draw.IntN(len(place))]
			if observation[i] = x; !math.IsNaN(x) {
				v.Observation[i] = &x
			}
		}
		v.U = draw.Float64()
		v.State, v.Decision = t.Encoder.Encode(observation), p.Decide(observation, v.U)
		v.Decision.Revision = ""
	}
	return all
}

// between tells whether an observation lies on one side of an edge as float64 and on the other as float32: there bundles of format 1 and
// of format 2 decide otherwise.
func between(t *policies.Frame, observation []float64) bool {
	for _, d := range t.Encoder.Dimensions {
		for _, edge := range d.Edges {
			if x := observation[d.Index]; (edge <= x) != (float32(edge) <= float32(x)) {
				return true
			}
		}
	}
	return false
}

// checkGolden replays golden.json.
func checkGolden(p policies.Frozen, data []byte, format int) error {
	t := p.About()
	var all []vector
	if err := decode("golden.json", data, &all); err != nil {
		return err
	}
	if len(all) == 0 {
		return bad("golden.json", "", "no vectors", "at least one")
	}
	for n, v := range all {
		key := fmt.Sprintf("[%d]", n)
		if len(v.Observation) != len(t.Spec.Features) {
			return bad("golden.json", key+".observation", len(v.Observation), fmt.Sprintf("%d features", len(t.Spec.Features)))
		}
		observation := make([]float64, len(v.Observation))
		for i, x := range v.Observation {
			if observation[i] = math.NaN(); x != nil {
				observation[i] = *x
			}
		}
		if format == 1 && between(t, observation) {
			continue
		}
		if s := t.Encoder.Encode(observation); s != v.State {
			return bad("golden.json", key+".state", s, fmt.Sprint(v.State))
		}
		d := p.Decide(observation, v.U)
		if d.Revision = ""; d != v.Decision {
			return bad("golden.json", key+".decision", fmt.Sprintf("%+v", d), fmt.Sprintf("%+v", v.Decision))
		}
	}
	return nil
}
