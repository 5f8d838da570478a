package logs

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/csv"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/souk-sim/souk/scenarios/field"
)

// The slots of baskets in rows, and of labels.
const (
	rowBasket = iota
	rowItem
	rowCustomer
	rowTime
)

var basketSlots = []slot{
	rowBasket:   {"basket", ofTexts, false, basketNames},
	rowItem:     {"item", ofTexts, true, productNames},
	rowCustomer: {"customer", ofTexts, false, customerNames},
	rowTime:     {"time", ofTimes, false, timeNames},
}

var labelSlots = []slot{
	{"item", ofTexts, true, [][]string{{"item", "itemid", "productid", "product", "id", "sku", "upc", "stockcode"}}},
	{"label", ofTexts, true, [][]string{{"label", "name", "productname", "itemname", "description", "title"}, {"producttype", "productcategory", "category"}}},
}

// DecodeBaskets is ReadBaskets of size bytes of data, with a name for errors. In rows the roles are item and basket, or customer and time, where a
// basket is what a customer bought at one time. In lines, items have commas between them if there is a comma in the first MiB, else blanks or tabs.
//
// Without Options.Layout, a Parquet file and one whose name ends in .csv or .tsv have rows, any other lines. Rows without a basket or an item cannot
// serve; an item counts once in its basket; an empty line is no basket.
func DecodeBaskets(name string, data io.ReaderAt, size int64, o Options) (Baskets, error) {
	r := &basketReader{intake: intake{Options: o, name: name}, baskets: newNumbering(), items: newNumbering()}
	columnar, err := isParquet(name, data, size)
	if err != nil {
		return Baskets{}, err
	}
	layout := o.Layout
	if extension := strings.ToLower(filepath.Ext(name)); layout == "" && (columnar || extension == ".csv" || extension == ".tsv" || o.Columns != nil) {
		layout = BasketRows
	}
	switch layout {
	case BasketRows:
		err = r.rows(name, data, size)
	case BasketLines, "":
		err = r.lines(name, data, size)
	default:
		err = field.New("layout", strconv.Quote(layout), BasketLines+" or "+BasketRows)
	}
	if err == nil {
		err = r.done()
	}
	if err != nil {
		return Baskets{}, err
	}
	return r.Baskets, nil
}

type basketReader struct {
	intake
	Baskets
	baskets, items *numbering
	of             []int32 // basket of each item
	times          []int64
}

func (r *basketReader) rows(name string, data io.ReaderAt, size int64) error {
	if err := r.open(name, data, size, basketSlots, secondsADay); err != nil {
		return err
	}
	visits := !r.has(rowBasket)
	if !visits { // the other columns do not matter
		r.Roles = []string{"basket"}
		if err := r.open(name, data, size, basketSlots, secondsADay); err != nil {
			return err
		}
	}
	if visits && !(r.has(rowCustomer) && r.has(rowTime)) {
		return named(name, field.New("columns.basket", "neither baskets nor customers and times by a usual name", basketSlots[rowBasket].give()+
			"; or, of a file without a header, layout = \"lines\" (--layout lines)"))
	}
	k := rowBasket
	if visits {
		k = rowCustomer
	}
	err := r.each(func(at place, cells []cell) error {
		basket, item := r.text(k, cells), r.text(rowItem, cells)
		switch {
		case basket == "":
			return r.leaveOut(at, MissingValue, k, "nothing", "an id")
		case item == "":
			return r.leaveOut(at, MissingValue, rowItem, "nothing", "an item's id")
		}
		if visits {
			time, ok, err := r.cellTime(rowTime, at, cells)
			if !ok {
				return err
			}
			r.times = put(r.times, time, r.expected)
		}
		r.keep(at)
		r.of, r.Item = put(r.of, r.baskets.of(basket), r.expected), put(r.Item, r.items.of(item), r.expected)
		return nil
	})
	if err == nil && visits {
		err = r.visits()
	}
	return err
}

// visits numbers as baskets what a customer bought at one time.
func (r *basketReader) visits() error {
	if _, err := r.settle(r.times, rowTime); err != nil {
		return err
	}
	rows, _ := grouped(r.of, int(r.baskets.n), func(a, b int32) int { return cmp.Compare(r.times[a], r.times[b]) })
	visit, n := make([]int32, len(r.of)), int32(0)
	for i, row := range rows {
		if i > 0 && (r.of[row] != r.of[rows[i-1]] || r.times[row] != r.times[rows[i-1]]) {
			n++
		}
		visit[row] = n
	}
	r.of, r.baskets.n = visit, n+1
	return nil
}

func (r *basketReader) lines(name string, data io.ReaderAt, size int64) error {
	if err := r.check(); err != nil {
		return err
	}
	if size == 0 {
		return &field.Error{File: name, Found: "an empty file", Expected: "a basket in each line"}
	}
	commas := false
	for head := bufio.NewReader(io.NewSectionReader(data, 0, min(size, maxRecord))); !commas; {
		part, err := head.ReadSlice('\n')
		commas = bytes.IndexByte(part, ',') >= 0
		if err != nil && err != bufio.ErrBufferFull {
			break
		}
	}
	in := bufio.NewReaderSize(io.NewSectionReader(data, 0, size), 1<<16)
	var long []byte
	for line := 1; ; line++ {
		part, err := in.ReadSlice('\n')
		long = append(long[:0], part...)
		for ; err == bufio.ErrBufferFull && len(long) <= maxRecord; long = append(long, part...) {
			part, err = in.ReadSlice('\n')
		}
		if len(long) > maxRecord {
			return &field.Error{File: name, Line: line, Found: "a line of more than 1 MiB", Expected: "a basket"}
		}
		if err != nil && err != io.EOF {
			return &field.Error{File: name, Found: reason(err), Expected: "a file that can be read"}
		}
		if len(long) == 0 {
			return nil
		}
		if line == 1 {
			long = bytes.TrimPrefix(long, []byte("\ufeff"))
		}
		if err := r.line(line, string(long), commas); err != nil {
			return named(name, err)
		}
	}
}

func (r *basketReader) line(line int, text string, commas bool) error {
	text = strings.TrimSpace(text)
	r.report.Rows++
	items := strings.Fields(text)
	if commas {
		items = strings.Split(text, ",")
		if strings.Contains(text, `"`) {
			var err error
			if items, err = csv.NewReader(strings.NewReader(text)).Read(); err != nil {
				return &field.Error{Line: line, Found: "quotes that do not match", Expected: "items with commas between them (RFC 4180)"}
			}
		}
	}
	if i := slices.IndexFunc(items, HoldsIDs); i >= 0 && line == 1 {
		return &field.Error{Line: line, Found: strconv.Quote(strings.TrimSpace(items[i])) + ", as a table's header has", Expected: "a basket; of a table, layout = \"rows\" (--layout rows)"}
	}
	basket, some := r.baskets.n, false
	for _, item := range items {
		if item = strings.TrimSpace(item); item != "" {
			if !some {
				r.keep(place{row: line})
			}
			some = true
			r.of, r.Item = append(r.of, basket), append(r.Item, r.items.of(item))
		}
	}
	if !some {
		r.count(EmptyBasket, -1, line, Dropped)
		return nil
	}
	r.baskets.n++
	return nil
}

// done puts the items of each basket together, each once.
func (r *basketReader) done() (err error) {
	r.baskets.forget()
	lines := r.view.slots == nil
	r.Names = r.items.ordered(r.Item)
	if r.Report, err = r.finish(); err != nil {
		return err
	}
	r.of, r.Item = compact(r.of, r.out), compact(r.Item, r.out)
	baskets, _ := renumber(r.baskets.n, nil, r.of)
	rows, offsets := grouped(r.of, baskets, func(a, b int32) int { return cmp.Compare(r.Item[a], r.Item[b]) })
	kept := make([]int32, 0, len(rows))
	r.Offsets = make([]int, 1, baskets+1)
	for b := range baskets {
		for i := offsets[b]; i < offsets[b+1]; i++ {
			if item := r.Item[rows[i]]; i > offsets[b] && item == r.Item[rows[i-1]] {
				at := int(rows[i])
				if lines {
					at = b
				}
				r.count(RepeatedItem, -1, r.stood(at), Dropped)
			} else {
				kept = append(kept, item)
			}
		}
		r.Offsets = append(r.Offsets, len(kept))
	}
	r.Item, r.Report = kept, r.report
	if !lines {
		r.Report.Kept = len(kept)
	}
	return nil
}

// Lists are the items basket by basket, as market/basket takes them.
func (b Baskets) Lists() [][]int {
	all := make([]int, len(b.Item))
	for i, item := range b.Item {
		all[i] = int(item)
	}
	lists := make([][]int, len(b.Offsets)-1)
	for k := range lists {
		lists[k] = all[b.Offsets[k]:b.Offsets[k+1]:b.Offsets[k+1]]
	}
	return lists
}

// ReadLabels reads a CSV or Parquet table of ids and labels: the roles are item and label, and columns maps those that have no usual name.
func ReadLabels(path string, columns map[string]string) (map[string]string, error) {
	file, size, err := open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return DecodeLabels(path, file, size, columns)
}

// DecodeLabels is ReadLabels of size bytes of data, with a name for errors.
func DecodeLabels(name string, data io.ReaderAt, size int64, columns map[string]string) (map[string]string, error) {
	in := intake{Options: Options{Columns: columns}}
	if err := in.open(name, data, size, labelSlots, 1); err != nil {
		return nil, err
	}
	labels := map[string]string{}
	return labels, in.each(func(at place, cells []cell) error {
		if id, label := in.text(0, cells), in.text(1, cells); id != "" && label != "" {
			labels[strings.Clone(id)] = strings.Clone(label)
		}
		return nil
	})
}

// Label gives the label of each id, or the id where it has none.
func Label(ids []string, labels map[string]string) []string {
	out := slices.Clone(ids)
	for i, id := range ids {
		if label := labels[id]; label != "" {
			out[i] = label
		}
	}
	return out
}
