package policies

import "math"

// addRows adds Σ_k x_k·row(index_k) to out, of a matrix whose rows are as long as out: the inner loop of policies that compute. Each sum runs in the
// order of k, so that it has the bits that Axpy row by row gives it; but four rows are added at once, which spares out three ways to memory and back.
func addRows(matrix []float64, index []int32, x, out []float64) {
	n := len(out)
	for ; len(index) >= 4 && len(x) >= 4; index, x = index[4:], x[4:] {
		a, b, c, d := x[0], x[1], x[2], x[3]
		ofA, ofB := matrix[int(index[0])*n:][:n], matrix[int(index[1])*n:][:n]
		ofC, ofD := matrix[int(index[2])*n:][:n], matrix[int(index[3])*n:][:n]
		for j, sum := range out {
			sum += float64(a * ofA[j])
			sum += float64(b * ofB[j])
			sum += float64(c * ofC[j])
			out[j] = sum + float64(d*ofD[j])
		}
	}
	for k, row := range index {
		Axpy(x[k], matrix[int(row)*n:][:n], out)
	}
}

// nonzero lists the inputs of a layer that are not 0, which is half of them where units may be off: the others add nothing.
type nonzero struct {
	index [stacked / 2]int32
	value [stacked / 2]float64
}

// addProducts adds W·in to out, W holding a row of weights to out for each input.
func (z *nonzero) addProducts(in, weights, out []float64) {
	for first := 0; first < len(in); first += len(z.index) {
		n := 0
		for i, value := range in[first:min(first+len(z.index), len(in))] {
			z.index[n], z.value[n] = int32(first+i), value
			size := math.Float64bits(value) << 1
			n += int((size | -size) >> 63) // 1 but for 0, without a branch that nobody can foresee
		}
		addRows(weights, z.index[:n], z.value[:n], out)
	}
}

// Axpy adds a·x to y, which is as long at least: the inner loop of learners with perceptrons, and with values linear in features.
func Axpy(a float64, x, y []float64) {
	y = y[:len(x)]
	for ; len(x) >= 4; x, y = x[4:], y[4:len(y):len(y)] {
		y[0] += float64(a * x[0])
		y[1] += float64(a * x[1])
		y[2] += float64(a * x[2])
		y[3] += float64(a * x[3])
	}
	for j := range x {
		y[j] += float64(a * x[j])
	}
}
