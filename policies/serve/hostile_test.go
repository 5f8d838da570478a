package serve_test

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/souk-sim/souk/policies/serve"
	"github.com/souk-sim/souk/results/decisionlog"
)

// attempt is a line of testdata/hostile.txt.
type attempt struct {
	code               int
	method, path, body string
}

var repeated = regexp.MustCompile(`«(\d+)×([^»]*)»`)

func attempts(t testing.TB) (all []attempt) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "hostile.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		parts := append(strings.SplitN(line, " ", 4), "")
		a := attempt{method: parts[1], path: parts[2], body: parts[3]}
		a.code, err = strconv.Atoi(parts[0])
		if quoted, ok := strings.CutPrefix(a.body, "q"); ok && err == nil {
			a.body, err = strconv.Unquote(quoted)
		}
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		a.body = repeated.ReplaceAllStringFunc(a.body, func(s string) string {
			m := repeated.FindStringSubmatch(s)
			n, _ := strconv.Atoi(m[1])
			return strings.Repeat(m[2], n)
		})
		all = append(all, a)
	}
	return all
}

// journal keeps the lines of a log.
type journal struct{ text strings.Builder }

func (j *journal) log(lines []byte) error { j.text.Write(lines); return nil }

// harmless holds an answer against what must hold of every one: JSON, short, no fault of the service's, and where there is a price it is one of the ladder;
// what was refused left no line in the log, and each line of it is JSON.
func harmless(t testing.TB, what string, code int, text []byte, logged string) {
	t.Helper()
	var got struct {
		Error     *struct{ Message string }
		Price     *float64
		Decisions []struct{ Price float64 }
		Decision  struct{ Price float64 }
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatalf("%.200s: %d %.300s: %v", what, code, text, err)
	}
	if (code != 200) != (got.Error != nil && got.Error.Message != "") || code >= 500 {
		t.Errorf("%.200s: %d %.300s", what, code, text)
	}
	if code != 200 && (len(text) > 4096 || logged != "") {
		t.Errorf("%.200s: refused by %d bytes, logged %.100q", what, len(text), logged)
	}
	prices := []float64{}
	if got.Price != nil {
		prices = append(prices, *got.Price)
	}
	for _, d := range got.Decisions {
		prices = append(prices, d.Price)
	}
	for _, p := range prices {
		if p != 1 && p != 1.2 && p != 1.5 && p != 2 {
			t.Errorf("%.200s: price %v", what, p)
		}
	}
	if logged != "" { // whoever reads the log must be able to
		beside, err := decisionlog.Append(nil, &decisionlog.Record{ID: "beside", Step: -1, Offer: decisionlog.Offer{Price: 1}, Propensity: 1, Discount: 1}) // a log without decisions is none
		if err != nil {
			t.Fatal(err)
		}
		came, _ := decisionlog.AppendOutcome(nil, &decisionlog.Outcome{ID: "beside", Reward: 1, Visitors: 1})
		if _, err = decisionlog.Read(strings.NewReader(logged+string(beside)+string(came)), "log"); err != nil {
			t.Errorf("%.200s: logged what cannot be read: %.300v", what, err)
		}
	}
	for line := range strings.Lines(logged) {
		if !json.Valid([]byte(line)) || strings.Contains(line, `"forged"`) && !strings.Contains(line, `\"forged\"`) {
			t.Errorf("%.200s: logged %.300s", what, line)
		}
	}
}

// wide is a service that allows much, so that much can be tried.
func wide(t testing.TB, j *journal) *serve.Server {
	slot := tea(t)
	slot.Explore, slot.Fallback = 0.5, 1.5
	return server(t, serve.Options{Slots: []serve.Slot{slot}, Log: j.log})
}

func TestHostileRequestsAreRefusedAndLeaveNothingBehind(t *testing.T) {
	var j journal
	s := wide(t, &j)
	all := attempts(t)
	if len(all) < 200 {
		t.Errorf("%d requests", len(all))
	}
	for _, a := range all {
		j.text.Reset()
		r := httptest.NewRequest(a.method, "/", strings.NewReader(a.body))
		var err error
		if r.URL, err = r.URL.Parse(a.path); err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		what := a.method + " " + a.path + " " + a.body
		if w.Code != a.code {
			t.Errorf("%.200s: %d, not %d: %.200s", what, w.Code, a.code, w.Body)
		}
		harmless(t, what, w.Code, w.Body.Bytes(), j.text.String())
		if !strings.Contains(a.path, "%") {
			agree(t, a.method, a.path, a.body, r.Header, w)
		}
	}
	var a serve.Answer
	if code := ask(t, s, "POST", "/v1/decide", `{"observation":{"stock":2}}`, &a); code != 200 || a.Price != 1.5 || a.Arm != "champion" {
		t.Errorf("after all that: %d %+v", code, a)
	}
}

// Requests that are no HTTP, or an odd one, byte by byte over a connection, to a service with a key: none is answered with a price, and the service lives.
func TestHostileBytesOnAConnectionAreRefused(t *testing.T) {
	var j journal
	slot := tea(t)
	slot.Fallback = 1.5
	s := server(t, serve.Options{Slots: []serve.Slot{slot}, Log: j.log, Keys: []string{"open sesame 0123456789"}})
	h := httptest.NewUnstartedServer(s)
	h.Config.ReadHeaderTimeout, h.Config.ReadTimeout, h.Config.MaxHeaderBytes = 300*time.Millisecond, 300*time.Millisecond, 1<<14
	h.Start()
	defer h.Close()
	const question = `{"observation":{"stock":1}}`
	post := func(headers ...string) string {
		return "POST /v1/decide HTTP/1.1\r\nHost: a\r\n" + strings.Join(headers, "") + "Content-Length: 27\r\nConnection: close\r\n\r\n" + question
	}
	for _, raw := range []string{
		"\r\n\r\n", "\x00\x00\x00\x00\r\n\r\n", "GET\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "SSH-2.0-x\r\n\r\n", "CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "GET http://169.254.169.254/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
		"POST /v1/decide HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n", "POST /v1/decide HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n",
		post(), post("Authorization: Bearer \r\n"), post("Authorization: Bearer open\r\n"), post("Authorization: open sesame 0123456789\r\n"), post("Authorization: Basic open sesame 0123456789\r\n"),
		post("Authorization: Bearer  open sesame 0123456789\r\n"), post("Authorization: Bearer open sesame 01234567890\r\n"), post("Authorization: Bearer OPEN SESAME 0123456789\r\n"),
		post("Authorization: Bearer open sesame 0123456789\x00\r\n"), post("X-Authorization: Bearer open sesame 0123456789\r\n"), post("Authorization: " + strings.Repeat("a", 1<<15) + "\r\n"),
		post("Cookie: key=open sesame 0123456789\r\n"), post("Content-Length: 5\r\n"), post("Transfer-Encoding: chunked\r\n"), post("Transfer-Encoding: xchunked\r\n"), post("A\x00: b\r\n"), post(" folded: b\r\n"),
		post("Authorization: Bearer nobody\r\n", "Authorization: Bearer open sesame 0123456789\r\n"), post("Origin: https://evil.example\r\n", "Authorization: Bearer open sesame 0123456789\r\n"),
		post("Sec-Fetch-Site: cross-site\r\n", "Authorization: Bearer open sesame 0123456789\r\n"), post("Idempotency-Key: "+strings.Repeat("k", 300)+"\r\n", "Authorization: Bearer open sesame 0123456789\r\n"),
		"POST /v1/policies/tea/stop HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "GET /v1/policies HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
		"POST /v1/decide HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer open sesame 0123456789\r\nContent-Length: 1000\r\n\r\n" + question,
		"POST /v1/decide HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer open sesame 0123456789\r\nContent-Length: -1\r\n\r\n" + question,
		"POST /v1/decide HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer open sesame 0123456789\r\nContent-Length: 99999999999999999999\r\n\r\n" + question,
		"POST /v1/decide HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer open sesame 0123456789\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n" + question,
		"POST /v1/decide HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer open sesame 0123456789\r\nContent-Length: 27\r\nExpect: nothing\r\n\r\n" + question,
		"POST /v1/decide HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer open sesame 0123456789\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\nConnection: close\r\n\r\n\x1f\x8b\x08\x00",
		"POST /v1/decide HTTP/1.1\r\nHost: a\r\n",
	} {
		answered := send(t, h.Listener.Addr().String(), raw)
		status, _, _ := strings.Cut(answered, "\r\n")
		if strings.Contains(answered, `"price"`) || strings.HasPrefix(status, "HTTP/1.1 2") || strings.HasPrefix(status, "HTTP/1.1 5") && !strings.HasPrefix(status, "HTTP/1.1 505") && !strings.HasPrefix(status, "HTTP/1.1 501") {
			t.Errorf("%.300q: %.300s", raw, answered)
		}
	}
	if j.text.Len() > 0 {
		t.Errorf("logged: %.300s", j.text.String())
	}
	if good := send(t, h.Listener.Addr().String(), post("Authorization: Bearer open sesame 0123456789\r\n")); !strings.HasPrefix(good, "HTTP/1.1 200") || !strings.Contains(good, `"price":1.2`) {
		t.Errorf("after all that: %s", good)
	}
}

// send writes bytes to a connection and reads what comes until it closes.
func send(t testing.TB, address, raw string) string {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	_, _ = io.WriteString(c, raw)
	text, _ := io.ReadAll(c)
	return string(text)
}

// FuzzRequests: whatever comes, in whatever path, harms nothing.
func FuzzRequests(f *testing.F) {
	paths := []string{"/v1/decide", "/v1/outcomes", "/v1/explain"}
	for i, a := range attempts(f) {
		if len(a.body) < 500 {
			f.Add(uint8(i), a.body)
		}
	}
	f.Add(uint8(0), `{"questions":[{"observation":{"stock":1},"id":"a"},{"observation":{"unused":null,"stock":3.5},"customer":"b","explore":0.25}]}`)
	f.Add(uint8(1), `{"outcomes":[{"id":"a","reward":1.5,"visitors":3,"units":{"x":2},"prices":{"x":1,"y":null},"last":true,"time":7}]}`)
	var j journal
	s := wide(f, &j)
	f.Fuzz(func(t *testing.T, which uint8, body string) {
		j.text.Reset()
		path := paths[int(which)%len(paths)]
		r := httptest.NewRequest("POST", path, strings.NewReader(body))
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		harmless(t, path+" "+body, w.Code, w.Body.Bytes(), j.text.String())
		if w.Code == http.StatusOK && !json.Valid([]byte(body)) {
			t.Errorf("%s is no JSON", body)
		}
		agree(t, "POST", path, body, r.Header, w)
	})
}
