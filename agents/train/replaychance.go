package train

// lecuyer is the generator of Calvano et al. (2020), "ran2" of Press et al. (1992, Numerical Recipes, §7.1): the difference of two multiplicative
// congruential generators (L'Ecuyer 1988, Communications of the ACM 31(6)), of which the first passes through a table of 32 that the latest difference shuffles
// (Bays & Durham 1976, ACM Transactions on Mathematical Software 2(1)).
type lecuyer struct {
	first, second, last uint64
	table               [32]uint64
}

const (
	firstModulus, firstFactor   = 2147483563, 40014
	secondModulus, secondFactor = 2147483399, 40692

	shelf = 1 + (firstModulus-1)/32 // differences of one place in the table
)

// newLecuyer is the generator of a seed, at least 1.
func newLecuyer(seed int) *lecuyer {
	g := &lecuyer{first: uint64(seed), second: uint64(seed)}
	for place := 39; place >= 0; place-- {
		g.first = g.first * firstFactor % firstModulus
		if place < len(g.table) {
			g.table[place] = g.first
		}
	}
	g.last = g.table[0]
	return g
}

// fill draws whole numbers of 1 to firstModulus − 1; uniform makes of one a number in (0, 1).
func (g *lecuyer) fill(draws []uint32) {
	first, second, last := g.first, g.second, g.last
	for k := range draws {
		first = first * firstFactor % firstModulus
		second = second * secondFactor % secondModulus
		place := &g.table[uint32(last)/shelf%32]
		last = *place - second
		if *place <= second {
			last += firstModulus - 1
		}
		*place = first
		draws[k] = uint32(last)
	}
	g.first, g.second, g.last = first, second, last
}

// uniform is what a draw is on (0, 1): never more than 1 − 1.2·10⁻⁷, single precision's next number below 1 or so.
func uniform(draw uint32) float64 {
	const scale, most = 1.0 / firstModulus, 1 - 1.2e-7
	if u := scale * float64(draw); u < most {
		return u
	}
	return most
}

// below is a uniform choice from 0 to n − 1.
func below(n int, draw uint32) int { return int(float64(float64(n) * uniform(draw))) }
