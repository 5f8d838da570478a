//go:build long

package demand

import "testing"

func TestSearchFindsTheBestOfManyStartsAtLength(t *testing.T) {
	series := map[string]int{"AirPassengers": 12, "LakeHuron": 1, "Nile": 1, "UKgas": 4, "USAccDeaths": 12, "WWWusage": 1, "lh": 1, "lynx": 1,
		"nottem": 12, "presidents": 4, "sunspot.year": 1, "uspop": 1}
	missed, fits := searchMisses(t, series, 100)
	if missed > fits/20 {
		t.Errorf("%d of %d fits miss the best of 100 random starts, more than 5%%", missed, fits)
	}
}
