package decisionlog

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/souk-sim/souk/results/parquet"
	"github.com/souk-sim/souk/scenarios/field"
)

// newest is how many segments with lines Fits reads.
const newest = 8

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
		l := look{folder: folder, options: Options{Policy: policy}, ladder: ladder}
		if bad := l.file(name); bad != nil {
			return bad
		}
	}
	return nil
}

// look holds a ladder against a segment.
type look struct {
	folder  string
	options Options
	ladder  []Offer
	parser  *parser
	n       int // lines
}

// glimpse is after how many decisions or outcomes another parser takes over, so that memory does not grow with what is read.
const glimpse = 1 << 12

// line tells a decision that made another offer than the ladder has. Whatever else is wrong with a line, it is passed over.
func (l *look) line(name string, line []byte) (sound bool, err error) {
	if l.parser == nil || len(l.parser.log.Decisions) >= glimpse || len(l.parser.outcomes) >= glimpse || l.parser.asides+l.parser.others >= glimpse {
		l.parser = newParser(name, l.options)
		l.parser.log.elsewhere = fmt.Sprintf("in the ladder of %s. Log it into another folder, or move the files of the old ladder out of %s", l.options.Policy, filepath.Clean(l.folder))
		for a, o := range l.ladder {
			_ = l.parser.log.made(a, o) // the first to make it
		}
	}
	l.n++
	p := l.parser
	p.fresh = true // a line without a checksum does not make those that have one wrong
	bad := p.line(line)
	if bad == nil {
		return true, nil
	}
	if strings.HasSuffix(bad.Expected, p.log.elsewhere) {
		bad.File, bad.Line = name, l.n
		return false, bad
	}
	p.drop()
	return false, nil
}

// file reads a segment as parser.file does, to its end.
func (l *look) file(name string) error {
	file, err := os.Open(name)
	if err != nil {
		return nil
	}
	defer file.Close()
	in := bufio.NewReaderSize(file, longest)
	if magic, _ := in.Peek(4); string(magic) == "PAR1" {
		err = l.rows(file, name)
	} else {
		err = l.lines(in, name)
	}
	if bad, ok := errors.AsType[*field.Error](err); ok && bad.Line > 0 && l.parser != nil && strings.HasSuffix(bad.Expected, l.parser.log.elsewhere) {
		return bad
	}
	return nil
}

// outcomes is how lines begin that tell what came of a decision.
var outcomes = []byte(`{"version":1,"outcome":"`)

func (l *look) lines(in *bufio.Reader, name string) error {
	for torn := false; ; {
		line, err := in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			torn = true // too long for a line of ours
			continue
		}
		if torn {
			torn, l.n = false, l.n+1
		} else if bytes.HasPrefix(line, outcomes) {
			l.n++ // it makes no offer
		} else if _, bad := l.line(name, trimmed(line)); bad != nil {
			return bad
		}
		if err != nil {
			return err
		}
	}
}

// trimmed is a line without its end.
func trimmed(line []byte) []byte {
	for len(line) > 0 && (line[len(line)-1] == '\n' || line[len(line)-1] == '\r') {
		line = line[:len(line)-1]
	}
	return line
}

func (l *look) rows(file *os.File, name string) error {
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	var line []byte
	var at []int                  // columns of the keys that tell an offer
	held := map[[2]float64]bool{} // by action and price
	return parquet.ReadCells(file, size, func(columns []string, row []parquet.Cell) error {
		if at == nil {
			for _, k := range [...]int{keyOutcome, keyFallback, keyPolicy, keyAction, keyPrice, keyPromotion} {
				at = append(at, slices.Index(columns, keys[k]))
			}
		}
		var told [6]parquet.Cell
		for i, c := range at {
			if c >= 0 && row[c].Set {
				told[i] = row[c]
			}
		}
		offer, plain := [2]float64{float64(told[3].Integer), told[4].Number}, told[3].Type == parquet.Integer && told[4].Type == parquet.Number && !told[5].Set
		if told[0].Set || told[1].Flag || !l.options.wants(string(told[2].Text)) || plain && held[offer] {
			l.n++ // it makes no offer of the policy, or one that was looked at
			return nil
		}
		line = rowLine(line[:0], columns, row)
		sound, err := l.line(name, line)
		held[offer] = held[offer] || plain && sound
		return err
	})
}
