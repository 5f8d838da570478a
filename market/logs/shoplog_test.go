package logs

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/souk-sim/souk/scenarios/data/shared"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

func decodeTransactions(text string, o Options) (Transactions, error) {
	return DecodeTransactions("t.csv", strings.NewReader(text), int64(len(text)), o)
}

func decodeClicks(text string, o Options) (Clicks, error) {
	return DecodeClicks("c.csv", strings.NewReader(text), int64(len(text)), o)
}

func decodeRatings(text string, o Options) (Ratings, error) {
	return DecodeRatings("r.csv", strings.NewReader(text), int64(len(text)), o)
}

func decodeBaskets(name, text string, o Options) (Baskets, error) {
	return DecodeBaskets(name, strings.NewReader(text), int64(len(text)), o)
}

// The counts are those that awk and the pages of the data sets give.
func TestRealLogsAreReadWithoutBeingTold(t *testing.T) {
	cdnow, err := ReadTransactions(shared.Path(t, "data/transactions/cdnow_master.csv"), Options{})
	if err != nil || len(cdnow.Customer) != 69659 || cdnow.Customers != 23570 || !cdnow.Daily || cdnow.Day(0) != 9862 || cdnow.Amount[0] != 11.77 {
		t.Errorf("%v: %d lines of %d customers", err, len(cdnow.Customer), cdnow.Customers)
	}
	if cdnow.Report.Defects[0].Kind != RepeatedRow || cdnow.Report.Defects[0].Rows != 255 {
		t.Errorf("%v", cdnow.Report.Defects)
	}
	grocer, err := ReadTransactions(shared.Path(t, "data/transactions/completejourney_sample.csv"),
		Options{Columns: map[string]string{"discount": "retail_disc + coupon_disc+coupon_match_disc"}})
	if err != nil || grocer.Report.Rows != 75000 || len(grocer.Customer) != 75000-416 || grocer.Discount[1] != 0.9 || grocer.Daily || grocer.Hour(0) != 19+6./60+53./3600 {
		t.Errorf("%v: %+v", err, grocer.Report)
	}
	rated, err := ReadRatings(shared.Path(t, "data/ratings/jester5k.csv"), Options{})
	if err != nil || rated.Users != 5000 || rated.Items != 100 || len(rated.Value) != 363209 || rated.Names[99] != "100" {
		t.Errorf("%v: %+v", err, rated.Report)
	}
	baskets, err := ReadBaskets(shared.Path(t, "data/baskets/groceries_transactions.txt"), Options{})
	if err != nil || len(baskets.Lists()) != 9835 || len(baskets.Names) != 169 || baskets.Report.Kept != 9835 {
		t.Fatalf("%v: %+v", err, baskets.Report)
	}
	labels, err := ReadLabels(shared.Path(t, "data/baskets/groceries_items.csv"), nil)
	if names := Label(baskets.Names, labels); err != nil || names[0] != "frankfurter" || len(labels) != 169 {
		t.Errorf("%v: %d labels, %q", err, len(labels), names[0])
	}
	receipts, err := ReadBaskets(shared.Path(t, "data/transactions/completejourney_sample.csv"), Options{})
	if err != nil || len(receipts.Item) != 75000 {
		t.Errorf("%v: %+v", err, receipts.Report)
	}
}

// The oracle's clicks are sorted by session and order; its states are the main categories, 1 to 4.
func TestClicksOfTheShopOf2008AreTheOracles(t *testing.T) {
	c, err := ReadClicks(shared.Path(t, "data/clickstream/eshop2008.csv"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	paths := c.Paths()
	var starts [4]int
	var follow [4][5]int
	for _, p := range paths {
		starts[p[0]]++
		for i, s := range p {
			to := 4
			if i+1 < len(p) {
				to = p[i+1]
			}
			follow[s][to]++
		}
	}
	want := [4][5]int{{34598, 3153, 3206, 2114, 6671}, {2027, 25645, 2997, 1683, 6056}, {2252, 1723, 26326, 2734, 5542}, {1618, 1415, 1603, 28354, 5757}}
	if len(paths) != 24026 || len(c.State) != 165474 || starts != [4]int{9247, 6472, 4445, 3862} || follow != want {
		t.Errorf("%d sessions of %d clicks, %v, %v", len(paths), len(c.State), starts, follow)
	}
	if !slices.Equal(c.States, []string{"1", "2", "3", "4"}) || !c.Daily || c.Time[0] != 13970*secondsADay || len(c.Items) != 217 || c.Price[0] != 28 {
		t.Errorf("%q, %d", c.States, c.Time[0])
	}
}

// A receipt by any hand is the same receipt.
func TestManyFormsOfOneLog(t *testing.T) {
	want, err := decodeTransactions("customer_id,date,amount\nann,1997-01-01,2.5\nbob,1997-01-03,4\nann,1997-01-02,1\n", Options{})
	if err != nil {
		t.Fatal(err)
	}
	type row struct {
		ID     string  `parquet:"household_key"`
		Date   int32   `parquet:"date,date"`
		Amount float64 `parquet:"sales_value"`
	}
	var columnar bytes.Buffer
	if err := parquet.Write(&columnar, []row{{"ann", 9862, 2.5}, {"bob", 9864, 4}, {"ann", 9863, 1}}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		text    string
		columns map[string]string
	}{
		"compact dates":  {"hhid,time,spend\nann,19970101,2.5\nbob,19970103,4\nann,19970102,1\n", nil},
		"mark and CRLF":  {"\ufeffCustomer ID,Transaction Date,Amount\r\n\"ann\",1997-01-01,2.5\r\nbob,1997-01-03,4\r\nann,1997-01-02,1\r\n", nil},
		"semicolons":     {"user;date;amount\nann;1997-01-01;2.5\nbob;1997-01-03;4\nann;1997-01-02;1\n", nil},
		"tabs":           {"user\tdate\tamount\nann\t1997-01-01\t2.5\nbob\t1997-01-03\t4\nann\t1997-01-02\t1\n", nil},
		"unit prices":    {"CustomerID,InvoiceDate,Quantity,UnitPrice\nann,1997-01-01,2,1.25\nbob,1997-01-03,1,4\nann,1997-01-02,4,.25\n", nil},
		"year month day": {"id,year,month,day,price\nann,1997,1,1,2.5\nbob,1997,1,3,4\nann,1997,1,2,1\n", nil},
		"other names":    {"who,when,what\nann,1997-01-01,2.5\nbob,1997-01-03,4\nann,1997-01-02,1\n", map[string]string{"customer": "who", "time": "when", "amount": "what"}},
		"parquet":        {columnar.String(), nil},
	} {
		got, err := decodeTransactions(c.text, Options{Columns: c.columns})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !slices.Equal(got.Customer, want.Customer) || !slices.Equal(got.Time, want.Time) || !slices.Equal(got.Amount, want.Amount) || !got.Daily {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
	for name, text := range map[string]string{
		"seconds":      "user,timestamp,amount\nann,852076800,2.5\n",
		"milliseconds": "user,timestamp,amount\nann,852076800000,2.5\n",
		"clock":        "user,timestamp,amount\nann,1997-01-01T00:00:00Z,2.5\n",
	} {
		if got, err := decodeTransactions(text, Options{}); err != nil || got.Time[0] != want.Time[0] || got.Daily {
			t.Errorf("%s: %v, %+v", name, err, got)
		}
	}
	if got, err := decodeTransactions("user,day,amount\na,3,1\nb,5,1\n", Options{}); err != nil || got.Day(1) != 5 || !got.Daily {
		t.Errorf("numbered days: %v, %+v", err, got)
	}
}

const defective = "customer,date,quantity,discount,amount\n" +
	"x1,2020-01-02,1,0,5\n" + // 2
	"x1,2020-01-02,1,0,5\n" + // 3: again
	",2020-01-02,1,0,5\n" + // 4: nobody
	"x2,,1,0,5\n" + // 5: never
	"x2,1970-01-01,1,0,5\n" + // 6: a clock that was not set
	"x2,2020-02-02,1,0,5\n" + // 7: after the end
	"x2,2020-01-05,0,0,5\n" + // 8: none of it
	"x2,2020-01-05,1,0,NA\n" + // 9: unpaid
	"x3,2020-01-06,-1,0,-5\n" + // 10: brought back
	"x2,2020-01-07,2,-3,0\n" + // 11: a discount below 0, for nothing
	"x2,2020-01-08,2,3,7\n" // 12

func TestDefectsAreCountedAndRepaired(t *testing.T) {
	for _, repair := range []Repair{"", RepairDrop} {
		x, err := decodeTransactions(defective, Options{Repair: repair, End: "2020-01-31"})
		if err != nil {
			t.Fatal(err)
		}
		again, lines := Defect{RepeatedRow, "", 1, Kept, []int{3}}, 4
		if repair == RepairDrop {
			again.Action, lines = Dropped, 3
		}
		want := []Defect{{MissingValue, "customer", 1, Dropped, []int{4}}, {MissingValue, "date", 1, Dropped, []int{5}}, {ImpossibleValue, "quantity", 1, Dropped, []int{8}},
			{MissingValue, "amount", 1, Dropped, []int{9}}, {ImpossibleValue, "date", 2, Dropped, []int{6, 7}}, {ImpossibleValue, "discount", 1, Missing, []int{11}},
			again, {Returned, "amount", 1, SetApart, []int{10}}, {NothingPaid, "amount", 1, Kept, []int{11}}}
		if !reflect.DeepEqual(x.Report.Defects, want) {
			t.Errorf("%q: %v\nwant %v", repair, x.Report.Defects, want)
		}
		if x.Report.Rows != 11 || x.Report.Kept != lines+1 || len(x.Amount) != lines || x.Customers != 3 || !slices.Equal(x.Returns.Amount, []float64{-5}) || !slices.Equal(x.Returns.Customer, []int32{1}) {
			t.Errorf("%q: %+v", repair, x)
		}
		if d := x.Discount; !math.IsNaN(d[lines-2]) || d[lines-1] != 3 {
			t.Errorf("%q: discounts %v", repair, d)
		}
	}
	for _, c := range []struct{ row, want string }{
		{",2020-01-02,1,0,5", "t.csv:2: customer: found nothing, expected a customer's id"},
		{"x2,2020-02-02,1,0,5", "t.csv: row 2: date: found a time outside these, expected a time from 1971 to 2199 and not after 2020-01-31"},
		{"x2,2020-01-05,0,0,5", "t.csv:2: quantity: found a quantity not above 0"},
	} {
		_, err := decodeTransactions("customer,date,quantity,discount,amount\n"+c.row+"\n", Options{Repair: RepairRefuse, End: "2020-01-31"})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
	if x, err := decodeTransactions("user,date,amount,discount\na,2020-01-01,1,-.5\na,2020-01-02,1,0\n", Options{}); err != nil || x.Discount[0] != .5 || len(x.Report.Notes) != 1 {
		t.Errorf("%v: %v %v", err, x.Discount, x.Report.Notes)
	}
}

func TestClicksAreSortedAndRatingsCompared(t *testing.T) {
	c, err := decodeClicks("session,customer,order,page,price\n7,ann,2,b,1\n7,ann,1,a,\n7,bob,1,c,2\n7,ann,3,a,3\n7,ann,3,a,3\n", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(c.Paths(), c.Visitors, c.Customer, c.Customers, c.States); got != "[[0 1 0 0] [2]] 2 [0 1] 2 [a b c]" {
		t.Error(got)
	}
	if want := []Defect{{ClockSkew, "order", 1, Sorted, []int{3}}, {RepeatedRow, "", 1, Kept, []int{6}}}; !reflect.DeepEqual(c.Report.Defects, want) {
		t.Errorf("%v", c.Report.Defects)
	}
	c, err = decodeClicks("visitorid,timestamp,event,itemid\nann,900,view,3\nbob,5,view,20\nann,3,buy,\n", Options{})
	if err != nil || c.Sessions || fmt.Sprint(c.Visitor, c.Time, c.State, c.Item, c.Items) != "[0 0 1] [3 900 5] [0 1 1] [-1 0 1] [3 20]" {
		t.Errorf("%v: %+v", err, c)
	}
	r, err := decodeRatings("userId,movieId,rating,timestamp\nu,10,4,1000000000\nu,9,3,1000000001\nu,10,2,1000000002\nu,9,3,1000000001\n", Options{Repair: RepairDrop})
	if err != nil || fmt.Sprint(r.Users, r.Items, r.User, r.Item, r.Value, r.Names) != "1 2 [0 0 0] [1 0 1] [4 3 2] [9 10]" {
		t.Errorf("%v: %+v", err, r)
	}
	if want := []Defect{{RepeatedRow, "", 1, Dropped, []int{5}}, {SeveralRatings, "movieId", 1, Kept, []int{4}}}; !reflect.DeepEqual(r.Report.Defects, want) {
		t.Errorf("%v", r.Report.Defects)
	}
}

func TestBasketsInEveryLayout(t *testing.T) {
	for _, c := range []struct {
		name, text, want string
		o                Options
	}{
		{"b.txt", "3 1 10\n\n1 1\n", "[[0 1 2] [0]] [1 3 10] [empty basket: 1 row (2): dropped item twice in its basket: 1 row (3): dropped]", Options{}},
		{"b.txt", "whole milk, rolls\r\n\"beer, dark\",rolls\n", "[[1 2] [0 1]] [beer, dark rolls whole milk] []", Options{}},
		{"b.csv", "beer,rolls\nrolls\n", "[[0 1] [1]] [beer rolls] []", Options{Layout: BasketLines}},
		{"b.csv", "basket,item\nx,2\ny,1\nx,1\nx,2\n", "[[0 1] [0]] [1 2] [item twice in its basket: 1 row (5): dropped]", Options{}},
		{"b.csv", "Member_number,Date,itemDescription\nann,2015-07-21,milk\nbob,2015-07-21,beer\nann,2015-07-22,beer\nann,2015-07-21,rolls\n",
			"[[1 2] [0] [0]] [beer milk rolls] []", Options{}},
	} {
		b, err := decodeBaskets(c.name, c.text, c.o)
		if got := fmt.Sprint(b.Lists(), " ", b.Names, " ", b.Report.Defects); err != nil || got != c.want {
			t.Errorf("%q: %v %s, want %s", c.text, err, got, c.want)
		}
	}
}

// Every customer is on one side, as many as asked for, and all come equally often: of 4,000 splits, each of 5 is held out within five standard errors of
// two fifths of them, a false alarm in 300,000 runs.
func TestSplitsDoNotLeak(t *testing.T) {
	stream := rng.New(1, 0).Family("split").At()
	var times [5]int
	for range 4000 {
		held, err := SplitCustomers(5, 0.4, &stream)
		if err != nil {
			t.Fatal(err)
		}
		customer := []int32{0, 4, 2, 4, 1, 3, 0}
		others, out := RowsOf(customer, held)
		if len(others)+len(out) != len(customer) {
			t.Fatal("rows are lost")
		}
		n := 0
		for c, h := range held {
			if h {
				n++
				times[c]++
			}
		}
		if n != 2 {
			t.Fatalf("%d are held out", n)
		}
		for _, i := range out {
			if !held[customer[i]] {
				t.Fatal("a customer is on both sides")
			}
		}
	}
	for c, n := range times {
		if math.Abs(float64(n)-1600) > 5*math.Sqrt(4000*.4*.6) {
			t.Errorf("customer %d is held out %d times", c, n)
		}
	}
	if before, after := SplitByTime([]int64{5, 1, 7, 5}, 5); fmt.Sprint(before, after) != "[1] [0 2 3]" {
		t.Error(before, after)
	}
	if _, err := SplitCustomers(5, math.NaN(), &stream); err == nil {
		t.Error("no share is taken")
	}
	x, _ := decodeTransactions(defective, Options{})
	rows, offsets := x.ByCustomer(x.Customers)
	if fmt.Sprint(rows, offsets) != "[0 1 3 4 2] [0 2 5 5]" || fmt.Sprint(x.Select(rows[2:4]).Quantity) != "[2 2]" {
		t.Error(rows, offsets, x.Lines)
	}
}

func TestBadShopLogsAreRefused(t *testing.T) {
	const head = "customer,date,amount\n"
	columns := func(role, name string) Options { return Options{Columns: map[string]string{role: name}} }
	for _, c := range []struct {
		text, want string
		o          Options
	}{
		{"", "t.csv: found an empty file", Options{}},
		{head, "t.csv: found a header only", Options{}},
		{head + ",2020-01-01,1\n", "t.csv: found no row that can serve (customer: missing value: 1 row (2): dropped)", Options{}},
		{head + "a,2020-01-01,1,5\n", "t.csv:2: found another number of fields", Options{}},
		{head + "a,2020-01-01,1\na,2020-01-01,1z5\n", `t.csv:3: amount: found a cell of the shape "9a9", expected a finite number`, Options{}},
		{head + "a,31.12.2020,1\n", `t.csv:2: date: found a cell of the shape "99.99.9999", expected a number, a date`, Options{}},
		{head + "a,2020-01,1\n", "t.csv:2: date: found a time longer than a day", Options{}},
		{head + "a,2020-01-01,1\na,17,1\n", "t.csv:3: date: found a time written in another way", Options{}},
		{head + "\"a,2020-01-01,1\n", "t.csv:2: found extraneous or missing", Options{}},
		{"customer,amount\na,1\n", `t.csv: columns.time: found no column with a usual name among "customer", "amount", expected one that is named: columns.time = "NAME" (--columns time=NAME)`, Options{}},
		{"customer,date,timestamp,amount\na,1,1,1\n", `t.csv: columns.time: found several columns that could be it: "date", "timestamp", expected one that is named`, Options{}},
		{"customer,date,price,quantity\na,1,1,1\n", `columns.amount: found "price" beside a quantity`, Options{}},
		{"customer,date\na,1\n", "columns.amount: found no column with a usual name, nor a unit price", Options{}},
		{head + "a,1,1\n", `t.csv: columns.custmer: found no such role, expected one of customer, time, amount, quantity, unit_price, discount, product, basket, channel, nearest "customer"`, columns("custmer", "x")},
		{head + "a,1,1\n", `t.csv: columns.amount: found no column "amuont", expected one of "customer", "date", "amount", nearest "amount"`, columns("amount", "amuont")},
		{head + "a,1,1\n", `columns.amount: found "date", which is the time already`, Options{Columns: map[string]string{"amount": "date", "time": "date"}}},
		{head + "a,1,1\n", "columns.customer: found 2 columns, expected one", columns("customer", "customer+date")},
		{head + "a,1,1\n", `repair: found "dorp", expected report, drop, refuse, nearest "drop"`, Options{Repair: "dorp"}},
		{head + "a,1,1\n", `end: found "soon", expected a date`, Options{End: "soon"}},
		{head + "a,1,1\n", "t.csv: end: found a log that numbers its days itself", Options{End: "2020-01-01"}},
		{head + "a,1,1\n", "key: found 5 bytes, expected a secret of at least 16", Options{Key: []byte("short")}},
		{"customer,date,amount,qty,units\na,1,1,1,1\n", `columns.quantity: found several columns that could be it: "qty", "units"`, Options{Roles: []string{"amount", "quantity"}}},
	} {
		_, err := decodeTransactions(c.text, c.o)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.text, err, c.want)
		}
	}
	for text, want := range map[string]string{
		"session,page\na,b\n":         "columns.order: found neither an order nor times",
		"order,page\n1,b\n":           "columns.session: found neither sessions nor customers",
		"session,order\na,1\n":        "columns.state: found no column with a usual name",
		"session,order,page\na,x,b\n": `c.csv:2: order: found a cell of the shape "a"`,
	} {
		if _, err := decodeClicks(text, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	if _, err := decodeBaskets("b.csv", "item\na\n", Options{}); err == nil || !strings.Contains(err.Error(), "layout lines") {
		t.Error(err)
	}
	if x, err := decodeTransactions("customer,date\na,2020-01-01\n", Options{Roles: []string{}}); err != nil || x.Amount != nil || len(x.Customer) != 1 {
		t.Errorf("a log of visits: %v, %+v", err, x)
	}
}

// No error and no report has an id, nor has a row of a file without a header.
func TestNoIdLeavesTheDoor(t *testing.T) {
	const id = "Zq7-secret"
	texts := []string{
		"customer,date,amount\n" + id + ",2020-01-01," + id + "\n", "customer,date,amount\n" + id + "," + id + ",1\n",
		"customer,date,amount\n" + id + ",,1\n", "customer,date,amount\n\"" + id + ",1,1\n", "customer,date,amount\n" + id + ",1\n",
		id + ",2020-01-01,1\n" + id + ",2020-01-01,1\n", id + ",x,y\n", id + "\n" + id + "\n", "customer,date,amount\n" + id + ",2020-01-01,1\n" + id + ",2020-01-01,1\n",
		"session,order,page\n" + id + "," + id + ",1\n", "user,item,rating\n" + id + ",1," + id + "\n", "id,price.a,price.b,choice\n" + id + ",1,2,z\n",
	}
	secret := []byte("planted-secret-of-31-characters")
	for _, text := range texts {
		for _, repair := range []Repair{RepairReport, RepairRefuse} {
			o := Options{Repair: repair, Key: secret}
			x, err1 := decodeTransactions(text, o)
			c, err2 := decodeClicks(text, o)
			r, err3 := decodeRatings(text, o)
			b, err4 := decodeBaskets("b.csv", text, Options{Repair: repair, Layout: BasketRows})
			h, err5 := decodeChoices(text, ChoiceColumns{Choice: "choice", Household: "id"})
			said := fmt.Sprintf("%+v %+v %+v %+v %+v %v %v %v %v %v", x, c, r, b, h, err1, err2, err3, err4, err5)
			if strings.Contains(said, id) || strings.Contains(said, string(secret)) {
				t.Errorf("%q: %s", text, said)
			}
		}
	}
	x, err := decodeTransactions("customer,date,amount\n"+id+",2020-01-01,1\nb,2020-01-01,1\n"+id+",2020-01-02,1\n", Options{Key: secret})
	p, _ := NewPseudonyms(secret)
	if err != nil || !slices.Equal(x.Pseudonym, []int{p.Of(id), p.Of("b")}) {
		t.Errorf("%v: %v", err, x.Pseudonym)
	}
}

// soundLog holds what any log that is read must satisfy.
func soundLog(t *testing.T, err error, report Report, rows int, columns ...[]int32) bool {
	if err != nil {
		var bad *field.Error
		if !errors.As(err, &bad) || bad.Found == "" || bad.Expected == "" {
			t.Fatalf("error %v does not say what was found and expected", err)
		}
		return false
	}
	if report.Kept < 1 || report.Kept > report.Rows {
		t.Fatalf("%+v", report)
	}
	for _, c := range columns {
		if c != nil && len(c) != rows {
			t.Fatalf("a column of %d in %d rows", len(c), rows)
		}
	}
	return true
}

func FuzzTransactions(f *testing.F) {
	f.Add([]byte(defective))
	f.Add([]byte("id;day;unit_price;qty;product;store\na;3;2;1;x;y\n"))
	f.Add([]byte("user,time,amount\na,1e9,1\nb,19970101,2\n"))
	var columnar bytes.Buffer
	if err := receiptParquet(&columnar, 20); err != nil {
		f.Fatal(err)
	}
	f.Add(columnar.Bytes())
	f.Fuzz(func(t *testing.T, raw []byte) {
		x, err := DecodeTransactions("f", bytes.NewReader(raw), int64(len(raw)), Options{End: ""})
		if soundLog(t, err, x.Report, len(x.Time), x.Customer, x.Product, x.Basket, x.Channel) {
			for i, c := range x.Customer {
				if c < 0 || int(c) >= x.Customers || !(x.Amount[i] >= 0) || x.Quantity != nil && x.Quantity[i] <= 0 || x.Discount != nil && x.Discount[i] < 0 {
					t.Fatalf("line %d of %+v", i, x)
				}
			}
			x.ByCustomer(x.Customers)
		}
	})
}

func FuzzLabels(f *testing.F) {
	f.Add([]byte("item,label\n1,bread\n2,\"butter, salted\"\n"))
	f.Add([]byte("item,label\n1,a\n1,b\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		labels, err := DecodeLabels("f", bytes.NewReader(raw), int64(len(raw)), nil)
		for id, label := range labels {
			if id == "" || label == "" {
				t.Fatalf("%q is %q, error %v", id, label, err)
			}
		}
	})
}

func FuzzBaskets(f *testing.F) {
	f.Add([]byte("3 1 10\n\n1 1\n"), false)
	f.Add([]byte("a,\"b,c\"\n"), false)
	f.Add([]byte("basket,item\nx,2\ny,1\nx,1\n"), true)
	f.Add([]byte("user,date,item\nx,2,3\ny,1,3\nx,1,4\n"), true)
	f.Fuzz(func(t *testing.T, raw []byte, rows bool) {
		o := Options{Layout: BasketLines}
		if rows {
			o.Layout = BasketRows
		}
		b, err := DecodeBaskets("f", bytes.NewReader(raw), int64(len(raw)), o)
		if soundLog(t, err, b.Report, len(b.Item)) {
			for _, list := range b.Lists() {
				for i, item := range list {
					if len(list) == 0 || item < 0 || item >= len(b.Names) || i > 0 && item <= list[i-1] {
						t.Fatalf("%v", list)
					}
				}
			}
		}
	})
}

func FuzzRatings(f *testing.F) {
	f.Add([]byte("user,item,rating\nu,1,2\nu,1,3\n"))
	f.Add([]byte("userId,movieId,rating,timestamp\nu,10,4,1000000000\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := DecodeRatings("f", bytes.NewReader(raw), int64(len(raw)), Options{Repair: RepairDrop})
		if soundLog(t, err, r.Report, len(r.Value), r.User, r.Item) && (int(slices.Max(r.User)) != r.Users-1 || int(slices.Max(r.Item)) >= r.Items) {
			t.Fatalf("%+v", r)
		}
	})
}

func FuzzClicks(f *testing.F) {
	f.Add([]byte("session,customer,order,page,price\n7,ann,2,b,1\n7,ann,1,a,\n7,bob,1,c,2\n"))
	f.Add([]byte("visitorid,timestamp,event,itemid\nann,900,view,3\nbob,5,view,20\n"))
	f.Add([]byte("session_id,order,year,month,day,state\n1,2,2008,4,1,x\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := DecodeClicks("f", bytes.NewReader(raw), int64(len(raw)), Options{Repair: RepairDrop})
		if soundLog(t, err, c.Report, len(c.State), c.Visitor, c.Item, c.Country) && (len(c.Paths()) != c.Visitors || !slices.IsSorted(c.Visitor)) {
			t.Fatalf("%+v", c)
		}
	})
}
