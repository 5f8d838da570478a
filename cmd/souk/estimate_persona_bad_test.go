package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBadCustomersGroupsBasketsSessionsAndRatings(t *testing.T) {
	one := "customer,date,amount\nPLANTED1,2024-01-01,3\n"
	sessions := "pages,month,bought\n"
	for i := range 30 {
		sessions += fmt.Sprintf("%d,%s,%d\n", i*7%11, []string{"May", "June"}[i%2], i/7%2)
	}
	table := "x,y\n1,2\n2,3\n3,1\n1,1\n"
	ratings := "user,item,rating\nPLANTED1,a,3\nPLANTED2,b,4\nPLANTED1,b,2\nPLANTED2,a,1\nPLANTED3,a,2\n"
	for name, c := range map[string]struct {
		text string
		args string
		code int
		want []string
	}{
		"no customers":           {"customer,date,amount\n", "kmeans --k 2", exitInvalid, []string{"data.csv", "a header only"}},
		"one customer":           {one, "kmeans --k 1", exitInvalid, []string{"data.csv", "customers: found 1, expected at least 10"}},
		"more groups":            {one, "kmeans --k 2", exitUsage, []string{"--k", "distinct rows, of which there are 1"}},
		"no groups":              {one, "kmeans --k 0", exitUsage, []string{"--k", "0", "from 1 to 1000"}},
		"half a group":           {one, "kmeans --k 2.5", exitUsage, []string{"--k", "2.5"}},
		"a word of groups":       {one, "kmeans --k many", exitUsage, []string{"--k", "many", "auto"}},
		"unknown feature":        {one, "kmeans --features recency,colour", exitUsage, []string{"--features", "colour", "recency, frequency, money"}},
		"feature twice":          {table, "kmeans --features x,x", exitUsage, []string{"--features", "twice"}},
		"text among numbers":     {"x,y\n1,2\n2,three\n", "kmeans --features x,y", exitInvalid, []string{"data.csv:3: y", "a finite number"}},
		"missing number":         {"x,y\n1,2\n,3\n", "kmeans --features x,y", exitInvalid, []string{"data.csv:3: x", "nothing"}},
		"few rows":               {table, "mixture --features x,y --k 2", exitInvalid, []string{"found 4, expected at least 10"}},
		"more parts":             {table, "mixture --features x,y --k 9 --least 1", exitUsage, []string{"--k"}},
		"no discounts":           {one, "coupon", exitInvalid, []string{"no discounts", "columns.discount"}},
		"support 0":              {"a b\n", "baskets --support 0", exitUsage, []string{"--support", "(0, 1]"}},
		"support 2":              {"a b\n", "baskets --support 2", exitUsage, []string{"--support"}},
		"confidence 2":           {"a b\n", "baskets --confidence 2", exitUsage, []string{"--confidence"}},
		"correction":             {"a b\n", "baskets --correction none", exitUsage, []string{"--correction", "holm"}},
		"no labels":              {"basket,item\n1,a\n", "baskets --items nowhere.csv", exitInvalid, []string{"nowhere.csv"}},
		"no outcome":             {sessions, "intention", exitUsage, []string{"--outcome"}},
		"unknown outcome":        {sessions, "intention --outcome buys", exitInvalid, []string{"data.csv", "buys", "no such column"}},
		"outcomes all the same":  {"pages,bought\n1,TRUE\n2,TRUE\n", "intention --outcome bought", exitInvalid, []string{"bought", "only one outcome"}},
		"three outcomes":         {"pages,bought\n1,a\n2,b\n3,c\n", "intention --outcome bought", exitInvalid, []string{"3 different outcomes"}},
		"which outcome":          {"pages,bought\n1,a\n2,b\n", "intention --outcome bought", exitUsage, []string{"--bought", `"a" and "b"`}},
		"no other column":        {"bought\n1\n0\n", "intention --outcome bought", exitInvalid, []string{"no columns beside the outcome"}},
		"constant columns":       {"pages,bought\n1,1\n1,0\n", "intention --outcome bought", exitInvalid, []string{"the same in all sessions"}},
		"text in a number":       {"pages,bought\n1,1\n3,0\nx,0\n", "intention --outcome bought", exitInvalid, []string{"data.csv:4: pages"}},
		"unknown column":         {sessions, "intention --outcome bought --without page", exitUsage, []string{"--without", "page"}},
		"unknown method":         {ratings, "affinity --method magic", exitUsage, []string{"--method", "magic", "als"}},
		"every row held out":     {ratings, "affinity --test-every 1", exitUsage, []string{"--test-every"}},
		"too large a rank":       {ratings, "affinity --rank -1", exitUsage, []string{"--rank"}},
		"text among ratings":     {ratings + "PLANTED3,b,good\n", "affinity", exitInvalid, []string{"data.csv:7: rating"}},
		"no ratings":             {"user,item,rating\n", "affinity", exitInvalid, []string{"a header only"}},
		"one rating":             {"user,item,rating\n1,a,2\n", "affinity", exitInvalid, []string{"data.csv"}},
		"unlike similarity":      {ratings, "affinity --method item-item --similarity looks --test-every 2", exitUsage, []string{"--similarity", "adjusted-cosine"}},
		"unknown role":           {ratings, "affinity --columns person=user", exitInvalid, []string{"data.csv", "columns.person"}},
		"end that is no day":     {one, "kmeans --end soon", exitUsage, []string{"--end", "soon"}},
		"no number of groups":    {"", "coupon --k auto", exitUsage, []string{"--k", "auto"}},
		"reaction before buying": {"customer,date,amount,discount\nPLANTED1,2024-01-01,3,1\nPLANTED1,2024-03-01,3,0\n", "coupon --from 2023-01-01", exitUsage, []string{"--from", "2024-01-01"}},
	} {
		t.Run(name, func(t *testing.T) {
			args := strings.Fields(c.args)
			code, stdout, stderr := call(t, append([]string{"estimate", args[0], "--data", written(t, c.text)}, args[1:]...)...)
			complains(t, code, c.code, stdout, stderr, c.want...)
			if strings.Contains(stderr, "PLANTED") {
				t.Errorf("a customer is named: %s", stderr)
			}
		})
	}
}

func TestWhatIsOddButNotBadIsSaid(t *testing.T) {
	same := "x,level\n"
	for i := range 30 {
		same += fmt.Sprintf("%d,5\n", i)
	}
	for name, c := range map[string]struct{ text, args, want string }{
		"a constant column":  {same, "kmeans --features x,level --k 2", "level is the same for all"},
		"one-item baskets":   {"basket,item\n1,a\n2,b\n3,a\n", "baskets --support 0.1", "no rule"},
		"a constant session": {"x,level,bought\n1,1,0\n2,1,1\n3,1,0\n4,1,1\n5,1,1\n6,1,0\n", "intention --outcome bought --folds 2 --held-out 0", "level is the same in all sessions"},
	} {
		args := strings.Fields(c.args)
		code, stdout, stderr := call(t, append([]string{"estimate", args[0], "--data", written(t, c.text)}, args[1:]...)...)
		if code != exitDone || !strings.Contains(strings.Join(strings.Fields(stdout), " "), c.want) {
			t.Errorf("%s: exit code %d, %s%s", name, code, stderr, stdout)
		}
	}
}

func TestIdsOfCustomersAreNotLearntFrom(t *testing.T) {
	text := "customer_id,tag,pages,bought\n"
	for i := range 120 {
		text += fmt.Sprintf("PLANTED%d,PLANTED-%d,%d,%d\n", i%4, i/3, i*7%11, i*7%11/6)
	}
	for _, more := range [][]string{nil, {"--id", "customer_id"}, {"--method", "forest"}} {
		model := filepath.Join(t.TempDir(), "m.json")
		code, stdout, stderr := call(t, append([]string{"estimate", "intention", "--data", written(t, text), "--outcome", "bought", "--folds", "2", "--trees", "5", "--model", model}, more...)...)
		saved, err := os.ReadFile(model)
		if code != exitDone || err != nil || strings.Contains(stdout+stderr+string(saved), "PLANTED") {
			t.Errorf("%v: exit code %d, %v %s\n%s\n%s", more, code, err, stderr, stdout, saved)
		}
	}
}
