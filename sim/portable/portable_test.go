package portable

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// The references below are power series in 600-bit arithmetic: slow, and right far beyond a float64.
const precision = 600

func bigFloat(x float64) *big.Float { return new(big.Float).SetPrec(precision).SetFloat64(x) }

func product(a, b *big.Float) *big.Float { return new(big.Float).SetPrec(precision).Mul(a, b) }

func quotient(a, b *big.Float) *big.Float { return new(big.Float).SetPrec(precision).Quo(a, b) }

func sum(a, b *big.Float) *big.Float { return new(big.Float).SetPrec(precision).Add(a, b) }

func negligible(term, total *big.Float) bool {
	return term.Sign() == 0 || total.Sign() != 0 && term.MantExp(nil) < total.MantExp(nil)-precision
}

// bigExp is e^x = (e^(x/2^20))^(2^20) by Taylor's series.
func bigExp(x *big.Float) *big.Float {
	reduced := new(big.Float).SetPrec(precision).SetMantExp(x, -20)
	total, term := bigFloat(1), bigFloat(1)
	for n := 1.0; !negligible(term, total); n++ {
		term = quotient(product(term, reduced), bigFloat(n))
		total = sum(total, term)
	}
	for range 20 {
		total = product(total, total)
	}
	return total
}

// bigLog is ln x by ln m = 2 artanh((m-1)/(m+1)) for x = m·2^e, and ln 2 likewise.
func bigLog(x float64) *big.Float {
	artanhSeries := func(m *big.Float) *big.Float {
		s := quotient(sum(m, bigFloat(-1)), sum(m, bigFloat(1)))
		power, total := s, s
		for n := 3.0; !negligible(power, total); n += 2 {
			power = product(power, product(s, s))
			total = sum(total, quotient(power, bigFloat(n)))
		}
		return product(total, bigFloat(2))
	}
	mantissa, exponent := math.Frexp(x)
	if mantissa < math.Sqrt2/2 {
		mantissa, exponent = mantissa*2, exponent-1
	}
	return sum(artanhSeries(bigFloat(mantissa)), product(bigFloat(float64(exponent)), artanhSeries(bigFloat(2))))
}

// bigNormal returns the normal distribution function Φ and its density at z: Φ = ½ + φ·Σ z^(2n+1)/(1·3·…·(2n+1)).
func bigNormal(z float64) (distribution, density *big.Float) {
	square := product(bigFloat(z), bigFloat(z))
	rootTwoPi := new(big.Float).SetPrec(precision).Sqrt(product(bigPi(), bigFloat(2)))
	density = quotient(bigExp(product(square, bigFloat(-0.5))), rootTwoPi)
	term, total := bigFloat(z), bigFloat(z)
	for n := 3.0; !negligible(term, total); n += 2 {
		term = quotient(product(term, square), bigFloat(n))
		total = sum(total, term)
	}
	return sum(bigFloat(0.5), product(density, total)), density
}

// bigPi is π by Machin's formula, 16 arctan(1/5) - 4 arctan(1/239).
func bigPi() *big.Float {
	arctanOfInverse := func(q float64) *big.Float {
		power := quotient(bigFloat(1), bigFloat(q))
		total := power
		for n := 3.0; !negligible(power, total); n += 2 {
			power = quotient(power, bigFloat(-q*q))
			total = sum(total, quotient(power, bigFloat(n)))
		}
		return total
	}
	return sum(product(bigFloat(16), arctanOfInverse(5)), product(bigFloat(-4), arctanOfInverse(239)))
}

// ulps is the distance of got from the true value in units of the last place of the true value.
func ulps(got float64, want *big.Float) float64 {
	nearest, _ := want.Float64()
	unit := math.Nextafter(math.Abs(nearest), math.Inf(1)) - math.Abs(nearest)
	units, _ := quotient(sum(bigFloat(got), product(want, bigFloat(-1))), bigFloat(unit)).Float64()
	return math.Abs(units)
}

func checkUlps(t *testing.T, name string, arguments []float64, f func(float64) float64, reference func(float64) *big.Float) {
	t.Helper()
	worst, where := 0.0, 0.0
	for _, x := range arguments {
		if u := ulps(f(x), reference(x)); !(u <= worst) {
			worst, where = u, x
		}
	}
	t.Logf("%s: largest error of %d arguments %.3f ulp, at %v", name, len(arguments), worst, where)
	if !(worst < 1) {
		t.Errorf("%s(%v) is off by %v ulp", name, where, worst)
	}
}

func TestExpIsWithinOneUlp(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	x := []float64{1, -1, math.Ln2, -math.Ln2, math.Ln2 / 2, -math.Ln2 / 2, 709.782712893384, -708.3964185322641, // smallest normal
		-708.4, -720, -744, -745.133, -745.1332191019411, 0x1p-28, -0x1p-28, 0x1p-29, 1e-300}
	for range 1500 {
		x = append(x, (r.Float64()-0.5)*4, (r.Float64()-0.5)*1400, -700-45*r.Float64())
	}
	checkUlps(t, "Exp", x, Exp, func(x float64) *big.Float { return bigExp(bigFloat(x)) })
}

func TestLogIsWithinOneUlp(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	x := []float64{math.SmallestNonzeroFloat64, 0x1p-1022, 0x1p-1023, math.MaxFloat64, 0.5, 2, math.E, 10,
		math.Nextafter(1, 0), math.Nextafter(1, 2), math.Sqrt2 / 2, math.Nextafter(math.Sqrt2/2, 0), math.Sqrt2, math.Nextafter(math.Sqrt2, 2)}
	for range 700 {
		x = append(x, r.Float64(), 0.6+0.9*r.Float64(), math.Float64frombits(r.Uint64N(0x7ff0<<48)), math.Float64frombits(r.Uint64N(1<<52)+1))
	}
	checkUlps(t, "Log", x, Log, bigLog)
}

// AS 241 promises about 16 figures; two neighbouring float64 are up to 2.2e-16 of their value apart.
func TestNormalQuantileIsRightToAQuadrillionth(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	p := []float64{0.025, 0.975, 0.075, 0.925, math.Nextafter(0.925, 1), 0.25, 0.75, 1e-10, 1 - 1e-10, 1.4e-11, 1.3e-11,
		0x1p-53, 1 - 0x1p-53, 1e-30, 1e-60, math.Nextafter(0.5, 1), 0.5 + 1e-9}
	for range 500 {
		p = append(p, r.Float64(), r.Float64()*1e-3, math.Pow(10, -20*r.Float64()))
	}
	worst, where := 0.0, 0.0
	for _, p := range p {
		z := NormalQuantile(p)
		// One Newton step from z, in high precision, gives the distance to the true quantile.
		distribution, density := bigNormal(z)
		step, _ := quotient(sum(bigFloat(p), product(distribution, bigFloat(-1))), product(density, bigFloat(z))).Float64()
		if e := math.Abs(step); !(e <= worst) {
			worst, where = e, p
		}
	}
	t.Logf("NormalQuantile: largest relative error of %d arguments %.2g, at %v", len(p), worst, where)
	if !(worst < 1e-15) {
		t.Errorf("NormalQuantile(%v) has a relative error of %v", where, worst)
	}
	if z := NormalQuantile(0.5); z != 0 {
		t.Errorf("the median is %v", z)
	}
	for _, p := range p[:100] {
		if q := 1 - p; 1-q == p && NormalQuantile(q) != -NormalQuantile(p) {
			t.Errorf("the quantiles of %v and %v differ in size", p, q)
		}
	}
}

func TestLimits(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct {
		name         string
		f            func(float64) float64
		x, want      float64
		wantNegative bool
	}{
		{"Exp", Exp, inf, inf, false}, {"Exp", Exp, -inf, 0, false}, {"Exp", Exp, nan, nan, false}, {"Exp", Exp, 0, 1, false},
		{"Exp", Exp, 709.79, inf, false}, {"Exp", Exp, -745.14, 0, false}, {"Exp", Exp, math.MaxFloat64, inf, false}, {"Exp", Exp, -math.MaxFloat64, 0, false},
		{"Log", Log, inf, inf, false}, {"Log", Log, 0, -inf, true}, {"Log", Log, math.Copysign(0, -1), -inf, true}, {"Log", Log, 1, 0, false},
		{"Log", Log, -1, nan, false}, {"Log", Log, -inf, nan, false}, {"Log", Log, nan, nan, false},
		{"NormalQuantile", NormalQuantile, 0, -inf, true}, {"NormalQuantile", NormalQuantile, 1, inf, false}, {"NormalQuantile", NormalQuantile, nan, nan, false},
		{"NormalQuantile", NormalQuantile, -0.1, nan, false}, {"NormalQuantile", NormalQuantile, 1.1, nan, false},
	} {
		got := c.f(c.x)
		if math.IsNaN(c.want) != math.IsNaN(got) || !math.IsNaN(got) && (got != c.want || math.Signbit(got) != c.wantNegative) {
			t.Errorf("%s(%v) = %v, want %v", c.name, c.x, got, c.want)
		}
	}
}

// checksum hashes the bits of the functions at a fixed set of arguments.
func checksum() string {
	hash := fnv.New64a()
	r := rand.New(rand.NewPCG(4, 4))
	for range 100_000 {
		p := r.Float64()
		for _, y := range []float64{Exp(40 * (p - 0.5)), Exp(1400 * (p - 0.5)), Log(p), Log(1e300 * p), NormalQuantile(p), NormalQuantile(p * 1e-6), sine(1e3 * p), cosine(1e3 * p)} {
			fmt.Fprintf(hash, "%016x", math.Float64bits(y))
		}
	}
	return fmt.Sprintf("checksum %016x", hash.Sum64())
}

// No machine, processor feature or compiler setting may change a bit: here is the sum that every one must give. It
// was the same on amd64 with GOAMD64=v1 and v3 (which fuses), and with the processor's FMA hidden.
func TestBitsDoNotDependOnFusedMultiplyAdd(t *testing.T) {
	const everywhere = "checksum 42f891228cfef37f"
	got := checksum()
	if got != everywhere {
		t.Errorf("%s, want %s", got, everywhere)
	}
	if os.Getenv("SOUK_PRINT_CHECKSUM") != "" {
		fmt.Println(got)
		return
	}
	again := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	again.Env = append(os.Environ(), "GODEBUG=cpu.fma=off", "SOUK_PRINT_CHECKSUM=1")
	output, err := again.CombinedOutput()
	if err != nil || !strings.Contains(string(output), got) {
		t.Errorf("with cpu.fma=off (error %v): %s, want %s", err, output, got)
	}
}

func BenchmarkExp(b *testing.B) { compare(b, Exp, math.Exp, -10, 10) }

func BenchmarkLog(b *testing.B) { compare(b, Log, math.Log, 1e-3, 1) }

func BenchmarkNormalQuantile(b *testing.B) {
	compare(b, NormalQuantile, func(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }, 0, 1)
}

var sink float64

// compare runs a function beside the standard library's, on the same arguments between low and high.
func compare(b *testing.B, ours, standard func(float64) float64, low, high float64) {
	var x [1024]float64
	r := rand.New(rand.NewPCG(5, 5))
	for i := range x {
		x[i] = low + (high-low)*r.Float64()
	}
	for name, f := range map[string]func(float64) float64{"portable": ours, "math": standard} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := range b.N {
				sink += f(x[i%len(x)])
			}
		})
	}
}
