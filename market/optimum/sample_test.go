package optimum

import "testing"

// diary is a path of three weeks: product 1's deals, and a profit that tells week, reference price and action apart.
type diary struct{ deal [3]bool }

func (d *diary) OnDeal(week, product int) bool { return product == 1 && d.deal[week] }
func (d *diary) Profits(reference float64, action int, byWeek []float64) {
	for t := range byWeek {
		byWeek[t] = 100*float64(t) + reference + 10*float64(action)
	}
}

func TestSampleCountsWhatIsSeenWhenThePriceIsSet(t *testing.T) {
	s := Sample{Paths: []Path{&diary{[3]bool{true, false, false}}, &diary{[3]bool{true, true, false}}}, Weeks: 3, Rivals: []int{1}}
	// States seen in weeks 0, 1, 2 and after: 0 1 0 0 and 0 1 1 0.
	p := s.Transitions()
	agrees(t, "0 → 1", p[0][1], 2./3, 1e-15)
	agrees(t, "1 → 0", p[1][0], 2./3, 1e-15)
	byRival := make([]float64, 2)
	s.Reward(0.5, 2, byRival)
	agrees(t, "reward in state 0", byRival[0], 20.5+(0+0+200)/3., 1e-12)
	agrees(t, "reward in state 1", byRival[1], 20.5+(100+100+200)/3., 1e-12)
	never := Sample{Paths: []Path{&diary{}}, Weeks: 3, Rivals: []int{1}}
	never.Reward(0.5, 2, byRival)
	agrees(t, "the only state", byRival[0], 120.5, 1e-12)
	agrees(t, "a state that does not occur", byRival[1], 120.5, 1e-12)
}
