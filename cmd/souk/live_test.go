package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/workflow"
)

// watched starts souk train with --watch and gives the page's address; wait gives what became of it.
func watched(t *testing.T, ctx context.Context, args ...string) (url string, wait func() int) {
	t.Helper()
	said, stderr := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		code := run(ctx, append([]string{"train", "smoke", "-q", "--watch", "--out", t.TempDir()}, args...), strings.NewReader(""), new(bytes.Buffer), stderr)
		stderr.Close()
		ended <- code
	}()
	lines := bufio.NewScanner(said)
	for url == "" && lines.Scan() {
		url, _ = strings.CutPrefix(lines.Text(), "watch    ")
	}
	go func() { _, _ = io.Copy(io.Discard, said) }()
	if !strings.HasPrefix(url, "http://127.0.0.1:") {
		t.Fatalf("the page is at %q", url)
	}
	return url, func() int { return <-ended }
}

// look gets the page; false where nobody answers.
func look(t *testing.T, url string) (page string, complete, there bool) {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		return "", false, false
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s, %v", answer.Status, err)
	}
	return string(body), answer.Header.Get("Souk-Run") == "complete", true
}

func TestWatchShowsTheRunGrowAndThenItsReport(t *testing.T) {
	url, wait := watched(t, t.Context(), "--set", "train.episodes=1500", "--set", "evaluate.paths=3")
	grew, report := false, ""
	for began := time.Now(); report == "" && time.Since(began) < time.Minute; time.Sleep(5 * time.Millisecond) {
		page, complete, there := look(t, url)
		if !there {
			t.Fatal("the page went before the report was handed over")
		}
		if complete {
			report = page
			break
		}
		if !strings.Contains(page, "A run under way") || !strings.Contains(page, "How far it has come") {
			t.Fatalf("the page is %.500s", page)
		}
		grew = grew || strings.Contains(page, "What learners earn while they learn") && strings.Contains(page, "of 3000, ")
	}
	if code := wait(); code != exitDone {
		t.Errorf("exit code %d", code)
	}
	if !grew {
		t.Error("no learning curve was seen to grow")
	}
	if strings.Contains(report, "A run under way") || !strings.Contains(report, "Training run ") {
		t.Errorf("the report is %.300q", report)
	}
	if _, _, there := look(t, url); there {
		t.Error("the page is still there after the run")
	}
}

func TestWatchEndsWithAnInterruptedRun(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	url, wait := watched(t, ctx, "--set", "train.episodes=1000000")
	if _, complete, there := look(t, url); complete || !there {
		t.Error("no page while the run is under way")
	}
	began := time.Now()
	interrupt()
	if code := wait(); code != exitInterrupted {
		t.Errorf("exit code %d", code)
	}
	if spent := time.Since(began); spent > 20*time.Second {
		t.Errorf("it took %v to end", spent)
	}
	if _, _, there := look(t, url); there {
		t.Error("the page is still there after the run")
	}
}

// stuck is a reader that takes nothing until it is let go.
type stuck struct {
	http.ResponseWriter
	writing, free chan bool
}

func (s *stuck) Write(p []byte) (int, error) {
	close(s.writing)
	<-s.free
	return s.ResponseWriter.Write(p)
}

func TestASlowReaderDoesNotHoldUpTheRun(t *testing.T) {
	scenario, err := scenarios.Load("smoke")
	if err != nil {
		t.Fatal(err)
	}
	l := &live{scenario: scenario, now: time.Now, began: time.Now(), curves: map[string][]*liveCurve{}, given: make(chan bool)}
	w := &stuck{httptest.NewRecorder(), make(chan bool), make(chan bool)}
	served, shown := make(chan bool), make(chan bool)
	go func() {
		l.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://127.0.0.1/", nil))
		close(served)
	}()
	<-w.writing
	go func() {
		l.show(workflow.Progress{Stage: "training", Done: 1, Total: 2})
		close(shown)
	}()
	select {
	case <-shown:
	case <-time.After(5 * time.Second):
		t.Error("training waits for a reader of the page")
	}
	close(w.free)
	<-served
}

func TestWatchServesThisMachineAlone(t *testing.T) {
	url, wait := watched(t, t.Context(), "--set", "train.episodes=1000", "--set", "evaluate.paths=3")
	for name, code := range map[string]int{"evil.example": http.StatusForbidden, "localhost": http.StatusOK, "[::1]:80": http.StatusOK} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Host = name
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != code {
			t.Errorf("%s: %s", name, answer.Status)
		}
	}
	answer, err := http.Post(url, "text/plain", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %s", answer.Status)
	}
	for range 2000 { // take the report, so that the run need not wait
		if _, complete, there := look(t, url); complete || !there {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	wait()
}

func TestWatchRefusesWhereItCannotServe(t *testing.T) {
	held, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	for _, c := range []struct {
		watch string
		code  int
		said  string
	}{
		{held.Addr().String(), exitFailed, "give another port"},
		{"0.0.0.0:8080", exitUsage, "this machine"},
		{"192.0.2.1:8080", exitUsage, "this machine"},
		{"8080", exitUsage, "127.0.0.1:8080"},
		{"localhost:no-such", exitUsage, "127.0.0.1:8080"},
	} {
		out := t.TempDir()
		code, stdout, stderr := call(t, "train", "smoke", "--watch="+c.watch, "--out", out)
		complains(t, code, c.code, stdout, stderr, "--watch", c.said)
		if code, stdout, _ := call(t, "results", "list", "--out", out); code != exitDone || !strings.HasPrefix(stdout, "no runs") {
			t.Errorf("--watch=%s left a run: %s", c.watch, stdout)
		}
	}
}
