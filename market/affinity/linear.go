package affinity

import (
	"math"
	"sync"
	"sync/atomic"
)

// Symmetric matrices are packed: row r of the lower triangle begins at r(r+1)/2. Products are rounded before they are added, so that a
// fit is the same where the processor fuses the two.

func packed(k int) int { return k * (k + 1) / 2 }

func dot(a, b []float64) float64 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float64
	i := 0
	for ; i+4 <= len(a); i += 4 {
		s0 += float64(a[i] * b[i])
		s1 += float64(a[i+1] * b[i+1])
		s2 += float64(a[i+2] * b[i+2])
		s3 += float64(a[i+3] * b[i+3])
	}
	for ; i < len(a); i++ {
		s0 += float64(a[i] * b[i])
	}
	return (s0 + s1) + (s2 + s3)
}

// axpy adds s·x to y.
func axpy(s float64, x, y []float64) {
	y = y[:len(x)]
	for i, v := range x {
		y[i] += float64(s * v)
	}
}

// outer adds s·x·xᵀ to the packed a.
func outer(s float64, x, a []float64) {
	at := 0
	for r, v := range x {
		axpy(s*v, x[:r+1], a[at:at+r+1])
		at += r + 1
	}
}

// outers adds Σ w[n]·x[n]·x[n]ᵀ to the packed a, x being the rows of f (k numbers each) that columns name: four at a time, which saves
// three of four reads and writes of a.
func outers(w []float64, columns []int32, f []float64, k int, a []float64) {
	n := 0
	for ; n+4 <= len(columns); n += 4 {
		x0, x1, x2, x3 := vector(f, columns[n], k), vector(f, columns[n+1], k), vector(f, columns[n+2], k), vector(f, columns[n+3], k)
		at := 0
		for r := range k {
			s0, s1, s2, s3 := w[n]*x0[r], w[n+1]*x1[r], w[n+2]*x2[r], w[n+3]*x3[r]
			row := a[at : at+r+1]
			y0, y1, y2, y3 := x0[:len(row)], x1[:len(row)], x2[:len(row)], x3[:len(row)]
			for c := range row {
				row[c] += (float64(s0*y0[c]) + float64(s1*y1[c])) + (float64(s2*y2[c]) + float64(s3*y3[c]))
			}
			at += r + 1
		}
	}
	for ; n < len(columns); n++ {
		outer(w[n], vector(f, columns[n], k), a)
	}
}

func vector(f []float64, i int32, k int) []float64 { return f[int(i)*k : int(i)*k+k : int(i)*k+k] }

// cholesky replaces the packed a by its factor L, a = L·Lᵀ. False: a is not positive definite in floating point.
func cholesky(a []float64, k int) bool {
	at := 0
	for r := range k {
		row := a[at : at+r+1]
		below := 0
		for c := range r {
			row[c] = (row[c] - dot(row[:c], a[below:below+c])) / a[below+c]
			below += c + 1
		}
		d := row[r] - dot(row[:r], row[:r])
		if !(d > 0) {
			return false
		}
		row[r] = math.Sqrt(d)
		at += r + 1
	}
	return true
}

// forward replaces b by the solution of L·x = b.
func forward(l, b []float64) {
	at := 0
	for r := range b {
		b[r] = (b[r] - dot(l[at:at+r], b[:r])) / l[at+r]
		at += r + 1
	}
}

// solve replaces b by the solution of L·Lᵀ·x = b.
func solve(l, b []float64) {
	forward(l, b)
	at := packed(len(b))
	for r := len(b) - 1; r >= 0; r-- {
		at -= r + 1
		b[r] /= l[at+r]
		axpy(-b[r], l[at:at+r], b[:r])
	}
}

// invert replaces the Cholesky factor L by the packed (L·Lᵀ)⁻¹.
func invert(l []float64, k int) {
	// L⁻¹ in place, column by column from the right below each diagonal.
	for c := range k {
		cc := packed(c) + c
		l[cc] = 1 / l[cc]
		for r := c + 1; r < k; r++ {
			row, s := packed(r), 0.0
			for j := c; j < r; j++ {
				s += float64(l[row+j] * l[packed(j)+c])
			}
			l[row+c] = -s / l[row+r]
		}
	}
	// L⁻ᵀ·L⁻¹: entry (r, c) needs rows r and below alone, so ascending order may overwrite.
	for r := range k {
		for c := range r + 1 {
			s := 0.0
			for j := r; j < k; j++ {
				s += float64(l[packed(j)+r] * l[packed(j)+c])
			}
			l[packed(r)+c] = s
		}
	}
}

// blocks calls do for ranges that cover 0 to n, on as many goroutines as there are workers, each with its own number; the ranges do not
// depend on the workers.
func blocks(n, workers int, do func(worker, from, to int)) {
	const length = 64
	var next atomic.Int64
	run := func(worker int) {
		for {
			from := int(next.Add(length)) - length
			if from >= n {
				return
			}
			do(worker, from, min(from+length, n))
		}
	}
	var wait sync.WaitGroup
	for worker := 1; worker < workers; worker++ {
		wait.Go(func() { run(worker) })
	}
	run(0)
	wait.Wait()
}
