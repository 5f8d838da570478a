package report

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"
)

func TestAForecastPlotShowsTheEndOfTheHistoryAndEveryModel(t *testing.T) {
	l := &ForecastPlot{Title: "Passengers", X: "month", Y: "thousands", Start: 1, Label: func(p int) string { return fmt.Sprintf("1949-%03d", p) }}
	for i := range 288 {
		l.History = append(l.History, 100+2*float64(i)+30*math.Sin(float64(i)*math.Pi/6))
	}
	l.History[130] = math.NaN()
	for _, name := range []string{"auto-arima", "theta"} {
		f := ForecastBand{Name: name}
		for h := range 24 {
			m := 390 + 2*float64(h)
			f.Median, f.Lo, f.Hi = append(f.Median, m), append(f.Lo, m-20-float64(h)), append(f.Hi, m+20+float64(h))
		}
		l.Forecasts = append(l.Forecasts, f)
	}
	p, err := l.Picture()
	if err != nil {
		t.Fatal(err)
	}
	var svg, again bytes.Buffer
	if err := p.SVG(&svg); err != nil {
		t.Fatal(err)
	}
	if err := p.SVG(&again); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(svg.Bytes(), again.Bytes()) {
		t.Error("two drawings differ")
	}
	for _, word := range []string{"Passengers", "month", "auto-arima", "theta", "1949-089", "the last 200 of 288 periods"} {
		if !strings.Contains(svg.String(), word) {
			t.Errorf("the picture does not say %q", word)
		}
	}
	if strings.Contains(svg.String(), "1949-001<") {
		t.Error("the picture shows the beginning of a long history")
	}
	for _, bad := range []*ForecastPlot{{}, {History: []float64{1}}, {History: []float64{math.Inf(1)}, Forecasts: l.Forecasts},
		{History: []float64{1}, Forecasts: []ForecastBand{{Median: []float64{1}}}}} {
		if _, err := bad.Picture(); err == nil {
			t.Errorf("draws %+v", bad)
		}
	}
}

func FuzzMarks(f *testing.F) {
	f.Add("2024-01,2024-02,2024-03", 2)
	f.Add("2024Q1,2024Q2,x", 1)
	f.Add("1,9223372036854775807,-9223372036854775808", 9)
	f.Fuzz(func(t *testing.T, text string, room int) {
		labels := strings.Split(text, ",")
		room = max(1, min(room, 100))
		at := marks(1, len(labels), room, func(i int) string { return labels[max(0, min(i, len(labels))-1)] })
		for _, i := range at {
			if i < 1 || i > len(labels) {
				t.Fatalf("a mark at %d of %d labels", i, len(labels))
			}
		}
	})
}
