package serve_test

import (
	"encoding/json"
	"net/http/httptest"
	"testing"

	"github.com/souk-sim/souk/policies/serve"
)

// What a browser sends for a page of somebody else is refused, and the answer says what is wrong with it.
func TestPagesOfOthersAreRefused(t *testing.T) {
	slot := tea(t)
	slot.Fallback = 1.5
	for _, c := range []struct {
		local       bool
		host        string
		name, value string
		key, found  string // "": answered
	}{
		{false, "prices.example", "", "", "", ""},
		{false, "prices.example", "Origin", "https://evil.example", "Origin", `"https://evil.example"`},
		{false, "prices.example", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Site", `"cross-site"`},
		{false, "prices.example", "Sec-Fetch-Site", "same-origin", "", ""},
		{true, "localhost", "", "", "", ""}, {true, "localhost:8080", "", "", "", ""}, {true, "127.0.0.1:8080", "", "", "", ""}, {true, "[::1]:8080", "", "", "", ""}, {true, "[::1]", "", "", "", ""},
		{true, "evil.example", "Sec-Fetch-Site", "same-origin", "Host", `"evil.example"`}, {true, "evil.example:8080", "", "", "Host", `"evil.example:8080"`},
		{true, "192.0.2.1:8080", "", "", "Host", `"192.0.2.1:8080"`}, {true, "127.0.0.1.evil.example", "", "", "Host", `"127.0.0.1.evil.example"`}, {true, "", "", "", "Host", `""`},
	} {
		s := server(t, serve.Options{Slots: []serve.Slot{slot}, Local: c.local})
		r := httptest.NewRequest("POST", "/v1/policies/tea/stop", nil)
		if r.Host = c.host; c.name != "" {
			r.Header.Set(c.name, c.value)
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		var got struct {
			Error struct{ Message, Key, Found, Expected string }
		}
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		e := got.Error
		if want := map[bool]int{true: 200, false: 403}[c.key == ""]; w.Code != want || e.Key != c.key || e.Found != c.found || c.key != "" && e.Expected == "" {
			t.Errorf("%+v: %d %+v", c, w.Code, e)
		}
		agree(t, "POST", "/v1/policies/tea/stop", "", r.Header, w)
	}
}
