package stock

import "github.com/souk-sim/souk/scenarios/field"

// none never orders: seats of a flight, the last run of a season (the perishable asset of Gallego & van Ryzin 1994, Management
// Science 40).
type none struct{}

func newNone(c *Config) (policy, error) {
	if c.Initial == nil {
		return nil, field.New("initial_units", "nothing", "the units that there are: policy none orders no more")
	}
	return none{}, nil
}

func (none) order(int64) int64 { return 0 }
func (none) level() int64      { return 0 }
