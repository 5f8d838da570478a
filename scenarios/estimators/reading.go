package estimators

import (
	"maps"
	"slices"

	"github.com/souk-sim/souk/market/logs"
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
