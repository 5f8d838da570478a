package decisionlog

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"strconv"

	"github.com/souk-sim/souk/scenarios/field"
)

// longest is how long a line may be.
const longest = 1 << 20

// most are limits of what a log may hold, so that a bad file is told as such and does not fill the memory.
const (
	mostActions  = 1 << 12
	mostFeatures = 1 << 10
)

// Read reads a whole log. It is strict about the keys that it uses and passes over those that it does not know, and checks the sum of
// lines that have one. A last line that was cut off, as a crash leaves it, is told in Warnings. name is what errors call the file; they are
// of type *field.Error, with the line and the key.
func Read(r io.Reader, name string) (*Log, error) {
	in := bufio.NewReaderSize(r, longest)
	p := newParser(name)
	for n := 1; ; n++ {
		line, err := in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return nil, &field.Error{File: name, Line: n, Found: fmt.Sprintf("more than %d bytes", longest), Expected: "one decision a line"}
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		whole := err == nil
		if line = bytes.TrimRight(line, "\r\n"); len(line) > 0 {
			bad := p.line(line, n)
			if bad != nil && !whole && !json.Valid(line) {
				p.log.Warnings = append(p.log.Warnings, fmt.Sprintf("line %d, the last, is cut off and was left out", n))
			} else if bad != nil {
				bad.File, bad.Line = name, n
				return nil, bad
			}
		}
		if !whole {
			break
		}
	}
	return p.log, p.log.settle()
}

// parser takes one line after the other into a log.
type parser struct {
	log     *Log
	units   map[string]int32
	authors map[Author]int32
	masks   map[string]int32 // by what the line says
	scan    scanner
	last    int32  // unit of the line before
	before  Author // of the line before
	summed  bool   // the lines have checksums
}

func newParser(name string) *parser {
	return &parser{log: &Log{File: name, Masks: [][]bool{nil}}, units: map[string]int32{}, authors: map[Author]int32{}, masks: map[string]int32{}}
}

// keys that a line may have and that are read, in the order in which Append writes them.
var keys = [...]string{"version", "time", "policy", "revision", "unit", "step", "last", "observation", "action", "price", "promotion", "allowed", "propensity", "reward", "discount"}

// needed are keys that a line must have, and may not have as null.
var needed = [...]struct {
	key      int
	expected string
}{
	{0, "1"}, {7, "features by name"}, {8, "the offer's index in the ladder"}, {9, "the offer's price"},
	{12, "the probability with which the policy made this offer: without it a log tells nothing of other policies"}, {13, "what came of the decision"},
}

const keyPolicy, keyRevision, keyUnit = 2, 3, 4

// key finds a key, from where the one before it stood.
func key(name []byte, after int) int {
	for i := range keys {
		if k := (after + 1 + i) % len(keys); keys[k] == string(name) {
			return k
		}
	}
	return -1
}

// line takes one line.
func (p *parser) line(line []byte, n int) *field.Error {
	if err := p.sum(line); err != nil {
		return err
	}
	row := len(p.log.Decisions)
	d := Decision{Line: int32(n), row: int32(row), Propensity: math.NaN(), Reward: math.NaN(), Discount: 1}
	author := p.before // whose strings are used again
	var offer Offer
	seen, has, at := 0, 0, -1
	s := &p.scan
	s.reset(line)
	err := s.object(func(name []byte) error {
		k := key(name, at)
		if k < 0 {
			return s.skip(0)
		}
		if seen&(1<<k) != 0 {
			return bad("the key twice", "each key once")
		}
		at, seen = k, seen|1<<k
		if (k >= 12 || keys[k] == "allowed" || keys[k] == "promotion") && s.null() {
			return nil
		}
		has |= 1 << k
		switch keys[k] {
		case "version":
			v, err := s.integer()
			if err == nil && v != Version {
				err = bad(v, fmt.Sprintf("%d, the version that this souk reads", Version))
			}
			return err
		case "time":
			return s.number(&d.Time)
		case "policy":
			return s.text(&author.Policy)
		case "revision":
			return s.text(&author.Revision)
		case "unit":
			name, err := s.bytes()
			if err == nil {
				d.Unit = p.unit(name)
			}
			return err
		case "step":
			step, err := s.integer()
			if err == nil && step < 0 {
				err = bad(step, "a whole number from 0")
			}
			d.Step = step
			return err
		case "last":
			return s.boolean(&d.Last)
		case "observation":
			return p.observation(row)
		case "action":
			a, err := s.integer()
			if err == nil && (a < 0 || a >= mostActions) {
				err = bad(a, fmt.Sprintf("an action, 0 to %d", mostActions-1))
			}
			d.Action = int32(a)
			return err
		case "price":
			return s.number(&offer.Price)
		case "promotion":
			return s.text(&offer.Promotion)
		case "allowed":
			return p.allowed(&d.Mask)
		case "propensity":
			err := s.number(&d.Propensity)
			if err == nil && !(d.Propensity > 0 && d.Propensity <= 1) {
				err = bad(d.Propensity, "a probability, above 0 and at most 1")
			}
			return err
		case "reward":
			return s.number(&d.Reward)
		case "discount":
			err := s.number(&d.Discount)
			if err == nil && !(d.Discount >= 0 && d.Discount <= 1) {
				err = bad(d.Discount, "a number from 0 to 1")
			}
			return err
		}
		return nil
	})
	if err != nil {
		return s.fault(err)
	}
	return p.keep(d, author, offer, has)
}

// keep takes a decision, of which the line has these keys, into the log.
func (p *parser) keep(d Decision, author Author, offer Offer, has int) *field.Error {
	l := p.log
	for _, need := range needed {
		if has&(1<<need.key) == 0 {
			return field.New(keys[need.key], "nothing", need.expected)
		}
	}
	if has&(1<<keyPolicy) == 0 {
		author.Policy = ""
	}
	if has&(1<<keyRevision) == 0 {
		author.Revision = ""
	}
	p.before = author
	if has&(1<<keyUnit) == 0 { // it stands alone
		d.Unit, d.Step, d.Last = int32(len(l.Units)), 0, true
		l.Units = append(l.Units, "")
	}
	if err := l.made(int(d.Action), offer); err != nil {
		return err.(*field.Error)
	}
	if mask := l.Masks[d.Mask]; mask != nil && (int(d.Action) >= len(mask) || !mask[d.Action]) {
		return field.New("action", d.Action, "one of those allowed")
	}
	d.Policy = p.author(author)
	l.Decisions = append(l.Decisions, d)
	return nil
}

// sum checks the checksum of a line. A log has them in all lines, or in none.
func (p *parser) sum(line []byte) *field.Error {
	at := bytes.LastIndex(line, []byte(seal))
	has := at >= 0 && len(line) == at+len(seal)+10
	if len(p.log.Decisions) == 0 {
		p.summed = has
	}
	if has != p.summed {
		return field.New("crc", map[bool]string{true: "a checksum", false: "nothing"}[has], "checksums in all lines of a log, or in none")
	}
	if !has {
		return nil
	}
	told := string(line[at+len(seal) : at+len(seal)+8])
	sum, err := strconv.ParseUint(told, 16, 32)
	if is := crc32.Checksum(line[:at], castagnoli); err != nil || uint32(sum) != is {
		return field.New("crc", told, fmt.Sprintf("%08x, the checksum of the line: it was changed or damaged", is))
	}
	return nil
}

func (p *parser) unit(name []byte) int32 {
	if int(p.last) < len(p.log.Units) && p.log.Units[p.last] == string(name) && len(name) > 0 {
		return p.last
	}
	u, ok := p.units[string(name)]
	if !ok {
		u = int32(len(p.log.Units))
		p.log.Units = append(p.log.Units, string(name))
		p.units[p.log.Units[u]] = u
	}
	p.last = u
	return u
}

func (p *parser) author(a Author) int32 {
	i, ok := p.authors[a]
	if !ok {
		i = int32(len(p.log.Policies))
		p.log.Policies = append(p.log.Policies, a)
		p.authors[a] = i
	}
	return i
}

// observation takes the features of a line, most often in the order of the line before.
func (p *parser) observation(row int) error {
	l, at := p.log, 0
	return p.scan.object(func(name []byte) error {
		f := at
		if f >= len(l.Features) || l.Features[f] != string(name) {
			if f = l.Feature(string(name)); f < 0 {
				if f = len(l.Features); f >= mostFeatures {
					return bad(f+1, fmt.Sprintf("at most %d features", mostFeatures))
				}
				l.Features, l.columns = append(l.Features, string(name)), append(l.columns, nil)
			}
		}
		at = f + 1
		x := math.NaN()
		if !p.scan.null() {
			if err := p.scan.number(&x); err != nil {
				return fmt.Errorf("%w", under{"observation." + l.Features[f], err})
			}
		}
		column := pad(l.columns[f], row)
		if len(column) > row { // left by a bad line, or told twice
			return under{"observation." + l.Features[f], bad("the feature twice", "each feature once")}
		}
		l.columns[f] = append(column, x)
		return nil
	})
}

// allowed takes the list of the actions that were allowed; lists are few, and one that has come before is found by its text.
func (p *parser) allowed(mask *int32) error {
	s := &p.scan
	s.space()
	from := s.at
	end := bytes.IndexByte(s.line[from:], ']')
	if end >= 0 {
		if m, ok := p.masks[string(s.line[from:from+end+1])]; ok {
			*mask, s.at = m, from+end+1
			return nil
		}
	}
	var set []bool
	err := s.array(func() error {
		a, err := s.integer()
		if err == nil && (a < 0 || a >= mostActions) {
			err = bad(a, fmt.Sprintf("an action, 0 to %d", mostActions-1))
		}
		if err != nil {
			return err
		}
		for len(set) <= int(a) {
			set = append(set, false)
		}
		set[a] = true
		return nil
	})
	if err == nil && len(set) == 0 {
		err = bad("an empty list", "at least one action")
	}
	if err != nil {
		return err
	}
	for len(p.log.Offers) < len(set) {
		p.log.Offers, p.log.Seen = append(p.log.Offers, Offer{Price: math.NaN()}), append(p.log.Seen, false)
	}
	*mask = int32(len(p.log.Masks))
	p.log.Masks = append(p.log.Masks, set)
	p.masks[string(s.line[from:s.at])] = *mask
	return nil
}
