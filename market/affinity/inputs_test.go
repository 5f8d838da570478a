package affinity

import (
	"math"
	"strings"
	"testing"
)

func TestBadInputIsNamed(t *testing.T) {
	good := func() *Ratings {
		return &Ratings{Users: 2, Items: 2, User: []int32{0, 1}, Item: []int32{0, 1}, Value: []float64{1, 2}}
	}
	for name, c := range map[string]struct {
		spoil func(*Ratings, *Options)
		want  string
	}{
		"empty":            {func(r *Ratings, _ *Options) { *r = Ratings{Users: 1, Items: 1} }, "no rows"},
		"no users":         {func(r *Ratings, _ *Options) { r.Users = 0 }, "users"},
		"no items":         {func(r *Ratings, _ *Options) { r.Items = -1 }, "items"},
		"ragged":           {func(r *Ratings, _ *Options) { r.User = r.User[:1] }, "columns of one length"},
		"times":            {func(r *Ratings, _ *Options) { r.Time = []int64{1} }, "ratings.time"},
		"unseen user":      {func(r *Ratings, _ *Options) { r.User[1] = 2 }, "row 1: user"},
		"unseen item":      {func(r *Ratings, _ *Options) { r.Item[1] = -1 }, "row 1: item"},
		"NaN":              {func(r *Ratings, _ *Options) { r.Value[0] = math.NaN() }, "row 0: value"},
		"infinite":         {func(r *Ratings, _ *Options) { r.Value[0] = math.Inf(1) }, "row 0: value"},
		"negative rank":    {func(_ *Ratings, o *Options) { o.Rank = -1 }, "rank"},
		"NaN lambda":       {func(_ *Ratings, o *Options) { o.Lambda = math.NaN() }, "lambda"},
		"negative workers": {func(_ *Ratings, o *Options) { o.Workers = -1 }, "workers"},
	} {
		r, o := good(), Options{}
		c.spoil(r, &o)
		for _, m := range Methods() {
			if _, err := m.Fit(r, o); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s, %s: %v, want %q in it", m.Name, name, err, c.want)
			}
		}
	}
	for name, o := range map[string]Options{"similarity": {Similarity: "sine"}, "neighbours": {Neighbours: 257}} {
		if _, err := FitNeighbours(good(), o); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Fit("oracle", good(), Options{}); err == nil || !strings.Contains(err.Error(), "popularity") {
		t.Error(err)
	}
}

// TestLittleDataIsEnough fits every method where there is hardly anything to learn from, and asks for scores that are numbers.
func TestLittleDataIsEnough(t *testing.T) {
	for name, r := range map[string]*Ratings{
		"one rating":        {Users: 1, Items: 1, User: []int32{0}, Item: []int32{0}, Value: []float64{3}},
		"one user":          {Users: 1, Items: 3, User: []int32{0, 0, 0}, Item: []int32{0, 1, 2}, Value: []float64{1, 5, 3}},
		"one item":          {Users: 3, Items: 1, User: []int32{0, 1, 2}, Item: []int32{0, 0, 0}, Value: []float64{1, 5, 3}},
		"constant":          {Users: 2, Items: 2, User: []int32{0, 0, 1, 1}, Item: []int32{0, 1, 0, 1}, Value: []float64{4, 4, 4, 4}},
		"nobody rated most": {Users: 50, Items: 40, User: []int32{0, 7}, Item: []int32{0, 9}, Value: []float64{4, 2}},
		"repeated":          {Users: 2, Items: 2, User: []int32{0, 0, 1}, Item: []int32{1, 1, 0}, Value: []float64{4, 2, 5}},
		"large":             {Users: 2, Items: 2, User: []int32{0, 0, 1}, Item: []int32{0, 1, 0}, Value: []float64{4e29, 2e29, 5e29}},
		"small":             {Users: 2, Items: 2, User: []int32{0, 0, 1}, Item: []int32{0, 1, 0}, Value: []float64{4e-30, 2e-30, 5e-30}},
		"no noise":          {Users: 3, Items: 3, User: []int32{0, 0, 0, 1, 1, 1, 2, 2, 2}, Item: []int32{0, 1, 2, 0, 1, 2, 0, 1, 2}, Value: []float64{1, 2, 3, 2, 4, 6, 3, 6, 9}},
	} {
		scores := make([]float64, r.Items)
		for _, method := range Methods() {
			m, err := method.Fit(r, Options{})
			if err != nil {
				t.Errorf("%s, %s: %v", method.Name, name, err)
				continue
			}
			for user := -1; user <= r.Users; user++ {
				m.Score(user, scores)
				if err := numbers("scores", scores, r.Items); err != nil {
					t.Errorf("%s, %s, user %d: %v", method.Name, name, user, err)
				}
				p, explicit := m.(Predictor)
				if explicit != method.Explicit {
					t.Errorf("%s: explicit %v", method.Name, method.Explicit)
				}
				if explicit && name == "constant" && method.Explicit && math.Abs(p.Predict(user, 0)-4) > 1e-9 {
					t.Errorf("%s predicts %v where every rating is 4", method.Name, p.Predict(user, 0))
				}
			}
		}
	}
}

func TestRepeatedPairsAreTheirMeanOrTheirSum(t *testing.T) {
	r := &Ratings{Users: 2, Items: 3, User: []int32{1, 0, 1, 0}, Item: []int32{2, 1, 2, 0}, Value: []float64{1, 7, 4, 9}}
	mean, sum := r.byUser(false), r.byUser(true)
	if columns, values := mean.row(1); len(columns) != 1 || values[0] != 2.5 {
		t.Error(columns, values)
	}
	if columns, values := sum.row(1); columns[0] != 2 || values[0] != 5 {
		t.Error(columns, values)
	}
	if columns, values := sum.row(0); columns[0] != 0 || columns[1] != 1 || values[0] != 9 || values[1] != 7 {
		t.Error(columns, values)
	}
}

func TestSplitByTimeTestsOnlyWhatIsLater(t *testing.T) {
	r := &Ratings{Users: 1, Items: 5, User: make([]int32, 5), Item: []int32{0, 1, 2, 3, 4}, Value: make([]float64, 5), Time: []int64{9, 1, 5, 5, 3}}
	train, test, err := r.SplitByTime(0.4) // one row at 9 and two at 5, which stay together
	if err != nil || train.Len() != 2 || test.Len() != 3 || train.Item[0] != 1 || test.Item[0] != 0 || test.Time[1] != 5 {
		t.Errorf("%+v %+v %v", train, test, err)
	}
	if train, _, _ = r.SplitByTime(0.99); train.Len() != 1 {
		t.Errorf("the rows of the first time are left to learn from, not %+v", train)
	}
	for _, f := range []float64{0, 1, math.NaN()} {
		if _, _, err := r.SplitByTime(f); err == nil {
			t.Error(f)
		}
	}
	r.Time = []int64{2, 2, 2, 2, 2}
	if _, _, err := r.SplitByTime(0.5); err == nil {
		t.Error("one time cannot be split")
	}
	r.Time = nil
	if _, _, err := r.SplitByTime(0.5); err == nil {
		t.Error("no times cannot be split")
	}
}

func TestWarningsSayWhatIsLacking(t *testing.T) {
	r := &Ratings{Users: 2, Items: 3, User: []int32{1, 1}, Item: []int32{2, 2}, Value: []float64{4, 4}}
	said := strings.Join(r.Warnings(), "\n")
	for _, want := range []string{"every value is 4", "1 rows repeat", "1 users without", "2 items without"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not in %q", want, said)
		}
	}
	if w := newWorld(1, 20, 10, 1).rate(0, 1, anyPair).Warnings(); len(w) > 0 {
		t.Error(w)
	}
}
