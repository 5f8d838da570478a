//go:build linux

package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// dial opens a connection to a service; it is closed with the test.
func (s *service) dial(t testing.TB) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// wholeRequest asks for a price.
const wholeRequest = "POST /v1/decide HTTP/1.1\r\nHost: localhost\r\nContent-Length: 27\r\n\r\n" + `{"observation":{"stock":1}}`

// lively looks whether others are answered, and soon.
func (s *service) lively(t testing.TB, beside string) {
	t.Helper()
	for i := range 100 {
		began := time.Now()
		if a, code := s.decide(i % 4); code != http.StatusOK || a.Price != teaPrices[i%4] {
			t.Fatalf("beside %s: %d, %+v", beside, code, a)
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("beside %s an answer took %v", beside, took)
		}
	}
}

// memory is what a process keeps, in MiB.
func (s *service) memory(t testing.TB) int {
	t.Helper()
	kib := 0
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.Process.Pid))
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	if _, bad := fmt.Sscan(rest, &kib); err != nil || bad != nil {
		t.Fatal(err, bad)
	}
	return kib >> 10
}

// Clients that send a byte now and then, or do not read what they asked for, keep nobody waiting; with -tags long: and are cut off within the limits of time.
func TestSlowClientsKeepNobodyWaiting(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tea.tar.gz")
	pack(t, path, 0)
	s := start(t, path)
	stop := make(chan struct{})
	var group sync.WaitGroup
	cut := make(chan error, 50)
	for k := range cap(cut) {
		c := s.dial(t)
		group.Go(func() { // the first half never gets beyond its headers, the second sends a body by the byte
			text := strings.Repeat(" ", 1000)
			if k%2 == 0 {
				text = "POST /v1/decide HTTP/1.1\r\nX: " + strings.Repeat("x", 1000)
			} else if _, err := io.WriteString(c, wholeRequest[:strings.Index(wholeRequest, "{")]); err != nil {
				cut <- err
				return
			}
			for i := range len(text) {
				select {
				case <-stop:
					return
				case <-time.After(100 * time.Millisecond):
				}
				if _, err := c.Write([]byte{text[i]}); err != nil {
					cut <- err
					return
				}
			}
		})
	}
	for range 20 { // asks on and on, and reads nothing
		c := s.dial(t)
		group.Go(func() {
			for range 2000 {
				_ = c.SetWriteDeadline(time.Now().Add(time.Second))
				if _, err := io.WriteString(c, wholeRequest); err != nil {
					return // what it does not read is no longer answered
				}
			}
		})
	}
	s.lively(t, "slow clients")
	if long {
		for range cap(cut) {
			select {
			case <-cut:
			case <-time.After(30 * time.Second):
				t.Fatal("a slow client was still served after 30 s")
			}
		}
	}
	close(stop)
	group.Wait()
	s.lively(t, "clients that have gone")
}

// Ten thousand connections that once asked and then keep still cost memory and nothing else. Without the right to so many files, as many as there are.
func TestIdleConnectionsCostMemoryOnly(t *testing.T) {
	idle := 10_000
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if testing.Short() {
		idle = 500
	}
	idle = min(idle, int(limit.Cur)-500)
	path := filepath.Join(t.TempDir(), "tea.tar.gz")
	pack(t, path, 0)
	s := start(t, path)
	s.lively(t, "nobody")
	before := s.memory(t)
	for i := range idle {
		c := s.dial(t)
		if i%10 != 0 {
			continue // never says a word
		}
		if _, err := io.WriteString(c, wholeRequest); err != nil {
			t.Fatal(err)
		}
		r, err := http.ReadResponse(bufio.NewReaderSize(c, 512), nil)
		if err != nil || r.StatusCode != http.StatusOK {
			t.Fatalf("connection %d: %v, %v", i, r, err)
		}
	}
	s.lively(t, "idle connections")
	kept := s.memory(t) - before
	if kept > 64+idle/40 { // 25 KiB each
		t.Errorf("%d idle connections keep %d MiB", idle, kept)
	}
	t.Logf("%d idle connections keep %d MiB", idle, kept)
}

// A body that is too large is refused by its first megabyte, however it comes, and not kept.
func TestABodyOfTenMegabytesIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tea.tar.gz")
	pack(t, path, 0)
	s := start(t, path)
	s.lively(t, "nobody")
	before := s.memory(t)
	body := `{"observation":{"stock":1},"customer":"` + strings.Repeat("x", 10<<20) + `"}`
	var group sync.WaitGroup
	for k := range 16 {
		group.Go(func() {
			var of io.Reader = strings.NewReader(body)
			if k%2 == 1 {
				of = io.MultiReader(of) // of a length that is not told
			}
			r, err := http.Post(s.url+"/v1/decide", "application/json", of)
			if err != nil { // the connection may be closed on whoever is still sending
				return
			}
			defer r.Body.Close()
			if text, err := io.ReadAll(r.Body); r.StatusCode != http.StatusRequestEntityTooLarge || err != nil {
				t.Errorf("%d %s %v", r.StatusCode, text, err)
			}
		})
	}
	group.Wait()
	s.lively(t, "large bodies")
	if kept := s.memory(t) - before; kept > 100 {
		t.Errorf("16 bodies of 10 MiB, of which 1 MiB is read, keep %d MiB", kept)
	}
}
