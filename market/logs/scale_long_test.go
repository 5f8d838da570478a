//go:build long

package logs

import (
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Ten million lines of a log of six columns, 44 bytes a row when read, are read within a gigabyte and a half.
func TestTenMillionRowsAreReadInBoundedMemory(t *testing.T) {
	const n = 10_000_000
	for _, extension := range []string{".csv", ".parquet"} {
		path := bigLog(t, n, extension)
		debug.FreeOSMemory()
		forget := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // the peak so far
		before, begun := processor(t), time.Now()
		x, err := ReadTransactions(path, Options{})
		if err != nil || len(x.Customer) != n || x.Customers < n/20 {
			t.Fatal(err, len(x.Customer), x.Customers)
		}
		took, work := time.Since(begun), processor(t)-before
		peak := peakMemory(t)
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		info, _ := os.Stat(path)
		t.Logf("%s of %d MB: %.1f s, %.1f s of processors, %.2f million rows/s, peak resident set %d MB, %d bytes a row kept", extension, info.Size()>>20, took.Seconds(), work.Seconds(),
			n/took.Seconds()/1e6, peak>>20, m.HeapAlloc/n)
		if forget == nil && peak > 1536<<20 {
			t.Errorf("%s: %d MB", extension, peak>>20)
		}
		runtime.KeepAlive(x)
		os.Remove(path)
	}
}

// peakMemory is the largest resident set in bytes.
func peakMemory(t *testing.T) int {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip("no /proc: the peak of the memory cannot be told")
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	kB, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Fatal(err)
	}
	return kB << 10
}

// processor is the time that processors spent on this process.
func processor(t *testing.T) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
