package demand

import "testing"

// BenchmarkETS fits one form, and chooses among all, on the 144 months of AirPassengers; the objective itself must not
// allocate.
func BenchmarkETS(b *testing.B) {
	s := oracleSeries(b, "AirPassengers", nil)
	b.Run("objective", func(b *testing.B) {
		f := newETSFit(s.Values, 12)
		f.form, _ = parseETSForm("MAdM")
		f.estimate(f.form)
		x, res := make([]float64, f.form.parameters(12)), make([]float64, f.n)
		f.start(etsStarts(f.form, 12)[0], x)
		b.ReportAllocs()
		for b.Loop() {
			f.residuals(x, res)
		}
	})
	for _, form := range []string{"ANN", "AAdN", "MAM", ""} {
		b.Run("form="+form, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := (&ETS{Period: 12, Form: form}).Fit(s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
