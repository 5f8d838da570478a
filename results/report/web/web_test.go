package web

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/souk-sim/souk/results/report/scale"
)

// sample is a page with a block of every kind.
func sample() *Page {
	x := []float64{1, 2, 3, 4}
	return &Page{Title: "canned-tuna", Kind: "Training run 9a4745285d34", Question: `What <should> & "could" be?`, Names: []string{"q-learning", "best-fixed"},
		Answer: Answer{Figure: "+8.7%", Interval: "95% interval +8.5% to +8.9%", Of: "profit a week of q-learning over the best fixed price", Words: []string{"It pays."}},
		Sections: []Section{
			{"asked", "What was asked", []Block{Text{"One.", "Two."}, Facts{{Name: "seed", Value: "1"}, {Name: "command", Value: "souk train canned-tuna", Code: true}}, List{"be careful"}}},
			{"found", "What was found", []Block{
				Table{Caption: "Profit a week", Columns: []Column{{Name: "policy"}, {Name: "profit, $", Kind: Estimates}, {Name: "weeks", Kind: Numbers}},
					Rows: [][]Cell{{Word("q-learning"), Interval(9800, 9705, 9895), Number(38)}, {Word("best-fixed"), Interval(9015, math.NaN(), math.NaN()), Number(math.NaN())}}},
				Intervals{Title: "Over best-fixed", X: Axis{Name: "$ a week", Zero: true}, Rows: []Estimate{{Name: "q-learning", Value: 785, Low: 771, High: 799, Strong: true}, {Name: "optimum", Value: 792, Low: math.NaN(), High: math.NaN()}}},
				Lines{Title: "Learning", X: Axis{Name: "episode"}, Y: Axis{Name: "profit a week, $"},
					Series:     []Series{{Name: "q-learning", X: x, Y: []float64{1, 2, math.NaN(), 4}, Bands: []Band{{Low: []float64{0, 1, 2, 3}, High: []float64{2, 3, 4, 5}}}}},
					References: []Reference{{"best-fixed", 3}}},
				Bars{Title: "Errors", X: Axis{Name: "share, %"}, Bars: []Bar{{"q-learning", 3}, {"last week", -1.5}}},
				Stack{Title: "Actions", X: Axis{Name: "episode"}, At: x, Parts: []Part{{"$0.54", []float64{0.5, 0.4, 0.3, 0.2}}, {"$0.97", []float64{0.5, 0.6, 0.7, 0.8}}}},
				Heat{Title: "The policy", X: "reference price, $", Y: "price, $", Columns: []string{"0.5", "0.6", "0.7"}, Rows: []string{"0.54", "0.97"}, Summary: "It pays to wait.",
					Layers: []Layer{{Name: "visits", Log: true, Values: [][]float64{{0, 10, 1000}, {3, math.NaN(), 5}}, Marked: [][]bool{{false, true, true}, {true, false, false}}}}},
				Graph{Title: "Baskets", Nodes: []string{"coffee", "milk", "bread", "butter"}, Edges: []Edge{{0, 1, 3}, {2, 3, 2}, {1, 2, 0.5}}, Weight: "lift"},
			}},
			{"files", "Files", []Block{Pre{Title: "scenario.toml", Text: "name = \"x\" # <&>\n"}}},
		}}
}

func written(t *testing.T, p *Page) string {
	t.Helper()
	var b bytes.Buffer
	if err := p.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestAPageIsTheSameEveryTime(t *testing.T) {
	first := written(t, sample())
	if second := written(t, sample()); first != second {
		t.Error("two writings differ")
	}
}

// TestAPageNeedsNothingElse holds what the browser's check asserts too: no address of another file stands in it.
func TestAPageNeedsNothingElse(t *testing.T) {
	page := written(t, sample())
	for _, bad := range []string{" src=", "@import", "url(", "https:"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	if n := strings.Count(page, "http:"); n != 1 { // the name of SVG's namespace, in the script
		t.Errorf("%d addresses that begin with http:, not 1", n)
	}
}

func TestAPageIsWellFormed(t *testing.T) {
	page := written(t, sample())
	body := page[strings.Index(page, "<body>"):strings.Index(page, "<script>")] + "</body>"
	for d := xml.NewDecoder(strings.NewReader(body)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if !strings.Contains(page, "What &lt;should&gt; &amp; &#34;could&#34; be?") {
		t.Error("the question is not escaped")
	}
	if strings.Contains(body, "NaN") {
		t.Error("NaN is shown to readers")
	}
}

func TestAPageRefusesWhatCannotBeDrawn(t *testing.T) {
	for name, b := range map[string]Block{
		"lengths":  Lines{Series: []Series{{X: []float64{1}, Y: nil}}},
		"nothing":  Lines{},
		"infinite": Intervals{Rows: []Estimate{{Value: math.Inf(1)}}},
		"cells":    Table{Columns: []Column{{}}, Rows: [][]Cell{{}}},
	} {
		p := Page{Sections: []Section{{ID: "a", Blocks: []Block{b}}}}
		if p.Write(io.Discard) == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if p := (Page{Sections: []Section{{ID: "a"}, {ID: "a"}}}); p.Write(io.Discard) == nil {
		t.Error("two sections of one ID are no error")
	}
}

func TestTicksAreRoundNumbers(t *testing.T) {
	for _, c := range []struct {
		lo, hi float64
		want   []float64
	}{{0, 1, []float64{0, 0.25, 0.5, 0.75, 1}}, {-3, 7, []float64{-2.5, 0, 2.5, 5}}, {9000, 9999, []float64{9000, 9250, 9500, 9750}}} {
		at, _ := scale.Ticks(c.lo, c.hi, 4)
		if len(at) != len(c.want) {
			t.Errorf("ticks in [%g, %g]: %v, not %v", c.lo, c.hi, at, c.want)
			continue
		}
		for i := range at {
			if math.Abs(at[i]-c.want[i]) > 1e-9 {
				t.Errorf("ticks in [%g, %g]: %v, not %v", c.lo, c.hi, at, c.want)
			}
		}
	}
}
