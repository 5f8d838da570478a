package estimators

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/souk-sim/souk/market/logs"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

// Reading says how a shop log is read (logs.Options).
type Reading struct {
	Columns map[string]string `toml:"columns" doc:"columns by their roles, as in customer=card_no,time=bought_on; left out: by their usual names"`
	Repair  string            `toml:"repair" default:"'report'" oneof:"report,drop,refuse" doc:"drop: repeated rows and outliers go too; refuse: a bad row is an error"`
	End     string            `toml:"end" doc:"last day that the log covers, as in 1998-06-30; left out: that of its last row"`
}

// options are those of the reader. Each of more is a role and its column, which may be empty; wanted are the optional roles that are read.
func (r *Reading) options(wanted []string, more ...[2]string) logs.Options {
	columns := maps.Clone(r.Columns)
	for _, m := range more {
		if m[1] != "" {
			if columns == nil {
				columns = map[string]string{}
			}
			columns[m[0]] = m[1]
		}
	}
	return logs.Options{Columns: columns, Roles: wanted, Repair: logs.Repair(r.Repair), End: r.End}
}

// heldOut draws the job's share of n customers, or of what stands for them, to be kept from the fit: all false where the share is 0. A
// share that leaves nothing on a side is an error. Which ones does not depend on what is read of them.
func heldOut(job Job, n int, customers string) ([]bool, error) {
	if job.HeldOut == 0 {
		return make([]bool, n), nil
	}
	stream := rng.New(job.Seed, 0).Family("held-out").At()
	held, err := logs.SplitCustomers(n, job.HeldOut, &stream)
	if err == nil && !(slices.Contains(held, true) && slices.Contains(held, false)) {
		return nil, field.New("held_out", fmt.Sprintf("%v of %d %s", job.HeldOut, n, customers), "a share that leaves some on either side, or 0")
	}
	return held, err
}

// heldOutRows is heldOut for rows of dense customers, each wholly on one side; where they are not known, each row is another's.
func heldOutRows[C int | int32](job Job, rows int, customer []C, row string) ([]bool, error) {
	if customer == nil || rows == 0 {
		return heldOut(job, rows, row)
	}
	held, err := heldOut(job, int(slices.Max(customer))+1, "customers")
	if err != nil {
		return nil, err
	}
	out := make([]bool, rows)
	for i, c := range customer {
		out[i] = held[c]
	}
	return out, nil
}

// asParameter gives an error about a model that was given by hand the key that was written: where the model has its kind, there stands "parameters".
func asParameter(err error) error {
	bad, ok := err.(*field.Error)
	if !ok {
		return err
	}
	told := *bad
	if _, of, ok := strings.Cut(bad.Key, "."); ok {
		told.Key = "parameters." + of
	}
	return &told
}

// findings tells what a reader found, but for what is no concern of the model's.
func findings(r logs.Report, unconcerned ...logs.Kind) []string {
	var text []string
	for _, d := range r.Defects {
		if !slices.Contains(unconcerned, d.Kind) {
			text = append(text, d.String())
		}
	}
	return append(text, r.Notes...)
}
