package demand

import "fmt"

// Describe says what a fitted model turned out to be where its fit had a choice ("ARIMA(0,1,1) with drift"), and what is
// doubtful about it.
func Describe(m Model) (chosen string, warnings []string) {
	if d, ok := m.(interface{ describe() (string, []string) }); ok {
		return d.describe()
	}
	return "", nil
}

func (k *tracker) describe() (string, []string) { return "", k.Warnings }

func (m *ARIMA) describe() (string, []string) { return m.String(), m.Warnings }

func (m *ETS) describe() (string, []string) {
	chosen := "ETS(" + m.Chosen + ")"
	if m.Least != "" {
		chosen += fmt.Sprintf(" with AICc %.2f, the simplest within 2 of the least, %.2f of ETS(%s)", m.AICc, m.LeastAICc, m.Least)
	}
	return chosen, m.Warnings
}

// String names the model as the literature does: ARIMA(0,1,1)(0,1,1)[12], and its constant.
func (m *ARIMA) String() string { return modelName(m.Order, m.Seasonal, m.Period, m.constant()) }

func modelName(order, seasonal [3]int, period int, constant string) string {
	name := fmt.Sprintf("ARIMA(%d,%d,%d)", order[0], order[1], order[2])
	if seasonal != [3]int{} {
		name += fmt.Sprintf("(%d,%d,%d)[%d]", seasonal[0], seasonal[1], seasonal[2], period)
	}
	switch constant {
	case "drift":
		name += " with drift"
	case "intercept":
		name += " with mean"
	}
	return name
}
