package optimum

// Path is what a simulated episode tells once it is over: what any own price would have earned (market.Path is one).
type Path interface {
	// OnDeal says whether a product was on deal in a week of the episode.
	OnDeal(week, product int) bool
	// Profits fills byWeek with the expected reward of each week from the first on, had the own product then stood on an offer
	// at a reference price.
	Profits(reference float64, action int, byWeek []float64)
}

// Sample reduces a market to what a Reduction needs, by averaging over simulated paths: rivals' states, in which bit i says
// that Rivals[i] was on deal in the week before (that is what is seen when the price is set), and rewards that
// average out everything else with its weight in the market. Paths do not depend on the own prices, so any policy may have
// played while they were recorded; they must not be those of the evaluation.
type Sample struct {
	Paths   []Path
	Weeks   int   // of an episode
	Rivals  []int // products whose deals are part of the state
	Opening int   // rivals' state seen in week 0
}

// state is the rivals' state seen when week's price is set.
func (s *Sample) state(path Path, week int) int {
	if week == 0 {
		return s.Opening
	}
	state := 0
	for bit, product := range s.Rivals {
		if path.OnDeal(week-1, product) {
			state |= 1 << bit
		}
	}
	return state
}

// Transitions are the frequencies with which each rivals' state follows each other one. A state that was never left is
// followed by any with its overall frequency.
func (s *Sample) Transitions() [][]float64 {
	n := 1 << len(s.Rivals)
	count, overall, total := make([][]float64, n), make([]float64, n), 0.0
	for i := range count {
		count[i] = make([]float64, n)
	}
	for _, path := range s.Paths {
		for t := range s.Weeks {
			to := s.state(path, t+1)
			count[s.state(path, t)][to]++
			overall[to]++
			total++
		}
	}
	for _, row := range count {
		left := 0.0
		for _, c := range row {
			left += c
		}
		for to := range row {
			if left > 0 {
				row[to] /= left
			} else {
				row[to] = overall[to] / total
			}
		}
	}
	return count
}

// Reward averages over all weeks of all paths, by state; a state that does not occur gets the overall mean. One reward serves all weeks: told week by
// week, a plan would take the luck of the sampled paths for a season.
func (s *Sample) Reward(reference float64, action int, byRival []float64) {
	byWeek, seen := make([]float64, s.Weeks), make([]float64, len(byRival))
	clear(byRival)
	total := 0.0
	for _, path := range s.Paths {
		path.Profits(reference, action, byWeek)
		for t := range s.Weeks {
			k := s.state(path, t)
			byRival[k] += byWeek[t]
			seen[k]++
			total += byWeek[t]
		}
	}
	for k := range byRival {
		if seen[k] > 0 {
			byRival[k] /= seen[k]
		} else {
			byRival[k] = total / float64(len(s.Paths)*s.Weeks)
		}
	}
}
