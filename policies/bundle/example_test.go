package bundle_test

import (
	"fmt"
	"math"
	"os"

	"github.com/souk-sim/souk/policies/bundle"
)

// A program of yours decides without a service: any fs.FS will do, such as a folder that go:embed has put into the program.
func ExampleLoad() {
	b, err := bundle.Load(os.DirFS("testdata/format1"))
	if err != nil { // a byte is not as it was written, or a golden decision comes out otherwise
		fmt.Println(err)
		return
	}
	spec := &b.Policy.About().Spec
	observation := make([]float64, len(spec.Features))
	for i := range observation {
		observation[i] = math.NaN() // not known
	}
	observation[spec.Feature("reference_price")] = 0.95
	d := b.Policy.Decide(observation, 0) // u in [0, 1), for policies that draw
	fmt.Printf("$%.2f, offer %d of %d, with probability %g\n", d.Price, d.Action+1, len(spec.Offers), d.Propensity)
	// Output: $0.68, offer 5 of 13, with probability 1
}
