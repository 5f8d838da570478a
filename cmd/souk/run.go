package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/souk-sim/souk"
	"github.com/souk-sim/souk/results/rundir"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/field"
)

const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInvalid     = 3
	exitUnmet       = 4
	exitInterrupted = 130
)

// app is one invocation: what it was given and where it writes.
type app struct {
	stdin   io.Reader
	stdout  *bufio.Writer
	stderr  io.Writer
	disk    rundir.FS // nil: the operating system's
	json    bool
	quiet   bool
	seed    int64
	workers int
	out     string
	sets    []string
	flags   *pflag.FlagSet
	inputs  []string // files that are read, by path
	saves   bool     // the command keeps its work in a run that can be resumed
}

// run is the whole program but for the process around it.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{stdin: stdin, stdout: newStdout(stdout), stderr: stderr}
	return a.run(ctx, args)
}

func (a *app) run(ctx context.Context, args []string) int {
	root := a.root()
	a.json = wantsJSON(args) // known before parsing, so that an error in the flags before it is JSON too
	if a.json {
		root.SetVersionTemplate("{\n  \"schema\": \"souk/version/1\",\n  \"version\": \"{{.Version}}\"\n}\n")
	}
	root.SetArgs(args)
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	err := root.ExecuteContext(ctx)
	if flushed := a.stdout.Flush(); err == nil {
		err = flushed
	}
	if _, unwritten := errors.AsType[stdoutError](err); unwritten && errors.Is(err, syscall.EPIPE) {
		err = nil // a reader who has seen enough, as head has, is no failure
	}
	return a.report(err)
}

// wantsJSON finds --json among arguments that may not parse.
func wantsJSON(args []string) bool {
	if end := slices.Index(args, "--"); end >= 0 {
		args = args[:end]
	}
	return slices.Contains(args, "--json") || slices.Contains(args, "--json=true")
}

// stdoutError marks what could not be written to stdout, which has nothing to do with folders of runs.
type stdoutError struct{ error }

func (e stdoutError) Unwrap() error { return e.error }

type stdoutWriter struct{ io.Writer }

func (w stdoutWriter) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	if err != nil {
		err = stdoutError{err}
	}
	return n, err
}

func newStdout(w io.Writer) *bufio.Writer { return bufio.NewWriter(stdoutWriter{w}) }

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "souk",
		Short: "A market of synthetic shoppers in which agents learn to set prices",
		Long: "souk fits models of demand and of shopper behaviour to real logs, runs a market of synthetic shoppers on them,\n" +
			"trains agents to set prices in it, and compares what they learned with everything else a retailer could do.",
		Example:       "  souk train canned-tuna\n  souk scenario show canned-tuna > my.toml\n  souk train ./my.toml --set train.episodes=500 --seed 7",
		Version:       souk.Version,
		SilenceErrors: true, SilenceUsage: true,
		Args: named,
		RunE: a.overview,
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetVersionTemplate("souk {{.Version}}\n")
	f := root.PersistentFlags()
	f.BoolVar(&a.json, "json", false, "one JSON document on stdout; an error is one JSON line on stderr")
	f.BoolVarP(&a.quiet, "quiet", "q", false, "no progress")
	root.SetFlagErrorFunc(badFlag)
	root.SetHelpCommand(a.help(root))
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		a.flags = cmd.Flags()
		if out := a.flags.Lookup("out"); out != nil && !out.Changed {
			a.out = out.DefValue
		}
		return a.checkFlags()
	}
	root.AddCommand(a.train(), a.bench(), a.sweep(), a.fit(), a.simulate(), a.policy(), a.scenario(), a.results(), a.reportRun(), a.estimate(), a.forecast(), a.reproduce(), a.abtest(), a.ope(), a.decisions(), a.optimize(), a.loop(), a.serve())
	return root
}

// scenarioFlags gives a command the flags that change a scenario.
func (a *app) scenarioFlags(cmd *cobra.Command) {
	cmd.Flags().Int64Var(&a.seed, "seed", 0, "master seed, in place of the scenario's")
	cmd.Flags().StringArrayVar(&a.sets, "set", nil, "key=value: override a scenario's key, as in train.episodes=500 or agents.sarsa.exploration.to=0")
}

func (a *app) workersFlag(cmd *cobra.Command) {
	cmd.Flags().IntVar(&a.workers, "workers", 0, "how many processors to use; 0: all (results do not depend on it)")
}

func (a *app) outFlag(cmd *cobra.Command) { a.outTo(cmd, "results/runs", "folder of runs") }

// outTo gives a command --out with a default of its own: all commands share where it is kept, so the default is set when the command runs.
func (a *app) outTo(cmd *cobra.Command, folder, help string) {
	cmd.Flags().StringVar(&a.out, "out", folder, help)
}

// overview answers a command that has only subcommands.
func (a *app) overview(cmd *cobra.Command, _ []string) error {
	if !a.json {
		return cmd.Help()
	}
	type entry struct {
		Command string `json:"command"`
		Help    string `json:"help"`
	}
	var list []entry
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			list = append(list, entry{c.CommandPath(), c.Short})
		}
	}
	return a.document("commands", map[string]any{"commands": list})
}

// notice tells on stderr, in one line, what one should know though nothing failed.
func (a *app) notice(text string) {
	if a.json {
		line, _ := json.Marshal(map[string]string{"schema": "souk/notice/1", "notice": text})
		text = string(line)
	} else {
		text = "souk: " + text
	}
	fmt.Fprintln(a.stderr, text)
}

// help is cobra's, but for a topic that does not exist.
func (a *app) help(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND]", Short: "Tell about a command",
		Example: "  souk help scenario show",
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return named(root, args)
			}
			return cmd.Help()
		},
	}
}

// processors are how many may be kept busy.
func (a *app) processors() int {
	if a.workers > 0 {
		return a.workers
	}
	return runtime.GOMAXPROCS(0)
}

// store is the folder of runs.
func (a *app) store() rundir.Store { return rundir.Store{Root: a.out, FS: a.disk} }

// usage marks an error as one of the command line.
type usage struct{ error }

func (u usage) Unwrap() error { return u.error }

// unmet marks a gate that was not met.
type unmet struct{ error }

func (u unmet) Unwrap() error { return u.error }

func badUsage(key, found, expected string) error {
	return usage{&field.Error{Key: key, Found: found, Expected: expected}}
}

func (a *app) checkFlags() error {
	switch {
	case a.seed < 0:
		return badUsage("--seed", strconv.FormatInt(a.seed, 10), "an integer of at least 0")
	case a.workers < 0:
		return badUsage("--workers", strconv.Itoa(a.workers), "an integer of at least 0")
	case a.flags.Changed("out") && a.out == "":
		return badUsage("--out", "nothing", "a folder")
	}
	return nil
}

// overrides are the --set flags, and --seed as one of them.
func (a *app) overrides() []string {
	sets := slices.Clone(a.sets)
	if a.flags.Changed("seed") {
		sets = append(sets, "seed="+strconv.FormatInt(a.seed, 10))
	}
	return sets
}

// badFlag turns pflag's complaints into ours, with the nearest flag.
func badFlag(cmd *cobra.Command, err error) error {
	if args := cmd.Flags().Args(); cmd.HasAvailableSubCommands() && len(args) > 0 {
		return named(cmd, args) // the flag is of a command that there is not
	}
	if e, ok := errors.AsType[*pflag.NotExistError](err); ok {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
		wrong := "--" + e.GetSpecifiedName()
		if wrong == "--quick" && cmd.Name() == "train" {
			return badUsage(cmd.CommandPath(), wrong, "none here: souk reproduce has the smaller sample of a paper; here --set makes one, as train.episodes=500 or sessions.number=20")
		}
		return badUsage(cmd.CommandPath(), wrong, scenarios.Suggest(wrong, names))
	}
	if e, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return badUsage("--"+e.GetFlag().Name, strconv.Quote(e.GetValue()), "a value of type "+e.GetFlag().Value.Type())
	}
	return usage{err}
}

// named refuses a subcommand that does not exist and suggests the nearest.
func named(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	return badUsage(cmd.CommandPath(), strconv.Quote(args[0]), scenarios.Suggest(args[0], names))
}

// takes refuses any other number of arguments than the named ones; a last name ending in … takes one or more, and one in brackets may be left out.
func takes(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		last := strings.Join(names[max(len(names)-1, 0):], "")
		if n := len(args) - len(names); n == 0 || n > 0 && strings.HasSuffix(last, "…") || n == -1 && strings.HasPrefix(last, "[") {
			return nil
		}
		expected := strings.Join(names, " ")
		if len(names) == 0 {
			expected = "none"
		}
		found := "no argument"
		if len(args) > 0 {
			found = fmt.Sprintf("%d arguments: %s", len(args), strings.Join(args, " "))
		}
		return badUsage(cmd.CommandPath(), found, expected)
	}
}

// report writes an error in one line and gives the exit code.
func (a *app) report(err error) int {
	if err == nil {
		return exitDone
	}
	code := exitFailed
	bad, isField := errors.AsType[*field.Error](err)
	_, isUsage := errors.AsType[usage](err)
	_, isUnmet := errors.AsType[unmet](err)
	unwritten, isStdout := errors.AsType[stdoutError](err)
	locked, isLocked := errors.AsType[*rundir.LockedError](err)
	path, isPath := errors.AsType[*fs.PathError](err)
	switch {
	case errors.Is(err, context.Canceled):
		code = exitInterrupted
	case isStdout:
		bad = &field.Error{Found: "stdout: " + reason(unwritten)}
	case isUsage:
		code = exitUsage
	case isUnmet:
		code = exitUnmet
	case isField:
		code = exitInvalid
	case isLocked:
		bad = &field.Error{File: locked.File, Found: locked.Holder + " at work on this run", Expected: "one writer: wait, or give another folder with --out"}
	case isPath: // what a run cannot write has to do with where it was told to write
		code = exitInvalid
		bad = &field.Error{Key: "--out", Found: path.Path + ": " + path.Err.Error(), Expected: "a folder that can be written"}
	}
	if bad == nil {
		bad = &field.Error{Found: err.Error()}
	}
	if !a.json {
		text := oneLine(a.message(err, bad))
		if bad.File == "" && !strings.HasPrefix(text, "souk ") && !strings.HasPrefix(text, "souk:") {
			text = "souk: " + text
		}
		fmt.Fprintln(a.stderr, text)
		return code
	}
	line, _ := json.Marshal(struct {
		Schema  string `json:"schema"`
		Exit    int    `json:"exit"`
		Message string `json:"error"`
		*field.Error
	}{"souk/error/1", code, oneLine(a.message(err, bad)), bad})
	fmt.Fprintln(a.stderr, string(line))
	return code
}

func (a *app) message(err error, bad *field.Error) string {
	if errors.Is(err, context.Canceled) {
		if a.saves {
			return "interrupted; work is saved, and --resume carries on"
		}
		return "interrupted; nothing is saved"
	}
	if bad.Expected == "" {
		return bad.Found
	}
	return bad.Error()
}

// reason is an error without the name of the file, which the message has already.
func reason(err error) string {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err.Error()
	}
	return err.Error()
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// document writes one JSON document to stdout, its schema first.
func (a *app) document(schema string, body any) error {
	inner, err := json.MarshalIndent(body, "", "  ")
	if err != nil {
		return err
	}
	head := fmt.Sprintf("{\n  \"schema\": %q", "souk/"+schema+"/1")
	if string(inner) == "{}" {
		_, err = fmt.Fprintf(a.stdout, "%s\n}\n", head)
	} else {
		_, err = fmt.Fprintf(a.stdout, "%s,%s\n", head, inner[1:])
	}
	return err
}
