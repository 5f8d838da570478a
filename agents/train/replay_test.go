package train

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"math"
	"math/big"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"testing"

	"github.com/souk-sim/souk/market/oligopoly"
	"github.com/souk-sim/souk/scenarios/data/shared"
	"github.com/souk-sim/souk/scenarios/field"
)

// baseline is the published one of Calvano et al. (2020).
func baseline(t testing.TB) (*Replay, *oligopoly.Game) {
	from, to := 1.427725, 1.970185
	cfg := &oligopoly.Config{
		Demand: oligopoly.Demand{Kind: "logit", Options: &oligopoly.Logit{Scale: 0.25}},
		Firms:  []oligopoly.Firm{{Name: "one", Cost: 1, Quality: 2}, {Name: "two", Cost: 1, Quality: 2}},
		Size:   1, Ladder: oligopoly.Ladder{Rungs: 15, From: &from, To: &to},
		Moves: "simultaneous", Memory: 1, Discount: 0.95, Horizon: 100, End: "truncate",
	}
	g, err := oligopoly.New(cfg, 1)
	if err != nil {
		t.Fatal(err)
	}
	r := &Replay{
		World: g, LearningRate: []float64{0.15, 0.15}, Decay: []float64{4e-6, 4e-6}, Converged: 100_000, Periods: 1_250_000_000,
	}
	for i := range 2 {
		values, err := g.InitialValues(&oligopoly.Initial{Kind: "random-rivals"}, i, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Values = append(r.Values, values)
	}
	return r, g
}

// published are the rows of the replication archive's baseline: session, whether it converged, when in episodes of 25,000 periods, and its cycle's length.
func published(t testing.TB) [][]string {
	t.Helper()
	file, err := os.Open(shared.Path(t, "oracle", "calvano2020_sessions.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows[1:]
}

// Every session reaches the published time to convergence and the published cycle: the first n of them.
func reachThePublished(t *testing.T, n int) {
	t.Helper()
	rows := published(t)
	r, g := baseline(t)
	err := r.Sessions(context.Background(), n, runtime.GOMAXPROCS(0), func(session int, o *ReplayOutcome) error {
		p, err := g.Profile(o.Strategies)
		if err != nil {
			return err
		}
		converged := 0
		if o.Converged {
			converged = 1
		}
		got := []string{
			strconv.Itoa(session), strconv.Itoa(converged),
			fmt.Sprintf("%.2f", float64(o.Periods-r.Converged)/25_000), strconv.Itoa(len(p.Cycle(o.State).States)),
		}
		if want := rows[session-1]; !slices.Equal(got, want) {
			t.Errorf("session %d: %v, published %v", session, got, want)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestReplayReachesThePublishedSessions(t *testing.T) { reachThePublished(t, 12) }

// small is a session of n firms with three rungs each, quickly learned; cross is by how much a rival's price matters.
func small(t testing.TB, n int, cross float64, change func(*oligopoly.Config)) *Replay {
	t.Helper()
	cfg := &oligopoly.Config{
		Demand: oligopoly.Demand{Kind: "linear", Options: &oligopoly.Linear{Slope: 1, Cross: cross}},
		Size:   1, Ladder: oligopoly.Ladder{List: []float64{1.5, 3, 4.5}},
		Moves: "simultaneous", Memory: 1, Discount: 0.9, Horizon: 100, End: "truncate",
	}
	for i := range n {
		cfg.Firms = append(cfg.Firms, oligopoly.Firm{Name: strconv.Itoa(i), Cost: 1, Quality: 5})
	}
	if change != nil {
		change(cfg)
	}
	g, err := oligopoly.New(cfg, 1)
	if err != nil {
		t.Fatal(err)
	}
	r := &Replay{World: g, Converged: 500, Periods: 200_000}
	for range n {
		r.LearningRate = append(r.LearningRate, 0.2)
		r.Decay = append(r.Decay, 1e-3)
		r.Values = append(r.Values, make([]float64, g.States()*3))
	}
	return r
}

func TestReplayDoesNotDependOnTheNumberOfWorkers(t *testing.T) {
	for _, c := range []struct {
		firms, memory int
		boltzmann     bool
	}{{1, 1, false}, {2, 0, false}, {2, 2, false}, {3, 1, false}, {2, 1, true}} {
		r := small(t, c.firms, 0.2, func(cfg *oligopoly.Config) { cfg.Memory = c.memory })
		r.Boltzmann = c.boltzmann
		var runs [2][]ReplayOutcome
		for k, workers := range []int{1, 3} {
			if err := r.Sessions(context.Background(), 7, workers, func(session int, o *ReplayOutcome) error {
				if session != len(runs[k])+1 {
					t.Errorf("%+v: session %d comes after %d others", c, session, len(runs[k]))
				}
				runs[k] = append(runs[k], *o)
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		if !reflect.DeepEqual(runs[0], runs[1]) {
			t.Errorf("%+v: differs with the workers", c)
		}
		if reflect.DeepEqual(runs[0][0].Strategies, runs[0][1].Strategies) && runs[0][0].Periods == runs[0][1].Periods {
			t.Errorf("%+v: sessions 1 and 2 are the same", c)
		}
		for k, o := range runs[0] {
			if !o.Converged || len(o.Strategies) != c.firms || o.State < 0 || o.State >= len(o.Strategies[0]) {
				t.Errorf("%+v: session %d: %+v", c, k+1, o)
			}
		}
	}
}

// Where nobody's price matters to another, all end at the one that earns most, $3 of 1.5, 3 and 4.5: (p − 1)(5 − p).
func TestReplayFindsTheDominantRung(t *testing.T) {
	r := small(t, 2, 0, nil)
	if err := r.Sessions(context.Background(), 20, 2, func(session int, o *ReplayOutcome) error {
		state := o.State
		for range 10 {
			state = int(o.Strategies[0][state])*3 + int(o.Strategies[1][state])
		}
		if state != 1*3+1 {
			t.Errorf("session %d ends at joint choice %d", session, state)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}

// A session that cannot have been stable for long enough is given up one period after its last.
func TestReplayGivesUp(t *testing.T) {
	r := small(t, 2, 0.2, nil)
	r.Converged, r.Periods = 5000, 3000
	if err := r.Sessions(context.Background(), 1, 1, func(_ int, o *ReplayOutcome) error {
		if o.Converged || o.Periods != 3001 {
			t.Errorf("%+v", o)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}

func TestReplayStopsEarly(t *testing.T) {
	r := small(t, 2, 0.2, nil)
	ctx, stop := context.WithCancelCause(context.Background())
	enough := errors.New("enough")
	stop(enough)
	if err := r.Sessions(ctx, 50, 2, func(int, *ReplayOutcome) error { return nil }); !errors.Is(err, enough) {
		t.Errorf("cancelled: %v", err)
	}
	told := 0
	if err := r.Sessions(context.Background(), 50, 2, func(int, *ReplayOutcome) error { told++; return enough }); !errors.Is(err, enough) || told != 1 {
		t.Errorf("after %d outcomes: %v", told, err)
	}
}

func TestReplayRefusesWhatDoesNotFit(t *testing.T) {
	alternating := func(cfg *oligopoly.Config) { cfg.Moves = "alternating" }
	undiscounted := func(cfg *oligopoly.Config) { cfg.Discount = 1 }
	long := small(t, 2, 0.2, nil)
	long.World = small(t, 2, 0.2, func(cfg *oligopoly.Config) { cfg.Memory = 16 }).World
	for name, bad := range map[string]struct {
		replay *Replay
		spoil  func(*Replay)
	}{
		"turns":                  {small(t, 2, 0.2, alternating), nil},
		"no discounting":         {small(t, 2, 0.2, undiscounted), nil},
		"too many states":        {long, nil},
		"one learning rate":      {nil, func(r *Replay) { r.LearningRate = r.LearningRate[:1] }},
		"learning rate above 1":  {nil, func(r *Replay) { r.LearningRate[0] = 1.1 }},
		"exploration that grows": {nil, func(r *Replay) { r.Decay[1] = -1 }},
		"few values":             {nil, func(r *Replay) { r.Values[0] = r.Values[0][1:] }},
		"values of one":          {nil, func(r *Replay) { r.Values = r.Values[:1] }},
		"converged at once":      {nil, func(r *Replay) { r.Converged = 0 }},
	} {
		r := bad.replay
		if r == nil {
			r = small(t, 2, 0.2, nil)
			bad.spoil(r)
		}
		var wrong *field.Error
		if err := r.Sessions(context.Background(), 1, 1, func(int, *ReplayOutcome) error { return nil }); !errors.As(err, &wrong) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The generator against its definition in whole numbers, and the first number of seed 1, 0.2853809 in single precision (Press et al. 1992).
func TestLecuyerFollowsItsDefinition(t *testing.T) {
	for _, seed := range []int{1, 2, 999} {
		x, y := big.NewInt(int64(seed)), big.NewInt(int64(seed))
		step := func(v *big.Int, factor, modulus int64) int64 {
			v.Mod(v.Mul(v, big.NewInt(factor)), big.NewInt(modulus))
			return v.Int64()
		}
		var table [32]int64
		for k := range 40 {
			if v := step(x, 40014, 2147483563); k >= 8 {
				table[39-k] = v
			}
		}
		last := table[0]
		g := newLecuyer(seed)
		var draws [3]uint32
		for n := range 20_000 {
			if n%3 == 0 {
				g.fill(draws[:])
			}
			v, w := step(x, 40014, 2147483563), step(y, 40692, 2147483399)
			place := last / (1 + 2147483562/32)
			last, table[place] = table[place]-w, v
			if last < 1 {
				last += 2147483562
			}
			if int64(draws[n%3]) != last {
				t.Fatalf("seed %d: number %d is %d, by definition %d", seed, n, draws[n%3], last)
			}
		}
	}
	first := []uint32{0}
	newLecuyer(1).fill(first)
	if u := uniform(first[0]); math.Abs(u-0.2853809) > 5e-8 {
		t.Errorf("the first number of seed 1 is %v", u)
	}
	if u := uniform(firstModulus - 1); u != 1-1.2e-7 {
		t.Errorf("the highest number is %v", u)
	}
}

// The pace of the published baseline's session 1, on one core.
func BenchmarkReplay(b *testing.B) {
	r, _ := baseline(b)
	periods := uint64(0)
	b.ReportAllocs()
	for range b.N {
		o, err := r.play(context.Background(), 1)
		if err != nil {
			b.Fatal(err)
		}
		periods += o.Periods
	}
	b.ReportMetric(float64(periods)/b.Elapsed().Seconds(), "periods/s")
}
