package logs

import (
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/souk-sim/souk/scenarios/field"
)

// sound holds what any panel that is read must satisfy, and that Check takes it.
func sound(t *testing.T, p Panel, err error) {
	if err != nil {
		var bad *field.Error
		if !errors.As(err, &bad) || bad.File == "" || bad.Found == "" || bad.Expected == "" {
			t.Fatalf("error %v does not name file, found and expected", err)
		}
		return
	}
	for i, period := range p.Periods {
		if i > 0 && period <= p.Periods[i-1] {
			t.Fatalf("period %d after %d", period, p.Periods[i-1])
		}
		for _, row := range [][]float64{p.Units[i], p.Price[i], p.Wholesale[i], p.Display[i], p.Customers[i : i+1]} {
			for _, v := range row {
				if math.IsInf(v, 0) {
					t.Fatalf("infinite value in period %d", period)
				}
			}
		}
	}
	Check(p, 52)
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte(header + "1,2,.5,0,0,9\n2,3,.5,,NA,10\n"))
	f.Add([]byte(header + "1,\"2\n"))
	f.Add([]byte("\ufeff" + header))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := Decode("f.csv", bytes.NewReader(raw), int64(len(raw)), small())
		sound(t, p, err)
	})
}

func FuzzParquet(f *testing.F) {
	f.Add(write(f, []good{{Week: 1, Price: 1}, {Week: 2, Price: 1}}))
	f.Add(write(f, []good{}))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := decode(raw)
		sound(t, p, err)
	})
}

func FuzzEvents(f *testing.F) {
	f.Add([]byte("event,date\nfeast,2024-01-31\nfeast,2024-02-01\nfair,2024-03-01T10:00:00Z\n"))
	f.Add([]byte("event,date\n,2024\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		path := filepath.Join(t.TempDir(), "events.csv")
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		events, err := ReadEvents(path)
		for _, e := range events {
			if err == nil && (e.Name == "" || len(e.Days) == 0) {
				t.Fatalf("%+v", e)
			}
		}
	})
}
