package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/souk-sim/souk/scenarios/workflow"
)

// progress shows how far a run has come: on a terminal one line that is written over, elsewhere a plain line for each stage and
// each tenth of it.
type progress struct {
	out      io.Writer
	terminal bool
	now      func() time.Time
	columns  func() int // of the terminal, asked at each drawing because it may be resized
	stage    string
	began    time.Time // of the stage
	last     time.Time // drawn
	tenth    int
	open     bool // a bar stands on the terminal's line
}

func newProgress(out io.Writer) *progress {
	p := &progress{out: out, now: time.Now}
	if f, ok := out.(*os.File); ok {
		p.columns = func() int { return columns(f) }
		info, err := f.Stat()
		p.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	}
	return p
}

// refresh is the shortest time between two drawings of the bar.
const refresh = 100 * time.Millisecond

func (p *progress) show(w workflow.Progress) {
	now := p.now()
	if w.Stage != p.stage {
		p.close()
		p.stage, p.began, p.last, p.tenth = w.Stage, now, time.Time{}, 0
		if !p.terminal {
			fmt.Fprintf(p.out, "%s\n", stageName(w.Stage))
		}
	}
	if p.terminal {
		if now.Sub(p.last) >= refresh || w.Done == w.Total {
			p.last, p.open = now, true
			fmt.Fprintf(p.out, "\r\x1b[K%s", fit(p.line(w, now), p.columns()-1)) // a full line would wrap, and could not be written over
		}
		return
	}
	if w.Total > 0 && w.Done*10/w.Total > p.tenth {
		p.tenth = w.Done * 10 / w.Total
		fmt.Fprintln(p.out, p.line(w, now))
	}
}

// fit cuts a line to a number of columns.
func fit(line string, columns int) string {
	if r := []rune(line); len(r) > columns {
		return string(r[:max(columns, 0)])
	}
	return line
}

// close ends the bar's line.
func (p *progress) close() {
	if p.open {
		fmt.Fprintln(p.out)
		p.open = false
	}
}

func stageName(stage string) string {
	name, known := map[string]string{"fit": "fitting the models", "tune": "tuning what to compare with", "train": "training", "evaluate": "comparing on unseen customers",
		"doubt": "repeating it under other models", "simulate": "simulating", "sweep": "trying configurations", "abtest": "experimenting", "robust": "testing in other markets",
		"forecast": "forecasting", "backtest": "back-testing"}[stage]
	if !known {
		return stage
	}
	return name
}

// foreseen is how long a stage must have been at work before it is told how long it takes.
const foreseen = 2 * time.Second

// rate is a number in three digits.
func rate(x float64) string {
	switch {
	case x >= 1e6:
		return fmt.Sprintf("%.3gM", x/1e6)
	case x >= 1e3:
		return fmt.Sprintf("%.3gk", x/1e3)
	}
	return fmt.Sprintf("%.3g", x)
}

func (p *progress) line(w workflow.Progress, now time.Time) string {
	var b strings.Builder
	b.WriteString(stageName(w.Stage))
	if w.Total <= 1 {
		return b.String()
	}
	b.WriteString("  ")
	if p.terminal {
		full := 20 * w.Done / w.Total
		fmt.Fprintf(&b, "%s%s ", strings.Repeat("█", full), strings.Repeat("░", 20-full))
	}
	what := map[string]string{"doubt": " models", "sweep": " configurations", "abtest": " markets", "robust": " policies", "forecast": " series", "backtest": " fits", "fit": " fits",
		"train": " episodes", "tune": " episodes", "evaluate": " episodes", "simulate": " episodes"}[w.Stage]
	fmt.Fprintf(&b, "%3d%%  %d/%d%s", 100*w.Done/w.Total, w.Done, w.Total, what)
	if spent := now.Sub(p.began); spent >= foreseen && w.Done > 0 && w.Done < w.Total {
		left := time.Duration(float64(spent) / float64(w.Done) * float64(w.Total-w.Done))
		fmt.Fprintf(&b, "  %s left", left.Round(time.Second))
	}
	if w.Stage == "train" {
		fmt.Fprintf(&b, "  reward %.0f $/%s  ε %.2f", w.Reward, w.Period, w.Exploration)
		if spent := now.Sub(p.began); spent >= foreseen && w.Steps > 0 {
			fmt.Fprintf(&b, "  %s steps/s", rate(float64(w.Steps)/spent.Seconds()))
		}
	}
	return b.String()
}
