package export_test

import (
	"bytes"
	"encoding/csv"
	"math"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/export"
	"github.com/souk-sim/souk/sim/env"
)

// What onnxruntime and DuckDB make of the files is asked by .ci/export/run, which has them; here is what can be said without.

func table(t *testing.T) *policies.Table {
	t.Helper()
	spec := &env.Spec{Features: []env.Feature{{Name: "stock", Min: 0, Max: 9}}, Offers: []env.Offer{{Price: 1}, {Price: 2, Promotion: "it's on"}, {Price: 3}},
		Limits: []env.Limit{{Feature: "stock", Drop: 5}}}
	encoder := policies.Encoder{Dimensions: []policies.Dimension{policies.Uniform("stock", 0, 0, 9, 3)}}
	p, err := policies.NewTable(spec, encoder, []float64{1, 2, 3, 3, 2, 1, 0, 5, 0, 0, 0, 0, 7, 7, 7}[:12], []uint32{1, 1, 1, 1, 1, 0, 0, 2, 0, 0, 0, 0}, 0)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestATableHasAllFormsAndOthersOnlyONNX(t *testing.T) {
	p := table(t)
	basis := policies.Basis{Kind: "tiles", Inputs: policies.Inputs(&p.Spec, &p.Encoder), Tilings: 2, Tiles: 3}
	if err := basis.Prepare(); err != nil {
		t.Fatal(err)
	}
	linear, err := policies.NewLinear(&p.Spec, p.Encoder, basis, make([]float64, basis.Size()*3))
	if err != nil {
		t.Fatal(err)
	}
	for _, policy := range []policies.Frozen{p, linear} {
		first, err := export.ONNX(policy, "test")
		second, _ := export.ONNX(policy, "test")
		if err != nil || !bytes.Equal(first, second) || !bytes.Contains(first, []byte("souk.revision")) {
			t.Errorf("%s: %d and %d bytes, %v", policy, len(first), len(second), err)
		}
	}
	var b bytes.Buffer
	for _, err := range []error{export.SQL(linear, &b), export.CSV(linear, &b), export.Parquet(linear, &b)} {
		if err == nil || !strings.Contains(err.Error(), "onnx") {
			t.Errorf("a linear policy as a table: %v", err)
		}
	}
	if b.Len() > 0 {
		t.Error("a refused policy left bytes")
	}
}

// The first of a state's rows is the decision where no limit forbids it, and both files say the same.
func TestTheFirstRowOfAStateIsItsDecision(t *testing.T) {
	p := table(t)
	var text, file bytes.Buffer
	if err := export.CSV(p, &text); err != nil {
		t.Fatal(err)
	}
	if err := export.Parquet(p, &file); err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(&text).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	rows, err := parquet.Read[export.Row](bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil || len(rows) != len(lines)-1 || len(rows) != p.Encoder.States()*3 {
		t.Fatalf("%d rows, %d lines, %v", len(rows), len(lines), err)
	}
	for i, r := range rows {
		if r.Place == 1 && int(r.Action) != p.Greedy(int(r.State)) {
			t.Errorf("state %d: %d comes first, %d is decided", r.State, r.Action, p.Greedy(int(r.State)))
		}
		if line := lines[i+1]; line[4] != r.Promotion || (line[5] == "") != (r.Value == nil) || r.Cells[0].Missing != (line[9] == "true") {
			t.Errorf("row %d: %v and %v", i, r, line)
		}
	}
	if low, high := rows[0].Cells[0].Low, rows[0].Cells[0].High; low != nil || high == nil || math.Abs(*high-3) > 1e-12 {
		t.Errorf("the first cell: %v to %v", low, high)
	}
}

func TestNamesAreQuotedInSQL(t *testing.T) {
	var b bytes.Buffer
	if err := export.SQL(table(t), &b); err != nil || !strings.Contains(b.String(), "'it''s on'") {
		t.Error(err, b.String())
	}
}
