// Package twins asks whether synthetic shoppers pass for real ones. Models are fitted on one half of real customers, as many
// synthetic ones are simulated, and these are held against the other half: measure by measure, table by table, and by a
// classifier that tries to tell the two apart, which should hardly do better than where it tries to tell the real halves
// apart (the classifier two-sample test of Friedman 2004, SLAC-PUB-10325; Lopez-Paz & Oquab 2017, ICLR).
//
// People are known by their numbers in the caller's slices alone; no report holds a row of a person.
package twins

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

// Population is people, real or made, each described by the same features.
type Population struct {
	Features []string
	People   [][]float64 // n × features; NaN where a person has none, such as the mean gap of one purchase
	Measures []Measure
	Tables   []Table
	// Pair numbers, for each synthetic person, the held-out one in whose circumstances it was put (the prices met); nil where each
	// has circumstances of its own. The classifier never learns from one of a pair to judge the other.
	Pair []int
	// Group numbers the customer of each of People where one customer may be several of them, visits; nil where none is.
	Group []int
}

// Measure is one number of a population with its standard error, people being drawn at random.
type Measure struct {
	Name  string
	Value float64 // NaN where it is not defined
	SE    float64
}

// Table is shares or means of a population by row and column, each with its standard error.
type Table struct {
	Name          string
	Rows, Columns []string
	Weight        []float64 // of each row, adding up to 1: how much of the population it is about
	Value, SE     [][]float64
}

// Halves parts n customers at random, the training half first; each is in increasing order. The stream is family.At(0).
func Halves(n int, family rng.Family) (train, heldOut []int) {
	stream := family.At(0)
	isTrain, left := make([]bool, n), (n+1)/2
	for i := range n {
		if stream.Intn(n-i) < left {
			isTrain[i] = true
			left--
		}
	}
	for i, t := range isTrain {
		if t {
			train = append(train, i)
		} else {
			heldOut = append(heldOut, i)
		}
	}
	return train, heldOut
}

// ratio is Σ part / Σ whole over people, with the standard error of a ratio of means (Cochran 1977, eq. 2.46). A nil whole is 1
// for each person.
func ratio(name string, n int, part, whole func(i int) float64) Measure {
	if whole == nil {
		whole = func(int) float64 { return 1 }
	}
	top, bottom := 0.0, 0.0
	for i := range n {
		top, bottom = top+part(i), bottom+whole(i)
	}
	value, squares := top/bottom, 0.0
	for i := range n {
		d := part(i) - value*whole(i)
		squares += d * d
	}
	return Measure{Name: name, Value: value, SE: math.Sqrt(squares*float64(n)/max(float64(n-1), 1)) / bottom}
}

// means is a table of one row: what people have on average of each column, counts holding n × columns.
func means(name, row string, columns []string, counts [][]float64) Table {
	t := Table{Name: name, Rows: []string{row}, Columns: columns, Weight: []float64{1}, Value: [][]float64{nil}, SE: [][]float64{nil}}
	for c := range columns {
		m := ratio("", len(counts), func(i int) float64 { return counts[i][c] }, nil)
		t.Value[0], t.SE[0] = append(t.Value[0], m.Value), append(t.SE[0], m.SE)
	}
	return t
}

// transitions is a table of the share of each column among a row's, counts holding n × (rows × columns). A row that never
// occurs has weight 0 and NaN.
func transitions(name string, rows, columns []string, counts [][]float64) Table {
	t := Table{Name: name, Rows: rows, Columns: columns, Weight: make([]float64, len(rows))}
	all := 0.0
	for r := range rows {
		of := func(i int) float64 { return total(counts[i][r*len(columns) : (r+1)*len(columns)]) }
		for i := range counts {
			t.Weight[r] += of(i)
		}
		all += t.Weight[r]
		var value, se []float64
		for c := range columns {
			m := ratio("", len(counts), func(i int) float64 { return counts[i][r*len(columns)+c] }, of)
			value, se = append(value, m.Value), append(se, m.SE)
		}
		t.Value, t.SE = append(t.Value, value), append(t.SE, se)
	}
	for r := range t.Weight {
		t.Weight[r] /= max(all, 1)
	}
	return t
}

func total(x []float64) (sum float64) {
	for _, v := range x {
		sum += v
	}
	return sum
}

// check reports why a population cannot be held against one with the features, measures and tables of like.
func (p *Population) check(which string, like *Population) error {
	if len(p.People) < fewest {
		return field.New(which, fmt.Sprintf("%d people", len(p.People)), fmt.Sprintf("%d or more, to be told apart from others", fewest))
	}
	if fmt.Sprintf("%q", p.Features) != fmt.Sprintf("%q", like.Features) || len(p.Features) == 0 {
		return field.New(which+": features", fmt.Sprintf("%q", p.Features), fmt.Sprintf("%q, at least one", like.Features))
	}
	for i, row := range p.People {
		if len(row) != len(p.Features) {
			return field.New(fmt.Sprintf("%s: person %d", which, i+1), fmt.Sprintf("%d features", len(row)), fmt.Sprint(len(p.Features)))
		}
		for j, v := range row {
			if math.IsInf(v, 0) {
				return field.New(fmt.Sprintf("%s: %s of person %d", which, p.Features[j], i+1), v, "a finite number, or NaN for none")
			}
		}
	}
	if p.Pair != nil && len(p.Pair) != len(p.People) {
		return field.New(which+": pairs", len(p.Pair), fmt.Sprintf("%d, one for each person", len(p.People)))
	}
	if len(p.Measures) != len(like.Measures) || len(p.Tables) != len(like.Tables) {
		return field.New(which, fmt.Sprintf("%d measures and %d tables", len(p.Measures), len(p.Tables)), fmt.Sprintf("%d and %d", len(like.Measures), len(like.Tables)))
	}
	for i, t := range p.Tables {
		of := like.Tables[i]
		if t.Name != of.Name || fmt.Sprintf("%q%q", t.Rows, t.Columns) != fmt.Sprintf("%q%q", of.Rows, of.Columns) {
			return field.New(which+": table "+t.Name, fmt.Sprintf("%d×%d", len(t.Rows), len(t.Columns)), fmt.Sprintf("%s with the same rows and columns", of.Name))
		}
	}
	return nil
}

// groupHalves parts n people at random as Halves does, by group where they have one.
func groupHalves(n int, group []int, family rng.Family) (train, heldOut []int) {
	if group == nil {
		return Halves(n, family)
	}
	number := map[int]int{}
	for _, g := range group {
		if _, met := number[g]; !met {
			number[g] = len(number)
		}
	}
	first, _ := Halves(len(number), family)
	isTrain := make([]bool, len(number))
	for _, g := range first {
		isTrain[g] = true
	}
	for i, g := range group {
		if isTrain[number[g]] {
			train = append(train, i)
		} else {
			heldOut = append(heldOut, i)
		}
	}
	return train, heldOut
}
