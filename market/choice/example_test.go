package choice_test

import (
	"fmt"

	"github.com/souk-sim/souk/market/choice"
)

// Twelve purchases of tea or coffee at different prices give a model, and the model a shopper.
func ExampleFitLogit() {
	s := &choice.Situations{
		Alternatives: []string{"tea", "coffee"},
		Attributes:   []string{"price"},
		X:            []float64{2, 3, 2, 3, 3, 2, 3, 2, 2, 2, 2, 2, 3, 3, 3, 3, 2, 3, 3, 2, 2, 4, 4, 2},
		Chosen:       []int{0, 1, 1, 1, 0, 1, 1, 0, 0, 0, 0, 0},
		Household:    []int{1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3},
	}
	m, err := choice.FitLogit(s, choice.Utility{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range m.Coefficients {
		fmt.Printf("%s %.3f (%.3f)\n", c.Name, c.Estimate, c.SE)
	}
	shopper, err := choice.NewShopper(m)
	if err != nil {
		fmt.Println(err)
		return
	}
	shopper.See([]float64{2, 2.5}, nil)
	p := make([]float64, 2)
	shopper.Probabilities(p)
	fmt.Printf("tea at 2, coffee at 2.5: %.3f; u = 0.3 takes %s\n", p, s.Alternatives[shopper.Choose(0.3)])
	// Output:
	// asc_coffee -0.345 (0.594)
	// price -0.300 (0.558)
	// tea at 2, coffee at 2.5: [0.621 0.379]; u = 0.3 takes tea
}
