package portable

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

func sine(x float64) float64 { s, _ := Sincos(x); return s }

func cosine(x float64) float64 { _, c := Sincos(x); return c }

// bigSincos reduces x by π/2 in high precision and sums Taylor's series.
func bigSincos(x float64) (sin, cos *big.Float) {
	halfPi := product(bigPi(), bigFloat(0.5))
	quarters, _ := quotient(bigFloat(x), halfPi).Float64()
	quarters = math.Round(quarters)
	r := sum(bigFloat(x), product(halfPi, bigFloat(-quarters)))
	series := func(term *big.Float, n float64) *big.Float {
		total := term
		for ; !negligible(term, total); n += 2 {
			term = quotient(product(term, product(r, r)), bigFloat(-n*(n+1)))
			total = sum(total, term)
		}
		return total
	}
	sin, cos = series(r, 2), series(bigFloat(1), 1)
	minus := bigFloat(-1)
	switch int(quarters) & 3 {
	case 1:
		return cos, product(sin, minus)
	case 2:
		return product(sin, minus), product(cos, minus)
	case 3:
		return product(cos, minus), sin
	}
	return sin, cos
}

// Among the arguments are the float64 nearest to multiples of π/4 and their neighbours, where the reduction cancels most.
func TestSincosIsWithinOneUlp(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	x := []float64{1, -1, 0.5, 1e-3, 1e-9, -0x1p-30, 1e-300, 0x1p20 * math.Pi / 2, -0x1p20 * math.Pi / 2}
	for k := 1; k <= 50; k++ {
		x = append(x, float64(k)*math.Pi/4)
	}
	for range 400 {
		near := float64(r.IntN(1<<21)) * math.Pi / 4
		x = append(x, (r.Float64()-0.5)*2, (r.Float64()-0.5)*100, (r.Float64()-0.5)*3e6, near, math.Nextafter(near, 0), math.Nextafter(near, 1e9))
	}
	checkUlps(t, "sine", x, sine, func(x float64) *big.Float { s, _ := bigSincos(x); return s })
	checkUlps(t, "cosine", x, cosine, func(x float64) *big.Float { _, c := bigSincos(x); return c })
}

func TestSincosAtItsLimits(t *testing.T) {
	for _, zero := range []float64{0, math.Copysign(0, -1)} {
		if s, c := Sincos(zero); s != 0 || math.Signbit(s) != math.Signbit(zero) || c != 1 {
			t.Errorf("at %v the sine is %v and the cosine %v", zero, s, c)
		}
	}
	for _, x := range []float64{math.Inf(1), math.Inf(-1), math.NaN(), 1.7e6, -1e300} {
		if s, c := Sincos(x); s == s || c == c {
			t.Errorf("Sincos(%v) = %v, %v, want no numbers", x, s, c)
		}
	}
}

func BenchmarkSincos(b *testing.B) { compare(b, sine, math.Sin, -10, 10) }

func BenchmarkCos(b *testing.B) { compare(b, Cos, math.Cos, -10, 10) }

func TestCosIsTheCosineOfSincos(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	x := []float64{0, math.Copysign(0, -1), math.Pi / 4, math.Nextafter(math.Pi/4, 1), 1e-300, 0x1p20 * math.Pi / 2, 1.7e6, math.Inf(-1), math.NaN()}
	for k := range 100 {
		x = append(x, float64(k)*math.Pi/4, -float64(k)*math.Pi/4, math.Nextafter(float64(k)*math.Pi/4, 0))
	}
	for range 100_000 {
		x = append(x, 40*(r.Float64()-0.5), 3e6*(r.Float64()-0.5))
	}
	for _, x := range x {
		if got, want := Cos(x), cosine(x); math.Float64bits(got) != math.Float64bits(want) && (got == got || want == want) {
			t.Fatalf("Cos(%v) = %v, Sincos says %v", x, got, want)
		}
	}
}
