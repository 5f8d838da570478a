package portable_test

import (
	"os"
	"os/exec"
	"regexp"
	"testing"
)

// On arm64 the compiler fuses x*y + z into one rounding wherever the product is not converted. No instruction of the simulation may be such a one. Left out
// is market/choice, whose fitting stands beside its shelf and may fuse.
func TestSimulationCompilesToNoFusedMultiplyAdd(t *testing.T) {
	const module = "github.com/souk-sim/souk/"
	fused := regexp.MustCompile(`\([^)]*/((?:sim|market|agents|policies)/[^)]*\.go:\d+)\)\t(FN?M(?:ADD|SUB)[DS])\b`)
	for _, room := range []string{"sim", "sim/rng", "sim/portable", "sim/env", "market", "market/category", "market/stock", "agents", "agents/train", "policies"} {
		if _, err := os.ReadDir("../../" + room); err != nil { // and the test's cached verdict is void when a file changes
			t.Fatal(err)
		}
		compile := exec.Command("go", "build", "-gcflags="+module+room+"=-S", module+room)
		compile.Env = append(os.Environ(), "GOARCH=arm64", "GOOS=linux", "CGO_ENABLED=0")
		listing, err := compile.CombinedOutput()
		if err != nil {
			t.Skipf("this toolchain cannot compile %s for arm64: %v: %.300s", room, err, listing)
		}
		if !regexp.MustCompile(`(?m)^\s+0x`).Match(listing) && room != "sim/env" {
			t.Errorf("the compiler printed no instructions of %s", room)
		}
		for _, found := range fused.FindAllSubmatch(listing, -1) {
			t.Errorf("%s: %s: write the product as float64(x*y)", found[1], found[2])
		}
	}
}
