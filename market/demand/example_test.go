package demand_test

import (
	"fmt"

	"github.com/souk-sim/souk/market/demand"
	"github.com/souk-sim/souk/sim/rng"
)

// Luteinising hormone in blood samples (Diggle 1990; R's data set lh), an autoregression with a mean.
func ExampleARIMA() {
	lh := []float64{2.4, 2.4, 2.4, 2.2, 2.1, 1.5, 2.3, 2.3, 2.5, 2.0, 1.9, 1.7, 2.2, 1.8, 3.2, 3.2, 2.7, 2.2, 2.2, 1.9, 1.9, 1.8, 2.7, 3.0,
		2.3, 2.0, 2.0, 2.9, 2.9, 2.7, 2.7, 2.3, 2.6, 2.4, 1.8, 1.7, 1.5, 1.4, 2.1, 3.3, 3.5, 3.5, 3.1, 2.6, 2.1, 3.4, 3.0, 2.9}
	m := demand.ARIMA{Order: [3]int{1, 0, 0}}
	if err := m.Fit(demand.Series{Start: 1, Values: lh}); err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range m.Coefficients {
		fmt.Printf("%s %.4f (%.4f)\n", c.Name, c.Estimate, c.SE)
	}
	f, _ := m.Forecast(2, 0.95, nil)
	fmt.Printf("period %d: %.3f, in [%.3f, %.3f]\n", f.Start, f.Mean[0], f.Lo[0], f.Hi[0])

	simulator, _ := m.Simulator(3, nil)
	stream := rng.New(1, 0).Family("demand").At()
	path := make([]float64, 3)
	simulator.Path(&stream, path)
	fmt.Printf("one future: %.2f\n", path)
	// Output:
	// ar1 0.5739 (0.1162)
	// intercept 2.4133 (0.1466)
	// period 49: 2.693, in [1.822, 3.564]
	// one future: [1.96 2.40 2.76]
}
