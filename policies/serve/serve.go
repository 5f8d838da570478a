package serve

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/souk-sim/souk/scenarios/field"
)

// Server is the service. It is an http.Handler, and safe for concurrent use.
type Server struct {
	options Options
	slots   map[string]*slot
	names   []string
	keys    [][32]byte
	origin  *http.CrossOriginProtection
	mux     *http.ServeMux
	metrics *metrics
	name    string // of this process, in the ids of decisions that it names
	ids     atomic.Uint64
	memory  memory
	heard   heard
	failed  atomic.Pointer[time.Time] // when the log could not be written; nil while it can
	doubted atomic.Pointer[time.Time] // when the disk last failed to sync what was logged; nil for never
}

// retryAfter is how long after a failure of the log the service says that it is not ready.
const retryAfter = 5 * time.Second

// slot is a Slot at work.
type slot struct {
	Slot
	deployed  atomic.Pointer[deployed]
	stopped   atomic.Bool
	prices    prices
	switching sync.Mutex // one reload or switch at a time
}

// New loads and proves all bundles.
func New(o Options) (*Server, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	s := &Server{options: o, slots: map[string]*slot{}, origin: http.NewCrossOriginProtection(), mux: http.NewServeMux(), name: fmt.Sprintf("%x", rand.Uint64()),
		memory: newMemory(o.Remembered)}
	var err error
	if s.metrics, err = newMetrics(s); err != nil {
		return nil, err
	}
	for _, one := range o.Slots {
		d, err := s.load(&one)
		if err != nil {
			return nil, fmt.Errorf("policy %s: %w", one.Name, err)
		}
		if o.Fits != nil {
			if err := o.Fits(one.Name, d.champion.ladder()); err != nil {
				return nil, err
			}
		}
		made := &slot{Slot: one, prices: prices{lately: map[string]*shelf{}}}
		made.deployed.Store(d)
		s.notice(made, d)
		made.stopped.Store(one.Stopped)
		s.slots[one.Name], s.names = made, append(s.names, one.Name)
	}
	for _, key := range o.Keys {
		s.keys = append(s.keys, sha256.Sum256([]byte(key)))
	}
	s.routes()
	return s, nil
}

// slot finds a policy by its name; without one, the only policy.
func (s *Server) slot(name string) (*slot, error) {
	if name == "" && len(s.names) == 1 {
		name = s.names[0]
	}
	if found := s.slots[name]; found != nil {
		return found, nil
	}
	return nil, field.New("policy", fmt.Sprintf("%.60q", name), "one of "+strings.Join(s.names, ", "))
}

// Names are the slots.
func (s *Server) Names() []string { return s.names }

// Doubt notes that lines of the log may not be on the disk, which nobody who asks is told: it is counted, and for a few seconds the service says that it is not ready.
func (s *Server) Doubt() {
	now := s.clock()
	s.doubted.Store(&now)
	s.metrics.doubts.Inc()
}

// clock is the time of a request.
func (s *Server) clock() time.Time { return s.options.Now() }

// notice tells of a challenger that is the champion itself, as after the champion's file was replaced by the challenger's.
func (s *Server) notice(slot *slot, d *deployed) {
	if d.challenger == nil || s.options.Notice == nil || d.challenger.Manifest.Revision != d.champion.Manifest.Revision {
		return
	}
	s.options.Notice(fmt.Sprintf("policy %s: champion and challenger are one bundle, revision %.12s, which is compared with itself: the challenger can be taken away", slot.Name, d.champion.Manifest.Revision))
}
