package logs

import (
	"math"
	"slices"
	"time"
)

// Event is something that sways demand on its days: a feast, a fair, a campaign.
type Event struct {
	Name string
	Days []time.Time // midnight in UTC
}

// ReadEvents reads a CSV or Parquet table of events with the columns event and date; an event has a row for each of its days. The
// events come in the order in which they first appear, their days in the order of the table.
func ReadEvents(path string) ([]Event, error) {
	file, size, err := open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var events []Event
	err = scan(path, file, size, []column{{"event", ofTexts}, {"date", ofTimes}}, func(at place, cells []cell) error {
		name, date := cells[0].text, cells[1]
		if name == "" {
			return at.bad("event", "nothing", "the name of an event")
		}
		one := []float64{date.number}
		if date.form == formNone {
			return at.bad("date", "a missing value", "a date (2024-01-31)")
		}
		if _, form := detect(one, date.form); form == formInstant {
			one[0] /= secondsADay
		} else if form != formDay {
			return at.bad("date", "no date", "a date (2024-01-31)")
		}
		k := slices.IndexFunc(events, func(e Event) bool { return e.Name == name })
		if k < 0 {
			k = len(events)
			events = append(events, Event{Name: name})
		}
		events[k].Days = append(events[k].Days, day(int(math.Floor(one[0]))))
		return nil
	})
	return events, err
}
