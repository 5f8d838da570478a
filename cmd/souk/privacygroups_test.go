package main

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
)

// grouped is what is told of groups of customers.
type grouped struct {
	Sizes []int
	Cards []struct {
		Customers  int
		Favourites []struct{ Buyers float64 }
	}
	Frequencies struct {
		Rows []struct{ Observed, Frequency int }
	}
	Holdout *struct {
		Rows []struct{ Customers, Actual int }
	}
	Groups []struct{ Customers int }
}

// TestNoGroupOfFewCustomersIsTold makes groups of one, two and three customers, and finds none of them in what is told.
func TestNoGroupOfFewCustomersIsTold(t *testing.T) {
	logs := plantedFolder(t)
	odd := logs["buys"] // three customers who pay a thousand times as much for what nobody else buys, one of them very often
	for i, days := range []int{1, 2, 25} {
		for d := range days {
			odd = append(odd, []string{plantedID(i), "2023-06-" + string(rune('0'+(d+1)/10)) + string(rune('0'+(d+1)%10)), "9000", "2", "1", "gold", "2", "shop"})
		}
	}
	put(t, "odd.csv", odd.csv())
	const least = 10
	told := func(args ...string) (sizes []int) {
		g := estimateKind[grouped](t, args[0], append(args[1:], "--data", "odd.csv")...)
		sizes = g.Sizes
		for _, c := range g.Cards {
			sizes = append(sizes, c.Customers)
			for _, like := range c.Favourites {
				sizes = append(sizes, int(math.Round(like.Buyers*float64(c.Customers))))
			}
		}
		for _, r := range g.Frequencies.Rows {
			if r.Observed > 0 { // that nobody came back so often is no group
				sizes = append(sizes, r.Observed)
			}
		}
		if g.Holdout != nil {
			for _, r := range g.Holdout.Rows {
				if r.Customers > 0 || r.Actual > 0 {
					sizes = append(sizes, r.Customers)
				}
			}
		}
		for _, x := range g.Groups {
			sizes = append(sizes, x.Customers)
		}
		return sizes
	}
	for _, args := range [][]string{{"kmeans", "--k", "8"}, {"mixture", "--k", "4"}, {"coupon", "--k", "8", "--columns", "discount=coupon", "--from", "2023-04-01", "--folds", "3"},
		{"bgnbd", "--until", "2023-05-31"}, {"pareto-nbd"}, {"lifetime-value"}} {
		if sizes := told(args...); len(sizes) < 2 || slices.Min(sizes) < least {
			t.Errorf("%v tells of groups of %v", args, sizes)
		}
		if all := told(append(args, "--least", "1")...); slices.Min(all) >= least {
			t.Errorf("%v has no groups of few: %v", args, all)
		}
		_, help, _ := call(t, "estimate", args[0], "--help")
		if at := strings.Index(help, "--least"); at < 0 || !strings.Contains(help[at:][:200], "default 10") {
			t.Errorf("the help of %s does not tell the least number of customers", args[0])
		}
	}
}

// TestPublishedCountsHaveTheirNoise: ε is stated, a key gives the same noise to the same counts and to no others, and without one it is another each time.
func TestPublishedCountsHaveTheirNoise(t *testing.T) {
	plantedFolder(t)
	type published struct {
		Schema            string
		Groups            []string
		Counts            []int
		Epsilon           float64
		Contribution      int
		StandardDeviation float64 `json:"standard_deviation"`
		Note              string
	}
	counts := func(args ...string) (p published) {
		code, stdout, stderr := call(t, append([]string{"estimate", "bgnbd", "--data", "buys.csv", "--counts", "counts.json"}, args...)...)
		text, err := os.ReadFile("counts.json")
		if err == nil {
			err = json.Unmarshal(text, &p)
		}
		if code != exitDone || err != nil || !strings.Contains(stdout, "for publication") {
			t.Fatal(code, err, stderr, stdout)
		}
		return p
	}
	exact := estimateKind[grouped](t, "bgnbd", "--data", "buys.csv", "--least", "1")
	first, again := counts("--key-file", "key"), counts("--key-file", "key")
	if first.Schema != "souk/counts/1" || first.Epsilon != 1 || first.Contribution != 1 || !slices.Equal(first.Groups, []string{"0", "1", "2", "3", "4", "5", "6", "7+"}) ||
		!slices.Equal(first.Counts, again.Counts) || !strings.Contains(first.Note, "adds up") {
		t.Errorf("%+v, then %+v", first, again)
	}
	differ := 0
	for i, r := range exact.Frequencies.Rows {
		if first.Counts[i] != r.Observed {
			differ++
		}
		if off := math.Abs(float64(first.Counts[i] - r.Observed)); off > 30 { // P < 1e-12 a count
			t.Errorf("%d customers are told as %d", r.Observed, first.Counts[i])
		}
	}
	if differ == 0 { // P = 2e-3, for this key once and for all
		t.Error("no count has any noise")
	}
	noise := func(p published, i int) int { return p.Counts[i] - exact.Frequencies.Rows[i].Observed }
	finer, one, two := counts("--key-file", "key", "--epsilon", "2"), counts("--epsilon", "0.001"), counts("--epsilon", "0.001")
	same := true
	for i := range first.Counts {
		same = same && noise(first, i) == noise(finer, i)
	}
	if same || slices.Equal(one.Counts, two.Counts) || one.StandardDeviation < 1000 { // P < 1e-24
		t.Errorf("noise %v, %v, %v and %v", first.Counts, finer.Counts, one.Counts, two.Counts)
	}
	put(t, "shop.toml", []byte("name = 'shop'\n[shoppers.loyalty]\nmodel = 'bgnbd'\ndata = 'buys.csv'\ncounts = 'counts.json'\n"))
	code, stdout, stderr := call(t, "fit", "./shop.toml", "--quiet")
	complains(t, code, exitInvalid, stdout, stderr, "shop.toml:5: shoppers.loyalty.counts", "key_file")
	for _, bad := range []string{"0", "50", "x"} {
		code, stdout, stderr := call(t, "estimate", "bgnbd", "--data", "buys.csv", "--counts", "counts.json", "--epsilon", bad)
		complains(t, code, exitUsage, stdout, stderr, "--epsilon")
	}
}
