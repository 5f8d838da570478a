package workflow

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestClustersHaveNoPersona: the persona of a region's first row is not the region's, so that it is no segment unless it is asked for, and then refused where it varies.
func TestClustersHaveNoPersona(t *testing.T) {
	var b strings.Builder
	b.WriteString("region,arm,persona,spend\n")
	for row := range 400 {
		region := row % 40
		fmt.Fprintf(&b, "r%d,%s,%s,%d\n", region, []string{"control", "new"}[region%2], []string{"thrifty", "lavish"}[row/40%2], row*row%17)
	}
	path := filepath.Join(t.TempDir(), "regions.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	log := LoggedExperiment{Path: path, Cluster: "region"}
	tested, err := AnalyseLog(log)
	if err != nil || tested.Report.Segments != nil || len(tested.Report.Metrics) != 1 {
		t.Fatalf("%+v, %v", tested, err)
	}
	log.Segments = []string{"persona"}
	if _, err := AnalyseLog(log); err == nil || !strings.Contains(err.Error(), "a cluster with more than one value") {
		t.Errorf("a persona that varies within regions: %v", err)
	}
}
