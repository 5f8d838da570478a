package workflow

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/souk-sim/souk"
	"github.com/souk-sim/souk/results/report/web"
	"github.com/souk-sim/souk/results/rundir"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/field"
)

// RunFiles are a run's files as its report reads them.
type RunFiles struct {
	Name, ID, Version string
	Build             rundir.Build
	Read              func(name string) ([]byte, error) // of a file that is not there the error is fs.ErrNotExist
	Scenario          *scenarios.Scenario               // nil: that of scenario.toml, whose data have to be where it says
}

// reports are the kinds of runs that have a report, each told by a file that no other has.
func reports() []reportKind {
	return []reportKind{
		{"summary.json", trainingPage},
		{"measures.json", studyPage},
		{"bench.json", benchPage},
		{"ope.json", offPolicyPage},
		{"loop.json", loopPage},
		{"abtest.json", abtestPage},
		{"optimize.json", optimizePage},
		{"rounds.json", roundsPage},
	}
}

// reportKind makes the page of one kind of run.
type reportKind struct {
	file string
	page func(f *RunFiles) (*web.Page, error)
}

// ReportFile is the name of a run's report.
const ReportFile = "report.html"

// Report makes the page of a run from its files, the same whether the run has just been made or is read again. The error is a *field.Error where the run is of a
// kind that has none.
func Report(f *RunFiles) (*web.Page, error) {
	for _, kind := range reports() {
		if _, err := f.Read(kind.file); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		return kind.page(f)
	}
	return nil, field.New("run", f.Name+"/"+f.ID, "a run of train, bench, abtest, ope, optimize or loop")
}

// leaveReport writes the report of a run that has written everything else.
func (r *Run) leaveReport(run *rundir.Run) error {
	page, err := Report(&RunFiles{Name: run.Name, ID: run.ID, Version: souk.Version, Build: r.Build, Read: run.ReadFile, Scenario: r.Scenario})
	if err != nil {
		return fmt.Errorf("%s: %w", ReportFile, err)
	}
	return run.Write(ReportFile, func(w io.Writer) error { return page.Write(w) })
}

// json reads a JSON file of the run; into stays as it is where there is no such file, and there is false.
func (f *RunFiles) json(name string, into any) (there bool, err error) {
	text, err := f.Read(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		return false, fmt.Errorf("%s: %w", name, err)
	}
	return true, nil
}

// scenario is that of the run, as it was resolved.
func (f *RunFiles) scenario() (*scenarios.Scenario, error) {
	if f.Scenario != nil {
		return f.Scenario, nil
	}
	text, err := f.Read("scenario.toml")
	if err != nil {
		return nil, err
	}
	return scenarios.Parse(scenarios.Source{Name: "scenario.toml", Text: string(text)})
}

// given is how a command is told the run's scenario: by its name where it is a bundled one as it is, else by the file in the run's folder.
func (f *RunFiles) given(s *scenarios.Scenario) string {
	if bundled, err := scenarios.Load(s.Name); err == nil && bundled.Hash() == s.Hash() {
		return s.Name
	}
	return ownScenario
}

// ownScenario is the file of a run's scenario, with all that flags changed.
const ownScenario = "scenario.toml"

// reproduction is the last section of a page: what to do to get the same numbers, and the run in full. The command is souk's, as a shell reads it; more is what it needs beside.
// A run without a scenario has none.
func (f *RunFiles) reproduction(s *scenarios.Scenario, command string, more ...web.Fact) web.Section {
	facts := append(web.Facts{{Name: "Command", Value: "souk " + command, Code: true}}, more...)
	seeded := "The same input and version give the same files on any number of workers."
	if s != nil {
		seeded = "The same scenario, seed and version give the same files on any number of workers."
		if strings.Contains(command, ownScenario) {
			facts = append(facts, web.Fact{Name: ownScenario, Value: "in the run's folder, where the command is to be given, and below: the whole scenario with all that --set and other flags changed"})
		}
		facts = append(facts, web.Fact{Name: "Scenario", Value: s.Name + ", SHA-256 " + s.Hash()}, web.Fact{Name: "Seed", Value: fmt.Sprint(s.Seed)})
	}
	facts = append(facts, web.Fact{Name: "Run", Value: f.ID, Code: true}, web.Fact{Name: "Version", Value: "souk " + f.Version})
	if b := f.Build; b.Go != "" {
		facts = append(facts, web.Fact{Name: "Built by", Value: fmt.Sprintf("%s for %s/%s %s", b.Go, b.OS, b.Arch, b.Level)})
	}
	blocks := []web.Block{web.Text{seeded + " What else the bytes depend on stands in manifest.json."}, facts}
	if text, err := f.Read(ownScenario); err == nil && s != nil {
		blocks = append(blocks, web.Pre{Title: "scenario.toml, as it was resolved", Text: string(text)})
	}
	if text, err := f.Read("report.txt"); err == nil {
		blocks = append(blocks, web.Pre{Title: "report.txt, as it was printed", Text: string(text)})
	}
	return web.Section{ID: "reproduce", Title: "How to reproduce this", Blocks: blocks}
}
