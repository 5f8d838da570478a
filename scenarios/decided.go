package scenarios

import (
	"bytes"
	"io/fs"
	"time"

	"github.com/souk-sim/souk/market/logs"
	"github.com/souk-sim/souk/results/decisionlog"
)

// decided is the file of the choices that a decision log tells of (logs.DecidedChoices), which stands for the folder of its segments.
type decided struct {
	*bytes.Reader
	name string
}

// openDecided reads the decision log in a folder.
func openDecided(folder string) (fs.File, error) {
	log, _, err := decisionlog.Open(folder, decisionlog.Options{})
	if err != nil {
		return nil, err
	}
	text, err := logs.DecidedChoices(log)
	if err != nil {
		return nil, err
	}
	return &decided{bytes.NewReader(text), folder}, nil
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
