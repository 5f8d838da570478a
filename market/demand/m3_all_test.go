//go:build long

package demand

import "testing"

// TestM3 plays the whole M3 competition, 3,003 series to their official horizons, beside the published THETA 12.76 and
// NAIVE2 14.74, which theta and naive2 reproduce within 0.2. The bar of auto-arima is what forecast::auto.arima 8.20 has on the same series.
func TestM3(t *testing.T) {
	m3Compare(t, 1, map[string]float64{"naive2": 14.94, "theta": 12.96, "ets": 13.2, "combination": 12.76, "auto-arima": 13.9})
}
