package serve

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/souk-sim/souk/policies/bundle"
	"github.com/souk-sim/souk/scenarios/field"
)

// Server is the service. It is an http.Handler, and safe for concurrent use.
type Server struct {
	options Options
	slots   map[string]*slot
	names   []string
	keys    [][32]byte
	mux     *http.ServeMux
	name    string // of this process, in the ids of decisions that it names
	ids     atomic.Uint64
	memory  memory
	broken  atomic.Pointer[string] // why the log failed last; nil while it works
}

// slot is a Slot at work.
type slot struct {
	Slot
	deployed atomic.Pointer[deployed]
	stopped  atomic.Bool
	prices   prices
	reload   sync.Mutex // one at a time
}

// New loads and proves all bundles.
func New(o Options) (*Server, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	s := &Server{options: o, slots: map[string]*slot{}, mux: http.NewServeMux(), name: fmt.Sprintf("%x", rand.Uint64()), memory: newMemory(o.Remembered)}
	for _, one := range o.Slots {
		d, err := one.load()
		if err != nil {
			return nil, fmt.Errorf("policy %s: %w", one.Name, err)
		}
		made := &slot{Slot: one, prices: prices{lately: map[string][]posted{}}}
		made.deployed.Store(d)
		s.slots[one.Name], s.names = made, append(s.names, one.Name)
	}
	for _, key := range o.Keys {
		s.keys = append(s.keys, sha256.Sum256([]byte(key)))
	}
	s.routes()
	return s, nil
}

func (s *Server) routes() {
	s.mux.HandleFunc("POST /v1/decide", s.guarded(s.postDecide))
	s.mux.HandleFunc("POST /v1/explain", s.guarded(s.postExplain))
	s.mux.HandleFunc("GET /v1/policies", s.guarded(s.getPolicies))
	s.mux.HandleFunc("POST /v1/policies/{name}/stop", s.guarded(s.stopping(true)))
	s.mux.HandleFunc("POST /v1/policies/{name}/start", s.guarded(s.stopping(false)))
	s.mux.HandleFunc("POST /v1/policies/{name}/reload", s.guarded(s.postReload))
	s.mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]string{"status": "alive"})
	})
	s.mux.HandleFunc("GET /readyz", s.ready)
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, s.options.Body)
	s.mux.ServeHTTP(w, r)
}

// guarded asks for a key. Hashes are compared, in constant time and all of them, so that time tells neither a key's length nor which it was.
func (s *Server) guarded(serve http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if len(s.keys) == 0 {
			serve(w, r)
			return
		}
		brought := sha256.Sum256([]byte(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")))
		good := 0
		for i := range s.keys {
			good |= subtle.ConstantTimeCompare(s.keys[i][:], brought[:])
		}
		if good == 0 {
			w.Header().Set("WWW-Authenticate", "Bearer")
			refuse(w, http.StatusUnauthorized, errors.New("no key of this service: send Authorization: Bearer KEY"))
			return
		}
		serve(w, r)
	}
}

// ready says whether the service decides as it should: it does not while its log cannot be written.
func (s *Server) ready(w http.ResponseWriter, _ *http.Request) {
	if why := s.broken.Load(); why != nil {
		refuse(w, http.StatusServiceUnavailable, errors.New("decisions cannot be logged: "+*why))
		return
	}
	answer(w, http.StatusOK, map[string]string{"status": "ready"})
}

// slot finds a policy by its name; without one, the only policy.
func (s *Server) slot(name string) (*slot, error) {
	if name == "" && len(s.names) == 1 {
		name = s.names[0]
	}
	if found := s.slots[name]; found != nil {
		return found, nil
	}
	return nil, field.New("policy", fmt.Sprintf("%q", name), "one of "+strings.Join(s.names, ", "))
}

// decode reads a request's JSON, strictly. What is wrong with it is the client's to mend.
func decode(w http.ResponseWriter, r *http.Request, into any) bool {
	body, err := io.ReadAll(r.Body)
	if err == nil {
		d := json.NewDecoder(bytes.NewReader(body))
		d.DisallowUnknownFields()
		if err = d.Decode(into); err == nil && d.More() {
			err = errors.New("more after the document")
		}
	}
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		refuse(w, http.StatusRequestEntityTooLarge, err)
	} else if err != nil {
		refuse(w, http.StatusBadRequest, err)
	}
	return err == nil
}

func answer(w http.ResponseWriter, code int, body any) {
	text, err := json.Marshal(body)
	if err != nil { // of our own types none fails
		code, text = http.StatusInternalServerError, []byte(`{"error":{"message":"the answer cannot be written"}}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(append(text, '\n')) // who has gone away gets no answer
}

// refusal is the body of every error.
type refusal struct {
	Message  string `json:"message"`
	Key      string `json:"key,omitempty"`
	Found    string `json:"found,omitempty"`
	Expected string `json:"expected,omitempty"`
}

func refuse(w http.ResponseWriter, code int, err error) {
	r := refusal{Message: err.Error()}
	if bad, ok := errors.AsType[*field.Error](err); ok {
		r.Key, r.Found, r.Expected = bad.Key, bad.Found, bad.Expected
	}
	answer(w, code, map[string]refusal{"error": r})
}

// uniform is a number in [0, 1) for one decision. The generator is the runtime's, seeded by the operating system: decisions of a service are
// logged, not repeated.
func (s *Server) uniform() float64 { return rand.Float64() }

// info is what /v1/policies tells of a slot.
type info struct {
	Name       string           `json:"name"`
	Stopped    bool             `json:"stopped"`
	Fallback   float64          `json:"fallback_price,omitempty"`
	Champion   bundle.Manifest  `json:"champion"`
	Challenger *bundle.Manifest `json:"challenger,omitempty"`
	Share      float64          `json:"challenger_share,omitempty"`
	Shadow     bool             `json:"shadow,omitempty"`
	Features   []string         `json:"features"` // of the observation that the champion looks at
}

func (s *Server) getPolicies(w http.ResponseWriter, _ *http.Request) {
	all := []info{}
	for _, name := range s.names {
		slot := s.slots[name]
		d := slot.deployed.Load()
		i := info{Name: name, Stopped: slot.stopped.Load(), Fallback: slot.Fallback, Champion: d.champion.Manifest, Share: slot.Share, Shadow: slot.Shadow, Features: []string{}}
		if d.challenger != nil {
			i.Challenger = &d.challenger.Manifest
		}
		frame := d.champion.Policy.About()
		for k, f := range frame.Spec.Features {
			if frame.LooksAt(k) {
				i.Features = append(i.Features, f.Name)
			}
		}
		all = append(all, i)
	}
	answer(w, http.StatusOK, map[string]any{"policies": all})
}

// stopping is the kill switch: a stopped slot answers with its fallback price.
func (s *Server) stopping(stop bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		slot, err := s.slot(r.PathValue("name"))
		if err != nil {
			refuse(w, http.StatusNotFound, err)
			return
		}
		if stop && slot.Fallback <= 0 {
			refuse(w, http.StatusConflict, field.New("fallback", "none", "a price to fall back to, given when the service was started"))
			return
		}
		slot.stopped.Store(stop)
		answer(w, http.StatusOK, map[string]any{"name": slot.Name, "stopped": stop})
	}
}

func (s *Server) postReload(w http.ResponseWriter, r *http.Request) {
	slot, err := s.slot(r.PathValue("name"))
	if err != nil {
		refuse(w, http.StatusNotFound, err)
		return
	}
	if err := s.Reload(slot.Name); err != nil {
		refuse(w, http.StatusUnprocessableEntity, err)
		return
	}
	answer(w, http.StatusOK, map[string]any{"name": slot.Name, "revision": slot.deployed.Load().champion.Manifest.Revision})
}

// Reload loads and proves a slot's bundles anew and then puts them in place of the old ones, which stay where that fails. Requests under way
// are answered by what they began with.
func (s *Server) Reload(name string) error {
	slot, err := s.slot(name)
	if err != nil {
		return err
	}
	slot.reload.Lock()
	defer slot.reload.Unlock()
	d, err := slot.load()
	if err != nil {
		return fmt.Errorf("policy %s stays as it was: %w", name, err)
	}
	slot.deployed.Store(d)
	return nil
}

// Names are the slots.
func (s *Server) Names() []string { return s.names }

// clock is the time of a request.
func (s *Server) clock() time.Time { return s.options.Now() }
