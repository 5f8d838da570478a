package portable

import "math"

// GammaQuantile returns the u-quantile, u in (0, 1), of Gamma(shape, 1), shape > 0 (relative error below 1e-9).
func GammaQuantile(shape, u float64) float64 { return Exp(LogGammaQuantile(shape, u)) }

// LogGammaQuantile returns its logarithm, which cannot underflow. Distribution and survival function are log-concave in ln x, so
// that Newton's method on their logarithms cannot diverge; below the median it works on the one, above on the other, to
// keep the digits of both tails.
func LogGammaQuantile(shape, u float64) float64 {
	const wilsonHilferty = 1e5 // from here on the approximation itself is good to 1e-7, in the far tails too
	// Wilson & Hilferty (1931): the cube root is close to normal.
	ninth := 1 / (9 * shape)
	root := 1 - ninth + float64(NormalQuantile(u)*math.Sqrt(ninth))
	if shape > wilsonHilferty {
		return Log(shape) + float64(3*Log(root))
	}
	y := (Log(u) + logGamma(shape+1)) / shape // exact for small x, as P(x) → x^shape/Γ(shape+1)
	if shape > 0.5 && root > 0.1 {
		y = Log(shape * root * root * root)
	}
	lower := u <= 0.5
	target := Log(u)
	if !lower {
		target = Log(1 - u)
	}
	logGammaShape := logGamma(shape)
	settled := 1e-14 + float64(1e-15*math.Sqrt(shape)) // what rounding leaves of a step
	for range 100 {
		logP, logQ := logIncompleteGamma(shape, y, logGammaShape)
		density := float64(shape*y) - Exp(y) - logGammaShape // of ln x, as a logarithm
		var step float64
		if lower {
			step = (target - logP) / Exp(density-logP)
		} else {
			step = (logQ - target) / Exp(density-logQ)
		}
		step = max(-50, min(2, step))
		y += step
		if !(math.Abs(step) > settled*max(1, math.Abs(y))) {
			break
		}
	}
	return y
}

// logIncompleteGamma is ln P(a, x) and ln Q(a, x) at x = e^y: by series below the mean, by continued fraction above
// (Press et al. 2007, §6.2).
func logIncompleteGamma(a, y, logGammaA float64) (logP, logQ float64) {
	x := Exp(y)
	scale := float64(a*y) - x - logGammaA
	if x < a+1 {
		term, sum := 1/a, 1/a
		for n := 1.0; term > 1e-17*sum; n++ {
			term = term * x / (a + n)
			sum += term
		}
		logP = min(scale+Log(sum), 0)
		return logP, Log(max(0, 1-Exp(logP)))
	}
	logQ = min(scale-Log(x-a+1)+Log(lentz(a, x)), 0)
	return Log(max(0, 1-Exp(logQ))), logQ
}

// lentz evaluates (x-a+1)·Γ(a, x)e^x x^-a by the modified Lentz method.
func lentz(a, x float64) float64 {
	const tiny = 1e-300
	b := x - a + 1
	c, d := 1/tiny, 1/b
	h := 1.0
	for i := 1.0; i < 1e5; i++ {
		an := float64(-i * (i - a))
		b += 2
		d = float64(an*d) + b
		if math.Abs(d) < tiny {
			d = tiny
		}
		c = b + an/c
		if math.Abs(c) < tiny {
			c = tiny
		}
		d = 1 / d
		delta := float64(d * c)
		h *= delta
		if math.Abs(delta-1) < 1e-16 {
			break
		}
	}
	return h
}

// logGamma is ln Γ(x) for x > 0: Stirling's series, after a shift to 10 or more.
func logGamma(x float64) float64 {
	product := 1.0
	for x < 10 {
		product *= x
		x++
	}
	inverse := 1 / x
	square := float64(inverse * inverse)
	series := float64(inverse * (1.0/12 - float64(square*(1.0/360-float64(square*(1.0/1260-float64(square*(1.0/1680-float64(square*(1.0/1188-float64(square*(691.0/360360))))))))))))
	const halfLog2Pi = 0.91893853320467274178
	return float64((x-0.5)*Log(x)) - x + halfLog2Pi + series - Log(product)
}
