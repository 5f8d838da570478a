package affinity

import (
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
)

// RatingError is how far predicted ratings are from those given.
type RatingError struct {
	N    int     `json:"n"`
	RMSE float64 `json:"rmse"`
	MAE  float64 `json:"mae"`
}

// EvaluateRatings predicts every row of the test ratings.
func EvaluateRatings(p Predictor, test *Ratings) (RatingError, error) {
	if err := test.Validate(); err != nil {
		return RatingError{}, err
	}
	squares, absolute := 0.0, 0.0
	for i, v := range test.Value {
		e := v - p.Predict(int(test.User[i]), int(test.Item[i]))
		squares += e * e
		absolute += math.Abs(e)
	}
	n := float64(test.Len())
	return RatingError{test.Len(), math.Sqrt(squares / n), absolute / n}, nil
}

// RankingQuality tells how good lists of K items are, each measure the mean over users who have something relevant to find
// (Herlocker, Konstan, Terveen & Riedl 2004).
type RankingQuality struct {
	K         int     `json:"k"`
	Users     int     `json:"users"`     // that had something relevant to find
	Precision float64 `json:"precision"` // relevant in the list / K
	Recall    float64 `json:"recall"`    // relevant in the list / all relevant
	NDCG      float64 `json:"ndcg"`      // Σ 1/log2(rank+1) over the relevant in the list / that of a perfect list (Järvelin & Kekäläinen 2002)
	MAP       float64 `json:"map"`       // Σ precision at the rank of each relevant in the list / min(K, all relevant)
	Coverage  float64 `json:"coverage"`  // items in anybody's list / all items (Ge, Delgado-Battenfeld & Jannach 2010)
}

// EvaluateRanking makes every user of the test ratings a list of the k best items that she has not in the training ratings. Relevant to her
// are the items that she rated as high as relevant or higher in the test and not in the training (−∞: all). Scores that tie go by item
// number; NaN comes last.
func EvaluateRanking(m Recommender, train, test *Ratings, k int, relevant float64) (RankingQuality, error) {
	q := RankingQuality{K: k}
	if err := test.Validate(); err != nil {
		return q, err
	}
	_, items := m.Size()
	switch {
	case k < 1:
		return q, field.New("k", k, "1 or more")
	case test.Items != items || train.Items != items || train.Users != test.Users:
		return q, field.New("ratings", fmt.Sprintf("%d items in the test, %d in the training", test.Items, train.Items), fmt.Sprintf("%d, as the model has, and the same users", items))
	}
	known, wanted := train.byUser(false), test.byUser(false)
	scores, list, mark := make([]float64, items), make([]ranked, 0, min(k, items)), make([]bool, items)
	shown := make([]bool, items)
	for u := range test.Users {
		seen, _ := known.row(u)
		columns, values := wanted.row(u)
		goals := 0
		clear(mark)
		for i, item := range columns {
			if _, had := slices.BinarySearch(seen, item); !had && values[i] >= relevant {
				mark[item] = true
				goals++
			}
		}
		if goals == 0 {
			continue
		}
		m.Score(u, scores)
		list = best(scores, seen, k, list)
		q.add(list, mark, goals)
		for _, place := range list {
			shown[place.item] = true
		}
	}
	n := math.Max(1, float64(q.Users))
	q.Precision, q.Recall, q.NDCG, q.MAP = q.Precision/n, q.Recall/n, q.NDCG/n, q.MAP/n
	for _, s := range shown {
		if s {
			q.Coverage++
		}
	}
	q.Coverage /= float64(items)
	return q, nil
}

// add counts one user's list.
func (q *RankingQuality) add(list []ranked, relevant []bool, goals int) {
	hits, gain, ideal, precision := 0.0, 0.0, 0.0, 0.0
	for rank := range min(q.K, goals) {
		ideal += 1 / math.Log2(float64(rank+2))
	}
	for rank, place := range list {
		if relevant[place.item] {
			hits++
			gain += 1 / math.Log2(float64(rank+2))
			precision += hits / float64(rank+1)
		}
	}
	q.Users++
	q.Precision += hits / float64(q.K)
	q.Recall += hits / float64(goals)
	q.NDCG += gain / ideal
	q.MAP += precision / float64(min(q.K, goals))
}
