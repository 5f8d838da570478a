package workflow

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/souk-sim/souk/results/report"
)

// Figure is a picture of a reproduction.
type Figure struct {
	Name    string // of a file, without its ending
	Picture *report.Picture
}

// Figures are the pictures that the scenario asks for: for each measure of paper.figures what was published beside what was measured, variant by
// variant; those that end in @ together as paths; learning curves by "learning".
func (r *Reproduction) Figures() ([]Figure, error) {
	var all []Figure
	var stems []string
	for _, name := range r.scenario.Paper.Figures {
		if name == "learning" {
			curves, err := r.learning()
			if err != nil {
				return nil, err
			}
			all = append(all, curves...)
			continue
		}
		if stem, path := strings.CutSuffix(name, "@"); path {
			stems = append(stems, stem)
			continue
		}
		rows, unit := r.beside(name)
		if len(rows) == 0 {
			continue
		}
		any := slices.ContainsFunc(rows, func(row report.Reproduced) bool { return row.Published != nil })
		p, err := (&report.Published{Title: r.Paper, Subtitle: r.scenario.Question, X: withUnit(name, unit), Rows: rows, Share: unit == "share",
			Caption: "Bars: two standard errors of the measured value." + rings(any)}).Picture()
		if err != nil {
			return nil, err
		}
		all = append(all, Figure{r.Paper + "-" + name, p})
	}
	courses, unit := r.courses(stems)
	if len(courses) == 0 {
		return all, nil
	}
	any := slices.ContainsFunc(courses, func(c report.Course) bool { return len(c.PublishedX) > 0 })
	growth := !slices.ContainsFunc(stems, func(stem string) bool { return !strings.Contains(stem, "regret:") }) && rising(courses)
	p, err := (&report.Courses{Title: r.Paper, Subtitle: r.scenario.Question, X: r.axis(stems[0]), Y: unit, Courses: courses, Log: growth, Share: unit == "share",
		Caption: "Lines: measured, in a band of two standard errors." + rings(any)}).Picture()
	return append(all, Figure{r.Paper + "-paths", p}), err
}

// learning are the learning curves, a picture for each variant that has them.
func (r *Reproduction) learning() (all []Figure, err error) {
	for _, v := range r.Variants {
		l := curvesOf(strings.TrimSuffix(r.Paper+", "+v.Variant, ", "), r.scenario.Question, v.Measures)
		if l == nil {
			continue
		}
		name := r.Paper + "-learning"
		if v.Variant != "" {
			name = r.Paper + "-" + strings.Trim(strings.Join(strings.FieldsFunc(v.Variant, unnamable), "-"), "-") + "-learning"
		}
		p, err := l.Picture()
		if err != nil {
			return nil, err
		}
		all = append(all, Figure{name, p})
	}
	return all, nil
}

// unnamable tells what does not go into the name of a file.
func unnamable(r rune) bool { return !(unicode.IsLetter(r) || unicode.IsDigit(r) || r == '.') }

func rings(any bool) string {
	if any {
		return " Rings: published."
	}
	return ""
}

// rising tells whether all of paths is above 0, so that it has logarithms.
func rising(all []report.Course) bool {
	positive := func(values []float64) bool {
		return !slices.ContainsFunc(values, func(v float64) bool { return !(v > 0) })
	}
	return !slices.ContainsFunc(all, func(c report.Course) bool {
		return !positive(c.X) || !positive(c.Measured) || !positive(c.PublishedX) || !positive(c.PublishedAt)
	})
}

// axis is what the number after @ counts.
func (r *Reproduction) axis(stem string) string {
	for _, k := range MeasureKinds(r.scenario.World()) {
		if !k.is(stem + "@1") {
			continue
		}
		switch _, counted, _ := strings.Cut(k.Name, "@"); counted {
		case "P":
			return "percentile"
		case "EPISODES":
			return "episode"
		}
	}
	return "period"
}

// spoken is a measure's name in words, and what it is of as that is called.
func spoken(name string) string {
	kind, of, found := strings.Cut(name, ":")
	if kind = strings.ReplaceAll(kind, "-", " "); found {
		kind += ", " + of
	}
	return kind
}

func withUnit(name, unit string) string {
	if name = spoken(name); unit != "" {
		name += ", " + unit
	}
	return name
}

// published is the row of a measure; nil where there is none.
func (r *Reproduction) published(variant, measure string) *Row {
	i := slices.IndexFunc(r.Rows, func(row Row) bool { return row.Variant == variant && row.Measure == measure })
	if i < 0 {
		return nil
	}
	return &r.Rows[i]
}

// beside are the values of a measure in each variant.
func (r *Reproduction) beside(measure string) (rows []report.Reproduced, unit string) {
	for _, v := range r.Variants {
		for _, m := range v.Measures {
			if m.Name != measure || math.IsNaN(m.Value) {
				continue
			}
			row := report.Reproduced{Name: v.Variant, Measured: m.Value, Error: m.doubt()}
			if row.Name == "" {
				row.Name = "as it is"
			}
			if p := r.published(v.Variant, measure); p != nil {
				row.Published = &p.Published
			}
			rows, unit = append(rows, row), m.Unit
		}
	}
	return rows, unit
}

// courses are the paths of measures by the number after @, in the scenario itself and in each variant of which some of it is published.
func (r *Reproduction) courses(stems []string) (all []report.Course, unit string) {
	for _, stem := range stems {
		for _, v := range r.Variants {
			c := report.Course{Name: strings.TrimSuffix(spoken(stem)+", "+v.Variant, ", ")}
			for _, m := range v.Measures {
				text, of := strings.CutPrefix(m.Name, stem+"@")
				x, err := strconv.ParseFloat(text, 64)
				if !of || err != nil {
					continue
				}
				c.X, c.Measured, c.Error, unit = append(c.X, x), append(c.Measured, m.Value), append(c.Error, m.doubt()), m.Unit
				if p := r.published(v.Variant, m.Name); p != nil {
					c.PublishedX, c.PublishedAt = append(c.PublishedX, x), append(c.PublishedAt, p.Published)
				}
			}
			if len(c.X) > 0 && (v.Variant == "" || len(c.PublishedX) > 0) {
				all = append(all, c)
			}
		}
	}
	return all, unit
}
