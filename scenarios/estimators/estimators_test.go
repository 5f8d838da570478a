package estimators

import (
	"encoding/json"
	"math"
	"testing"
)

// TestAStandardErrorThatCouldNotBeHadIsNull: it is not 0, which would be certainty.
func TestAStandardErrorThatCouldNotBeHadIsNull(t *testing.T) {
	for want, c := range map[string]Coefficient{
		`{"name":"a","estimate":1,"se":null}`:                               {Name: "a", Estimate: 1},
		`{"name":"b","estimate":1,"se":0.5}`:                                {Name: "b", Estimate: 1, SE: 0.5},
		`{"name":"c","estimate":1,"robust_se":2,"clustered_se":3,"se":0.5}`: {Name: "c", Estimate: 1, SE: 0.5, RobustSE: 2, ClusteredSE: 3},
		`{"name":"d","estimate":-1,"se":null}`:                              {Name: "d", Estimate: -1, SE: math.Inf(1)},
	} {
		if got, err := json.Marshal(c); err != nil || string(got) != want {
			t.Errorf("%s, %v, want %s", got, err, want)
		}
	}
}
