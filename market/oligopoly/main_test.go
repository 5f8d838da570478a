package oligopoly

import (
	"flag"
	"os"
	"testing"
)

// seed is that of the sampled shoppers; other seeds are tried with go test ./market/oligopoly -seed 2.
var seed = flag.Uint64("seed", 1, "seed of the sampled shoppers")

// TestMain fixes what rapid draws, unless told otherwise.
func TestMain(m *testing.M) {
	flag.Parse()
	set := map[string]bool{}
	flag.Visit(func(f *flag.Flag) { set[f.Name] = true })
	for name, value := range map[string]string{"rapid.seed": "1", "rapid.checks": "100"} {
		if !set[name] {
			flag.Set(name, value)
		}
	}
	os.Exit(m.Run())
}
