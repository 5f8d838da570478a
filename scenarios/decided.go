package scenarios

import (
	"bytes"
	"errors"
	"io/fs"
	"time"

	"github.com/souk-sim/souk/market/logs"
	"github.com/souk-sim/souk/results/decisionlog"
	"github.com/souk-sim/souk/scenarios/field"
)

// Decided says what is read of a decision log (docs/formats/decisions.md) whose folder stands in the place of a file of data.
type Decided struct {
	Of       string  `toml:"of" doc:"of the folder of a decision log: the policy whose decisions are read, of a service by its name there; left out: all"`
	Window   float64 `toml:"window,omitzero" range:"[0,1000000000000]" doc:"of such a folder: how long before its newest decision decisions are read, in its time; left out: all"`
	Patience float64 `toml:"patience,omitzero" range:"[0,1000000000000]" doc:"of such a folder: after how long, in its time, nothing came of a decision without an outcome; left out: that stays unknown"`
}

// decided is a table made of a decision log, which stands for the folder of its segments.
type decided struct {
	*bytes.Reader
	name string
}

// OpenModel opens the data of a model of the shoppers as Open does; of the folder of a decision log it is the choices that are told there (logs.DecidedChoices).
func (s *Scenario) OpenModel(m *Model) (full string, file fs.File, err error) {
	return s.open(m.Data, &m.Decided, false, logs.DecidedChoices)
}

// OpenSeries opens the data of a series as Open does; of the folder of a decision log it is the visitors by period (logs.DecidedVisits).
func (s *Scenario) OpenSeries(m *Series) (full string, file fs.File, err error) {
	return s.open(m.Data, &m.Decided, m.Every != 0, func(log *decisionlog.Log) ([]byte, error) {
		if m.Every == 0 {
			return nil, field.New("", "the folder of a decision log without every", "every beside it, the length of a period in the log's time, as 86400 of a service's seconds")
		}
		return logs.DecidedVisits(log, m.Every)
	})
}

// open opens a file, or makes a table of the decision log in a folder. more says that there are other keys for a folder than those of read.
func (s *Scenario) open(name string, read *Decided, more bool, table func(*decisionlog.Log) ([]byte, error)) (full string, file fs.File, err error) {
	full, file, err = s.Open(name)
	if err != nil {
		return full, nil, err
	}
	if info, err := file.Stat(); err != nil || !info.IsDir() {
		if more || *read != (Decided{}) {
			file.Close()
			return full, nil, &field.Error{File: full, Found: "a file", Expected: "the folder of a decision log, of which of, window, patience and every say what is read"}
		}
		return full, file, nil
	}
	file.Close()
	log, _, err := decisionlog.Open(full, decisionlog.Options{Policy: read.Of, Window: read.Window, Patience: read.Patience})
	if err == nil {
		var text []byte
		if text, err = table(log); err == nil {
			return full, &decided{bytes.NewReader(text), full}, nil
		}
	}
	if bad, told := errors.AsType[*field.Error](err); !told {
		err = unreadable(full, err)
	} else if bad.File == "" {
		bad.File = full
	}
	return full, nil, err
}

// Close implements fs.File.
func (d *decided) Close() error { return nil }

// Stat implements fs.File.
func (d *decided) Stat() (fs.FileInfo, error) { return d, nil }

// Name implements fs.FileInfo.
func (d *decided) Name() string { return d.name }

// Mode implements fs.FileInfo.
func (d *decided) Mode() fs.FileMode { return 0o444 }

// ModTime implements fs.FileInfo: no time is told.
func (d *decided) ModTime() time.Time { return time.Time{} }

// IsDir implements fs.FileInfo.
func (d *decided) IsDir() bool { return false }

// Sys implements fs.FileInfo.
func (d *decided) Sys() any { return nil }
