// Package portable holds elementary functions that give the same bits on every machine. The standard library's
// math.Exp uses fused multiply-add where the processor has it, which changes its result in about 9% of arguments;
// simulation and learning must not depend on that, so every product that feeds a sum is rounded by a conversion.
package portable

import "math"

const (
	ln2Hi = 6.93147180369123816490e-01
	ln2Lo = 1.90821492927058770002e-10
	log2e = 1.44269504088896338700e+00

	sqrtHalfBits = 0x3fe6a09e667f3bcd // of √½ as a float64
)

// Exp returns e**x (argument reduction and rational kernel of FreeBSD's e_exp.c, error below 1 ulp). Overflow gives
// +Inf, underflow 0, NaN stays NaN.
func Exp(x float64) float64 {
	switch {
	case x != x || x > math.MaxFloat64:
		return x
	case x > 7.09782712893383973096e+02:
		return math.Inf(1)
	case x < -7.45133219101941108420e+02:
		return 0
	case -0x1p-28 < x && x < 0x1p-28:
		return 1 + x
	}
	k := int(float64(log2e*x) + math.Copysign(0.5, x))
	hi := x - float64(float64(k)*ln2Hi)
	lo := float64(float64(k) * ln2Lo)
	r := hi - lo
	t := float64(r * r)
	c := r - float64(t*(1.66666666666666657415e-01+float64(t*(-2.77777777770155933842e-03+float64(t*(6.61375632143793436117e-05+
		float64(t*(-1.65339022054652515390e-06+float64(t*4.13813679705723846039e-08)))))))))
	y := 1 - ((lo - float64(r*c)/(2-c)) - hi)
	if k < -1021 { // the result may be subnormal: scale in two steps
		return y * math.Float64frombits(uint64(k+1023+1000)<<52) * 0x1p-1000
	}
	if k > 1023 {
		return y * 2 * math.Float64frombits(uint64(k-1+1023)<<52)
	}
	return y * math.Float64frombits(uint64(k+1023)<<52)
}

// Log returns the natural logarithm of x (FreeBSD's e_log.c, error below 1 ulp). Log(0) is -Inf, of a negative NaN.
func Log(x float64) float64 {
	switch {
	case x != x || x > math.MaxFloat64:
		return x
	case x < 0:
		return math.NaN()
	case x == 0:
		return math.Inf(-1)
	}
	subnormal := 0.0
	if x < 0x1p-1022 {
		x *= 0x1p54
		subnormal = 54
	}
	// x = 2^k·(1+f) with 1+f in [√½, √2), without a branch
	b := math.Float64bits(x)
	ki := int64(b-sqrtHalfBits) >> 52
	f := math.Float64frombits(b-uint64(ki)<<52) - 1
	k := float64(ki) - subnormal
	s := f / (2 + f)
	s2 := float64(s * s)
	s4 := float64(s2 * s2)
	t1 := float64(s2 * (6.666666666666735130e-01 + float64(s4*(2.857142874366239149e-01+float64(s4*(1.818357216161805012e-01+float64(s4*1.479819860511658591e-01)))))))
	t2 := float64(s4 * (3.999999999940941908e-01 + float64(s4*(2.222219843214978396e-01+float64(s4*1.531383769920937332e-01)))))
	r := t1 + t2
	hfsq := float64(0.5 * float64(f*f))
	return float64(k*ln2Hi) - ((hfsq - (float64(s*(hfsq+r)) + float64(k*ln2Lo))) - f)
}

// NormalQuantile returns z with Φ(z) = p for p in (0, 1) (Wichura 1988, algorithm AS 241, PPND16: relative error below
// 1e-15). It gives -Inf at 0, +Inf at 1 and NaN outside.
func NormalQuantile(p float64) float64 {
	q := p - 0.5
	if math.Abs(q) <= 0.425 {
		r := 0.180625 - float64(q*q)
		return q * poly(r, &as241[0]) / poly(r, &as241[1])
	}
	r := p
	if q > 0 {
		r = 1 - p
	}
	switch {
	case r == 0:
		return math.Copysign(math.Inf(1), q)
	case !(r > 0):
		return math.NaN()
	}
	r = math.Sqrt(-Log(r))
	var z float64
	if r <= 5 {
		z = poly(r-1.6, &as241[2]) / poly(r-1.6, &as241[3])
	} else {
		z = poly(r-5, &as241[4]) / poly(r-5, &as241[5])
	}
	return math.Copysign(z, q)
}

func poly(x float64, c *[8]float64) float64 {
	y := c[7]
	for i := 6; i >= 0; i-- {
		y = float64(y*x) + c[i]
	}
	return y
}

var as241 = [6][8]float64{
	{3.3871328727963666080e0, 1.3314166789178437745e+2, 1.9715909503065514427e+3, 1.3731693765509461125e+4,
		4.5921953931549871457e+4, 6.7265770927008700853e+4, 3.3430575583588128105e+4, 2.5090809287301226727e+3},
	{1, 4.2313330701600911252e+1, 6.8718700749205790830e+2, 5.3941960214247511077e+3,
		2.1213794301586595867e+4, 3.9307895800092710610e+4, 2.8729085735721942674e+4, 5.2264952788528545610e+3},
	{1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
		1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4},
	{1, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
		1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9},
	{6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0, 2.96560571828504891230e-1,
		2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7},
	{1, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
		7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15},
}
