package logs

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

// The first case of RFC 4231: HMAC-SHA-256 of "Hi There" under twenty bytes 0x0b begins with b0344c61d8db3853.
func TestPseudonymsAreKeyedHashes(t *testing.T) {
	key := []byte(strings.Repeat("\x0b", 20))
	p, err := NewPseudonyms(key)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Of("Hi There"); got != 0xb0344c61d8db3853>>1 {
		t.Errorf("%x", got)
	}
	one := p.Of("customer 1")
	if p.Of("customer 2") == one || p.Of("customer 1") != one {
		t.Error("a number is not one customer's")
	}
	other, _ := NewPseudonyms([]byte(strings.Repeat("\x0c", 20)))
	if other.Of("Hi There") == p.Of("Hi There") {
		t.Error("the key does not matter")
	}
	if n := testing.AllocsPerRun(100, func() { p.Of("customer 1") }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestTheKeyIsNeverShown(t *testing.T) {
	key := "planted-secret-of-31-characters"
	p, _ := NewPseudonyms([]byte(key))
	_, err := NewPseudonyms([]byte(key[:15]))
	if err == nil {
		t.Fatal("a key of 15 bytes is taken")
	}
	said := fmt.Sprintf("%v %+v %#v %s %x %v", p, p, p, p, p, err)
	if strings.Contains(said, key[:15]) || strings.Contains(said, fmt.Sprintf("%x", key[:8])) {
		t.Errorf("%q", said)
	}
}

func TestSmallGroupsAreNotPublished(t *testing.T) {
	count := func(sizes ...int) (groups []GroupCount) {
		for i, n := range sizes {
			groups = append(groups, GroupCount{fmt.Sprint("g", i), n})
		}
		return groups
	}
	for _, c := range []struct {
		sizes []int
		want  string
		of    string
	}{
		{[]int{30, 20, 10}, "[{g0 30} {g1 20} {g2 10}]", "[0 1 2]"},
		{[]int{6, 30, 7}, "[{g1 30} {rest 13}]", "[1 0 1]"},
		{[]int{3, 30, 12}, "[{g1 30} {rest 15}]", "[1 0 1]"}, // 3 alone could be had from the total
		{[]int{3, 30}, "[{rest 33}]", "[0 0]"},
		{[]int{3, 4}, "[]", "[-1 -1]"},
		{[]int{0, 12}, "[{g1 12}]", "[-1 0]"},
		{nil, "[]", "[]"},
	} {
		published, of, err := Publishable(count(c.sizes...), 10)
		if err != nil || fmt.Sprint(published) != c.want || fmt.Sprint(of) != c.of {
			t.Errorf("%v: %v %v %v, want %s %s", c.sizes, published, of, err, c.want, c.of)
		}
	}
	for _, c := range []struct {
		groups []GroupCount
		least  int
	}{{count(1), 0}, {count(-1), 5}, {[]GroupCount{{Rest, 1}}, 5}} {
		if _, _, err := Publishable(c.groups, c.least); err == nil {
			t.Errorf("%v with least %d", c.groups, c.least)
		}
	}
}

// Of 100,000 draws, the mean and each of the shares lie within five standard errors of the law's, one false alarm in 10^5.
func TestNoiseHasTheStatedLaw(t *testing.T) {
	const n = 100_000
	stream := rng.New(1, 0).Family("noise").At()
	noisy, err := AddNoise(make([]int, n), 1, 2, &stream)
	if err != nil {
		t.Fatal(err)
	}
	q := math.Exp(-0.5)
	if sd := math.Sqrt(2*q) / (1 - q); math.Abs(noisy.StandardDeviation-sd) > 1e-12 || noisy.Epsilon != 1 || noisy.Contribution != 2 {
		t.Errorf("stated %+v", noisy)
	}
	total, of := 0.0, map[int]float64{}
	for _, k := range noisy.Counts {
		total += float64(k)
		of[k]++
	}
	if math.Abs(total/n) > 5*noisy.StandardDeviation/math.Sqrt(n) {
		t.Errorf("the mean is %v", total/n)
	}
	for k := -6; k <= 6; k++ {
		p := (1 - q) / (1 + q) * math.Pow(q, math.Abs(float64(k)))
		if math.Abs(of[k]/n-p) > 5*math.Sqrt(p*(1-p)/n) {
			t.Errorf("%d comes with %v, want %v", k, of[k]/n, p)
		}
	}
	for _, c := range []struct {
		epsilon      float64
		contribution int
	}{{0, 1}, {math.NaN(), 1}, {-1, 1}, {math.Inf(1), 1}, {1, 0}} {
		if _, err := AddNoise([]int{1}, c.epsilon, c.contribution, &stream); err == nil {
			t.Errorf("ε = %v with %d counts a customer is taken", c.epsilon, c.contribution)
		}
	}
}

func BenchmarkPseudonyms(b *testing.B) {
	p, err := NewPseudonyms([]byte(strings.Repeat("k", 32)))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		p.Of("customer 1234567")
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ids/s")
}
