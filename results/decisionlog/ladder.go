package decisionlog

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/souk-sim/souk/scenarios/field"
)

// How much of a log Fits reads.
const (
	newest  = 8      // segments with lines
	glimpse = 10_000 // lines of each: an opening begins a segment, so that no ladder changes within one
)

// Fits says whether decisions of a policy with this ladder, by action, can be appended to the log in a folder: in a log an action means one offer, or
// it can be read no more. It looks at the newest segments, and at decisions as Options.Policy names them. A
// folder that cannot be read is none of its concern, nor is what is damaged in it.
func Fits(folder, policy string, ladder []Offer) error {
	names, err := segments(folder)
	if err != nil {
		return nil
	}
	for looked := 0; len(names) > 0 && looked < newest; names = names[:len(names)-1] {
		name := names[len(names)-1]
		if info, err := os.Stat(name); err != nil || info.Size() == 0 {
			continue
		}
		looked++
		p := newParser(name, Options{Policy: policy})
		p.most = glimpse
		p.log.elsewhere = fmt.Sprintf("in the ladder of %s. Log it into another folder, or move the files of the old ladder out of %s", policy, filepath.Clean(folder))
		for a, o := range ladder {
			_ = p.log.made(a, o) // the first to make it
		}
		if bad, ok := errors.AsType[*field.Error](p.file(name, io.Discard)); ok && strings.HasSuffix(bad.Expected, p.log.elsewhere) {
			return bad
		}
	}
	return nil
}
