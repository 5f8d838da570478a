package logs

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"
)

func summaries(text string, o Options) (CustomerSummaries, error) {
	return DecodeCustomerSummaries("f.csv", strings.NewReader(text), int64(len(text)), o)
}

func TestCustomersThatCannotBeAreLeftOutOfSummaries(t *testing.T) {
	const text = "customer,x,t.x,T.cal,m.x,x.star,t.star\nann,2,30,38,20,1,39\nbob,0,NA,38,NA,0,39\ncid,1,40,38,5,0,39\ndan,0,3,9,5,0,39\neve,2,0,9,5,0,39\n" +
		"fay,-1,0,9,5,0,39\ngil,1.5,1,9,5,0,39\nhal,1,1,9,5,0,40\nian,1,1,9,,2,39\njoe,1,,9,5,0,39\n"
	s, err := summaries(text, Options{})
	if err != nil || !slices.Equal(s.Frequency, []int{2, 0, 1}) || !slices.Equal(s.Recency, []float64{30, 0, 1}) || !slices.Equal(s.T, []float64{38, 38, 9}) ||
		!slices.Equal(s.Spend, []float64{20, 0, 0}) || !slices.Equal(s.Holdout, []int{1, 0, 2}) || s.Ahead != 39 || s.Pseudonym != nil {
		t.Errorf("%+v, %v", s, err)
	}
	var left []int
	for _, d := range s.Report.Defects {
		left = append(left, d.Examples...)
	}
	slices.Sort(left)
	if !slices.Equal(left, []int{4, 5, 6, 7, 8, 9, 11}) || s.Report.Kept != 3 || s.Report.Rows != 10 {
		t.Errorf("%+v", s.Report)
	}
	if _, err := summaries(text, Options{Repair: RepairRefuse}); err == nil || !strings.Contains(err.Error(), "f.csv:4: t.x: found a time above T.cal") {
		t.Error(err)
	}
	keyed, err := summaries(text, Options{Key: []byte("0123456789abcdef")})
	if err != nil || len(keyed.Pseudonym) != 3 || keyed.Pseudonym[0] == keyed.Pseudonym[1] {
		t.Errorf("%v, %v", keyed.Pseudonym, err)
	}
}

func TestSummariesAreToldFromLogsByTheirColumns(t *testing.T) {
	for _, c := range []struct {
		header string
		o      Options
		want   bool
	}{
		{"customer_id,frequency,recency,T", Options{}, true}, {"customer,date,amount", Options{}, false}, {"id,x,t.x,T.cal", Options{}, true},
		{"id,f,r,age", Options{}, false}, {"id,f,r,age", Options{Columns: map[string]string{"frequency": "f", "recency": "r"}}, true},
	} {
		if got, err := HasCustomerSummaries("f", strings.NewReader(c.header), int64(len(c.header)), c.o); got != c.want || err != nil {
			t.Errorf("%s: %v, %v", c.header, got, err)
		}
	}
}

func lists(text string, o Options) (Lists, error) {
	return DecodeLists("f.csv", strings.NewReader(text), int64(len(text)), o)
}

func TestListsAreReadFromTheTopWhateverTheOrderOfRows(t *testing.T) {
	const text = "impression,rank,product,click\nb,2,10,false\na,1,9,1\nb,1,9,true\na,2,7,0\nc,1,9,1\nc,3,7,0\nd,1,7,0\nd,1,9,0\ne,1,7,perhaps\n"
	l, err := lists(text, Options{})
	if err != nil || !slices.Equal(l.Items, []string{"7", "9", "10"}) || !slices.Equal(l.Offsets, []int{0, 2, 4}) ||
		!slices.Equal(l.Item, []int32{1, 2, 1, 0}) || !slices.Equal(l.Clicked, []bool{true, false, true, false}) || l.Report.Kept != 4 || l.Report.Rows != 9 {
		t.Errorf("%+v, %v", l, err)
	}
	if _, err := lists(text, Options{Repair: RepairRefuse}); err == nil || !strings.Contains(err.Error(), ":10: click") {
		t.Error(err)
	}
	if l, err := lists("list,position,item,clicked\na,0,x,yes\na,1,y,no\n", Options{}); err != nil || len(l.Offsets) != 2 {
		t.Errorf("from 0: %+v, %v", l, err)
	}
}

func TestVisitsComeWithTheirFirstRow(t *testing.T) {
	text := "session,time\na,2024-01-02 10:00:00\nb,2024-01-01 09:30:00\na,2024-01-02 09:00:00\nc,\n"
	v, err := DecodeVisits("f", strings.NewReader(text), int64(len(text)), Options{})
	day := int64(19723 * secondsADay)
	if err != nil || !slices.Equal(v.Time, []int64{day + secondsADay + 9*3600, day + 9*3600 + 1800}) || v.Daily || v.Report.Kept != 3 {
		t.Errorf("%+v, %v", v, err)
	}
	text = "date\n2024-01-01\n2024-01-01\n"
	if v, err := DecodeVisits("f", strings.NewReader(text), int64(len(text)), Options{}); err != nil || !slices.Equal(v.Time, []int64{day, day}) || !v.Daily {
		t.Errorf("%+v, %v", v, err)
	}
}

func FuzzCustomerSummaries(f *testing.F) {
	f.Add([]byte("customer,frequency,recency,T\n1,2,3,4\n2,0,,4\n"))
	f.Add([]byte("id;x;t.x;T.cal;m.x;x.star;t.star\n1;2;3;4;5;6;7\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := DecodeCustomerSummaries("f", bytes.NewReader(raw), int64(len(raw)), Options{})
		if soundLog(t, err, s.Report, len(s.T)) {
			for i, x := range s.Frequency {
				if r, t0 := s.Recency[i], s.T[i]; x < 0 || !(r >= 0 && r <= t0) || math.IsInf(t0, 1) || (x == 0) != (r == 0) {
					t.Fatalf("customer %d of %+v", i, s)
				}
			}
		}
	})
}

func FuzzLists(f *testing.F) {
	f.Add([]byte("list,position,item,clicked\na,1,x,1\na,2,y,0\nb,2,y,0\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		l, err := DecodeLists("f", bytes.NewReader(raw), int64(len(raw)), Options{})
		if soundLog(t, err, l.Report, len(l.Item), l.Item) && (!slices.IsSorted(l.Offsets) || l.Offsets[len(l.Offsets)-1] != len(l.Item) || len(l.Clicked) != len(l.Item)) {
			t.Fatalf("%+v", l)
		}
	})
}

func FuzzVisits(f *testing.F) {
	f.Add([]byte("session,time\na,2024-01-02 10:00:00\nb,2024-01-01 09:30:00\na,2024-01-02 09:00:00\n"))
	f.Add([]byte("date\n20240101\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		v, err := DecodeVisits("f", bytes.NewReader(raw), int64(len(raw)), Options{Repair: RepairDrop})
		if soundLog(t, err, v.Report, len(v.Time)) && (len(v.Time) == 0 || len(v.Time) > v.Report.Kept) {
			t.Fatalf("%+v", v)
		}
	})
}
