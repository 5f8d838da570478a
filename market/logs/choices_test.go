package logs

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/souk-sim/souk/scenarios/data/shared"
)

func decodeChoices(text string, c ChoiceColumns) (Choices, error) {
	return DecodeChoices("c.csv", strings.NewReader(text), int64(len(text)), c)
}

// TestBothLayoutsSayTheSame: wide, wide with prices only, and long files of one panel.
func TestBothLayoutsSayTheSame(t *testing.T) {
	wide, err := decodeChoices("id,price.a,price.b,price.c,choice\n77,1,2,3,b\n78,2,NA,1,a\n77,4,5,6,3\n", ChoiceColumns{Choice: "choice", Household: "id"})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(wide.Alternatives, []string{"a", "b", "c"}) || !slices.Equal(wide.Attributes, []string{"price"}) ||
		!slices.Equal(wide.Chosen, []int{1, 0, 2}) || !slices.Equal(wide.Household, []int{0, 1, 0}) ||
		!slices.Equal(wide.Available, []bool{true, true, true, true, false, true, true, true, true}) ||
		!slices.Equal(wide.X[:4], []float64{1, 2, 3, 2}) || !math.IsNaN(wide.X[4]) {
		t.Errorf("%+v", wide)
	}
	bare, err := decodeChoices("id,choice,a,b,c\n77,2,1,2,3\n78,1,2,NA,1\n77,3,4,5,6\n", ChoiceColumns{Choice: "choice", Household: "id", Attributes: []string{"price"}})
	if err != nil {
		t.Fatal(err)
	}
	mapped, err := decodeChoices("who,took,p1,p2,p3\n77,2,1,2,3\n78,1,2,NA,1\n77,3,4,5,6\n", ChoiceColumns{Choice: "took", Household: "who",
		Names: map[string]string{"price.a": "p1", "price.b": "p2", "price.c": "p3"}})
	if err != nil {
		t.Fatal(err)
	}
	long, err := decodeChoices("s,id,brand,price,choice\n1,77,a,1,0\n1,77,b,2,1\n1,77,c,3,0\n2,78,a,2,1\n2,78,c,1,0\n3,77,a,4,0\n3,77,b,5,0\n3,77,c,6,1\n",
		ChoiceColumns{Choice: "choice", Household: "id", Attributes: []string{"price"}, Situation: "s", Alternative: "brand"})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]Choices{"bare": bare, "mapped": mapped, "long": long} {
		same := slices.EqualFunc(c.X, wide.X, func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) })
		if !same || !slices.Equal(c.Chosen, wide.Chosen) || !slices.Equal(c.Available, wide.Available) || !slices.Equal(c.Household, wide.Household) ||
			!slices.Equal(c.Alternatives, wide.Alternatives) || !slices.Equal(c.Attributes, wide.Attributes) {
			t.Errorf("%s: %+v, want %+v", name, c, wide)
		}
	}
}

// TestRealPanelsAreRead as the shared folder has them: columns attribute.alternative, and prices by alternative.
func TestRealPanelsAreRead(t *testing.T) {
	for _, c := range []struct {
		file                                  string
		columns                               ChoiceColumns
		n, alternatives, attributes, families int
	}{
		{"catsup.csv", ChoiceColumns{Choice: "choice", Household: "id", Attributes: []string{"price", "disp", "feat"}}, 2798, 4, 3, 300},
		{"yogurt.csv", ChoiceColumns{Choice: "choice", Household: "id"}, 2412, 4, 2, 100},
		{"margarine.csv", ChoiceColumns{Choice: "choice", Household: "hhid", Attributes: []string{"price"}}, 4470, 10, 1, 516},
	} {
		got, err := ReadChoices(shared.Path(t, "data/choice/"+c.file), c.columns)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Chosen) != c.n || len(got.Alternatives) != c.alternatives || len(got.Attributes) != c.attributes || slices.Max(got.Household) != c.families-1 {
			t.Errorf("%s: %d choices of %q by %q, %d households", c.file, len(got.Chosen), got.Alternatives, got.Attributes, slices.Max(got.Household)+1)
		}
	}
}

// TestHeadersOfOtherMakersAreRead: signs between the names, their order, the numbers of rows, quotes, dots within names, and the ways to name
// a choice.
func TestHeadersOfOtherMakersAreRead(t *testing.T) {
	for text, attributes := range map[string][]string{
		"\"\",\"id\",\"price.a\",\"price.b\",\"choice\"\n\"1\",7,1,2,\"b\"\n": {"price"},
		"rownames,id,price_a,price_b,choice\n1,7,1,2,b\n":                     nil,
		"id;price.a;price.b;choice\n7;1;2;b\n":                                {"price"},
		"X,id,price_a,price_b,hh_size,choice\n1,7,1,2,4,b\n":                  {"price"},
		"id,choice, price:a ,price:b\n7,2,1,2\n":                              {"price"},
		"id,a_price,b_price,choice\n7,1,2,2.0\n":                              {"price"},
		"Unnamed: 0,id,a,b,choice\n0,7,1,2,choice2\n":                         {"price"},
	} {
		c, err := decodeChoices(text, ChoiceColumns{Choice: "choice", Household: "id", Attributes: attributes})
		if err != nil || !slices.Equal(c.Alternatives, []string{"a", "b"}) || !slices.Equal(c.Attributes, []string{"price"}) ||
			!slices.Equal(c.Chosen, []int{1}) || !slices.Equal(c.X, []float64{1, 2}) {
			t.Errorf("%q: %+v, %v", text, c, err)
		}
	}
	for text, c := range map[string]ChoiceColumns{
		"choice,log_price_1.5oz,log_price_3oz\n1,1,2\n":     {Attributes: []string{"log_price"}},
		"choice,log_price.1.5oz,log_price.3oz\n1.5oz,1,2\n": {},
		"choice,pf1,pf2\nchoice1,1,2\n":                     {Attributes: []string{"pf"}},
	} {
		c.Choice = "choice"
		got, err := decodeChoices(text, c)
		if err != nil || len(got.Alternatives) != 2 || got.Chosen[0] != 0 || !slices.Equal(got.X, []float64{1, 2}) {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}

// TestALongFileHasItsAttributesFound: columns of numbers that differ within situations and within alternatives, not those of the household, of
// the alternative, of rows and of ids.
func TestALongFileHasItsAttributesFound(t *testing.T) {
	c, err := decodeChoices("row,s,klant,income,size,customer_id,word,brand,price,disp,choice\n11,1,77,3,5,901,x,a,1,0,0\n12,1,77,3,6,901,y,b,2,1,1\n"+
		"13,2,78,4,5,902,x,a,NA,1,0\n14,2,78,4,6,902,x,b,1,0,1\n15,3,78,4,5,902,x,a,4,0,1\n16,3,78,4,6,902,x,b,4,0,0\n",
		ChoiceColumns{Choice: "choice", Situation: "s", Alternative: "brand"})
	if err != nil || !slices.Equal(c.Attributes, []string{"price", "disp"}) || !slices.Equal(c.Missing, []int{1, 0}) || !slices.Equal(c.Chosen, []int{1, 1, 0}) || c.Available[2] {
		t.Errorf("%+v, %v", c, err)
	}
}

// TestRowsOfASituationNeedNotStandTogether, and households may count theirs from 1.
func TestRowsOfASituationNeedNotStandTogether(t *testing.T) {
	columns := ChoiceColumns{Choice: "took", Household: "id", Attributes: []string{"price"}, Situation: "s", Alternative: "mode"}
	c, err := decodeChoices("s,id,mode,price,took\n1,7,car,1,no\n1,9,car,2,yes\n1,7,bus,3,yes\n1,9,bus,NA,no\n2,7,bus,5,TRUE\n2,7,car,6,FALSE\n", columns)
	if err != nil || !slices.Equal(c.Chosen, []int{1, 0, 1}) || !slices.Equal(c.Household, []int{0, 1, 0}) || !slices.Equal(c.Alternatives, []string{"car", "bus"}) ||
		!slices.Equal(c.Available, []bool{true, true, true, false, true, true}) || !slices.Equal(c.X[:3], []float64{1, 3, 2}) || c.X[4] != 6 || c.X[5] != 5 {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestChoicesOfNothingAndTraits(t *testing.T) {
	c, err := decodeChoices("id,income,price.a,price.b,choice\nx,3,1,2,none\ny,-1,1,2,a\n",
		ChoiceColumns{Choice: "choice", Household: "id", Traits: []string{"income"}, Outside: "none"})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(c.Missing, []int{0}) || !slices.Equal(c.Chosen, []int{-1, 0}) || !slices.Equal(c.Trait, []float64{3, -1}) {
		t.Errorf("%+v", c)
	}
}

func TestBadChoicesAreRefused(t *testing.T) {
	wide := ChoiceColumns{Choice: "choice", Household: "id"}
	long := ChoiceColumns{Choice: "choice", Attributes: []string{"price"}, Situation: "s", Alternative: "brand"}
	for _, c := range []struct {
		text, want string
		columns    ChoiceColumns
	}{
		{"id,price.a,price.b,choice\n901,1,2,z\n", `c.csv:2: choice: found a cell of the shape "a", expected one of ["a" "b"], or its number from 1`, wide},
		{"id,price.a,price.b,choice\n901,1,2,3\n", `c.csv:2: choice: found a cell of the shape "9"`, wide},
		{"id,price.a,price.b,choice\n901,1,2,\n", `c.csv:2: choice: found nothing`, wide},
		{"id,price.a,price.b,choice\n901,1,,b\n", "c.csv:2: choice: found \"b\", expected an alternative that was there", wide},
		{"id,price.a,price.b,choice\n901,1,x,b\n", "c.csv:2: price.b: found a cell of the shape \"a\"", wide},
		{"id,price.a,price.b,choice\n,1,2,b\n", "c.csv:2: id: found nothing", wide},
		{"id,price.a,feat.b,choice\n901,1,2,b\n", "c.csv: feat.a: found no such column, expected every attribute of every alternative (attributes", wide},
		{"id,a,b,choice\n901,1,2,b\n", "no column attribute.alternative", wide},
		{"id,price.a,price.b\n901,1,2\n", "choice: found no such column", wide},
		{"", "an empty file", wide},
		{"s,brand,price,choice\n1,a,1,0\n1,b,2,0\n2,a,1,1\n", "c.csv:2: choice: found nothing taken in the situation that begins here, expected a 1 in one of its rows (outside", long},
		{"s,brand,price,choice\n1,a,1,1\n1,b,2,1\n", "c.csv:3: choice: found a second 1", long},
		{"s,brand,price,choice\n1,a,1,1\n1,a,2,0\n", "c.csv:3: brand: found a cell of the shape \"a\" twice", long},
		{"s,brand,price,choice\n1,a,1,1\n1,b,1,0\n1,a,2,1\n", "need the household's column", long},
		{"id,prize.a,prize.b,choice\n901,1,2,b\n", `c.csv: attributes: found "price", expected what columns such as price.NAME begin with, nearest "prize"`,
			ChoiceColumns{Choice: "choice", Household: "id", Attributes: []string{"price", "prize"}}},
		{"id,price.a,price.b,choice\n901,1,2,0\n", "0 may be what says that nothing was taken", wide},
		{"s,brand,price,choice\n1,a,,1\n", "c.csv:2: price: found nothing", long},
		{"s,brand,price,choice\n1,a,1,2\n", "c.csv:2: choice: found a cell of the shape \"9\"", long},
	} {
		_, err := decodeChoices(c.text, c.columns)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.text, err, c.want)
		} else if strings.Contains(err.Error(), "901") {
			t.Errorf("the error names a household: %v", err)
		}
	}
}

// FuzzDecodeChoices: any bytes give an error or situations of one size in which what was taken was there.
func FuzzDecodeChoices(f *testing.F) {
	f.Add("id,price.a,price.b,choice\n1,1,2,b\n", byte(0))
	f.Add("s,brand,price,choice\n1,a,1,1\n1,b,2,0\n", byte(1))
	f.Add("id,price_a,price_b,choice\n1,1,2,b\n", byte(2))
	f.Fuzz(func(t *testing.T, text string, form byte) {
		columns := ChoiceColumns{Choice: "choice", Household: "id", Outside: "none"}
		switch form % 4 {
		case 1:
			columns = ChoiceColumns{Choice: "choice", Attributes: []string{"price"}, Situation: "s", Alternative: "brand"}
		case 2:
			columns.Attributes = []string{"price"}
		case 3:
			columns.Names = map[string]string{"price.a": "p1", "price.b": "p2"}
		}
		c, err := decodeChoices(text, columns)
		if err != nil {
			return
		}
		n, j := len(c.Chosen), len(c.Alternatives)
		if n == 0 || len(c.Available) != n*j || len(c.X) != n*j*len(c.Attributes) {
			t.Fatalf("%d situations, %d alternatives, %d cells", n, j, len(c.X))
		}
		for i, chosen := range c.Chosen {
			if chosen >= j || chosen >= 0 && !c.Available[i*j+chosen] || chosen < -1 {
				t.Errorf("situation %d: %d was taken of %v", i, chosen, c.Available[i*j:(i+1)*j])
			}
		}
	})
}
