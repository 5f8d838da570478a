package stock

import (
	"flag"
	"os"
	"testing"
)

// seed is that of the simulated shops; other seeds are tried with go test ./market/stock -seed 2.
var seed = flag.Uint64("seed", 1, "seed of the simulated shops")

// TestMain fixes what rapid draws, unless told otherwise.
func TestMain(m *testing.M) {
	flag.Parse()
	set := map[string]bool{}
	flag.Visit(func(f *flag.Flag) { set[f.Name] = true })
	for name, value := range map[string]string{"rapid.seed": "1", "rapid.checks": "5000"} {
		if !set[name] {
			flag.Set(name, value)
		}
	}
	os.Exit(m.Run())
}
