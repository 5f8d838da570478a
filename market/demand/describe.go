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

func (m *ETS) describe() (string, []string) { return "ETS(" + m.Chosen + ")", m.Warnings }

// String names the model as the literature does: ARIMA(0,1,1)(0,1,1)[12], and its constant.
func (m *ARIMA) String() string {
	name := fmt.Sprintf("ARIMA(%d,%d,%d)", m.Order[0], m.Order[1], m.Order[2])
	if m.Seasonal != [3]int{} {
		name += fmt.Sprintf("(%d,%d,%d)[%d]", m.Seasonal[0], m.Seasonal[1], m.Seasonal[2], m.Period)
	}
	switch m.constant() {
	case "drift":
		name += " with drift"
	case "intercept":
		name += " with a mean"
	}
	return name
}
