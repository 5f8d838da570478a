package estimators

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/souk-sim/souk/market/logs"
)

const (
	// fewWords are as many as a category has that nobody vouches for: coefficients name words, and a column of more may name people.
	fewWords = 20
	// fewCodes are as many different whole numbers as codes of something have.
	fewCodes = 20
	// cardDigits are those from which whole numbers that all have as many are taken for the numbers of cards, accounts or telephones.
	cardDigits = 6
)

// doubt looks at what a column holds, where no option says what it is, before its words are shown as names of coefficients: leave says that
// it is not to be learnt from. No warning shows a cell.
func (m *Intention) doubt(r logs.Records, j int) (warning string, leave bool) {
	name := r.Names[j]
	if words := r.Words[j]; r.Word[j] != nil {
		if slices.Contains(m.Categories, name) {
			return "", false
		}
		what := fmt.Sprintf("%d different words", len(words))
		if len(words) <= fewWords {
			if !likeIDs(words) {
				return "", false
			}
			what = "words with numbers in them, as ids have"
		}
		return fmt.Sprintf("%s holds %s, and is left out: --id %s if it tells whose a session is, --categories %s if it is a category whose words may be shown; --without %s says neither",
			name, what, name, name, name), true
	}
	if slices.Contains(m.Log, name) {
		return "", false
	}
	distinct, integers := map[float64]bool{}, true
	least, most := math.Inf(1), math.Inf(-1)
	for _, v := range r.Number[j] {
		integers = integers && v == math.Trunc(v)
		distinct[v] = true
		least, most = min(least, v), max(most, v)
	}
	switch card := least >= math.Pow10(cardDigits-1) && math.Log10(most) < math.Floor(math.Log10(least))+1; {
	case !integers || slices.Contains(m.Features, name) && len(distinct) > fewCodes:
	case len(distinct) > fewCodes && (len(distinct) == r.Rows || card):
		return fmt.Sprintf("%s holds whole numbers as an id does, and is left out: --id %s if it tells whose a session is, --log %s if it is an amount; --without %s says neither",
			name, name, name, name), true
	case len(distinct) > 2 && len(distinct) <= fewCodes && least >= 1: // counts have zeros
		return fmt.Sprintf("%s has %d different whole numbers, and is taken for an amount: --categories %s if they are codes", name, len(distinct), name), false
	}
	return "", false
}

// likeIDs says whether most words hold a digit.
func likeIDs(words []string) bool {
	n := 0
	for _, w := range words {
		if strings.ContainsAny(w, "0123456789") {
			n++
		}
	}
	return 2*n > len(words)
}
