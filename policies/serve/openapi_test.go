package serve_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/souk-sim/souk/policies/serve"
)

// document is the contract, validated.
var document = sync.OnceValues(func() (routers.Router, error) {
	text, err := os.ReadFile("openapi.json")
	if err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return nil, err
	}
	if err := doc.Validate(context.Background()); err != nil {
		return nil, err
	}
	return legacy.NewRouter(doc)
})

// agree holds an exchange against the contract: the answer is one that it knows, with this status, and what was answered well was a request
// as it says. All tests of handlers pass here.
func agree(t testing.TB, method, path, body string, header http.Header, w *httptest.ResponseRecorder) {
	t.Helper()
	router, err := document()
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header = header.Clone()
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	route, params, err := router.FindRoute(r)
	if err != nil || method == "HEAD" {
		if w.Code < 300 && method != "HEAD" {
			t.Errorf("%s %s is not in the contract, and answered with %d", method, path, w.Code)
		}
		return
	}
	in := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route, Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc}}
	if err := openapi3filter.ValidateRequest(t.Context(), in); err != nil && w.Code == http.StatusOK {
		t.Errorf("%s %s %.300s was answered well, and is not in the contract: %v", method, path, body, err)
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: w.Code, Header: w.Header(), Body: io.NopCloser(bytes.NewReader(w.Body.Bytes())),
		Options: &openapi3filter.Options{IncludeResponseStatus: true}}
	if err := openapi3filter.ValidateResponse(t.Context(), out); err != nil {
		t.Errorf("%s %s %.300s was answered by %d %.500s, which is not in the contract: %v", method, path, body, w.Code, w.Body, err)
	}
}

// What the contract lists is served, and the contract itself is among it.
func TestTheContractIsServedAndEveryPathOfItAnswers(t *testing.T) {
	slot := tea(t)
	slot.Fallback = 1.5
	s := server(t, serve.Options{Slots: []serve.Slot{slot}, Log: func([]byte) error { return nil }, Now: func() time.Time { return time.Unix(1, 0) }})
	var doc openapi3.T
	if code := ask(t, s, "GET", "/openapi.json", "", &doc); code != 200 || doc.Paths.Len() == 0 {
		t.Fatalf("%d, %d paths", code, doc.Paths.Len())
	}
	bodies := map[string]string{"/v1/decide": `{"observation":{"stock":1}}`, "/v1/explain": `{"observation":{"stock":1}}`, "/v1/outcomes": `{"id":"a","reward":1}`}
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			at := strings.ReplaceAll(path, "{name}", "tea")
			if code := ask(t, s, method, at, bodies[path], nil); code != 200 {
				t.Errorf("%s %s: %d", method, at, code)
			}
		}
	}
}
