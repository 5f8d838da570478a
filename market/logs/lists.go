package logs

import (
	"cmp"
	"io"
	"math"
	"strings"
)

// Lists are what people were shown, item below item, and which items they clicked.
type Lists struct {
	Offsets []int   // list l has Item[Offsets[l]:Offsets[l+1]], from the top
	Item    []int32 // index of Items
	Clicked []bool
	Items   []string // in the order of their numbers, or of their names where not all are whole numbers
	Report  Report
}

// The slots of lists.
const (
	listID = iota
	listPosition
	listItem
	listClicked
)

var listSlots = []slot{
	listID: {"list", ofTexts, true, [][]string{{"list", "listid", "impressionid", "impression", "searchid", "queryid", "pageviewid"}, {"query", "search", "sessionid", "session"},
		{"id"}}},
	listPosition: {"position", ofNumbers, true, [][]string{{"position", "rank", "pos", "slot"}}},
	listItem:     {"item", ofTexts, true, productNames},
	listClicked:  {"clicked", ofTexts, true, [][]string{{"clicked", "click", "isclicked", "isclick", "clicks"}}},
}

// DecodeLists reads lists from size bytes of data, with a name for errors: a row for each item that was shown. Roles: list, position (from 1 or 0 at the
// top), item and clicked (1 or 0, true or false, yes or no). Rows without one of them cannot serve, nor lists in which a position is missing or stands twice.
func DecodeLists(name string, data io.ReaderAt, size int64, o Options) (Lists, error) {
	r := &listReader{intake: intake{Options: o}, lists: newNumbering(), items: newNumbering(), top: math.Inf(1)}
	if err := r.open(name, data, size, listSlots, 1); err != nil {
		return Lists{}, err
	}
	if err := r.each(r.row); err != nil {
		return Lists{}, err
	}
	err := r.done()
	return r.Lists, err
}

type listReader struct {
	intake
	Lists
	lists, items *numbering
	list         []int32
	position     []float64
	top          float64 // position of the top
}

func (r *listReader) row(at place, cells []cell) error {
	list, item, position := r.text(listID, cells), r.text(listItem, cells), r.number(listPosition, cells)
	clicked, known := yesOrNo(r.text(listClicked, cells))
	switch {
	case list == "":
		return r.leaveOut(at, MissingValue, listID, "nothing", "a list's id")
	case item == "":
		return r.leaveOut(at, MissingValue, listItem, "nothing", "what was shown")
	case math.IsNaN(position):
		return r.leaveOut(at, MissingValue, listPosition, "nothing", expectedOf[ofNumbers])
	case position < 0 || position != math.Trunc(position) || position > maxRows:
		return r.leaveOut(at, ImpossibleValue, listPosition, Beyond(position, 0, maxRows), "1 or 0 at the top, then one more for each")
	case !known:
		return r.leaveOut(at, ImpossibleValue, listClicked, "another word", "1 or 0, true or false, yes or no")
	}
	r.keep(at)
	r.list, r.position = append(r.list, r.lists.of(list)), append(r.position, position)
	r.Item, r.Clicked = append(r.Item, r.items.of(item)), append(r.Clicked, clicked)
	r.top = min(r.top, position)
	return nil
}

func yesOrNo(text string) (yes, known bool) {
	switch strings.ToLower(text) {
	case "1", "1.0", "true", "t", "yes", "y":
		return true, true
	case "0", "0.0", "false", "f", "no", "n":
		return false, true
	}
	return false, false
}

func (r *listReader) done() (err error) {
	r.top = min(r.top, 1)
	r.Items = r.items.ordered(r.Item)
	rows, offsets := grouped(r.list, int(r.lists.n), func(a, b int32) int { return cmp.Compare(r.position[a], r.position[b]) })
	sound := rows[:0]
	r.Offsets = []int{0}
	for l := range offsets[1:] {
		list := rows[offsets[l]:offsets[l+1]]
		gap := false
		for i, row := range list {
			gap = gap || r.position[row] != r.top+float64(i)
		}
		if !gap {
			sound = append(sound, list...)
			r.Offsets = append(r.Offsets, len(sound))
			continue
		}
		for _, row := range list {
			if err := r.leaveOutKept(int(row), ImpossibleValue, listPosition, "a list in which a position is missing or stands twice", "every position once"); err != nil {
				return err
			}
		}
	}
	r.Item, r.Clicked = pick(r.Item, sound), pick(r.Clicked, sound)
	r.Report, err = r.finish()
	return err
}
