//go:build linux

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/bundle"
	"github.com/souk-sim/souk/results/parquet"
	"github.com/souk-sim/souk/sim/env"
)

// TestMain lets tests start the program as a process of its own, to kill it.
func TestMain(m *testing.M) {
	if os.Getenv("SOUK_TEST_PROGRAM") != "" {
		main()
	}
	os.Exit(m.Run())
}

// service is souk serve in a process.
type service struct {
	*exec.Cmd
	url   string
	lock  sync.Mutex
	said  strings.Builder // on stderr
	ended chan error
}

// start starts a service of the bundle at a path and waits until it is ready.
func start(t testing.TB, path string, args ...string) *service {
	t.Helper()
	s := &service{Cmd: exec.Command(os.Args[0], append([]string{"serve", "tea=" + path, "--listen", "127.0.0.1:0"}, args...)...), ended: make(chan error, 1)}
	s.Env = append(os.Environ(), "SOUK_TEST_PROGRAM=yes")
	stderr, err := s.StderrPipe()
	if err == nil {
		err = s.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	ready := make(chan string, 1)
	go func() {
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			if _, address, ok := strings.Cut(lines.Text(), "serving tea on "); ok {
				ready <- "http://" + address
			}
			s.lock.Lock()
			s.said.WriteString(lines.Text() + "\n")
			s.lock.Unlock()
		}
		s.ended <- s.Wait()
	}()
	select {
	case s.url = <-ready:
	case err := <-s.ended:
		t.Fatalf("%v: %s", err, s.said.String())
	case <-time.After(time.Minute):
		t.Fatal("not ready in a minute")
	}
	t.Cleanup(func() { _ = s.Process.Kill() })
	return s
}

// says waits until the service has said something on stderr.
func (s *service) says(t testing.TB, what string) {
	t.Helper()
	for range 500 {
		s.lock.Lock()
		said := s.said.String()
		s.lock.Unlock()
		if strings.Contains(said, what) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("the service never said %q: %s", what, s.said.String())
}

// tea is the service's answer at a stock.
type tea struct {
	ID       string
	Revision string
	Price    float64
}

// decide asks for a price; code 0 is no answer.
func (s *service) decide(stock int) (a tea, code int) {
	code, text := s.post("/v1/decide", fmt.Sprintf(`{"observation":{"stock":%d},"customer":"c%d"}`, stock, stock))
	if code == http.StatusOK && json.Unmarshal(text, &a) != nil {
		return a, 0 // cut off in the middle
	}
	return a, code
}

func (s *service) post(path, body string) (code int, text []byte) {
	r, err := http.Post(s.url+path, "application/json", strings.NewReader(body))
	if err != nil {
		return 0, nil
	}
	defer r.Body.Close()
	if text, err = io.ReadAll(r.Body); err != nil {
		return 0, nil
	}
	return r.StatusCode, text
}

func (s *service) get(path string) (code int) {
	r, err := http.Get(s.url + path)
	if err != nil {
		return 0
	}
	r.Body.Close()
	return r.StatusCode
}

// teaPrices are the offers of the bundles; of the one shifted by k, stock s is offered teaPrices[(s+k)%4].
var teaPrices = [4]float64{1, 1.2, 1.5, 2}

// pack writes a bundle of teaPrices.
func pack(t testing.TB, path string, shift int) {
	t.Helper()
	spec := &env.Spec{Features: []env.Feature{{Name: "stock", Min: 0, Max: 4}}}
	for _, p := range teaPrices {
		spec.Offers = append(spec.Offers, env.Offer{Price: p})
	}
	e := policies.Encoder{Dimensions: []policies.Dimension{policies.Uniform("stock", 0, 0, 4, 4)}}
	values := make([]float64, e.States()*4)
	for s := range e.States() {
		values[s*4+(s+shift)%4] = 1
	}
	table, err := policies.NewTable(spec, e, values, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{}
	write := func(name string, data []byte) error { files[name] = &fstest.MapFile{Data: data}; return nil }
	if err := bundle.Write(&bundle.Bundle{Policy: table, Manifest: bundle.Manifest{Name: "test", Scenario: "tea"}}, write); err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	if err := bundle.Pack(files, &packed); err != nil {
		t.Fatal(err)
	}
	replace(t, path, packed.Bytes())
}

// replace puts a file in another's place in one step.
func replace(t testing.TB, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// segments are the files of a log, by name.
func segments(t testing.TB, folder string) map[string][]byte {
	t.Helper()
	names, _ := filepath.Glob(filepath.Join(folder, "decisions-*.jsonl"))
	all := map[string][]byte{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = text
	}
	return all
}

// held looks whether a log's lines are whole, checksums and all, but for what a crash may have torn off, and counts them, and the rows of its tables, by
// their id.
func held(t testing.TB, folder string) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for name, text := range segments(t, folder) {
		whole := text[:bytes.LastIndexByte(text, '\n')+1]
		for line := range bytes.Lines(whole) {
			var d struct {
				ID, CRC string
				Price   float64
			}
			sum := crc32.Checksum(line[:max(0, bytes.LastIndex(line, []byte(`,"crc":`)))], crc32.MakeTable(crc32.Castagnoli))
			if err := json.Unmarshal(line, &d); err != nil || d.CRC != fmt.Sprintf("%08x", sum) {
				t.Fatalf("%s: %v in %s", name, err, line)
			}
			counts[d.ID]++
			if !slices.Contains(teaPrices[:], d.Price) {
				t.Errorf("%s: a price that nobody asked: %s", name, line)
			}
		}
	}
	tables, _ := filepath.Glob(filepath.Join(folder, "decisions-*.parquet"))
	for _, name := range tables {
		text, err := os.ReadFile(name)
		if err == nil {
			err = parquet.ReadTable(bytes.NewReader(text), int64(len(text)), func(columns []string, row []any) error {
				counts[row[slices.Index(columns, "id")].(string)]++
				if price := row[slices.Index(columns, "price")]; !slices.Contains(teaPrices[:], price.(float64)) {
					t.Errorf("%s: a price that nobody asked: %v", name, price)
				}
				return nil
			})
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	return counts
}
