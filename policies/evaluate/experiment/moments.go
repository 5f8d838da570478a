package experiment

// moments are the number, means and sums of products about them of (y, d, x), by the updates of Welford (1962) and, where
// two are put together, of Chan, Golub & LeVeque (1979): one pass, no cancellation.
type moments struct {
	n    float64
	mean [3]float64
	sum  [3][3]float64 // of (a − mean a)(b − mean b)
}

func (m *moments) add(v *[3]float64) {
	m.n++
	var before, after [3]float64
	for i := range v {
		before[i] = v[i] - m.mean[i]
		m.mean[i] += before[i] / m.n
		after[i] = v[i] - m.mean[i]
	}
	for i := range v {
		for j := range v {
			m.sum[i][j] += before[i] * after[j]
		}
	}
}

func (m *moments) plus(o *moments) {
	if o.n == 0 {
		return
	}
	n := m.n + o.n
	var d [3]float64
	for i := range d {
		d[i] = o.mean[i] - m.mean[i]
	}
	for i := range d {
		for j := range d {
			m.sum[i][j] += o.sum[i][j] + d[i]*d[j]*m.n*o.n/n
		}
	}
	for i := range d {
		m.mean[i] += d[i] * o.n / n
	}
	m.n = n
}

// weighted is the mean and the variance of w·(y, d, x).
func (m *moments) weighted(w [3]float64) (mean, variance float64) {
	for i := range w {
		mean += w[i] * m.mean[i]
		for j := range w {
			variance += w[i] * w[j] * m.sum[i][j]
		}
	}
	return mean, max(variance, 0) / (m.n - 1)
}
