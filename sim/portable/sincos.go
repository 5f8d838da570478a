package portable

import "math"

// Sincos returns the sine and the cosine of x (FreeBSD's e_rem_pio2.c, k_sin.c and k_cos.c: Cody & Waite's reduction by π/2 in parts of 33 bits, error
// below 1 ulp). Where |x| is beyond 2^20·π/2, some 1.6 million, or not a number, both are NaN.
func Sincos(x float64) (sin, cos float64) {
	if !(math.Abs(x) <= 0x1p20*math.Pi/2) {
		return math.NaN(), math.NaN()
	}
	quarters, r, tail := reduce(x)
	sin, cos = sinKernel(r, tail), cosKernel(r, tail)
	switch quarters & 3 {
	case 1:
		return cos, -sin
	case 2:
		return -sin, -cos
	case 3:
		return -cos, sin
	}
	return sin, cos
}

// Cos returns the cosine that Sincos does, to the bit. It takes no branch on the quarter of x, which in the terms of a Fourier series is as good as random.
func Cos(x float64) float64 {
	if !(math.Abs(x) <= 0x1p20*math.Pi/2) {
		return math.NaN()
	}
	quarters, r, tail := reduce(x)
	bits, sine := math.Float64bits(cosKernel(r, tail)), math.Float64bits(sinKernel(r, tail))
	if quarters&1 != 0 {
		bits = sine
	}
	return math.Float64frombits(bits ^ uint64(quarters+1)&2<<62) // of the four cos, -sin, -cos and sin two are negative
}

// reduce writes x as quarters·π/2 + r + tail, with r in [-π/4, π/4] and a tail below its last place.
func reduce(x float64) (quarters int, r, tail float64) {
	const (
		halfPi1, halfPi2 = 1.57079632673412561417e+00, 6.07710050630396597660e-11
		halfPi3          = 2.02226624871116645580e-21
		after2, after3   = 2.02226624879595063154e-21, 8.47842766036889956997e-32 // what is left of π/2
		cancelled        = 0x1p-49
		quartersPerUnit  = 6.36619772367581382433e-01
	)
	if math.Abs(x) <= math.Pi/4 {
		return 0, x, 0
	}
	n := math.RoundToEven(x * quartersPerUnit)
	head := x - float64(n*halfPi1)
	part := float64(n * halfPi2)
	next := head - part
	rest := float64(n*after2) - ((head - next) - part)
	if r = next - rest; math.Abs(r) < cancelled*math.Abs(x) { // x is so near to a multiple that the third part counts
		head = next
		part = float64(n * halfPi3)
		next = head - part
		rest = float64(n*after3) - ((head - next) - part)
		r = next - rest
	}
	return int(n), r, (next - r) - rest
}

// sinKernel is sin(x+tail) for |x| up to π/4.
func sinKernel(x, tail float64) float64 {
	z := float64(x * x)
	v := float64(z * x)
	r := 8.33333333332248946124e-03 + float64(z*(-1.98412698298579493134e-04+float64(z*2.75573137070700676789e-06))) +
		float64(float64(z*float64(z*z))*(-2.50507602534068634195e-08+float64(z*1.58969099521155010221e-10)))
	return x - ((float64(z*(float64(0.5*tail)-float64(v*r))) - tail) - float64(v*-1.66666666666666324348e-01))
}

// cosKernel is cos(x+tail) for |x| up to π/4.
func cosKernel(x, tail float64) float64 {
	z := float64(x * x)
	z2 := float64(z * z)
	r := float64(z*(4.16666666666666019037e-02+float64(z*(-1.38888888888741095749e-03+float64(z*2.48015872894767294178e-05))))) +
		float64(float64(z2*z2)*(-2.75573143513906633035e-07+float64(z*(2.08757232129817482790e-09+float64(z*-1.13596475577881948265e-11)))))
	half := float64(0.5 * z)
	w := 1 - half
	return w + (((1 - w) - half) + (float64(z*r) - float64(x*tail)))
}
