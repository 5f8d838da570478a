// Command load asks a pricing service at a fixed rate and holds every answer against the bundles that may have given it.
//
// The loop is open: request i is due i/rate after the start whatever became of those before it, and its latency counts from then, so that a service
// that stalls is charged with everybody who would have come meanwhile (coordinated omission: Tene 2015, "How NOT to Measure Latency").
//
//	load [flags] BUNDLE…
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/souk-sim/souk/policies/bundle"
)

var (
	address      = flag.String("address", "127.0.0.1:8080", "of the service")
	policy       = flag.String("policy", "load", "the service's name for the bundle")
	rate         = flag.Float64("rate", 5000, "requests a second")
	length       = flag.Duration("for", 10*time.Second, "how long")
	connections  = flag.Int("connections", 64, "kept open")
	outcomes     = flag.Int("outcomes", 0, "one request in so many tells the outcome of an earlier decision (0: none)")
	swap         = flag.String("swap", "", "packed bundle that the service was started with: the BUNDLEs take turns in its place, each with a reload")
	every        = flag.Duration("every", 200*time.Millisecond, "see -swap")
	pid          = flag.Int("pid", 0, "of the service, whose memory is watched")
	ids          = flag.String("ids", "", "file for the ids of all decisions that were answered")
	observations = flag.Bool("observations", false, "print what would be asked, and ask nothing")
	folder       = flag.String("log", "", "folder of a log, to look whether it has every decision of the ids in the files that are given in place of BUNDLEs")
	flat         = flag.Bool("flat", false, "fail where memory is more in the last fifth of the time than in the second by 10% and 4 MiB")
	p99          = flag.Duration("p99", 0, "most that 99% of latencies may be (0: any)")
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("load: ")
	flag.Parse()
	debug.SetGCPercent(800) // a request that is due while this process collects garbage would be counted as slow
	if *folder != "" {
		logged(*folder, flag.Args())
		return
	}
	asker := newAsker(flag.Args())
	if *observations {
		for _, q := range asker.questions {
			fmt.Println(q.observation)
		}
		return
	}
	stop := make(chan struct{})
	var beside sync.WaitGroup
	reloads, memory := 0, []int{}
	if *swap != "" {
		beside.Go(func() { reloads = swapping(stop, flag.Args()) })
	}
	if *pid > 0 {
		beside.Go(func() { memory = watch(stop, *pid) })
	}
	latencies, took := fire(asker)
	close(stop)
	beside.Wait()

	slices.Sort(latencies)
	at := func(q float64) time.Duration {
		return latencies[min(int(q*float64(len(latencies))), len(latencies)-1)].Round(time.Microsecond)
	}
	fmt.Printf("requests/s    %.0f of %.0f asked, %d connections\n", float64(len(latencies))/took.Seconds(), *rate, *connections)
	fmt.Printf("latency       p50 %v  p99 %v  p99.9 %v  longest %v\n", at(0.5), at(0.99), at(0.999), at(1))
	fmt.Printf("requests      %d, %d failed, %d with a wrong price\n", len(latencies), asker.failed.Load(), asker.wrong.Load())
	if *swap != "" {
		fmt.Printf("reloads       %d; answers by revision %s\n", reloads, asker.revisions())
	}
	grown := false
	if len(memory) >= 10 {
		fifth := len(memory) / 5
		early, late := median(memory[fifth:2*fifth]), median(memory[4*fifth:])
		grown = float64(late) > 1.1*float64(early)+4<<10
		fmt.Printf("memory        %d MiB in the second fifth, %d MiB in the last\n", early>>10, late>>10)
	}
	if *ids != "" {
		check(os.WriteFile(*ids, []byte(strings.Join(asker.ids, "\n")+"\n"), 0o644))
	}
	switch {
	case asker.failed.Load()+asker.wrong.Load() > 0:
		log.Fatalf("not every request was answered as it should: %v", asker.why.Load())
	case *swap != "" && reloads == 0:
		log.Fatal("nothing was loaded anew")
	case *flat && grown:
		log.Fatal("memory grows")
	case *p99 > 0 && at(0.99) > *p99:
		log.Fatalf("p99 is above %v", *p99)
	}
}

// swapping puts the bundles in the served one's place by turns, and has each loaded.
func swapping(stop chan struct{}, bundles []string) (reloads int) {
	for tick := time.Tick(*every); ; {
		select {
		case <-stop:
			return reloads
		case <-tick:
		}
		from := bundles[(reloads+1)%len(bundles)]
		text, err := os.ReadFile(from)
		check(err)
		next := filepath.Join(filepath.Dir(*swap), "next.tar.gz")
		check(os.WriteFile(next, text, 0o644))
		check(os.Rename(next, *swap))
		r, err := http.Post("http://"+*address+"/v1/policies/"+*policy+"/reload", "", nil)
		check(err)
		answer, err := io.ReadAll(r.Body)
		check(err)
		r.Body.Close()
		if b := open(from); r.StatusCode != 200 || !bytes.Contains(answer, []byte(b.Manifest.Revision)) {
			log.Fatalf("reload %d: %s %s", reloads, r.Status, answer)
		}
		reloads++
	}
}

// watch reads how much memory a process keeps, in KiB, ten times a fifth of the time at least.
func watch(stop chan struct{}, pid int) (all []int) {
	for tick := time.Tick(min(time.Second, *length/50)); ; {
		select {
		case <-stop:
			return all
		case <-tick:
		}
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		check(err)
		_, rest, _ := strings.Cut(string(text), "VmRSS:")
		kib := 0
		_, err = fmt.Sscan(rest, &kib)
		check(err)
		all = append(all, kib)
	}
}

func median(all []int) int {
	all = slices.Sorted(slices.Values(all))
	return all[len(all)/2]
}

func open(path string) *bundle.Bundle {
	text, err := os.ReadFile(path)
	check(err)
	files, err := bundle.Unpack(bytes.NewReader(text))
	check(err)
	b, err := bundle.Load(files)
	check(err)
	return b
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
