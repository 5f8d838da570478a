package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/souk-sim/souk/results/parquet"
)

// logged looks whether each decision whose id one of the files names is in the log, in lines or in a table, and no decision twice.
func logged(folder string, files []string) {
	seen, outcomes := map[string]int{}, 0
	names, err := filepath.Glob(filepath.Join(folder, "*"))
	check(err)
	for _, name := range names {
		f, err := os.Open(name)
		check(err)
		if filepath.Ext(name) == ".parquet" {
			info, err := f.Stat()
			check(err)
			check(parquet.ReadTable(f, info.Size(), func(columns []string, cells []any) error {
				for c, column := range columns {
					if id, ok := cells[c].(string); ok && column == "id" {
						seen[id]++
					} else if ok && column == "outcome" {
						outcomes++
					}
				}
				return nil
			}))
		} else {
			lines := bufio.NewScanner(f)
			for lines.Buffer(nil, 1<<20); lines.Scan(); {
				var line struct{ ID, Outcome string }
				check(json.Unmarshal(lines.Bytes(), &line))
				if line.ID != "" {
					seen[line.ID]++
				} else {
					outcomes++
				}
			}
			check(lines.Err())
		}
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
	fmt.Printf("log           %d decisions, among them each of %d that were answered, once; %d outcomes; %d files\n", len(seen), asked, outcomes, len(names))
}
