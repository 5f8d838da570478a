package logs

import "slices"

// Extend puts rows of later periods below o's, in which the regressors are known and the values are not yet. They come from a table of their own, read with
// the first of o's regressors as its value and the others as its regressors.
func (o Observations) Extend(later Observations) (Observations, error) {
	if len(o.times) > 0 && len(later.times) > 0 && o.form != later.form {
		err := later.places[0].bad(o.Columns.Time, "a time written in another way than those of "+o.file, "one way for all times of a series")
		err.File = later.file
		return o, err
	}
	n := len(later.Values)
	o.Values = append(slices.Clip(o.Values), missing(n)...)
	o.Regressors = slices.Clone(o.Regressors)
	for i, x := range append([][]float64{later.Values}, later.Regressors...) {
		o.Regressors[i] = append(slices.Clip(o.Regressors[i]), x...)
	}
	o.places = append(slices.Clip(o.places), later.places...)
	if o.times != nil {
		o.times = append(slices.Clip(o.times), later.times...)
	}
	return o, nil
}
