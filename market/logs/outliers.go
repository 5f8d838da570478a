package logs

import (
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/sim/portable"
)

// FlagOutliers reports values far from trend and season, and on request winsorises them: takes the nearest value that is not far. season is
// the number of periods after which the series repeats, 1 for none.
//
// The trend is a running median over two seasons (13 periods at least), at the ends the line through the first and the last such window by Theil & Sen's
// slope; the season is the median of each phase about it; both are found twice. A value is an outlier when its residual is far out: beyond Tukey's outer fences, three
// interquartile ranges from the quartiles, as in R's forecast::tsoutliers (Hyndman & Athanasopoulos 2021, Forecasting: Principles and Practice, §13.9). Positive values are
// taken as logarithms where that makes the residuals the smaller, the scales compared as Box & Cox (1964, §3) do, so that a season which grows with the level is no
// outlier. Of fewer than 12 values none is flagged. Regressors are not looked at: what a promotion sold may well be flagged, and should not be winsorised then.
func (s Series) FlagOutliers(season int, winsorise bool) Series {
	low, high, spread := fences(s.Values, season)
	if logs, mean := logarithms(s.Values); logs != nil {
		if l, h, relative := fences(logs, season); relative*portable.Exp(mean) < spread {
			for i := range l {
				low[i], high[i] = portable.Exp(l[i]), portable.Exp(h[i])
			}
		}
	}
	s.Values, s.Findings = slices.Clone(s.Values), slices.Clone(s.Findings)
	for i, v := range s.Values {
		if !(v < low[i] || v > high[i]) {
			continue
		}
		f := Finding{Row: i + 1, Period: s.Start + i, Time: s.Label(i), Kind: Outlier, Found: number(v),
			Expected: fmt.Sprintf("%.6g to %.6g, by trend and season", low[i], high[i]), Action: Kept}
		if winsorise {
			s.Values[i], f.Action = min(max(v, low[i]), high[i]), Winsorised
		}
		s.Findings = append(s.Findings, f)
	}
	return s
}

// logarithms returns nil unless all values are positive.
func logarithms(values []float64) (logs []float64, mean float64) {
	logs = make([]float64, len(values))
	known := 0
	for i, v := range values {
		if v <= 0 {
			return nil, 0
		}
		if logs[i] = portable.Log(v); v == v {
			mean += logs[i]
			known++
		}
	}
	return logs, mean / float64(max(known, 1))
}

// fences are the bounds of values that are not far out, and the interquartile range of the residuals; infinite where no spread can be had.
func fences(values []float64, season int) (low, high []float64, spread float64) {
	n, known := len(values), 0
	if n == 0 {
		return nil, nil, 0
	}
	for _, v := range values {
		if v == v {
			known++
		}
	}
	low, high = make([]float64, n), make([]float64, n)
	fit := make([]float64, n)
	if season > 1 && n >= 2*season {
		seasonal := make([]float64, n)
		for range 2 {
			trend := runningMedian(less(values, seasonal), season)
			seasonal = phases(less(values, trend), season)
			for i := range fit {
				fit[i] = trend[i] + seasonal[i]
			}
		}
	} else {
		fit = runningMedian(values, 6)
	}
	residual := less(values, fit)
	upper, lower := quantile(residual, 0.75), quantile(residual, 0.25)
	spread = upper - lower
	if known < fewest || !(spread > 0) {
		spread = math.Inf(1)
	}
	for i := range fit {
		low[i], high[i] = fit[i]+lower-farOut*spread, fit[i]+upper+farOut*spread
	}
	return low, high, spread
}

func less(a, b []float64) []float64 {
	d := make([]float64, len(a))
	for i := range d {
		d[i] = a[i] - b[i]
	}
	return d
}

// runningMedian is the median of each value and half as many on either side, at least six; at the ends it is a line.
func runningMedian(values []float64, half int) []float64 {
	n := len(values)
	half = min(max(half, 6), (n-1)/2)
	trend := make([]float64, n)
	for i := half; i < n-half; i++ {
		trend[i] = median(values[i-half : i+half+1])
	}
	for _, from := range []int{0, n - 2*half - 1} {
		window := values[from : from+2*half+1]
		x, level := make([]float64, len(window)), make([]float64, len(window))
		for i := range x {
			x[i] = float64(i)
		}
		slope := theilSen(x, window)
		for i := range level {
			level[i] = window[i] - float64(slope*x[i])
		}
		intercept := median(level)
		for i := range half {
			if from > 0 || n == 2*half+1 {
				trend[n-half+i] = intercept + float64(slope*x[len(x)-half+i])
			}
			if from == 0 {
				trend[i] = intercept + float64(slope*x[i])
			}
		}
	}
	return trend
}

// phases gives each value the median of its phase, less the median of all.
func phases(values []float64, season int) []float64 {
	out, phase := make([]float64, len(values)), make([]float64, 0, len(values)/season+1)
	centre := median(values)
	for k := range season {
		phase = phase[:0]
		for i := k; i < len(values); i += season {
			phase = append(phase, values[i])
		}
		middle := median(phase) - centre
		for i := k; i < len(values); i += season {
			out[i] = middle
		}
	}
	return out
}
