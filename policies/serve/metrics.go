package serve

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are what /metrics tells, in a registry of this server's own.
type metrics struct {
	handler                      http.Handler
	requests, decisions, reloads *prometheus.CounterVec
	limits, explored, differs    *prometheus.CounterVec
	warned, outside              *prometheus.CounterVec
	outcomes, again              prometheus.Counter
	logFailures, doubts          prometheus.Counter
	seconds                      *prometheus.HistogramVec
}

func newMetrics(s *Server) (*metrics, error) {
	vec := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	one := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	m := &metrics{
		requests:    vec("souk_requests_total", "Requests, by path and status.", "path", "status"),
		decisions:   vec("souk_decisions_total", "Decisions made, by policy and by who made them: champion, challenger or fallback.", "policy", "arm"),
		limits:      vec("souk_guardrail_decisions_total", "Decisions of which a guardrail kept the policy from what it would have offered.", "policy"),
		explored:    vec("souk_explored_decisions_total", "Decisions that exploring made other than the policy's most probable offer, the limit on change apart.", "policy"),
		outside:     vec("souk_outside_decisions_total", "Decisions at a value, of a feature that the policy looks at, outside of where it learned.", "policy"),
		differs:     vec("souk_shadow_differences_total", "Decisions of which the challenger in the shadow would have offered something else.", "policy"),
		reloads:     vec("souk_reloads_total", "Reloads of bundles, by policy and result: done or refused.", "policy", "result"),
		outcomes:    one("souk_outcomes_total", "Outcomes logged."),
		warned:      vec("souk_outcome_warnings_total", "Outcomes logged that look like a mistake, by what about them does: products or visitors.", "about"),
		again:       one("souk_decisions_repeated_total", "Questions that had come before under their id and were answered alike."),
		logFailures: one("souk_log_failures_total", "Requests refused because the log could not be written."),
		doubts:      one("souk_log_sync_failures_total", "Segments of the log that the disk failed to sync, so that lines of it may be lost when the machine goes down."),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "souk_request_seconds", Help: "Time to answer a request, from its head to the answer's end.",
			Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .5, 1, 5}}, []string{"path"}),
	}
	registry := prometheus.NewRegistry()
	for _, c := range []prometheus.Collector{m.requests, m.decisions, m.limits, m.explored, m.differs, m.outside, m.reloads, m.outcomes, m.warned, m.again, m.logFailures, m.doubts, m.seconds, state{s},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})} {
		if err := registry.Register(c); err != nil {
			return nil, err
		}
	}
	m.handler = promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
	return m, nil
}

// route returns what counts the requests of a path.
func (m *metrics) route(path string) func(code int, took time.Duration) {
	seconds := m.seconds.WithLabelValues(path)
	return func(code int, took time.Duration) {
		m.requests.WithLabelValues(path, strconv.Itoa(code)).Inc()
		seconds.Observe(took.Seconds())
	}
}

func (s *Server) getMetrics(w http.ResponseWriter, r *http.Request) int {
	s.metrics.handler.ServeHTTP(w, r)
	return http.StatusOK
}

// state tells what is deployed at the moment.
type state struct{ *Server }

// Describe implements prometheus.Collector.
func (s state) Describe(to chan<- *prometheus.Desc) { prometheus.DescribeByCollect(s, to) }

// Collect implements prometheus.Collector.
func (s state) Collect(to chan<- prometheus.Metric) {
	deployed := prometheus.NewDesc("souk_policy", "1 for each bundle that is deployed.", []string{"policy", "arm", "revision"}, nil)
	stopped := prometheus.NewDesc("souk_policy_stopped", "1 while the policy is stopped and its fallback price is offered.", []string{"policy"}, nil)
	for _, name := range s.names {
		slot := s.slots[name]
		d := slot.deployed.Load()
		for _, a := range []*arm{d.champion, d.challenger} {
			if a != nil {
				to <- prometheus.MustNewConstMetric(deployed, prometheus.GaugeValue, 1, name, a.name, a.Manifest.Revision)
			}
		}
		is := 0.0
		if slot.stopped.Load() {
			is = 1
		}
		to <- prometheus.MustNewConstMetric(stopped, prometheus.GaugeValue, is, name)
	}
}
