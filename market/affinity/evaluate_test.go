package affinity

import (
	"math"
	"testing"
)

// TestRankingMeasuresAreThoseWorkedByHand ranks five items 4, 3, 2, 1, 0 for two users. User 0 knows item 4, so that her list of two is 3
// and 2, of which 2 is relevant, as is 0: precision 1/2, recall 1/2, gain 1/log2(3) of 1 + 1/log2(3), average precision (1/2)/2. User 1
// wants item 4 alone: precision 1/2, the rest 1. Items 2, 3 and 4 are in a list.
func TestRankingMeasuresAreThoseWorkedByHand(t *testing.T) {
	m := &Popularity{Users: 3, Counts: []float64{0, 1, 2, 3, 4}}
	train := &Ratings{Users: 3, Items: 5, User: []int32{0, 2}, Item: []int32{4, 0}, Value: []float64{5, 5}}
	test := &Ratings{Users: 3, Items: 5, User: []int32{0, 0, 0, 0, 1, 2}, Item: []int32{2, 0, 4, 1, 4, 0}, Value: []float64{4, 5, 5, 1, 4, 5}}
	q, err := EvaluateRanking(m, train, test, 2, 4)
	if err != nil || q.K != 2 || q.Users != 2 {
		t.Fatal(q, err)
	}
	second := 1 / math.Log2(3)
	near(t, "precision", q.Precision, 0.5, 1e-15)
	near(t, "recall", q.Recall, 0.75, 1e-15)
	near(t, "ndcg", q.NDCG, (second/(1+second)+1)/2, 1e-15)
	near(t, "map", q.MAP, (0.25+1)/2, 1e-15)
	near(t, "coverage", q.Coverage, 0.6, 1e-15)
	if _, err := EvaluateRanking(m, train, test, 0, 4); err == nil {
		t.Error("no list")
	}
	if _, err := EvaluateRanking(&Popularity{Users: 3, Counts: make([]float64, 4)}, train, test, 2, 4); err == nil {
		t.Error("four items are not five")
	}
}

func TestBestIsASort(t *testing.T) {
	scores := []float64{3, 1, math.NaN(), 7, 7, -2, 3}
	for k, want := range [][]int32{{}, {4}, {4, 0}, {4, 0, 6}, {4, 0, 6, 1}, {4, 0, 6, 1, 5}, {4, 0, 6, 1, 5, 2}, {4, 0, 6, 1, 5, 2}} {
		if k == 0 {
			continue
		}
		list := best(scores, []int32{3}, k, nil)
		if len(list) != len(want) {
			t.Fatal(k, list)
		}
		for i := range want {
			if list[i].item != want[i] {
				t.Error(k, list)
			}
		}
	}
}
