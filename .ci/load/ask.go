package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/souk-sim/souk/policies/bundle"
)

// question is an observation and the price that each revision gives for it.
type question struct {
	observation string // as JSON
	prices      map[string]float64
}

// asker asks questions that it knows the answers to.
type asker struct {
	questions     []question
	run           string // in front of the ids of its decisions
	failed, wrong atomic.Int64
	why           atomic.Value // the first thing that went wrong
	lock          sync.Mutex
	byRevision    map[string]int
	ids           []string
}

// newAsker draws a thousand observations where the features are expected.
func newAsker(bundles []string) *asker {
	if len(bundles) == 0 {
		fmt.Fprintln(os.Stderr, "usage: load [flags] BUNDLE…, packed; see load -h")
		os.Exit(2)
	}
	a := &asker{run: fmt.Sprintf("%x", rand.Uint32()), byRevision: map[string]int{}}
	var all []*bundle.Bundle
	for _, path := range bundles {
		all = append(all, open(path))
	}
	draw := rand.New(rand.NewPCG(1, 1))
	frame := all[0].Policy.About()
	seen := make([]float64, len(frame.Spec.Features))
	for range 1000 {
		told := map[string]float64{}
		for i, f := range frame.Spec.Features {
			seen[i] = math.NaN()
			if frame.LooksAt(i) {
				seen[i] = f.Min + (f.Max-f.Min)*draw.Float64()
				told[f.Name] = seen[i]
			}
		}
		text, err := json.Marshal(told)
		check(err)
		q := question{string(text), map[string]float64{}}
		for _, b := range all {
			q.prices[b.Manifest.Revision] = b.Policy.Decide(seen, 1).Price
		}
		a.questions = append(a.questions, q)
	}
	return a
}

// fire asks at the fixed rate and returns all latencies, each from when its request was due.
func fire(a *asker) (latencies []time.Duration, took time.Duration) {
	gap := time.Duration(float64(time.Second) / *rate)
	latencies = make([]time.Duration, int(*length/gap))
	due := make(chan int, len(latencies)) // no connection that is busy keeps the clock from going on
	var group sync.WaitGroup
	start := time.Now().Add(100 * time.Millisecond)
	for range *connections {
		group.Go(func() {
			c := &connection{asker: a}
			for i := range due {
				c.ask(i)
				latencies[i] = time.Since(start.Add(time.Duration(i) * gap))
			}
			c.close()
		})
	}
	for i := range latencies {
		// The system's own sleep is exact to some 50 µs; the runtime's, with nothing else to do, to a millisecond.
		if wait := syscall.NsecToTimespec(int64(time.Until(start.Add(time.Duration(i) * gap)))); wait.Nano() > 0 {
			_ = syscall.Nanosleep(&wait, nil) // woken early, the request is early
		}
		due <- i
	}
	close(due)
	group.Wait()
	return latencies, time.Since(start)
}

// connection is one to the service, opened when it is needed.
type connection struct {
	*asker
	net    net.Conn
	reader *bufio.Reader
	text   []byte
	counts map[string]int
	last   string   // id of the decision that was answered last
	sure   []string // ids of all, where they are asked for
}

// ask asks one question. Whatever is not the right answer is counted, and the connection opened anew.
func (c *connection) ask(i int) {
	if err := c.try(i); err != nil {
		c.failed.Add(1)
		c.why.CompareAndSwap(nil, fmt.Sprintf("request %d: %v", i, err))
		if c.net != nil {
			c.net.Close()
			c.net = nil
		}
	}
}

func (c *connection) try(i int) error {
	if c.net == nil {
		var err error
		if c.net, err = net.Dial("tcp", *address); err != nil {
			return err
		}
		c.reader = bufio.NewReader(c.net)
		if c.counts == nil {
			c.counts = map[string]int{}
		}
	}
	if *outcomes > 0 && i%*outcomes == *outcomes-1 && c.last != "" {
		_, err := c.post("/v1/outcomes", fmt.Sprintf(`{"id":%q,"reward":%d}`, c.last, i%10))
		return err
	}
	q := &c.questions[i%len(c.questions)]
	id := fmt.Sprintf("%s-%d", c.run, i)
	text, err := c.post("/v1/decide", fmt.Sprintf(`{"id":%q,"customer":"customer %d","product":"product %d","observation":%s}`, id, i%100_000, i%1000, q.observation))
	if err != nil {
		return err
	}
	var answer struct {
		ID, Revision string
		Price        float64
	}
	if err := json.Unmarshal(text, &answer); err != nil || answer.ID != id {
		return fmt.Errorf("answered with %s", text)
	}
	if price, known := q.prices[answer.Revision]; !known || price != answer.Price {
		c.wrong.Add(1)
		c.why.CompareAndSwap(nil, fmt.Sprintf("request %d: %s for %s, of which the price is %v", i, text, q.observation, price))
	}
	c.counts[answer.Revision]++
	c.last = id
	if *ids != "" {
		c.sure = append(c.sure, id)
	}
	return nil
}

// post sends a request and returns the body of its answer.
func (c *connection) post(path, body string) ([]byte, error) {
	c.text = fmt.Appendf(c.text[:0], "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", path, *address, len(body), body)
	if err := c.net.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return nil, err
	}
	if _, err := c.net.Write(c.text); err != nil {
		return nil, err
	}
	r, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s %v", r.Status, text, err)
	}
	return text, nil
}

// close hands in what the connection counted.
func (c *connection) close() {
	c.lock.Lock()
	defer c.lock.Unlock()
	for revision, n := range c.counts {
		c.byRevision[revision] += n
	}
	c.ids = append(c.ids, c.sure...)
	if c.net != nil {
		c.net.Close()
	}
}

// revisions says how many answers each bundle gave.
func (a *asker) revisions() string {
	var all []string
	for revision, n := range a.byRevision {
		all = append(all, fmt.Sprintf("%.8s %d", revision, n))
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}
