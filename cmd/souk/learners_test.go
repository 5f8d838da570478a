package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/souk-sim/souk/agents"
	"github.com/souk-sim/souk/results/rundir"
)

// Learners whose policy is no table go all the way too: trained, told in words, drawn, put into a bundle that says which kind it is and answers.
func TestPoliciesThatComputeAreTrainedWrittenAndAsked(t *testing.T) {
	_, smoke, _ := call(t, "scenario", "show", "smoke")
	agent := "name = \"q-learning\"\nwarmup = 100\n"
	if !strings.Contains(smoke, agent) {
		t.Fatal("smoke has another agent than it had")
	}
	for kind, c := range map[string]struct{ keys, is, explained string }{
		"semi-gradient-q":     {"warmup = 50\nbasis = { kind = \"fourier\" }", "linear", "value"},
		"semi-gradient-sarsa": {"warmup = 50", "linear", "value"},
		"actor-critic":        {"warmup = 50", "gaussian", "log-density"},
		"dqn":                 {"warmup = 50\nhidden = [8]", "network", "value"},
		"ppo":                 {"rollout = 64\nhidden = [8]", "network", "probability"},
	} {
		t.Run(kind, func(t *testing.T) {
			folder := t.TempDir()
			path := filepath.Join(folder, "shop.toml")
			if err := os.WriteFile(path, []byte(strings.Replace(smoke, agent, "name = \""+kind+"\"\n"+c.keys+"\n", 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			code, report, stderr := call(t, "train", path, "--quiet", "--out", folder, "--set", "train.episodes=40", "--set", "evaluate.paths=4", "--set", "train.seeds=1")
			if code != exitDone || !strings.Contains(report, "wherever training was") {
				t.Fatalf("exit code %d: %s%s", code, report, stderr)
			}
			runs, err := rundir.Store{Root: folder}.List()
			if err != nil || len(runs) != 1 {
				t.Fatal(runs, err)
			}
			policy := filepath.Join(runs[0].Dir, "policy")
			var manifest struct{ Kind string }
			_, text, _ := call(t, "policy", "inspect", policy, "--json")
			if err := json.Unmarshal([]byte(text), &manifest); err != nil || manifest.Kind != c.is {
				t.Errorf("kind %q, expected %q", manifest.Kind, c.is)
			}
			for command, part := range map[string]string{"inspect": "policy  ", "decide": "made: ", "explain": c.explained} {
				args := []string{"policy", command, policy}
				if command != "inspect" {
					args = append(args, "--observation", "lowest_rival_rung=2")
				}
				if code, answer, stderr := call(t, args...); code != exitDone || !strings.Contains(answer, part) {
					t.Errorf("%s: exit code %d, no %q in %s%s", command, code, part, answer, stderr)
				}
			}
			code, _, stderr = call(t, "policy", "decide", policy)
			if code != exitUsage || !strings.Contains(stderr, "lowest_rival_rung") {
				t.Errorf("answered without the feature that it looks at: %d, %s", code, stderr)
			}
		})
	}
}

// TestEveryLearnerGoesAllTheWay trains each registered kind to the report and the bundle, which answers; also those that look at no feature.
func TestEveryLearnerGoesAllTheWay(t *testing.T) {
	more := map[string]string{"dqn": ", hidden=[8]", "ppo": ", rollout=64, hidden=[8]"}
	for _, kind := range agents.Kinds() {
		keys := more[kind.Name]
		if _, warms := reflect.TypeOf(kind.New()).Elem().FieldByName("Warmup"); warms {
			keys += ", warmup=40"
		}
		t.Run(kind.Name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			code, report, stderr := call(t, "train", "smoke", "--quiet", "--out", folder, "--set", `agents=[{name="`+kind.Name+`"`+keys+`}]`,
				"--set", "train.episodes=8", "--set", "evaluate.paths=2", "--set", "traffic.visitors=6", "--set", "train.seeds=1")
			if code != exitDone {
				t.Fatalf("exit code %d: %s%s", code, report, stderr)
			}
			runs, err := rundir.Store{Root: folder}.List()
			if err != nil || len(runs) != 1 {
				t.Fatal(runs, err)
			}
			for _, command := range []string{"inspect", "decide", "explain"} {
				args := []string{"policy", command, filepath.Join(runs[0].Dir, "policy")}
				if command != "inspect" {
					args = append(args, "--observation", "lowest_rival_rung=2", "--allow-missing") // of an inventory
				}
				if code, answer, stderr := call(t, args...); code != exitDone || answer == "" {
					t.Errorf("%s: exit code %d: %s%s", command, code, answer, stderr)
				}
			}
		})
	}
}
