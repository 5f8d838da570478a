package serve

import (
	"crypto/sha256"
	"crypto/subtle"
	_ "embed" // for the document
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/souk-sim/souk/scenarios/field"
)

// openapi is the document that says what the service understands and answers. It is written by hand; a test holds what the handlers take and
// answer against it.
//
//go:embed openapi.json
var openapi []byte

// handler answers a request and returns the status that it answered with.
type handler func(w http.ResponseWriter, r *http.Request) int

// routes says who answers what. open paths ask for no key.
func (s *Server) routes() {
	for _, route := range []struct {
		method, path string
		open         bool
		handler      handler
	}{
		{"POST", "/v1/decide", false, s.postDecide},
		{"POST", "/v1/outcomes", false, s.postOutcomes},
		{"POST", "/v1/explain", false, s.postExplain},
		{"GET", "/v1/policies", false, s.getPolicies},
		{"POST", "/v1/policies/{name}/stop", false, s.stopping(true)},
		{"POST", "/v1/policies/{name}/start", false, s.stopping(false)},
		{"POST", "/v1/policies/{name}/reload", false, s.postReload},
		{"GET", "/metrics", false, s.getMetrics},
		{"GET", "/healthz", true, func(w http.ResponseWriter, _ *http.Request) int {
			return answer(w, http.StatusOK, map[string]string{"status": "alive"})
		}},
		{"GET", "/readyz", true, s.getReady},
		{"GET", "/openapi.json", true, func(w http.ResponseWriter, _ *http.Request) int { return send(w, http.StatusOK, openapi) }},
	} {
		count := s.metrics.route(route.path)
		allow := route.method
		if allow == "GET" {
			allow = "GET, HEAD"
		}
		s.mux.HandleFunc(route.method+" "+route.path, func(w http.ResponseWriter, r *http.Request) {
			begun := s.clock()
			code := 0
			if route.open || s.authorised(r) {
				code = route.handler(w, r)
			} else {
				w.Header().Set("WWW-Authenticate", "Bearer")
				code = refuse(w, http.StatusUnauthorized, field.New("Authorization", "no key of this service", "Bearer and one of its keys"))
			}
			count(code, s.clock().Sub(begun))
		})
		s.mux.HandleFunc(route.path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Allow", allow)
			refuse(w, http.StatusMethodNotAllowed, field.New("method", fmt.Sprintf("%.20q", r.Method), allow))
		})
	}
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, http.StatusNotFound, field.New("path", fmt.Sprintf("%.60q", r.URL.Path), "one of those in /openapi.json"))
	})
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := s.foreign(r); err != nil {
		refuse(w, http.StatusForbidden, err)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// foreign refuses what a browser sends for a page of somebody else: on a loopback address no key keeps it away.
func (s *Server) foreign(r *http.Request) error {
	if s.options.Local && !Loopback(r.Host) {
		return field.New("Host", fmt.Sprintf("%.60q", r.Host), "localhost or a loopback address, because the service asks for no key")
	}
	if s.origin.Check(r) == nil {
		return nil
	}
	key := "Sec-Fetch-Site" // which browsers send
	if r.Header.Get(key) == "" {
		key = "Origin" // those of before 2023
	}
	return field.New(key, fmt.Sprintf("%.60q", r.Header.Get(key)), "a request that no page of another origin sends")
}

// Loopback says whether an address, with its port or without, names this machine and no other.
func Loopback(address string) bool {
	if host, _, err := net.SplitHostPort(address); err == nil {
		address = host
	}
	ip := net.ParseIP(strings.Trim(address, "[]"))
	return address == "localhost" || ip != nil && ip.IsLoopback()
}

// authorised says whether a request brings a key, where one is needed. Hashes are compared, in constant time and all of them, so that time tells
// neither a key's length nor which it was.
func (s *Server) authorised(r *http.Request) bool {
	if len(s.keys) == 0 {
		return true
	}
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return false
	}
	brought := sha256.Sum256([]byte(key))
	good := 0
	for i := range s.keys {
		good |= subtle.ConstantTimeCompare(s.keys[i][:], brought[:])
	}
	return good != 0
}

// read reads a request's body; code says whose fault it is where that fails.
func (s *Server) read(w http.ResponseWriter, r *http.Request) (body []byte, code int, err error) {
	body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, s.options.Body))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return nil, http.StatusRequestEntityTooLarge, field.New("body", "more", fmt.Sprintf("at most %d bytes", s.options.Body))
	} else if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, http.StatusRequestTimeout, errors.New("the request took too long to come")
	} else if err != nil {
		return nil, http.StatusBadRequest, errors.New("the request did not come whole")
	}
	return body, 0, nil
}

func answer(w http.ResponseWriter, code int, body any) int {
	text, err := json.Marshal(body)
	if err != nil { // of our own types none fails
		code, text = http.StatusInternalServerError, []byte(`{"error":{"message":"the answer cannot be written"}}`)
	}
	return send(w, code, append(text, '\n'))
}

func send(w http.ResponseWriter, code int, text []byte) int {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(code)
	_, _ = w.Write(text) // who has gone away gets no answer
	return code
}

// problem is an error, or a warning, as clients read it.
type problem struct {
	Message  string `json:"message"`
	Key      string `json:"key,omitempty"`
	Found    string `json:"found,omitempty"`
	Expected string `json:"expected,omitempty"`
}

func problemOf(err error) problem {
	p := problem{Message: err.Error()}
	if bad, ok := errors.AsType[*field.Error](err); ok {
		p.Key, p.Found, p.Expected = bad.Key, bad.Found, bad.Expected
	}
	return p
}

func refuse(w http.ResponseWriter, code int, err error) int {
	return answer(w, code, map[string]problem{"error": problemOf(err)})
}

// getReady says whether the service decides as it should. It does not where its log could not be written just now; after a few seconds it
// says that it does again, so that requests come that try. Nor does it where the disk has just failed to sync the log.
func (s *Server) getReady(w http.ResponseWriter, _ *http.Request) int {
	lately := func(t *time.Time) bool { return t != nil && s.clock().Sub(*t) < retryAfter }
	why := ""
	switch {
	case lately(s.failed.Load()):
		why = "decisions cannot be logged, and are not made"
	case lately(s.doubted.Load()):
		why = "the disk has failed to sync the log: what was logged may be lost when the machine goes down"
	}
	if why != "" {
		w.Header().Set("Retry-After", "5")
		return refuse(w, http.StatusServiceUnavailable, errors.New(why))
	}
	return answer(w, http.StatusOK, map[string]string{"status": "ready"})
}
