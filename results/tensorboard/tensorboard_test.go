package tensorboard

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// fields reads a message: the values of each field, in order. Numbers are as on the wire.
func fields(t *testing.T, b []byte) map[protowire.Number][][]byte {
	t.Helper()
	all := map[protowire.Number][][]byte{}
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		b = b[n:]
		size := protowire.ConsumeFieldValue(number, kind, b)
		if size < 0 {
			t.Fatal(protowire.ParseError(size))
		}
		value := b[:size]
		if kind == protowire.BytesType {
			value, _ = protowire.ConsumeBytes(b)
		}
		all[number] = append(all[number], value)
		b = b[size:]
	}
	return all
}

// events cuts a file into its records, and checks their sums.
func events(t *testing.T, file []byte) (all []map[protowire.Number][][]byte) {
	t.Helper()
	for len(file) > 0 {
		n := binary.LittleEndian.Uint64(file)
		if got := binary.LittleEndian.Uint32(file[8:]); got != masked(file[:8]) {
			t.Fatalf("the length's sum is %#x", got)
		}
		data := file[12 : 12+n]
		if got := binary.LittleEndian.Uint32(file[12+n:]); got != masked(data) {
			t.Fatalf("the data's sum is %#x", got)
		}
		all = append(all, fields(t, data))
		file = file[16+n:]
	}
	return all
}

func float(b []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(b)) }

// CRC-32C of 32 zero bytes is 0x8a9136aa (RFC 3720, B.4).
func TestSumsAreMaskedCastagnoli(t *testing.T) {
	sum := uint32(0x8a9136aa)
	if got, want := masked(make([]byte, 32)), (sum>>15|sum<<17)+0xa282ead8; got != want {
		t.Errorf("%#x, not %#x", got, want)
	}
}

func TestScalarsAndHistogramsComeBack(t *testing.T) {
	var file bytes.Buffer
	w := NewWriter(&file)
	values := []float64{-1, 0, 0.5, 2, 2}
	if err := w.Scalar("profit", 7, 2.5); err != nil {
		t.Fatal(err)
	}
	if err := w.Histogram("prices", 9, values); err != nil {
		t.Fatal(err)
	}
	if err := w.Histogram("one price", 9, []float64{3, 3}); err != nil {
		t.Fatal(err)
	}
	all := events(t, file.Bytes())
	if len(all) != 4 || string(all[0][3][0]) != "brain.Event:2" {
		t.Fatalf("%d events, the first %q", len(all), all[0])
	}
	if step, _ := protowire.ConsumeVarint(all[1][2][0]); step != 7 || float(all[1][1][0]) != 7 {
		t.Errorf("step %d at %v", step, float(all[1][1][0]))
	}
	value := func(i int) map[protowire.Number][][]byte { return fields(t, fields(t, all[i][5][0])[1][0]) }
	if v := value(1); string(v[1][0]) != "profit" || math.Float32frombits(binary.LittleEndian.Uint32(v[2][0])) != 2.5 {
		t.Errorf("scalar %q", v)
	}
	h := fields(t, value(2)[5][0])
	var got []float64
	for i := range protowire.Number(5) {
		got = append(got, float(h[i+1][0]))
	}
	if !slices.Equal(got, []float64{-1, 2, 5, 3.5, 9.25}) { // least, most, number, sum, sum of squares
		t.Errorf("histogram of %v", got)
	}
	limits, counts := h[6][0], h[7][0]
	if len(limits) != 8*buckets || len(counts) != 8*buckets || float(limits[8*(buckets-1):]) != 2 {
		t.Fatalf("%d limits, %d counts", len(limits)/8, len(counts)/8)
	}
	for k, n := range map[int]float64{0: 1, 10: 1, 15: 1, 29: 2} {
		if got := float(counts[8*k:]); got != n {
			t.Errorf("bucket %d has %v, not %v", k, got, n)
		}
	}
	if h := fields(t, value(3)[5][0]); float(h[6][0]) != 3 || float(h[7][0]) != 2 {
		t.Errorf("a histogram of one value: %v", h)
	}
}

func TestHyperParametersComeBack(t *testing.T) {
	var file bytes.Buffer
	if err := NewWriter(&file).HParams("sarsa", map[string]any{"trace": 0.5, "kind": "replacing", "on": true}); err != nil {
		t.Fatal(err)
	}
	all := events(t, file.Bytes())
	v := fields(t, fields(t, all[1][5][0])[1][0])
	plugin := fields(t, fields(t, v[9][0])[1][0])
	if string(v[1][0]) != "_hparams_/session_start_info" || string(plugin[1][0]) != "hparams" || len(v[8]) != 1 {
		t.Fatalf("%q", v)
	}
	start := fields(t, fields(t, plugin[2][0])[3][0])
	if string(start[4][0]) != "sarsa" || len(start[1]) != 3 {
		t.Fatalf("%q", start)
	}
	trace := fields(t, start[1][2])
	if string(trace[1][0]) != "trace" || float(fields(t, trace[2][0])[2][0]) != 0.5 {
		t.Errorf("%q", trace)
	}
}

func TestWhatCannotBeDrawnIsRefused(t *testing.T) {
	w := NewWriter(new(bytes.Buffer))
	for want, err := range map[string]error{
		"a: found NaN":           w.Scalar("a", 1, math.NaN()),
		"b: found +Inf":          w.Histogram("b", 1, []float64{1, math.Inf(1)}),
		"c: found no value":      w.Histogram("c", 1, nil),
		"d: found int, expected": w.HParams("g", map[string]any{"d": 1}),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, expected %q", err, want)
		}
	}
}

// The bytes of one scalar, so that a change of them is noticed. TensorBoard's own reader (its EventFileLoader and EventMultiplexer) took a whole run's.
func TestBytesOfAScalar(t *testing.T) {
	var file bytes.Buffer
	if err := NewWriter(&file).Scalar("a", 1, 1); err != nil {
		t.Fatal(err)
	}
	event := file.Bytes()[16+24:]
	want := "\x09\x00\x00\x00\x00\x00\x00\xf0\x3f\x10\x01\x2a\x0a\x0a\x08\x0a\x01a\x15\x00\x00\x80\x3f"
	if got := string(event[12 : len(event)-4]); got != want {
		t.Errorf("%q, not %q", got, want)
	}
}
