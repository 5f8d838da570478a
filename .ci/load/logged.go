package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/souk-sim/souk/results/parquet"
)

// logged looks whether each decision whose id one of the files names is in the log, and no decision twice.
func logged(folder string, files []string) {
	seen := map[string]int{}
	names, err := filepath.Glob(filepath.Join(folder, "*.jsonl"))
	check(err)
	for _, name := range names {
		f, err := os.Open(name)
		check(err)
		lines := bufio.NewScanner(f)
		for lines.Buffer(nil, 1<<20); lines.Scan(); {
			var line struct{ ID string }
			check(json.Unmarshal(lines.Bytes(), &line))
			seen[line.ID]++
		}
		check(lines.Err())
		f.Close()
	}
	tables, err := filepath.Glob(filepath.Join(folder, "*.parquet"))
	check(err)
	for _, name := range tables {
		f, err := os.Open(name)
		check(err)
		info, err := f.Stat()
		check(err)
		check(parquet.ReadTable(f, info.Size(), func(columns []string, row []any) error {
			id, _ := row[slices.Index(columns, "id")].(string)
			seen[id]++
			return nil
		}))
		f.Close()
	}
	asked := 0
	for _, name := range files {
		text, err := os.ReadFile(name)
		check(err)
		for id := range strings.FieldsSeq(string(text)) {
			if n := seen[id]; n != 1 {
				log.Fatalf("%s was answered, and is %d times in the log", id, n)
			}
			asked++
		}
	}
	fmt.Printf("log           %d decisions, among them each of %d that were answered, once\n", len(seen), asked)
}
