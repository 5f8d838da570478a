package workflow

import (
	"io/fs"
	"testing"
)

// Every kind of run whose figures are told has one to be listed by.
func TestEveryKindOfRunHasAFirstFigure(t *testing.T) {
	for file, c := range map[string]struct{ text, name string }{
		"optimize.json": {`{"comparison":{"rows":[{"name":"calendar","profit":{"value":7}}]}}`, "calendar"},
		"loop.json":     {`{"bench":{"gain":{"value":7}}}`, "candidate − champion"},
		"rounds.json":   {`{"refitted_over_frozen":{"value":7}}`, "refitted − frozen"},
		"ope.json":      {`{"policy":"fixed:2","estimates":[{"name":"dr","estimate":{"value":7}}]}`, "fixed:2, by dr"},
		"bench.json":    {`{"scenarios":[{"scenario":"tea","policies":[{"name":"sarsa","mean":{"value":7}}]}]}`, "sarsa"},
		"summary.json":  {`{"comparison":{"rows":[{"name":"sarsa","profit":{"value":7}}]}}`, "sarsa"},
	} {
		f := &RunFiles{Read: func(name string) ([]byte, error) {
			if name != file {
				return nil, fs.ErrNotExist
			}
			return []byte(c.text), nil
		}}
		all, err := f.Figures()
		if err != nil || len(all) != 1 || all[0].Name != c.name || all[0].Value != 7 {
			t.Errorf("%s: %+v, %v", file, all, err)
		}
	}
	empty := &RunFiles{Read: func(string) ([]byte, error) { return []byte("{}"), nil }}
	if all, err := empty.Figures(); err != nil || len(all) > 0 {
		t.Errorf("of nothing: %+v, %v", all, err)
	}
}
