package logs

import (
	"fmt"

	"github.com/souk-sim/souk/scenarios/field"
)

// Split cuts a panel by time, the only way that does not let a model see the future: first and last period of each part,
// both included.
type Split struct {
	Train      [2]int `toml:"train" json:"train"`
	Validation [2]int `toml:"validation" json:"validation"`
	Test       [2]int `toml:"test" json:"test"`
}

// Check tells whether the parts are in order, do not overlap, lie inside the panel and hold at least one row each. Its
// errors carry the key of the part ("train", "validation", "test").
func (s Split) Check(p Panel) error {
	if len(p.Periods) == 0 {
		return field.New("train", "an empty panel", "at least one period")
	}
	first, last := p.Periods[0], p.Periods[len(p.Periods)-1]
	previous, before := first-1, ""
	for _, part := range []struct {
		key  string
		span [2]int
	}{{"train", s.Train}, {"validation", s.Validation}, {"test", s.Test}} {
		found := fmt.Sprintf("[%d, %d]", part.span[0], part.span[1])
		switch {
		case part.span[0] > part.span[1]:
			return field.New(part.key, found, "first period ≤ last period")
		case part.span[0] < first || part.span[1] > last:
			return field.New(part.key, found, fmt.Sprintf("periods in [%d, %d], where the data are", first, last))
		case part.span[0] <= previous:
			return field.New(part.key, found, fmt.Sprintf("a first period after %d, where %s ends", previous, before))
		case len(p.Between(part.span).Periods) == 0:
			return field.New(part.key, found, "at least one period with data")
		}
		previous, before = part.span[1], part.key
	}
	return nil
}
