package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestBadChoicesGetOneClearLine asks the kinds of choice models for what cannot be had. No line names a household.
func TestBadChoicesGetOneClearLine(t *testing.T) {
	const few = "id,price.a,price.b,choice\n99117,1,2,a\n99117,2,1,b\n99118,2,1.5,a\n99118,2,3,b\n99119,1,2,a\n"
	for _, c := range []struct {
		name, text, flags string // flags parted by blanks
		code              int
		says              []string
	}{
		{"a choice not in the set", "id,price.a,price.b,choice\n99117,1,2,c\n", "logit --id id", exitInvalid, []string{"data.csv:2", `the shape "a"`, `["a" "b"]`}},
		{"a choice by a number from 0", "id,price.a,price.b,choice\n99117,1,2,0\n", "logit --id id", exitInvalid, []string{`the shape "9"`, "its number from 1", "0 may be"}},
		{"a choice that was not there", "id,price.a,price.b,choice\n99117,1,,b\n", "logit --id id", exitInvalid, []string{"data.csv:2", `"b"`, "was there"}},
		{"one alternative", "id,price.a,choice\n99117,1,a\n99118,2,a\n", "logit --id id", exitInvalid, []string{"alternatives", "nothing to choose"}},
		{"collinear attributes", "id,price.a,price.b,cost.a,cost.b,choice\n1,1,2,2,4,a\n2,1,3,2,6,a\n3,5,2,10,4,b\n4,4,2,8,4,a\n5,2,1,4,2,a\n", "logit --id id", exitInvalid,
			[]string{"data.csv", "cost", "price", "collinear"}},
		{"a constant price", "id,price.a,price.b,choice\n99117,3,3,a\n99118,3,3,b\n", "logit --id id", exitInvalid, []string{"data.csv", "price", "no variation"}},
		{"all missing", "id,price.a,price.b,choice\n99117,NA,NA,a\n99118,NA,NA,b\n", "logit --id id", exitInvalid, []string{"data.csv:2", "was there"}},
		{"a column twice", "id,price.a,price.a,price.b,choice\n99117,1,2,2,a\n", "logit --id id", exitInvalid, []string{"data.csv:1", "price.a", "twice"}},
		{"no customers", "id,price.a,price.b,choice\n", "logit --id id", exitInvalid, []string{"data.csv", "a header only"}},
		{"an empty file", "", "logit --id id", exitInvalid, []string{"data.csv", "an empty file"}},
		{"an unknown attribute", few, "logit --id id --attributes prise", exitInvalid, []string{`"prise"`, `nearest "price"`}},
		{"an unknown household column", few, "logit --id idd", exitInvalid, []string{"idd", `nearest "id"`}},
		{"a household column that is the choice", few, "logit --id choice", exitUsage, []string{"--id", "another use"}},
		{"an unknown base", few, "logit --id id --base c", exitUsage, []string{"--base", "c", `["a" "b"]`}},
		{"an unknown price", few, "logit --id id --price cost", exitUsage, []string{"--price", "cost", `"price"`}},
		{"an unknown reference", few, "logit --id id --reference cost", exitUsage, []string{"--reference", "cost", `"price"`}},
		{"a layout that is none", few, "logit --layout tall", exitUsage, []string{"--layout", "tall", "wide,long"}},
		{"a wide file as a long one", few, "logit --layout long", exitInvalid, []string{"data.csv", "situation", "no such column"}},
		{"no nests", few, "nested --id id", exitUsage, []string{"--nests"}},
		{"a nest of one", few, "nested --id id --nests x:a", exitUsage, []string{"--nests", "at least two"}},
		{"a nest of an unknown alternative", few, "nested --id id --nests x:a,c", exitUsage, []string{"--nests", "c", `["a" "b"]`}},
		{"a nest without a name", few, "nested --id id --nests a,b", exitUsage, []string{"--nests", "a,b", "of the form a:x,y;b:z"}},
		{"an alternative in two nests", few, "nested --id id --nests x:a,b;y:a", exitUsage, []string{"--nests", "a, in two nests", "each alternative in one nest"}},
		{"two households in a situation", "situation,alternative,price,choice,id\n1,a,1,1,99117\n1,b,2,0,99118\n2,a,3,0,99117\n2,b,1,1,99117\n",
			"logit --layout long --id id", exitInvalid, []string{"data.csv:3", "id", "two households in the situation"}},
		{"nothing random", few, "mixed --id id", exitUsage, []string{"--normal", "nothing"}},
		{"an unknown random coefficient", few, "mixed --id id --normal prise", exitUsage, []string{"--normal", "prise", `"price"`}},
		{"a coefficient of two laws", few, "mixed --id id --normal price --log-normal price", exitUsage, []string{"--log-normal", "price", "each coefficient once"}},
		{"one node", few, "mixed --id id --normal price --nodes 1", exitUsage, []string{"--nodes", "2 or more"}},
		{"no classes", few, "latent-class --id id --classes 0", exitUsage, []string{"--classes", "0", "[1, 50]"}},
		{"classes in words", few, "latent-class --id id --classes two", exitUsage, []string{"--classes", "two"}},
		{"two classes of one customer", "id,price.a,price.b,choice\n99117,1,2,a\n99117,2,1,b\n99117,2,1.5,a\n99117,2,3,b\n", "latent-class --id id --classes 2", exitUsage,
			[]string{"--classes", "1 households"}},
		{"an unknown trait", few, "latent-class --id id --classes 2 --concomitants income", exitInvalid, []string{"data.csv", "income", "no such column"}},
		{"one household, and some to hold out", "id,price.a,price.b,choice\n99117,1,2,a\n99117,2,1,b\n", "logit --id id --held-out 0.5", exitUsage, []string{"--held-out", "0.5", "1 customers"}},
		{"all held out", few, "logit --id id --held-out 0.99999", exitUsage, []string{"--held-out", "3 customers"}},
		{"all quantities held out", "quantity\n1\n2\n2\n", "quantity --held-out 0.99999", exitUsage, []string{"--held-out", "3 purchases"}},
		{"quantities of 0", "quantity\n1\n0\n2\n", "quantity", exitInvalid, []string{"row 2", "0", "given a purchase", "repair drop"}},
		{"quantities of 1 alone", "quantity\n1\n1\n1\n", "quantity", exitInvalid, []string{"data.csv", "1 in every row"}},
		{"a deal above 1", "quantity,deal\n1,0\n2,3\n", "quantity --deal deal", exitInvalid, []string{"row 2", "deal", "0 to 1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			args, data := append([]string{"estimate"}, strings.Fields(c.flags)...), written(t, c.text)
			code, stdout, stderr := call(t, append(args, "--quiet", "--data", data)...)
			complains(t, code, c.code, stdout, stderr, c.says...)
			if strings.Contains(strings.ReplaceAll(stderr, data, ""), "9911") { // a temporary folder may have any number
				t.Errorf("a household is named: %s", stderr)
			}
		})
	}
}

// TestDoubtfulChoicesAreSaid: fits that exist but want care.
func TestDoubtfulChoicesAreSaid(t *testing.T) {
	for _, c := range []struct{ text, flags, says string }{
		{"id,price.a,price.b,choice\n1,1,2,a\n2,1,3,a\n3,5,2,b\n4,4,2,b\n", "logit --id id", "separated: the likelihood rises for ever in the coefficients of"},
		{"id,price.a,price.b,choice\n1,1,2,a\n1,2,1,b\n1,2,1.5,a\n1,2,3,b\n1,1,2,a\n", "logit --id id", "one household"},
		{"id,price.a,price.b,choice\n1,1,2,a\n1,2,1,b\n2,2,1.5,a\n2,2,3,b\n3,1,2,a\n3,2,1,a\n", "mixed --normal price", "every household chose once"},
		{"id,price.a,price.b,choice\n1,1,2,a\n1,2,1,b\n2,2,1.5,a\n2,2,3,b\n3,1,2,a\n3,2,1,a\n", "mixed --normal price", "no column of the household (id)"},
		{"id,price.a,price.b,choice\n1,1,2,a\n1,2,1,b\n2,2,1.5,a\n2,2,3,b\n3,1,2,a\n3,2,1,a\n", "latent-class --starts 2", "no column of the household (id)"},
		{"price.a,price.b,price.c,choice\n1,2,NA,a\n2,1,,b\n2,1.5,3,a\n2,3,1,b\n1,2,2,c\n2,2,1,a\n", "logit", "cells without a value (price 2)"},
		{"quantity\n1\n0\n2\n1\n-3\n3\n", "quantity --repair drop", "2 of 6 rows are left out"},
		{"situation,alternative,choice\n1,a,1\n1,b,0\n2,a,0\n2,b,1\n3,a,1\n3,b,0\n", "logit --layout long", "no attributes: the model has constants alone"},
	} {
		args := append([]string{"estimate"}, strings.Fields(c.flags)...)
		code, stdout, stderr := call(t, append(args, "--quiet", "--json", "--data", written(t, c.text))...)
		if code != exitDone || !strings.Contains(stdout, c.says) {
			t.Errorf("%s: exit code %d, no %q in %s%s", c.flags, code, c.says, stdout, stderr)
		}
	}
}

// FuzzChoiceCommands gives any file to the kinds of choice models: they answer with one document or refuse it in one line, and never panic.
func FuzzChoiceCommands(f *testing.F) {
	for _, data := range []string{"id,price.a,price.b,choice\n1,1,2,a\n1,2,1,b\n2,2,1.5,a\n2,2,3,b\n3,1,2,a\n", "id,price.a,price.b,choice\n1,1e300,2,a\n1,-1e300,1,b\n2,2,1,a\n",
		"situation,alternative,choice,price,id\n1,a,1,1,7\n1,b,0,2,7\n2,a,no,3,7\n2,b,yes,2,7\n", "quantity,id\n1,1\n2,1\n3,2\n7,2\n"} {
		for i := range byte(12) {
			f.Add(data, i)
		}
	}
	kinds := [][]string{{"logit", "--loyalty"}, {"nested", "--nests", "x:a,b"}, {"mixed", "--normal", "price", "--nodes", "9"}, {"latent-class", "--starts", "4"}, {"quantity"}, {"logit", "--layout", "long", "--attributes", "price"}}
	f.Fuzz(func(t *testing.T, data string, flags byte) {
		if len(data) > 600 {
			t.Skip("more than 600 bytes are slow to fit; TestEveryKindAnswersOrRefusesExtremeData has what is long")
		}
		path := filepath.Join(t.TempDir(), "data.csv")
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		args := slices.Concat([]string{"estimate"}, kinds[int(flags)%len(kinds)], []string{"--json", "--quiet", "--data", path})
		if flags >= 6 {
			args = append(args, "--id", "id", "--held-out", "0.4")
		}
		code, stdout, stderr := call(t, args...)
		answered := code == exitDone && json.Valid([]byte(stdout)) && stderr == ""
		refused := (code == exitUsage || code == exitInvalid) && stdout == "" && strings.Count(stderr, "\n") == 1 && json.Valid([]byte(stderr))
		if !answered && !refused {
			t.Errorf("exit code %d\n%s\n%s", code, stdout, stderr)
		}
	})
}
