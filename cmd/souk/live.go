package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/souk-sim/souk/policies/serve"
	"github.com/souk-sim/souk/results/report/web"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/workflow"
)

//go:embed live.js
var liveScript string

// live serves a run that is under way as a page to this machine alone: how far it has come, and its learning curves as they grow. When the run ends it
// hands its report to those who are looking, and is gone.
type live struct {
	url      string
	server   *http.Server
	scenario *scenarios.Scenario
	now      func() time.Time
	began    time.Time

	lock   sync.Mutex
	stages []*liveStage
	curves map[string][]*liveCurve // by agent, then seed
	score  string                  // what Reward is
	report []byte                  // once the run is complete
	asked  time.Time               // last
	given  chan bool               // closed when somebody has got the report
	handed sync.Once               // closes it
}

// liveStage is a part of a run, of which the last is under way.
type liveStage struct {
	workflow.Progress
	began time.Time
}

// liveCurve is what one training earned at equally many episodes from each other.
type liveCurve struct{ scores []float64 }

// livePoints is how many points a curve of the live page has at most.
const livePoints = 200

// watchAddress is where a page may be served: a port of this machine's own.
func watchAddress(flag string) (string, error) {
	bad := badUsage("--watch", flag, "a port of this machine, such as 127.0.0.1:8080; others may not look")
	host, port, err := net.SplitHostPort(flag)
	if err != nil || port == "" {
		return "", bad
	}
	if host == "" || host == "localhost" {
		host = "127.0.0.1"
	}
	if ip, err := netip.ParseAddr(host); err != nil || !ip.IsLoopback() {
		return "", bad
	}
	if _, err := net.LookupPort("tcp", port); err != nil {
		return "", bad
	}
	return net.JoinHostPort(host, port), nil
}

// goLive begins to serve.
func goLive(flag string, s *scenarios.Scenario) (*live, error) {
	address, err := watchAddress(flag)
	if err != nil {
		return nil, err
	}
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("--watch: somebody else listens on %s; give another port, or leave it out for a free one", address)
	}
	if err != nil {
		return nil, fmt.Errorf("--watch: %w", err)
	}
	l := &live{url: "http://" + listener.Addr().String() + "/", scenario: s, now: time.Now, began: time.Now(), curves: map[string][]*liveCurve{}, given: make(chan bool)}
	l.server = &http.Server{Handler: l, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second}
	go func() { _ = l.server.Serve(listener) }() // it ends by Close
	return l, nil
}

// show takes in how far the run has come.
func (l *live) show(p workflow.Progress) {
	l.lock.Lock()
	defer l.lock.Unlock()
	if n := len(l.stages); n == 0 || l.stages[n-1].Stage != p.Stage {
		l.stages = append(l.stages, &liveStage{began: l.now()})
	}
	stage := l.stages[len(l.stages)-1]
	stage.Progress = p
	if p.Agent == "" {
		return
	}
	l.score = "reward a " + p.Period + ", $"
	for len(l.curves[p.Agent]) < int(p.Seed) {
		l.curves[p.Agent] = append(l.curves[p.Agent], &liveCurve{})
	}
	c := l.curves[p.Agent][p.Seed-1]
	for len(c.scores) < p.Episodes/l.block() { // of a run that is resumed the earlier ones are not known
		c.scores = append(c.scores, p.Reward)
	}
}

// block is how many episodes lie between two points of a curve.
func (l *live) block() int { return (l.scenario.Train.Episodes + livePoints - 1) / livePoints }

// ServeHTTP implements http.Handler: the page as it now is.
func (l *live) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !serve.Loopback(r.Host) {
		http.Error(w, "this page is for this machine alone", http.StatusForbidden) // a page elsewhere that has given its name our address
		return
	}
	if r.URL.Path != "/" {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "there is only something to look at", http.StatusMethodNotAllowed)
		return
	}
	page, complete, err := l.render()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if complete {
		h.Set("Souk-Run", "complete")
	}
	if _, err := w.Write(page); err == nil && complete && r.Method == http.MethodGet { // who has gone has gone
		l.handed.Do(func() { close(l.given) })
	}
}

// render is the page as it now is, and whether that is the report. Training waits for the lock: the network, which may be slow, must not hold it.
func (l *live) render() (page []byte, complete bool, err error) {
	l.lock.Lock()
	defer l.lock.Unlock()
	if l.report != nil {
		return l.report, true, nil
	}
	l.asked = l.now()
	var b bytes.Buffer
	if err := l.page().Write(&b); err != nil {
		return nil, false, err
	}
	return bytes.Replace(b.Bytes(), []byte("</body>"), []byte("<script>\n"+liveScript+"</script>\n</body>"), 1), false, nil
}

// page is the run so far.
func (l *live) page() *web.Page {
	now := l.now()
	p := &web.Page{Title: l.scenario.Name, Kind: "A run under way", Question: l.scenario.Question}
	progress := web.Table{Columns: []web.Column{{Name: "stage"}, {Name: "done"}, {Name: "time"}}}
	for i, s := range l.stages {
		until, done := now, "under way"
		if i < len(l.stages)-1 {
			until, done = l.stages[i+1].began, "done"
		} else if s.Total > 1 {
			done = fmt.Sprintf("%d of %d, %d%%", s.Done, s.Total, 100*s.Done/s.Total)
			if spent := until.Sub(s.began); spent >= foreseen && s.Done > 0 && s.Done < s.Total {
				done += fmt.Sprintf(", %v left", time.Duration(float64(spent)/float64(s.Done)*float64(s.Total-s.Done)).Round(time.Second))
			}
		}
		progress.Rows = append(progress.Rows, []web.Cell{web.Word(stageName(s.Stage)), web.Word(done), web.Word(until.Sub(s.began).Round(time.Second).String())})
	}
	progress.Note = fmt.Sprintf("%v since the run began. The page keeps itself up to date; when the run ends the report stands here.", now.Sub(l.began).Round(time.Second))
	p.Sections = []web.Section{{ID: "progress", Title: "How far it has come", Blocks: []web.Block{progress}}}
	if chart := l.chart(); len(chart.Series) > 0 {
		p.Sections = append(p.Sections, web.Section{ID: "learning", Title: "What learners earn", Blocks: []web.Block{chart}})
	}
	p.Sections = append(p.Sections, web.Section{ID: "scenario", Title: "What was asked", Blocks: []web.Block{
		web.Pre{Title: "The scenario, as it was resolved", Text: string(l.scenario.Canonical())}}})
	return p
}

// chart is the learning curves so far.
func (l *live) chart() web.Lines {
	chart := web.Lines{Title: "What learners earn while they learn, exploration included", X: web.Axis{Name: "training episode"}, Y: web.Axis{Name: l.score},
		Caption: "Moving averages over about 100 episodes; where several seeds have come so far, their mean in a band from the lowest to the highest."}
	for _, agent := range l.scenario.Agents {
		series := web.Series{Name: agent.Name}
		var band web.Band
		for k := 0; ; k++ {
			var at []float64
			for _, c := range l.curves[agent.Name] {
				if k < len(c.scores) {
					at = append(at, c.scores[k])
				}
			}
			if len(at) == 0 {
				break
			}
			sum := 0.0
			for _, v := range at {
				sum += v
			}
			series.X, series.Y = append(series.X, float64((k+1)*l.block())), append(series.Y, sum/float64(len(at)))
			band.Low, band.High = append(band.Low, slices.Min(at)), append(band.High, slices.Max(at))
		}
		if series.Bands = []web.Band{band}; len(series.X) > 1 {
			chart.Series = append(chart.Series, series)
		}
	}
	return chart
}

// handover is how long a page that somebody looks at is given to take the report.
const handover = 3 * time.Second

// end shows the report, if there is one, to who is looking, and stops to serve.
func (l *live) end(report []byte) {
	l.lock.Lock()
	l.report = report
	looking := report != nil && l.now().Sub(l.asked) < handover
	l.lock.Unlock()
	if looking {
		select {
		case <-l.given:
		case <-time.After(handover):
		}
	}
	last, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if l.server.Shutdown(last) != nil { // a browser may keep its connection
		_ = l.server.Close()
	}
}
