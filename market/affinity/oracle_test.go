package affinity

import (
	"bufio"
	"encoding/json"
	"math"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/souk-sim/souk/scenarios/data/shared"
)

// jester is ../shared/data/ratings/jester5k.csv, users and items numbered from 0.
func jester(t testing.TB) *Ratings {
	path := shared.Path(t, "data", "ratings", "jester5k.csv")
	return sync.OnceValue(func() *Ratings {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		r := &Ratings{Users: 5000, Items: 100}
		lines := bufio.NewScanner(f)
		lines.Scan()
		for lines.Scan() {
			parts := strings.Split(lines.Text(), ",")
			user, err1 := strconv.Atoi(parts[0])
			item, err2 := strconv.Atoi(parts[1])
			value, err3 := strconv.ParseFloat(parts[2], 64)
			if err1 != nil || err2 != nil || err3 != nil {
				t.Fatal(lines.Text())
			}
			r.User, r.Item, r.Value = append(r.User, int32(user-1)), append(r.Item, int32(item-1)), append(r.Value, value)
		}
		return r
	})()
}

// fifth is the oracle's test: row index % 5 == 0.
func fifth(row int) bool { return row%5 == 0 }

type oracleBias struct {
	RMSE      float64   `json:"rmse"`
	MAE       float64   `json:"mae"`
	Objective float64   `json:"train_objective"`
	User      []float64 `json:"b_user_1_3"`
	Item      []float64 `json:"b_item_1_3"`
}

type oracleRatings struct {
	Mean      float64               `json:"global_mean_train"`
	Global    float64               `json:"rmse_global"`
	ItemMean  float64               `json:"rmse_item_mean"`
	UserMean  float64               `json:"rmse_user_mean"`
	Small     oracleBias            `json:"bias_ridge_lambda_0.1"`
	Middle    oracleBias            `json:"bias_ridge_lambda_5"`
	Large     oracleBias            `json:"bias_ridge_lambda_25"`
	ALS       map[string]oracleBias `json:"als"`
	Neighbour oracleBias            `json:"item_knn30_adjcos_shrink25"`
}

func oracle(t testing.TB) oracleRatings {
	b, err := os.ReadFile(shared.Path(t, "oracle", "ratings_baselines.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all struct {
		Jester oracleRatings `json:"jester5k"`
	}
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	return all.Jester
}

func near(t *testing.T, what string, got, want, relative float64) {
	t.Helper()
	if !(math.Abs(got-want) <= relative*math.Abs(want)) {
		t.Errorf("%s: %.15g, want %.15g", what, got, want)
	}
}

func rmse(t *testing.T, m Recommender, err error, test *Ratings) RatingError {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	e, err := EvaluateRatings(m.(Predictor), test)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestBaselinesEqualThoseOfNumpy(t *testing.T) {
	want := oracle(t)
	train, test := jester(t).SplitRows(fifth)
	m, err := FitGlobalMean(train, Options{})
	near(t, "global", rmse(t, m, err, test).RMSE, want.Global, 1e-12)
	near(t, "mean", m.Mean, want.Mean, 1e-12)
	m, err = FitItemMean(train, Options{})
	near(t, "item mean", rmse(t, m, err, test).RMSE, want.ItemMean, 1e-12)
	m, err = FitUserMean(train, Options{})
	near(t, "user mean", rmse(t, m, err, test).RMSE, want.UserMean, 1e-12)
	for lambda, want := range map[float64]oracleBias{0.1: want.Small, 5: want.Middle, 25: want.Large} {
		m, err := FitBiases(train, Options{Lambda: lambda})
		e := rmse(t, m, err, test)
		near(t, "rmse", e.RMSE, want.RMSE, 1e-8)
		near(t, "mae", e.MAE, want.MAE, 1e-8)
		objective := 0.0
		for i, v := range train.Value {
			objective += math.Pow(v-m.Predict(int(train.User[i]), int(train.Item[i])), 2)
		}
		objective += lambda * (dot(m.UserBias, m.UserBias) + dot(m.ItemBias, m.ItemBias))
		near(t, "objective", objective, want.Objective, 1e-10)
		for i := range 3 {
			near(t, "user bias", m.UserBias[i], want.User[i], 1e-6)
			near(t, "item bias", m.ItemBias[i], want.Item[i], 1e-6)
		}
	}
}

func TestALSEqualsThatOfNumpy(t *testing.T) {
	want := oracle(t)
	train, test := jester(t).SplitRows(fifth)
	for name, o := range map[string]Options{"k5_L0.05": {Rank: 5, Lambda: 0.05}, "k10_L0.05": {Rank: 10, Lambda: 0.05}, "k10_L0.1": {Rank: 10, Lambda: 0.1}, "k20_L0.1": {Rank: 20, Lambda: 0.1}} {
		o.Workers = 2
		m, err := FitALS(train, o)
		e := rmse(t, m, err, test)
		near(t, name+" rmse", e.RMSE, want.ALS[name].RMSE, 1e-6)
		near(t, name+" objective", weighted(m, train, o.Lambda), want.ALS[name].Objective, 1e-6)
	}
}

func weighted(m *Factors, r *Ratings, lambda float64) float64 {
	objective := 0.0
	for i, v := range r.Value {
		u, item := r.User[i], r.Item[i]
		p, q := vector(m.User, u, m.Rank), vector(m.Item, item, m.Rank)
		objective += math.Pow(v-m.Predict(int(u), int(item)), 2) + lambda*(dot(p, p)+dot(q, q))
	}
	return objective
}

func TestItemNeighboursEqualThoseOfNumpy(t *testing.T) {
	want := oracle(t).Neighbour
	train, test := jester(t).SplitRows(fifth)
	m, err := FitNeighbours(train, Options{Neighbours: 30, Shrinkage: 25, Workers: 2})
	e := rmse(t, m, err, test)
	near(t, "rmse", e.RMSE, want.RMSE, 1e-9)
	near(t, "mae", e.MAE, want.MAE, 1e-9)
}

// TestBayesPredictsJesterWithTheDefaults asks 4.015; the defaults were chosen on a sixth of the training rows.
func TestBayesPredictsJesterWithTheDefaults(t *testing.T) {
	train, test := jester(t).SplitRows(fifth)
	m, err := FitBayes(train, Options{Workers: 2})
	if e := rmse(t, m, err, test); e.RMSE > 4.015 {
		t.Errorf("%+v", e)
	}
}
