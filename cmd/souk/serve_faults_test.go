//go:build linux

package main

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/souk-sim/souk/results/decisionlog"
)

// A killed process loses no decision that was answered, whatever --sync says, because each has gone to the operating system before its answer; and
// what stood in the log before stays byte by byte. (What the end of the machine loses, which --sync is about, no process can try on itself.)
func TestAKillUnderLoadLosesNothingThatWasAnswered(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: kills processes for some seconds")
	}
	kills := 3
	if long {
		kills = 20
	}
	folder := t.TempDir()
	path := filepath.Join(folder, "tea.tar.gz")
	pack(t, path, 0)
	log := filepath.Join(folder, "log")
	if err := os.Mkdir(log, 0o700); err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 3))
	var lock sync.Mutex
	answered := map[string]bool{}
	before := map[string][]byte{}
	for k := range kills {
		s := start(t, path, "--log", log, "--sync", []string{"interval", "always", "never"}[k%3])
		var group sync.WaitGroup
		for c := range 8 {
			group.Go(func() {
				for i := c; ; i++ {
					a, code := s.decide(i % 4)
					if code == 0 {
						return // killed
					}
					if code != http.StatusOK || a.Price != teaPrices[i%4] {
						t.Errorf("stock %d: %d, %+v", i%4, code, a)
						return
					}
					lock.Lock()
					answered[a.ID] = true
					lock.Unlock()
				}
			})
		}
		time.Sleep(time.Duration((0.05 + 0.3*random.Float64()) * float64(time.Second)))
		if err := s.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		<-s.ended
		group.Wait()
		now := segments(t, log)
		for name, text := range before {
			if _, err := os.Stat(strings.TrimSuffix(name, ".jsonl") + ".parquet"); err == nil {
				continue // the next life made a table of it, which held reads
			}
			if !bytes.Equal(now[name], text) {
				t.Errorf("kill %d: %s is not what it was", k, name)
			}
		}
		before = now
	}
	counts := held(t, log)
	for id := range answered {
		if counts[id] != 1 {
			t.Errorf("decision %s was answered, and is %d times in the log", id, counts[id])
		}
	}
	if len(answered) < 10*kills {
		t.Errorf("only %d answers in %d lives: no load", len(answered), kills)
	}
	t.Logf("%d decisions answered, %d logged, in %d segments", len(answered), len(counts), len(before))
}

// smallDisk mounts a file system of a few bytes, which needs a right that not everybody has.
func smallDisk(t *testing.T, size string, flags uintptr) string {
	t.Helper()
	folder := t.TempDir()
	if err := syscall.Mount("none", folder, "tmpfs", flags, "size="+size); err != nil {
		t.Skip("a small disk cannot be mounted: ", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(folder, syscall.MNT_DETACH) })
	return folder
}

// While the disk is full nothing is decided, because nothing could be logged; the service says so, lives, and goes on when there is room.
func TestAFullDiskIsToldAndDoesNoHarm(t *testing.T) {
	log := smallDisk(t, "1m", 0)
	ballast := filepath.Join(log, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 900<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "tea.tar.gz")
	pack(t, path, 0)
	s := start(t, path, "--log", log)
	answered := []string{}
	decide := func() int {
		stock := len(answered) % 4
		a, code := s.decide(stock)
		if code == http.StatusOK {
			answered = append(answered, a.ID)
			if a.Price != teaPrices[stock] {
				t.Errorf("stock %d: %+v", stock, a)
			}
		}
		return code
	}
	for decide() == http.StatusOK {
		if len(answered) > 5000 {
			t.Fatal("the disk never filled")
		}
	}
	for range 20 {
		decide() // a short line may still find room
	}
	if code := decide(); code != http.StatusServiceUnavailable || s.get("/readyz") != http.StatusServiceUnavailable || s.get("/healthz") != http.StatusOK {
		t.Errorf("on a full disk: decide %d, ready %d, healthy %d", code, s.get("/readyz"), s.get("/healthz"))
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if code := decide(); code != http.StatusOK || s.get("/readyz") != http.StatusOK {
		t.Errorf("with room again: decide %d, ready %d", code, s.get("/readyz"))
	}
	if err := s.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := <-s.ended; err != nil {
		t.Errorf("%v: %s", err, s.said.String())
	}
	counts := held(t, log)
	for _, id := range answered {
		if counts[id] != 1 {
			t.Errorf("decision %s was answered, and is %d times in the log", id, counts[id])
		}
	}
	if len(counts) != len(answered) {
		t.Errorf("%d decisions in the log, %d answered: what was refused is no decision", len(counts), len(answered))
	}
}

func TestALogThatCannotBeWrittenIsRefusedAtTheStart(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "tea.tar.gz")
	pack(t, path, 0)
	refused := func(log, why string) {
		t.Helper()
		code, stdout, stderr := call(t, "serve", "tea="+path, "--listen", "127.0.0.1:0", "--log", log)
		complains(t, code, exitUsage, stdout, stderr, "--log", why, "a folder that exists and can be written to")
	}
	refused(filepath.Join(folder, "nowhere"), "no such file or directory")
	refused(path, "not a directory")
	refused(smallDisk(t, "64k", syscall.MS_RDONLY), "read-only file system")
}

// A log in which the policy's actions meant other offers would be readable no more: the service says so and does not start.
func TestALogWithAnotherLadderIsRefusedAtTheStart(t *testing.T) {
	folder := t.TempDir()
	path, log := filepath.Join(folder, "tea.tar.gz"), filepath.Join(folder, "log")
	pack(t, path, 0)
	line, err := decisionlog.Append(nil, &decisionlog.Record{ID: "a", Policy: "tea/champion", Step: -1, Action: 3, Offer: decisionlog.Offer{Price: 1.9}, Propensity: 1, Discount: 1})
	segment := filepath.Join(log, "decisions-000001.jsonl")
	if err := errors.Join(err, os.Mkdir(log, 0o700), os.WriteFile(segment, line, 0o600)); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := call(t, "serve", "tea="+path, "--listen", "127.0.0.1:0", "--log", log)
	complains(t, code, exitInvalid, stdout, stderr, segment+":1: price: found 1.9, expected 2, which action 3 is in the ladder of tea", "another folder")
	if names, _ := os.ReadDir(log); len(names) != 1 {
		t.Errorf("left behind: %v", names)
	}
}

// Whatever stands in a bundle's place, prices stay what they were until it is a bundle again.
func TestACorruptBundleLeavesTheOldOneAtWork(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tea.tar.gz")
	pack(t, path, 1)
	next, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	pack(t, path, 0)
	s := start(t, path)
	stands := func(shift int, when string) {
		t.Helper()
		for stock := range 4 {
			if a, code := s.decide(stock); code != http.StatusOK || a.Price != teaPrices[(stock+shift)%4] {
				t.Errorf("%s: stock %d: %d, %+v", when, stock, code, a)
			}
		}
	}
	flipped := bytes.Clone(next)
	flipped[len(flipped)/2] ^= 1
	for what, text := range map[string][]byte{"a flipped bit": flipped, "half a bundle": next[:len(next)/2], "nothing": {}, "another file": []byte("prices: all\n"), "no file": nil} {
		if replace(t, path, text); text == nil {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
		if code, answer := s.post("/v1/policies/tea/reload", ""); code != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", what, code, answer)
		}
		stands(0, what)
	}
	if err := s.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	s.says(t, "stays as it was")
	stands(0, "after SIGHUP")
	replace(t, path, next)
	if err := s.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	s.says(t, "loaded anew")
	stands(1, "the next bundle")
}

// While its bundle is replaced all the time, by good ones and bad, no request fails, and each answer is one of the bundle that it names.
func TestABundleIsReplacedUnderLoadWithoutOneFailedRequest(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tea.tar.gz")
	pack(t, path, 0)
	s := start(t, path)
	stop := make(chan struct{})
	var group sync.WaitGroup
	var lock sync.Mutex
	shifts := map[string]int{} // of the revisions
	for c := range 4 {
		group.Go(func() {
			for i := c; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				a, code := s.decide(i % 4)
				lock.Lock()
				shift, known := shifts[a.Revision]
				if !known {
					for k := range teaPrices {
						if teaPrices[(i+k)%4] == a.Price {
							shifts[a.Revision], shift = k, k
						}
					}
				}
				lock.Unlock()
				if code != http.StatusOK || a.Price != teaPrices[(i+shift)%4] {
					t.Errorf("stock %d: %d, %+v", i%4, code, a)
					return
				}
			}
		})
	}
	for k := range 30 {
		want := http.StatusOK
		if pack(t, path, k%2); k%5 == 4 {
			want = http.StatusUnprocessableEntity
			replace(t, path, []byte("torn"))
		}
		if code, answer := s.post("/v1/policies/tea/reload", ""); code != want {
			t.Errorf("reload %d: %d %s", k, code, answer)
		}
	}
	close(stop)
	group.Wait()
	if len(shifts) != 2 {
		t.Errorf("answers of %d bundles, not of both", len(shifts))
	}
}

// A second signal, a port in use: errors are told and nothing hangs.
func TestAServiceWhoseAddressIsTakenSaysSo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tea.tar.gz")
	pack(t, path, 0)
	s := start(t, path)
	code, stdout, stderr := call(t, "serve", "tea="+path, "--listen", strings.TrimPrefix(s.url, "http://"))
	complains(t, code, exitUsage, stdout, stderr, "--listen", syscall.EADDRINUSE.Error())
	if err := errors.Join(s.Process.Signal(syscall.SIGTERM), <-s.ended); err != nil {
		t.Error(err)
	}
}
