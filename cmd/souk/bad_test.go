package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/souk-sim/souk/results/rundir"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/data"
)

// smoke is the smallest budget that goes through all of the main job, learning included.
var smoke = []string{"--set", "train.episodes=12", "--set", "train.seeds=2", "--set", "train.checkpoint=3", "--set", "train.steps_every=5",
	"--set", "evaluate.paths=3", "--set", "evaluate.coefficient_draws=2", "--set", "time.horizon=13", "--set", "demand.order=[1,0,0]",
	"--set", "agents.q-learning.warmup=20", "--set", "agents.sarsa.warmup=20", "--set", "choice.reference_price.memory=0.3", "--set", "market.stores={chain=83, train=0.08, evaluate=0.08}"}

// call runs the program in this process.
func call(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}

// complains holds a failed call against what it should say: one line that holds all parts.
func complains(t *testing.T, code, want int, stdout, stderr string, parts ...string) {
	t.Helper()
	if code != want {
		t.Errorf("exit code %d, not %d: %s", code, want, stderr)
	}
	if stdout != "" {
		t.Errorf("something on stdout: %.100q", stdout)
	}
	if strings.Count(stderr, "\n") != 1 || !strings.HasSuffix(stderr, "\n") {
		t.Errorf("not one line: %q", stderr)
	}
	if len(stderr) > 600 {
		t.Errorf("a line of %d bytes: %q", len(stderr), stderr)
	}
	for _, part := range parts {
		if !strings.Contains(stderr, part) {
			t.Errorf("%q does not say %q", stderr, part)
		}
	}
}

// TestBadScenariosGetOneClearLine changes one thing in the bundled scenario and asks whether it is valid.
func TestBadScenariosGetOneClearLine(t *testing.T) {
	source, err := scenarios.Open("canned-tuna")
	if err != nil {
		t.Fatal(err)
	}
	lineOf := func(text, part string) int {
		at := strings.Index(text, part)
		if at < 0 {
			t.Fatalf("the scenario does not hold %q", part)
		}
		return 1 + strings.Count(text[:at], "\n")
	}
	for _, c := range []struct {
		name, old, new string
		says           []string // beside file and line
	}{
		{"unknown table", "[time]", "[tmie]\nx = 1\n[time]", []string{"tmie: found an unknown key", `"time"`}},
		{"unknown top-level key", "seed = 1", "sed = 1", []string{"sed", `"seed"`}},
		{"key in another case", "seed = 1", "Seed = 1", []string{"Seed", `"seed"`}},
		{"unknown key in data", "first_day =", "frist_day =", []string{"data.frist_day", `"first_day"`}},
		{"unknown key in columns", "{ log_price =", "{ log_prise = 'x', log_price =", []string{"data.columns.log_prise", `"log_price"`}},
		{"unknown key in split", "split = {", "split = { trial = 1,", []string{"data.split.trial", `"train"`}},
		{"unknown key in time", "horizon = 52", "horizn = 52", []string{"time.horizn", `"horizon"`}},
		{"unknown key in demand", `order = "auto"`, `ordre = "auto"`, []string{"demand.ordre", `"order"`}},
		{"unknown key in choice", `estimator = "auto"`, `estimatr = "auto"`, []string{"choice.estimatr", `"estimator"`}},
		{"unknown key in a reference price", "gain = true", "gian = true", []string{"choice.reference_price.gian", `"gain"`}},
		{"unknown key in market", "resolution =", "resolutoin =", []string{"market.resolutoin", `"resolution"`}},
		{"unknown key in stock", "cover_days = 10", "cover_dais = 10", []string{"stock.cover_dais", `"cover_days"`}},
		{"unknown key of one seller that another has", `brain = {`, `offer = 1` + "\n" + `brain = {`, []string{`sellers."national brands".offer`, `"offers"`}},
		{"unknown key in a ladder", "rungs = 13", "rugs = 13", []string{"sellers.dominicks.offers.rugs", `"rungs"`}},
		{"unknown key in a reward", "holding = 0.002", "holdng = 0.002", []string{"sellers.dominicks.reward.holdng", `"holding"`}},
		{"unknown key of a feature", "{ bins = 40 }", "{ bin = 40 }", []string{"reference_price.bin", `"bins"`}},
		{"unknown feature", "{ reference_price =", "{ referense_price =", []string{"referense_price", `"reference_price"`}},
		{"unknown key of a brain", `rule = "markov-deals"`, `rule = "markov-deals", deph = 0.1`, []string{"brain.deph", `"depth"`}},
		{"unknown key of one agent that another knows not either", `name = "sarsa"`, "name = \"sarsa\"\nlearning_rte = 0.1", []string{"agents.sarsa.learning_rte", `"learning_rate"`}},
		{"unknown key in a learning rate", `{ kind = "visits", power`, `{ kind = "visits", powre`, []string{"agents.q-learning.learning_rate.powre", `"power"`}},
		{"unknown key in train", "episodes =", "episods =", []string{"train.episods", `"episodes"`}},
		{"unknown key in evaluate", "paths =", "path =", []string{"evaluate.path", `"paths"`}},
		{"a text for a number", "horizon = 52", `horizon = "52"`, []string{"time.horizon", `found "52"`, "an integer in [1, 10000]"}},
		{"a fraction for a whole number", "horizon = 52", "horizon = 52.5", []string{"time.horizon", "found 52.5"}},
		{"a number for a text", `period = "week"`, "period = 7", []string{"time.period", "found 7", `"week"`}},
		{"a table for a number", "horizon = 52", "horizon = {}", []string{"time.horizon", "a table"}},
		{"a number for a table", "[stock]", "stock = 1\n[stok]", []string{"stock"}},
		{"an array for a table", "reward = {", "reward = [1]\nrewards = {", []string{"sellers.dominicks.reward", "found [1]", "a table"}},
		{"not a number", "holding = 0.002", "holding = nan", []string{"sellers.dominicks.reward.holding", "NaN"}},
		{"infinite", "holding = 0.002", "holding = inf", []string{"sellers.dominicks.reward.holding"}},
		{"out of range", "discount = 0.95", "discount = 1.0", []string{"sellers.dominicks.reward.discount", "found 1.0", "[0, 1)"}},
		{"a negative count", "horizon = 52", "horizon = -1", []string{"time.horizon", "found -1"}},
		{"a negative seed", "seed = 1", "seed = -1", []string{"seed", "found -1"}},
		{"a seed beyond 2^53", "seed = 1", "seed = 9007199254740993", []string{"seed", "9007199254740993"}},
		{"a seed beyond int64", "seed = 1", "seed = 18446744073709551615", []string{"18446744073709551615"}},
		{"a word that is none", `end = "truncate"`, `end = "stop"`, []string{"time.end", `found "stop"`, "truncate"}},
		{"edges not increasing", "{ bins = 40 }", "{ edges = [0.6, 0.8, 0.7] }", []string{"reference_price.edges", "0.7 after 0.8"}},
		{"edges and bins", "{ bins = 40 }", "{ bins = 40, edges = [0.6] }", []string{"reference_price", "one or the other"}},
		{"one bin", "{ bins = 40 }", "{ bins = 1 }", []string{"reference_price.bins", "found 1"}},
		{"a ladder upside down", "from = 0.54, to = 0.97", "from = 0.97, to = 0.54", []string{"sellers.dominicks.offers.to", "found 0.54"}},
		{"a ladder not increasing", "offers = { from = 0.54, to = 0.97, rungs = 13 }", "offers = [0.6, 0.6]", []string{"sellers.dominicks.offers.1", "found 0.6"}},
		{"a product named twice", `"geisha"`, `"star-kist"`, []string{"data.products", `"star-kist" again`}},
		{"a product that is none", `prices = "star-kist"`, `prices = "starkist"`, []string{"sellers.dominicks.prices", `"starkist"`, `"star-kist"`}},
		{"a product of two sellers", `brain = {`, `prices = ["star-kist"]` + "\n" + `brain = {`, []string{"which dominicks prices already"}},
		{"two learning sellers", `brain = { rule = "markov-deals" }`, "", []string{"a second seller without a brain"}},
		{"an agent of no kind", `name = "sarsa"`, `name = "sarsaa"`, []string{"agents.sarsaa.name", `"sarsa"`}},
		{"an agent's value out of range", `"linear", from = 0.3`, `"linear", from = 2.0`, []string{"agents.q-learning.exploration.from", "found 2"}},
		{"two agents of one name", `name = "sarsa"`, `name = "q-learning"`, []string{`"q-learning" again`}},
		{"an offer finer than the unit of account", "offers = { from = 0.54, to = 0.97, rungs = 13 }", "offers = [0.5, 0.60001]", []string{"offers", "found 0.60001", "cent"}},
		{"rungs closer than a cent", "rungs = 13", "rungs = 100", []string{"offers.rungs", "found 100", "cent"}},
		{"a training that never leaves its warm-up", "episodes = 16000", "episodes = 30", []string{"agents.q-learning.warmup", "found 2000", "1560 reviews"}},
		{"splits that overlap", "validation = [239", "validation = [238", []string{"data.split.validation", "238"}},
		{"a split beyond the data", "test = [319, 398]", "test = [319, 400]", []string{"data.split.test", "[319, 400]"}},
		{"a start within the fitted weeks", "horizon = 52", "horizon = 52\nstart = 100", []string{"time.start", "found 100", "318"}},
		{"a date that is none", "1989-09-14", "1989-13-14", []string{"data.first_day", "1989-13-14"}},
		{"a missing data file", "bundled:tuna.parquet", "nowhere.parquet", []string{"data.panel", "no such file", "nowhere.parquet"}},
		{"a bundled file that is none", "bundled:tuna.parquet", "bundled:cat.parquet", []string{"data.panel", "no such file"}},
		{"data of another digest", "first_day =", "sha256 = \"00\"\nfirst_day =", []string{"data.sha256"}},
		{"a column that is none", `log_price = "log_price_#"`, `log_price = "log_prise_#"`, []string{"log_prise_1", "no such column"}},
		{"a pattern without a number", `log_price = "log_price_#"`, `log_price = "log_price"`, []string{"data.columns.log_price", "one #"}},
		{"no name", `name = "canned-tuna"`, "", []string{"name", "found nothing"}},
		{"a name that is a path", `name = "canned-tuna"`, `name = "../tuna"`, []string{"name", "../tuna"}},
		{"a key twice", "seed = 1", "seed = 1\nseed = 2", []string{"seed", "TOML"}},
		{"a text that is not closed", `period = "week"`, `period = "week`, []string{"TOML"}},
		{"no TOML at all", "seed = 1", "seed := 1", []string{"TOML"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(source.Text, c.old, c.new, 1)
			if text == source.Text {
				t.Fatal("the case changes nothing")
			}
			file := filepath.Join(t.TempDir(), "bad.toml")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			code, stdout, stderr := call(t, "scenario", "check", file)
			complains(t, code, exitInvalid, stdout, stderr, c.says...)
			place := fmt.Sprintf("bad.toml:%d: ", lineOf(source.Text, c.old)+linesBelow[c.name])
			if own := placesOfTheirOwn[c.name]; own != "" {
				place = own
			}
			if !strings.Contains(stderr, place) {
				t.Errorf("%q does not say %q", stderr, place)
			}
		})
	}
}

// linesBelow is where the bad key stands, counted from the line that was changed.
var linesBelow = map[string]int{
	"a start within the fitted weeks": 1, "a key twice": 1, "unknown key of one agent that another knows not either": 1,
}

// placesOfTheirOwn are told of what is bad as a whole.
var placesOfTheirOwn = map[string]string{
	"a training that never leaves its warm-up": "bad.toml:55: ", // of the learner's table: the key itself is not there
	"no name":                 "bad.toml: name",
	"a column that is none":   "bundled:tuna.parquet",
	"two learning sellers":    "bad.toml:",
	"a split beyond the data": "bad.toml:",
}

func TestBadDataGetOneClearLine(t *testing.T) {
	source, err := scenarios.Open("canned-tuna")
	if err != nil {
		t.Fatal(err)
	}
	tuna, err := data.Files().Open("tuna.parquet")
	if err != nil {
		t.Fatal(err)
	}
	defer tuna.Close()
	var parquet bytes.Buffer
	if _, err := parquet.ReadFrom(bufio.NewReader(tuna)); err != nil {
		t.Fatal(err)
	}
	header, row := "week,customers", ",1000"
	for j := 1; j <= 7; j++ {
		header += fmt.Sprintf(",units_%d,display_%d,log_price_%d,log_wholesale_%d", j, j, j, j)
		row += ",100,0,-0.1,-0.5"
	}
	rows := func(weeks ...string) string {
		text := header + "\n"
		for _, w := range weeks {
			text += w + row + "\n"
		}
		return text
	}
	for _, c := range []struct {
		name, file, content string
		says                []string
	}{
		{"a text in a number column", "d.csv", strings.Replace(rows("1", "2", "3"), "2,1000,100", "2,1000,many", 1), []string{"d.csv:3: units_1", `"many"`, "number"}},
		{"a week twice", "d.csv", rows("1", "2", "2"), []string{"d.csv:4: week", "2"}},
		{"semicolons", "d.csv", strings.ReplaceAll(rows("1"), ",", ";"), []string{"d.csv:1", "one column", "commas"}},
		{"a row too short", "d.csv", rows("1") + "2,5\n", []string{"d.csv:3"}},
		{"a header only", "d.csv", header + "\n", []string{"d.csv", "header only"}},
		{"an empty file", "d.csv", "", []string{"d.csv", "empty"}},
		{"a truncated Parquet file", "d.parquet", parquet.String()[:parquet.Len()/2], []string{"d.parquet"}},
		{"a Parquet file with a hole", "d.parquet", parquet.String()[:4] + strings.Repeat("\x00", parquet.Len()-8) + "PAR1", []string{"d.parquet"}},
		{"a text that calls itself Parquet", "d.parquet", "week\n1\n", []string{"d.parquet"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder := t.TempDir()
			file := filepath.Join(folder, "bad.toml")
			for name, text := range map[string]string{file: strings.Replace(source.Text, "bundled:tuna.parquet", c.file, 1), filepath.Join(folder, c.file): c.content} {
				if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			code, stdout, stderr := call(t, "scenario", "check", file)
			complains(t, code, exitInvalid, stdout, stderr, c.says...)
		})
	}
}

func TestBadCommandLinesGetOneClearLine(t *testing.T) {
	folder := t.TempDir()
	blocked := filepath.Join(folder, "file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args string // parted by |
		code int
		says []string
	}{
		{"trian", exitUsage, []string{`"trian"`, `"train"`}},
		{"scenario|chek", exitUsage, []string{"souk scenario", `"check"`}},
		{"help|trian", exitUsage, []string{`"train"`}},
		{"train", exitUsage, []string{"souk train", "SCENARIO"}},
		{"train|a|b", exitUsage, []string{"2 arguments"}},
		{"train|canned-tuna|--resum", exitUsage, []string{"--resum", `"--resume"`}},
		{"train|canned-tuna|--workers|two", exitUsage, []string{"--workers", `"two"`, "int"}},
		{"train|canned-tuna|--workers|-1", exitUsage, []string{"--workers", "-1"}},
		{"train|canned-tuna|--seed|-1", exitUsage, []string{"--seed", "-1"}},
		{"train|canned-tuna|--seed", exitUsage, []string{"--seed"}},
		{"train|canned-tuna|--out|", exitUsage, []string{"--out"}},
		{"train|canned-tunna", exitInvalid, []string{`"canned-tunna"`, `"canned-tuna"`}},
		{"train|./canned-tuna.toml", exitInvalid, []string{"./canned-tuna.toml", "no such file"}},
		{"train|" + folder + "/", exitInvalid, []string{folder}},
		{"train|canned-tuna|--set|train.episods=3", exitInvalid, []string{"--set: train.episods", `"episodes"`}},
		{"train|canned-tuna|--set|train.episodes=many", exitInvalid, []string{"--set: train.episodes", "many"}},
		{"train|canned-tuna|--set|train.episodes", exitInvalid, []string{"--set", "key=value"}},
		{"train|canned-tuna|--set|train.episodes=0", exitInvalid, []string{"--set: train.episodes", "found 0"}},
		{"train|canned-tuna|--set|agents.sarsaa.initial=1.0", exitInvalid, []string{`"sarsaa"`, `"sarsa"`}},
		{"train|canned-tuna|--set|choice.model=share-logit", exitInvalid, []string{"quoted", `choice.model="share-logit"`}},
		{"train|canned-tuna|--set|train.episodes=1\nx=2", exitInvalid, []string{"--set"}},
		{"scenario|check|canned-tuna|--set|sellers.dominicks.offers=[0.9]", exitInvalid, []string{"--set: sellers.dominicks.offers", "at least 2 prices"}},
		{"scenario|check|canned-tuna|--set|sellers.dominicks.offers=[5,10]", exitInvalid, []string{"--set: sellers.dominicks.offers", "prices from 5 to 10", "on record"}},
		{"train|canned-tuna|--set|data.split.train=[1,1]", exitInvalid, []string{"data.split.train", "1 weeks", "at least 26"}},
		{"fit|canned-tuna|--set|data.split.validation=[239,253]", exitInvalid, []string{"--set: data.split.validation", "at least 26"}},
		{"train|canned-tuna|--set|agents=[]", exitInvalid, []string{"agents", "none"}},
		{"serve", exitUsage, []string{"souk serve", "no argument", "BUNDLE…"}},
		{"abtest|a|b", exitUsage, []string{"2 arguments", "[SCENARIO]"}},
		{"policy|sign|x", exitUsage, []string{"--key", "nothing", "openssl genpkey"}},
		{"policy|pack|x|s.zip", exitUsage, []string{"s.zip", ".tar.gz"}},
		{"policy|inspect|x|--set|train.episodes=3", exitUsage, []string{"souk policy inspect", "--set"}},
		{"results|list|--workers|2", exitUsage, []string{"--workers"}},
		{"results|delete|canned-tuna|0123456789ab|--out|" + folder, exitInvalid, []string{"no such run", "souk results list"}},
		{"scenario|show|canned-tuna|--seed|2", exitUsage, []string{"--resolved"}},
		{"scenario|schema|nothing", exitUsage, []string{`"nothing"`}},
		{"scenario|new|../x", exitUsage, []string{"NAME", "../x"}},
		{"simulate|canned-tuna", exitUsage, []string{"--policy"}},
		{"simulate|canned-tuna|--policy|hist", exitUsage, []string{"--policy", "hist"}},
		{"simulate|canned-tuna|--policy|fixed:1.50", exitUsage, []string{"1.50 is not on the ladder 0.54 … 0.97", "nearest 0.97"}},
		{"simulate|canned-tuna|--policy|cycle:0.97/0.70/4/1", exitUsage, []string{"0.70 is not on the ladder", "nearest 0.68"}},
		{"simulate|canned-tuna|--policy|cycle:0.97/0.72/4/5", exitUsage, []string{"DEALWEEKS"}},
		{"simulate|canned-tuna|--policy|random|--policy|random", exitUsage, []string{"random again"}},
		{"policy|decide|" + folder, exitInvalid, []string{folder}},
		{"policy|inspect|" + blocked, exitInvalid, []string{blocked}},
		{"train|canned-tuna|--out|" + blocked, exitInvalid, []string{blocked, "--out"}},
		{"results|list|--out|" + blocked, exitInvalid, []string{blocked}},
	} {
		t.Run(c.args, func(t *testing.T) {
			code, stdout, stderr := call(t, strings.Split(c.args, "|")...)
			complains(t, code, c.code, stdout, withoutProgress(stderr), c.says...)
		})
	}
}

// withoutProgress drops the lines that tell stages.
func withoutProgress(stderr string) string {
	var kept []string
	for line := range strings.Lines(stderr) {
		if !strings.HasPrefix(line, stageName("fit")) && !strings.HasPrefix(line, stageName("tune")) {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

func TestADiskThatFailsGetsOneClearLineAndLeavesNoRun(t *testing.T) {
	for _, c := range []struct {
		name string
		disk *rundir.Faulty
		says string
	}{
		{"full from the start", &rundir.Faulty{Space: 100}, "full disk"},
		{"full in the middle", &rundir.Faulty{Space: 30_000}, "full disk"},
		{"not to be written", &rundir.Faulty{Denied: "canned-tuna"}, "permission denied"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.disk.FS = rundir.OS{}
			folder := t.TempDir()
			var stdout, stderr bytes.Buffer
			a := &app{stdin: strings.NewReader(""), stdout: newStdout(&stdout), stderr: &stderr, disk: c.disk}
			code := a.run(t.Context(), append([]string{"train", "canned-tuna", "--quiet", "--out", folder}, smoke...))
			complains(t, code, exitInvalid, stdout.String(), stderr.String(), c.says, "--out")
			runs, err := rundir.Store{Root: folder}.List()
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range runs {
				if r.Manifest != nil {
					t.Errorf("%s looks complete", r.Dir)
				}
			}
		})
	}
}

// full is a stdout on a full disk.
type full struct{}

func (full) Write([]byte) (int, error) {
	return 0, &os.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.ENOSPC}
}

func TestAFullStdoutIsNotBlamedOnAFlag(t *testing.T) {
	var stderr bytes.Buffer
	for _, args := range [][]string{{"scenario", "show", "canned-tuna"}, {"scenario", "schema"}, {"--help"}} {
		stderr.Reset()
		code := run(t.Context(), args, strings.NewReader(""), full{}, &stderr)
		complains(t, code, exitFailed, "", stderr.String(), "stdout: no space left on device")
	}
}

func TestARunThatIsAlreadyThereIsSpokenOf(t *testing.T) {
	folder := t.TempDir()
	s, err := scenarios.Load("canned-tuna", "train.episodes=70")
	if err != nil {
		t.Fatal(err)
	}
	begun, err := rundir.Store{Root: folder}.Open(s.Name, s.Canonical(), rundir.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := begun.Close(); err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct{ flag, says string }{{"--resume", ""}, {"--quiet", "souk: an interrupted run of this scenario is discarded; --resume would have carried it on\n"}} {
		var stderr bytes.Buffer
		code := run(cancelled, []string{"train", "canned-tuna", "--set", "train.episodes=70", "--out", folder, "--quiet", c.flag}, strings.NewReader(""), io.Discard, &stderr)
		if code != exitInterrupted || strings.Contains(stderr.String(), "discarded") != (c.says != "") || !strings.HasPrefix(stderr.String(), c.says) {
			t.Errorf("%s: exit code %d, %q", c.flag, code, stderr.String())
		}
	}
	if code, stdout, stderr := call(t, "results", "delete", s.Name, s.RunID(), "--out", folder); code != exitDone || !strings.Contains(stdout, "deleted") || stderr != "" {
		t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
	}
	code, stdout, _ := call(t, "results", "list", "--json", "--out", folder)
	if code != exitDone || !strings.Contains(stdout, `"runs": []`) {
		t.Errorf("exit code %d, %q", code, stdout)
	}
}

func TestASecondWriterIsRefused(t *testing.T) {
	folder := t.TempDir()
	s, err := scenarios.Load("canned-tuna")
	if err != nil {
		t.Fatal(err)
	}
	first, err := rundir.Store{Root: folder}.Open(s.Name, s.Canonical(), rundir.Options{Holder: "somebody else"})
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	code, stdout, stderr := call(t, "train", "canned-tuna", "--out", folder)
	complains(t, code, exitFailed, stdout, stderr, "somebody else", "one writer")
}

func TestErrorsAreOneJSONLineWithJSON(t *testing.T) {
	code, stdout, stderr := call(t, "--json", "scenario", "check", "canned-tuna", "--set", "time.horizn=3")
	complains(t, code, exitInvalid, stdout, stderr)
	var e struct {
		Schema, Error, File, Key, Found, Expected string
		Exit                                      int
	}
	if err := json.Unmarshal([]byte(stderr), &e); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"train", "canned-tuna", "--workers", "x", "--json"}, {"policy", "decide", "--json", "--nothing"}} {
		if _, _, stderr := call(t, args...); !json.Valid([]byte(stderr)) {
			t.Errorf("%v: %s", args, stderr)
		}
	}
	for _, args := range [][]string{{"--json"}, {"--version", "--json"}, {"policy", "--json"}} {
		if code, stdout, _ := call(t, args...); code != exitDone || !json.Valid([]byte(stdout)) {
			t.Errorf("%v: exit code %d, %s", args, code, stdout)
		}
	}
	if !strings.HasPrefix(stderr, `{"schema":"souk/error/1",`) || e.Exit != exitInvalid || e.File != "--set" || e.Key != "time.horizn" ||
		e.Found != "an unknown key" || e.Expected != `"horizon"` || e.Error == "" {
		t.Errorf("%s", stderr)
	}
}
