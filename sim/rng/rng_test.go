package rng

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/souk-sim/souk/sim/portable"
)

// gonum's samplers take a *Stream.
var _ rand.Source = (*Stream)(nil)

// checkFit compares counts with expected ones by Pearson's chi-square. A right generator fails one check with
// probability 1e-6 (Wilson & Hilferty's approximation of the quantile); this package makes about 300.
func checkFit(t *testing.T, what string, counts []int, expected func(cell int) float64) {
	t.Helper()
	var chiSquare, degrees float64
	for i, n := range counts {
		d := float64(n) - expected(i)
		chiSquare += d * d / expected(i)
		degrees++
	}
	degrees--
	v := 2 / (9 * degrees)
	if critical := degrees * math.Pow(1-v+4.7534*math.Sqrt(v), 3); !(chiSquare < critical) {
		t.Errorf("%s: chi-square %.1f with %v degrees of freedom, critical value %.1f", what, chiSquare, degrees, critical)
	}
}

func evenly(total, cells int) func(int) float64 {
	return func(int) float64 { return float64(total) / float64(cells) }
}

func TestFirstDrawsAreUniformOverFamiliesIdsAndReplications(t *testing.T) {
	const draws, cells = 1 << 15, 256
	for name, draw := range map[string]func(i uint64) Stream{
		"ids":             func(i uint64) Stream { return New(1, 0).Family("shopper").At(i) },
		"second ids":      func(i uint64) Stream { return New(1, 0).Family("shopper").At(3, i) },
		"third ids":       func(i uint64) Stream { return New(1, 0).Family("shopper").At(3, 4, i) },
		"ids far apart":   func(i uint64) Stream { return New(1, 0).Family("shopper").At(i << 40) },
		"families":        func(i uint64) Stream { return New(1, 0).Family(fmt.Sprint("family ", i)).At() },
		"replications":    func(i uint64) Stream { return New(1, i).Family("shopper").At(5) },
		"seeds":           func(i uint64) Stream { return New(i, 0).Family("shopper").At(5) },
		"seeds far apart": func(i uint64) Stream { return New(i<<32, 0).Family("shopper").At(5) },
	} {
		for depth := range 4 { // the draws of each stream that come first matter most
			var top, bottom [cells]int
			for i := range uint64(draws) {
				s := draw(i)
				for range depth {
					s.Uint64()
				}
				u := s.Uint64()
				top[u>>56]++
				bottom[u&0xff]++
			}
			checkFit(t, fmt.Sprintf("%s, draw %d, high bits", name, depth), top[:], evenly(draws, cells))
			checkFit(t, fmt.Sprintf("%s, draw %d, low bits", name, depth), bottom[:], evenly(draws, cells))
		}
	}
}

func TestNeighbouringStreamsAreIndependent(t *testing.T) {
	const pairs, side = 1 << 16, 16
	family := New(1, 0).Family("shopper")
	for name, pair := range map[string]func(i uint64) (a, b Stream){
		"ids":           func(i uint64) (a, b Stream) { return family.At(2 * i), family.At(2*i + 1) },
		"second ids":    func(i uint64) (a, b Stream) { return family.At(1, 2*i), family.At(1, 2*i+1) },
		"ids exchanged": func(i uint64) (a, b Stream) { return family.At(i, i+1), family.At(i+1, i) },
		"more ids":      func(i uint64) (a, b Stream) { return family.At(i), family.At(i, 0) },
		"families":      func(i uint64) (a, b Stream) { return family.At(i), New(1, 0).Family("shoppes").At(i) },
		"replications":  func(i uint64) (a, b Stream) { return New(1, 2*i).Family("x").At(), New(1, 2*i+1).Family("x").At() },
		"seeds":         func(i uint64) (a, b Stream) { return New(2*i, 7).Family("x").At(), New(2*i+1, 7).Family("x").At() },
		"seed as id":    func(i uint64) (a, b Stream) { return New(i, 0).Family("x").At(9), New(9, 0).Family("x").At(i) },
		"draws":         func(i uint64) (a, b Stream) { a, b = family.At(i), family.At(i); b.Uint64(); return },
	} {
		for depth := range 2 {
			var cells [side * side]int
			var equalBits [64]int
			for i := range uint64(pairs) {
				a, b := pair(i)
				for range depth {
					a.Uint64()
					b.Uint64()
				}
				u, v := a.Uint64(), b.Uint64()
				cells[u>>60*side+v>>60]++
				for bit := range equalBits {
					equalBits[bit] += int(^(u^v)>>bit) & 1
				}
			}
			checkFit(t, fmt.Sprintf("%s, draw %d", name, depth), cells[:], evenly(pairs, side*side))
			for bit, n := range equalBits { // 6 standard deviations: 2e-9 each, 1152 checks
				if d := math.Abs(float64(n)-pairs/2) / math.Sqrt(pairs/4); d > 6 {
					t.Errorf("%s, draw %d: bit %d agrees %d times of %d", name, depth, bit, n, pairs)
				}
			}
		}
	}
}

// The state has 128 bits: two of the sample would be alike with probability 1e-26.
func TestNoTwoAddressesShareAStream(t *testing.T) {
	seen := make(map[[16]byte]string, 400_000)
	add := func(s Stream, address func() string) {
		state, _ := s.MarshalBinary()
		if before, ok := seen[[16]byte(state)]; ok {
			t.Fatalf("%s and %s are one stream", before, address())
		}
		seen[[16]byte(state)] = address()
	}
	names := []string{"", "a", "b", "ab", "ba", "arrivals", "arrival", "shoppers", "demand", "Demand"}
	for seed := range uint64(4) {
		for replication := range uint64(5) {
			for _, name := range names {
				address := func(ids ...any) func() string {
					return func() string { return fmt.Sprint(seed, replication, name, ids) }
				}
				f := New(seed, replication).Family(name)
				add(f.At(), address())
				for i := range uint64(40) {
					add(f.At(i), address(i))
					add(f.At(i, i, i), address(i, i, i))
					for j := range uint64(40) {
						add(f.At(i, j), address(i, j))
					}
				}
			}
		}
	}
	t.Logf("%d addresses, as many streams", len(seen))
}

// O'Neill's PCG XSL RR 128/64, again in big integers from the paper's definition (HMC-CS-2014-0905, §6.3.3).
func TestStreamIsPCG(t *testing.T) {
	s := New(1, 2).Family("pcg").At(3)
	bytes, _ := s.MarshalBinary()
	state := new(big.Int).SetBytes(bytes)
	multiplier, _ := new(big.Int).SetString("47026247687942121848144207491837523525", 10)
	increment, _ := new(big.Int).SetString("117397592171526113268558934119004209487", 10)
	mask := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 128), big.NewInt(1))
	for range 1000 {
		state.And(state.Add(state.Mul(state, multiplier), increment), mask)
		high := new(big.Int).Rsh(state, 64).Uint64()
		low := new(big.Int).And(state, new(big.Int).SetUint64(math.MaxUint64)).Uint64()
		rotation := high >> 58
		want := (high^low)>>rotation | (high^low)<<(64-rotation)
		if got := s.Uint64(); got != want {
			t.Fatalf("Uint64 = %x, PCG gives %x", got, want)
		}
	}
}

func TestAStreamResumesFromItsMarshalledPosition(t *testing.T) {
	s := New(1, 2).Family("checkpoint").At(3)
	for range 17 {
		s.Uint64()
	}
	position, err := s.MarshalBinary()
	if err != nil || len(position) != binary.Size([2]uint64{}) {
		t.Fatalf("position of %d bytes, error %v", len(position), err)
	}
	var resumed Stream
	if err := resumed.UnmarshalBinary(position); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if a, b := s.Uint64(), resumed.Uint64(); a != b {
			t.Fatalf("%x after resuming, %x without", b, a)
		}
	}
	if err := resumed.UnmarshalBinary(position[:15]); err == nil {
		t.Error("a position of 15 bytes was accepted")
	}
}

// A decision takes a fixed number of draws, whatever they turn out to be: that keeps two policies on common numbers.
func TestEveryNumberTakesExactlyOneDraw(t *testing.T) {
	for name, draw := range map[string]func(s *Stream){
		"Float64": func(s *Stream) { s.Float64() }, "Open": func(s *Stream) { s.Open() }, "Normal": func(s *Stream) { s.Normal() },
		"Exponential": func(s *Stream) { s.Exponential() }, "Intn": func(s *Stream) { s.Intn(7) },
	} {
		for id := range uint64(200) {
			a := New(1, 1).Family("one").At(id)
			b := a
			draw(&a)
			b.Uint64()
			if a != b {
				t.Errorf("%s took another number of draws than one", name)
			}
		}
	}
}

func TestNumbersFollowTheirDistributions(t *testing.T) {
	const draws, cells = 1 << 17, 128
	for name, toUniform := range map[string]func(s *Stream) float64{
		"Float64":     (*Stream).Float64,
		"Open":        (*Stream).Open,
		"Exponential": func(s *Stream) float64 { return 1 - portable.Exp(-s.Exponential()) },
		"Normal":      func(s *Stream) float64 { return math.Erfc(-s.Normal()/math.Sqrt2) / 2 },
		"Intn":        func(s *Stream) float64 { return (float64(s.Intn(cells)) + 0.5) / cells },
	} {
		s := New(11, 0).Family(name).At()
		var counts [cells]int
		for range draws {
			counts[int(toUniform(&s)*cells)]++
		}
		checkFit(t, name, counts[:], evenly(draws, cells))
	}
}

func TestDrawingDoesNotAllocate(t *testing.T) {
	family := New(1, 0).Family("shopper")
	id, total := uint64(0), 0.0
	if allocations := testing.AllocsPerRun(1000, func() {
		id++
		s := family.At(id, 7)
		total += s.Normal() + s.Exponential() + float64(s.Intn(5))
	}); allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
}

var sink uint64

func BenchmarkAt(b *testing.B) {
	family := New(1, 0).Family("shopper")
	b.ReportAllocs()
	for i := range b.N {
		s := family.At(7, uint64(i))
		sink += s.Uint64()
	}
}

func BenchmarkDraw(b *testing.B) {
	for name, draw := range map[string]func(s *Stream) float64{"Float64": (*Stream).Float64, "Normal": (*Stream).Normal, "Exponential": (*Stream).Exponential} {
		b.Run(name, func(b *testing.B) {
			s := New(1, 0).Family("draws").At()
			total := 0.0
			b.ReportAllocs()
			for range b.N {
				total += draw(&s)
			}
			sink += uint64(math.Abs(total))
		})
	}
}

func FuzzStream(f *testing.F) {
	state, err := new(Stream).MarshalBinary()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(state)
	f.Fuzz(func(t *testing.T, b []byte) {
		var s Stream
		if s.UnmarshalBinary(b) != nil {
			return
		}
		if u := s.Float64(); !(u >= 0 && u < 1) {
			t.Errorf("%v is drawn from %x", u, b)
		}
	})
}
