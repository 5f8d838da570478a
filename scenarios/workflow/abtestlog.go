package workflow

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/souk-sim/souk/market/logs"
	"github.com/souk-sim/souk/policies/evaluate/experiment"
	"github.com/souk-sim/souk/results/rundir"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/field"
)

// LoggedExperiment is the log of a real experiment and how to read it (docs/experiments.md). What is empty is found by the usual names.
type LoggedExperiment struct {
	Path     string
	Unit     string
	Cluster  string // in place of Unit: what was randomised has many people or visits
	Arm      string
	Control  string
	Time     string
	Stratum  string
	Segments []string
	// Covariates are columns of numbers known before, by which it is told for whom a treatment works; nil: those called pre_….
	Covariates []string
	Metrics    []string // COLUMN, or NUMERATOR/DENOMINATOR
	Before     []string // METRIC=COLUMN
	Lower      []string // metrics of which less is better
	Options    experiment.Options
	Command    string // that asks for it, without what the result does not depend on: with the log's digest it is the identity of the run that Leave leaves
}

// Tested is an experiment as souk abtest tells it.
type Tested struct {
	Name   string             `json:"experiment"`
	Source string             `json:"source"`
	Unit   string             `json:"unit"`
	Report *experiment.Report `json:"report"`
	Market *TestedMarket      `json:"market,omitempty"` // of an experiment in a scenario's market
	Log    *TestedLog         `json:"log,omitempty"`    // of a logged one
	Dir    string             `json:"-"`                // of its run

	timeUnit string
}

// TestedLog says which log was analysed, and how.
type TestedLog struct {
	SHA256  string `json:"sha256" toml:"log_sha256"`
	Command string `json:"command" toml:"command"`
}

// usual names of an experiment's columns, the first that there is.
var (
	usualUnits   = []string{"unit", "unit_id", "user_id", "user", "customer_id", "customer", "visitor_id", "visitor", "session_id", "session"}
	usualArms    = []string{"arm", "variant", "group", "treatment", "condition", "bucket"}
	usualTimes   = []string{"time", "date", "timestamp", "day"}
	usualStrata  = []string{"stratum"}
	usualPersona = []string{"persona", "segment"}
	usualControl = []string{"control", "baseline", "a", "0", "false", "off"}
)

// beforePrefix marks a column as what was known of a metric before the experiment.
const beforePrefix = "pre_"

// AnalyseLog reads an experiment's log and analyses it. The error of a flag's value has the flag as its key.
func AnalyseLog(e LoggedExperiment) (*Tested, error) {
	file, err := os.Open(e.Path)
	if err != nil {
		return nil, &field.Error{File: e.Path, Found: "a file that cannot be opened", Expected: "a CSV or Parquet file that can be read"}
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return nil, &field.Error{File: e.Path, Found: "no regular file", Expected: "a CSV or Parquet file"}
	}
	rows, tested, err := e.read(file, info.Size())
	if err != nil {
		return nil, err
	}
	if tested.Report, err = experiment.Analyse(rows, e.Options); err != nil {
		return nil, inLog(e.Path, err)
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(file, 0, info.Size())); err != nil {
		return nil, err
	}
	tested.Log = &TestedLog{hex.EncodeToString(sum.Sum(nil)), e.Command}
	return tested, nil
}

// Leave analyses the log and leaves a run, NAME-abtest for a log NAME.csv. A log that cannot be analysed leaves none.
func (e LoggedExperiment) Leave(r *Run) (*Tested, error) {
	tested, err := AnalyseLog(e)
	if err != nil {
		return nil, err
	}
	identity, err := toml.Marshal(tested.Log)
	if err != nil {
		return nil, err
	}
	run, err := r.Store.Open(cmp.Or(strings.TrimLeft(tested.Name, ".-"), "log")+"-abtest", append([]byte("# souk abtest --log\n"), identity...), r.Options)
	if err != nil {
		return nil, err
	}
	defer run.Close()
	return tested, r.leaveTested(run, tested)
}

// leaveTested writes the read-out and finishes the run.
func (r *Run) leaveTested(run *rundir.Run, tested *Tested) error {
	tested.Dir = run.Dir
	if err := writeJSON(run, "abtest.json", tested); err != nil {
		return err
	}
	if err := run.Write("report.txt", tested.Text); err != nil {
		return err
	}
	if err := r.leaveReport(run); err != nil {
		return err
	}
	return run.Finish(r.Build)
}

func inLog(path string, err error) error {
	if bad, ok := err.(*field.Error); ok && bad.File == "" && !strings.HasPrefix(bad.Key, "--") {
		bad.File = path
	}
	return err
}

func (e *LoggedExperiment) read(data io.ReaderAt, size int64) (*experiment.Rows, *Tested, error) {
	if size == 0 {
		return nil, nil, &field.Error{File: e.Path, Found: "an empty file", Expected: "a header and at least one row"}
	}
	header, err := logs.ColumnNames(e.Path, data, size)
	if err != nil {
		return nil, nil, err
	}
	columns, err := e.columns(header)
	var metrics []loggedMetric
	if err == nil {
		metrics, err = e.metrics(header, columns)
	}
	if err != nil {
		// No flag helps where there are no rows.
		_, empty := logs.DecodeRecords(e.Path, data, size, logs.RecordColumns{IDs: header[:1]})
		if bad, ok := errors.AsType[*field.Error](empty); ok && bad.Found == "a header only" {
			err = empty
		}
		return nil, nil, err
	}
	for _, m := range metrics {
		for _, column := range []string{m.numerator, m.denominator, m.before} {
			if column != "" && !slices.Contains(columns.Numbers, column) {
				columns.Numbers = append(columns.Numbers, column)
			}
		}
	}
	covariates, err := e.covariates(header)
	if err != nil {
		return nil, nil, err
	}
	for _, column := range covariates {
		if !slices.Contains(columns.Numbers, column) {
			columns.Numbers = append(columns.Numbers, column)
		}
	}
	found, err := logs.DecodeExperiment(e.Path, data, size, *columns)
	if err != nil {
		return nil, nil, err
	}
	rows := &experiment.Rows{Arms: found.Arms, Arm: found.Arm, Unit: found.Unit, Units: found.Units, Clustered: e.Cluster != "", Time: found.Time,
		Strata: found.Strata, Stratum: found.Stratum}
	for i, name := range columns.Segments {
		rows.Segments = append(rows.Segments, experiment.Segment{Name: name, Values: found.Values[i], Of: found.Segment[i]})
	}
	number := func(column string) []float64 {
		if i := slices.Index(columns.Numbers, column); i >= 0 {
			return found.Numbers[i]
		}
		return nil
	}
	for _, column := range covariates {
		rows.Covariates = append(rows.Covariates, experiment.Covariate{Name: column, Of: number(column)})
	}
	for _, m := range metrics {
		rows.Metrics = append(rows.Metrics, experiment.Metric{Name: m.name, Numerator: number(m.numerator), Denominator: number(m.denominator), Before: number(m.before), Lower: m.lower})
	}
	if err := e.control(rows); err != nil {
		return nil, nil, err
	}
	name := strings.TrimSuffix(filepath.Base(e.Path), filepath.Ext(e.Path))
	return rows, &Tested{Name: name, Source: filepath.Base(e.Path), Unit: columns.Unit, timeUnit: found.TimeUnit}, nil
}

// columns finds the roles' columns.
func (e *LoggedExperiment) columns(header []string) (*logs.ExperimentColumns, error) {
	c := &logs.ExperimentColumns{Unit: e.Unit, Arm: e.Arm, Time: e.Time, Stratum: e.Stratum, Segments: e.Segments}
	if e.Cluster != "" {
		c.Unit = e.Cluster
	}
	for _, role := range []struct {
		at    *string
		flag  string
		names []string
		must  bool
	}{{&c.Unit, "--unit", usualUnits, true}, {&c.Arm, "--arm", usualArms, true}, {&c.Time, "--time", usualTimes, false}, {&c.Stratum, "--stratum", usualStrata, false}} {
		if *role.at == "" {
			*role.at = usual(header, role.names)
		}
		if *role.at == "" && role.must {
			return nil, &field.Error{File: e.Path, Line: 1, Key: role.flag, Found: "no column called " + strings.Join(role.names, ", "), Expected: "the name of a column: " + strings.Join(header, ", ")}
		}
		if *role.at != "" && !slices.Contains(header, *role.at) {
			return nil, field.New(role.flag, strconv.Quote(*role.at), scenarios.Suggest(*role.at, header))
		}
	}
	if c.Segments == nil && e.Cluster == "" { // a persona is of those in a cluster
		if s := usual(header, usualPersona); s != "" {
			c.Segments = []string{s}
		}
	}
	for _, s := range c.Segments {
		if !slices.Contains(header, s) {
			return nil, field.New("--segment", strconv.Quote(s), scenarios.Suggest(s, header))
		}
	}
	return c, nil
}

// covariates are those that are asked for, or every column that says that it was known before.
func (e *LoggedExperiment) covariates(header []string) (columns []string, err error) {
	for _, c := range e.Covariates {
		if !slices.Contains(header, c) {
			return nil, field.New("--covariate", strconv.Quote(c), scenarios.Suggest(c, header))
		}
	}
	if e.Covariates != nil {
		return slices.Compact(slices.Sorted(slices.Values(e.Covariates))), nil
	}
	for _, column := range header {
		if strings.HasPrefix(column, beforePrefix) {
			columns = append(columns, column)
		}
	}
	return columns, nil
}

func usual(header, names []string) string {
	for _, name := range names {
		for _, column := range header {
			if strings.EqualFold(column, name) {
				return column
			}
		}
	}
	return ""
}

// loggedMetric is a metric by the names of its columns.
type loggedMetric struct {
	name, numerator, denominator, before string
	lower                                bool
}

// metrics are those that are asked for, or every column without another role.
func (e *LoggedExperiment) metrics(header []string, c *logs.ExperimentColumns) (all []loggedMetric, err error) {
	names := e.Metrics
	if len(names) == 0 {
		taken := slices.Concat([]string{c.Unit, c.Arm, c.Time, c.Stratum, e.Unit, usual(header, usualPersona)}, c.Segments)
		for _, column := range header {
			if !slices.Contains(taken, column) && !strings.HasPrefix(column, beforePrefix) && !logs.HoldsIDs(column) {
				names = append(names, column)
			}
		}
		if len(names) == 0 {
			return nil, &field.Error{File: e.Path, Line: 1, Key: "--metric", Found: "no column that could be one", Expected: "a column of numbers, or NUMERATOR/DENOMINATOR"}
		}
	}
	before := map[string]string{}
	for _, b := range e.Before {
		metric, column, ok := strings.Cut(b, "=")
		if !ok || !slices.Contains(names, metric) || !slices.Contains(header, column) {
			return nil, field.New("--before", strconv.Quote(b), "METRIC=COLUMN, a metric and the column of what was known of it before")
		}
		before[metric] = column
	}
	for _, l := range e.Lower {
		if !slices.Contains(names, l) {
			return nil, field.New("--lower", strconv.Quote(l), scenarios.Suggest(l, names))
		}
	}
	for i, name := range names {
		m := loggedMetric{name: name, before: before[name], lower: slices.Contains(e.Lower, name)}
		m.numerator, m.denominator, _ = strings.Cut(name, "/")
		if slices.Contains(header, name) { // a column that has a stroke in its name
			m.numerator, m.denominator = name, ""
		}
		if slices.Contains(names[:i], name) {
			return nil, field.New("--metric", name+" twice", "each metric once")
		}
		for _, column := range []string{m.numerator, m.denominator} {
			if (column != "" || strings.Contains(name, "/") && m.numerator != name) && !slices.Contains(header, column) {
				return nil, field.New("--metric", strconv.Quote(name), "a column or NUMERATOR/DENOMINATOR; "+scenarios.Suggest(column, header))
			}
		}
		if own := beforePrefix + m.numerator; m.before == "" && slices.Contains(header, own) {
			m.before = own
		}
		all = append(all, m)
	}
	return all, nil
}

// control puts the control first.
func (e *LoggedExperiment) control(r *experiment.Rows) error {
	at := slices.Index(r.Arms, e.Control)
	if e.Control != "" && at < 0 {
		return field.New("--control", strconv.Quote(e.Control), scenarios.Suggest(e.Control, r.Arms))
	}
	for _, name := range usualControl {
		if at < 0 {
			at = slices.IndexFunc(r.Arms, func(arm string) bool { return strings.EqualFold(arm, name) })
		}
	}
	if at < 0 {
		return field.New("--control", "arms "+strings.Join(r.Arms, ", "), "which of them is the control")
	}
	if e.Options.Shares != nil && len(e.Options.Shares) != len(r.Arms) {
		return field.New("--share", fmt.Sprintf("%d shares", len(e.Options.Shares)), fmt.Sprintf("%d, of the control and of %s", len(r.Arms), strings.Join(slices.Delete(slices.Clone(r.Arms), at, at+1), ", ")))
	}
	r.Arms = slices.Concat([]string{r.Arms[at]}, r.Arms[:at], r.Arms[at+1:])
	for row, arm := range r.Arm {
		switch {
		case int(arm) == at:
			r.Arm[row] = 0
		case int(arm) < at:
			r.Arm[row]++
		}
	}
	return nil
}
