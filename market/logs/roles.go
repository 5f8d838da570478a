package logs

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/souk-sim/souk/scenarios/field"
)

// slot is what a column of a shop log can be.
type slot struct {
	role   string
	kind   kind
	needed bool
	// usual are the names that such a column usually has, in small letters and digits alone. The first list of which the file has a column
	// wins, and where it has several of it nobody can tell which is meant. A name may be of several columns, with a + between.
	usual [][]string
}

// The usual names, of the data sets of the literature and of common tools.
var (
	customerNames = [][]string{{"customerid", "customer", "custid", "customernumber", "householdid", "household", "householdkey", "hhid", "memberid", "membernumber",
		"cardid", "loyaltyid", "shopperid", "userid", "user", "visitorid", "clientid"}, {"id"}}
	timeNames = [][]string{{"date", "time", "timestamp", "transactiontimestamp", "transactiondate", "transactiontime", "orderdate", "invoicedate", "purchasedate",
		"eventtime", "datetime", "clicktime", "createdat"}, {"year+month+day"}, {"day"}}
	productNames = [][]string{{"productid", "product", "sku", "upc", "itemid", "item", "stockcode", "articleid"},
		{"productname", "itemname", "itemdescription", "description"}}
	basketNames = [][]string{{"basketid", "basket", "orderid", "invoiceno", "invoiceid", "invoice", "transactionid", "receiptid", "receipt"}}
	priceNames  = [][]string{{"unitprice", "priceperunit", "itemprice"}}
)

// idNames are the names of columns that hold ids of people, or of what is one person's.
var idNames = slices.Concat(customerNames[0], clickSlots[clickSession].usual[0], basketNames[0], listSlots[listID].usual[0])

// idRoles are the roles whose cells become numbers and are never shown.
var idRoles = []string{"customer", "user", "session", "basket", "list", "visit"}

// HoldsIDs tells whether a column holds ids of people, or of what is one person's, by its name. No reader takes it for anything that is shown.
func HoldsIDs(column string) bool { return slices.Contains(idNames, folded(column)) }

// noID refuses a column that holds ids where another is wanted.
func noID(key, column string) error {
	if HoldsIDs(column) {
		return field.New(key, strconv.Quote(column)+", which holds ids by its name", "another column: ids are never shown")
	}
	return nil
}

// view is where the columns of a log's slots stand among those that are read.
type view struct {
	slots   []slot
	columns []column
	from    []int // slot k has columns[from[k]:from[k+1]]
}

func (v view) has(k int) bool { return v.from[k+1] > v.from[k] }

func (v view) name(k int) string {
	var names []string
	for _, c := range v.columns[v.from[k]:v.from[k+1]] {
		names = append(names, c.name)
	}
	return strings.Join(names, "+")
}

// folded is a name without what different hands write differently.
func folded(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '+' {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// arrange finds the columns of the slots in the header of a file, and notes what it could not tell.
func (o Options) arrange(slots []slot, header []string) (v view, notes []string, err error) {
	v = view{slots: slots, from: make([]int, len(slots)+1)}
	if err := o.known(slots); err != nil {
		return v, nil, err
	}
	shown := o.shown(slots, header)
	used := map[string]string{}
	found := make([][]string, len(slots))
	for k, s := range slots { // what is said goes before what is guessed
		if name := o.Columns[s.role]; name != "" {
			if found[k], err = parts(s, name, header, shown); err != nil {
				return v, nil, err
			}
			for _, c := range found[k] {
				if used[c] != "" {
					return v, nil, field.New("columns."+s.role, strconv.Quote(c)+", which is the "+used[c]+" already", "a column of its own")
				}
				if err := noID("columns."+s.role, c); err != nil && !slices.Contains(idRoles, s.role) {
					return v, nil, err
				}
				used[c] = s.role
			}
		}
	}
	for k, s := range slots {
		if name, said := o.Columns[s.role]; name != "" || said && !s.needed || !s.needed && o.Roles != nil && !slices.Contains(o.Roles, s.role) {
			continue
		}
		candidates := s.candidates(header, used)
		switch {
		case len(candidates) == 1:
			found[k] = strings.Split(candidates[0], "+")
			for _, c := range found[k] {
				used[c] = s.role
			}
		case len(candidates) > 1 && !s.needed && o.Roles == nil:
			notes = append(notes, fmt.Sprintf("no %s was read: %s could be it; columns.%s says which", s.role, quoted(candidates), s.role))
		case len(candidates) > 1:
			return v, nil, field.New("columns."+s.role, "several columns that could be it: "+quoted(candidates), s.give())
		case s.needed:
			return v, nil, field.New("columns."+s.role, "no column with a usual name among "+listed(shown), s.give())
		}
	}
	for k, s := range slots {
		v.from[k] = len(v.columns)
		for _, name := range found[k] {
			c := column{name, s.kind}
			if len(found[k]) > 1 { // year, month and day are numbers, and so are summands
				c.kind = ofNumbers
			}
			v.columns = append(v.columns, c)
		}
	}
	v.from[len(slots)] = len(v.columns)
	return v, notes, nil
}

// known refuses roles that there are not.
func (o Options) known(slots []slot) error {
	var roles []string
	for _, s := range slots {
		roles = append(roles, s.role)
	}
	for _, role := range sortedKeys(o.Columns) {
		if !slices.Contains(roles, role) {
			return field.New("columns."+role, "no such role", "one of "+strings.Join(roles, ", ")+nearest(role, roles))
		}
	}
	return nil
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// give says how a role gets its column.
func (s slot) give() string {
	return fmt.Sprintf("one that is named: columns.%s = \"NAME\" (--columns %s=NAME)", s.role, s.role)
}

// parts are the columns that a mapping names.
func parts(s slot, name string, header, shown []string) ([]string, error) {
	all := []string{name}
	if !slices.Contains(header, name) {
		all = strings.Split(name, "+")
	}
	for i, c := range all {
		if all[i] = strings.TrimSpace(c); !slices.Contains(header, all[i]) {
			return nil, field.New("columns."+s.role, "no column "+strconv.Quote(all[i]), "one of "+listed(shown)+nearest(all[i], shown))
		}
	}
	if s.kind == ofTexts && len(all) > 1 || s.kind == ofTimes && len(all) != 1 && len(all) != 3 {
		return nil, field.New("columns."+s.role, fmt.Sprintf("%d columns", len(all)), map[kind]string{ofTexts: "one", ofTimes: "one, or year+month+day"}[s.kind])
	}
	return all, nil
}

// candidates are the free columns, or sums of them, that the slot's usual names fit.
func (s slot) candidates(header []string, used map[string]string) []string {
	byName := map[string][]string{}
	for _, name := range header {
		if used[name] == "" {
			byName[folded(name)] = append(byName[folded(name)], name)
		}
	}
	for _, names := range s.usual {
		var out []string
		for _, usual := range names {
			sum := ""
			for _, part := range strings.Split(usual, "+") {
				if len(byName[part]) != 1 {
					sum = ""
					break
				}
				sum += "+" + byName[part][0]
			}
			if sum != "" {
				out = append(out, sum[1:])
			} else if !strings.Contains(usual, "+") {
				out = append(out, byName[usual]...)
			}
		}
		if len(out) > 0 {
			return out
		}
	}
	return nil
}

// shown is the header if a column of it is one that a log has, or that was named. If none is, the file may have no header, and nothing of its first row
// is shown.
func (o Options) shown(slots []slot, header []string) []string {
	for _, s := range slots {
		if len(s.candidates(header, nil)) > 0 {
			return header
		}
		for _, name := range strings.Split(o.Columns[s.role], "+") {
			if slices.Contains(header, strings.TrimSpace(name)) {
				return header
			}
		}
	}
	return nil
}

// listed names the columns of a header that may be shown.
func listed(header []string) string {
	if header == nil {
		return "its columns, of which none is known (a file without a header?)"
	}
	return quoted(header)
}

// quoted lists names for a message, 30 at most.
func quoted(names []string) string {
	var out []string
	for i, n := range names {
		if i == 30 {
			out = append(out, "…")
			break
		}
		out = append(out, clip(n))
	}
	return strings.Join(out, ", ")
}

// checkHeader refuses a first line with numbers or dates in it: a row, whose cells must not be shown.
func checkHeader(header []string) error {
	for _, name := range header {
		if _, ok := parseTime(name); ok {
			return &field.Error{Line: 1, Found: "numbers or dates in the first line", Expected: "a header with the names of the columns"}
		}
	}
	return nil
}

// separatorOf tells what stands between a CSV's cells: whichever of comma, semicolon, tab and bar is most frequent in its first line, outside of quotes.
func separatorOf(data io.ReaderAt, size int64) rune {
	line, _ := bufio.NewReader(io.NewSectionReader(data, 0, min(size, 1<<16))).ReadString('\n')
	var bare strings.Builder
	for i, part := range strings.Split(line, `"`) {
		if i%2 == 0 {
			bare.WriteString(part)
		}
	}
	best, most := ',', 0
	for _, r := range ",;\t|" {
		if n := strings.Count(bare.String(), string(r)); n > most {
			best, most = r, n
		}
	}
	return best
}
