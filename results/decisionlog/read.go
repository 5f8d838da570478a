package decisionlog

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
)

// longest is how long a line may be.
const longest = 1 << 20

// most are limits of what a line may hold, so that a bad file is told as such and does not fill the memory. Names of units and products, of which each is in the file,
// have none: whoever invents them makes no log unreadable.
const (
	mostActions  = 1 << 12
	mostFeatures = 1 << 10
)

// Read reads a whole log. It is strict about the keys that it uses and passes over those that it does not know, and checks the sum of
// lines that have one. A last line that was cut off, as a crash leaves it, is told in Warnings. name is what errors call the file; they are
// of type *field.Error, with the line and the key.
func Read(r io.Reader, name string) (*Log, error) {
	p := newParser(name, Options{})
	if err := p.lines(r, name); err != nil {
		return nil, err
	}
	return p.settle()
}

// lines takes the lines of a file.
func (p *parser) lines(r io.Reader, name string) error {
	in := bufio.NewReaderSize(r, longest)
	p.begin(name)
	for n := 1; ; n++ {
		line, err := in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return &field.Error{File: name, Line: n, Found: fmt.Sprintf("more than %d bytes", longest), Expected: "one decision a line"}
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		whole := err == nil
		for len(line) > 0 && (line[len(line)-1] == '\n' || line[len(line)-1] == '\r') {
			line = line[:len(line)-1]
		}
		if len(line) > 0 {
			bad := p.line(line)
			if bad != nil && !whole && !json.Valid(line) {
				p.drop()
				p.log.Warnings = append(p.log.Warnings, fmt.Sprintf("%sline %d, the last, is cut off and was left out", p.log.in(name), n))
			} else if bad != nil {
				bad.File, bad.Line = name, n
				return bad
			}
		}
		if !whole {
			return nil
		}
		p.count++
	}
}

// parser takes one line after the other into a log.
type parser struct {
	log      *Log
	options  Options
	units    names
	authors  map[Author]int32
	masks    map[string]int32 // by what the line says
	products map[string]int32
	scan     scanner
	count    int32  // lines before this one, of all files
	last, by int32  // unit of the line before, and who decided it
	before   Author // of the line before
	fresh    bool   // no line of the file was taken yet
	summed   bool   // the lines of the file have checksums
	features int    // of the log before the line

	ids      list // of the decisions
	outcomes []outcome
	about    list   // ids of the decisions that the outcomes are about
	passed   list   // ids of decisions that were passed over
	asides   int    // decisions at a fallback price
	others   int    // decisions of other policies
	other    string // one of these policies
}

func newParser(name string, o Options) *parser {
	return &parser{log: &Log{File: name, Masks: [][]bool{nil}, elsewhere: "elsewhere in the log"}, options: o, units: newNames(), authors: map[Author]int32{}, masks: map[string]int32{},
		products: map[string]int32{}}
}

// begin begins a file.
func (p *parser) begin(name string) {
	p.log.origins, p.fresh = append(p.log.origins, origin{name, p.count}), true
}

// drop forgets what the line that was read last has left in the columns.
func (p *parser) drop() {
	l := p.log
	l.Features, l.columns = l.Features[:p.features], l.columns[:p.features]
	for f, c := range l.columns {
		l.columns[f] = c[:min(len(c), len(l.Decisions))]
	}
}

// keys that a line may have and that are read, in the order in which Append and AppendOutcome write them.
var keys = [...]string{keyVersion: "version", keyID: "id", keyOutcome: "outcome", keyFallback: "fallback", keyTime: "time", keyPolicy: "policy", keyRevision: "revision", keyUnit: "unit",
	keyStep: "step", keyLast: "last", keyObservation: "observation", keyAction: "action", keyPrice: "price", keyPromotion: "promotion", keyAllowed: "allowed",
	keyPropensity: "propensity", keyExplore: "explore", keyReward: "reward", keyDiscount: "discount", keyProduct: "product", keyCustomer: "customer", keyVisitors: "visitors", keyUnits: "units", keyPrices: "prices"}

const (
	keyVersion = iota
	keyID
	keyOutcome
	keyFallback
	keyTime
	keyPolicy
	keyRevision
	keyUnit
	keyStep
	keyLast
	keyObservation
	keyAction
	keyPrice
	keyPromotion
	keyAllowed
	keyPropensity
	keyExplore
	keyReward
	keyDiscount
	keyProduct
	keyCustomer
	keyVisitors
	keyUnits
	keyPrices
)

// mayBeNull are keys of which null is as good as nothing.
const mayBeNull = 1<<keyOutcome | 1<<keyFallback | 1<<keyCustomer | 1<<keyProduct | 1<<keyStep | 1<<keyPromotion | 1<<keyAllowed | 1<<keyPropensity | 1<<keyExplore | 1<<keyReward | 1<<keyDiscount | 1<<keyVisitors | 1<<keyUnits | 1<<keyPrices

// needed are keys that the line of a decision must have, and may not have as null.
var needed = [...]struct {
	key      int
	expected string
}{
	{keyVersion, "1"}, {keyObservation, "features by name"}, {keyAction, "the offer's index in the ladder"}, {keyPrice, "the offer's price"},
	{keyPropensity, "the probability with which the policy made this offer: without it a log tells nothing of other policies"},
}

// key finds a key, from where the one before it stood.
func key(name []byte, after int) int {
	for i := range keys {
		if k := (after + 1 + i) % len(keys); keys[k] == string(name) {
			return k
		}
	}
	return -1
}

// entry is what a line says: a decision, or an outcome.
type entry struct {
	Decision
	author  Author
	offer   Offer
	id      []byte // of the decision, or of that whose outcome it is
	aside   bool   // the price was a fallback
	outcome outcome
	has     int // keys, by their bits
}

// line takes one line.
func (p *parser) line(line []byte) *field.Error {
	if err := p.sum(line); err != nil {
		return err
	}
	p.features = len(p.log.Features)
	row := int32(len(p.log.Decisions))
	e := entry{author: p.before, outcome: outcome{from: len(p.log.sales), line: p.count + 1}} // the author's strings are used again
	e.Decision = Decision{Line: p.count + 1, row: row, Product: -1, Step: -1, Propensity: math.NaN(), Reward: math.NaN(), Discount: 1, Visitors: math.NaN(), Explore: math.NaN()}
	seen, at := 0, -1
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
		if mayBeNull&(1<<k) != 0 && s.null() {
			return nil
		}
		e.has |= 1 << k
		return p.value(k, &e)
	})
	if err != nil {
		return s.fault(err)
	}
	if e.has&(1<<keyOutcome) != 0 {
		return p.keepOutcome(&e)
	}
	return p.keep(&e)
}

// value reads what stands at a key.
func (p *parser) value(k int, e *entry) (err error) {
	s := &p.scan
	switch k {
	case keyVersion:
		v, err := s.integer()
		if err == nil && v != Version {
			err = bad(v, fmt.Sprintf("%d, the version that this souk reads", Version))
		}
		return err
	case keyID, keyOutcome:
		if e.id != nil {
			return bad("an id and an outcome", "a decision or what came of one")
		}
		e.id, err = s.bytes()
		return err
	case keyFallback:
		return s.boolean(&e.aside)
	case keyTime:
		return s.number(&e.Time)
	case keyPolicy:
		return s.text(&e.author.Policy)
	case keyRevision:
		return s.text(&e.author.Revision)
	case keyUnit:
		name, err := s.bytes()
		if err == nil {
			e.Unit = p.unit(name)
		}
		return err
	case keyProduct:
		name, err := s.bytes()
		if err == nil {
			e.Product = p.product(name)
		}
		return err
	case keyCustomer:
		e.Single = true
		_, err := s.bytes()
		return err
	case keyStep:
		e.Step, err = s.integer()
		if err == nil && e.Step < 0 {
			err = bad(e.Step, "a whole number from 0")
		}
		return err
	case keyLast:
		return s.boolean(&e.Last)
	case keyObservation:
		return p.observation(int(e.row))
	case keyAction:
		a, err := s.integer()
		if err == nil && (a < 0 || a >= mostActions) {
			err = bad(a, fmt.Sprintf("an action, 0 to %d", mostActions-1))
		}
		e.Action = int32(a)
		return err
	case keyPrice:
		return s.number(&e.offer.Price)
	case keyPromotion:
		return s.text(&e.offer.Promotion)
	case keyAllowed:
		return p.allowed(&e.Mask)
	case keyPropensity:
		err := s.number(&e.Propensity)
		if err == nil && !(e.Propensity > 0 && e.Propensity <= 1) {
			err = bad(e.Propensity, "a probability, above 0 and at most 1")
		}
		return err
	case keyExplore:
		err := s.number(&e.Explore)
		if err == nil && !(e.Explore >= 0 && e.Explore <= 1) {
			err = bad(e.Explore, "a probability, 0 to 1")
		}
		return err
	case keyReward:
		return s.number(&e.Reward)
	case keyDiscount:
		err := s.number(&e.Discount)
		if err == nil && !(e.Discount >= 0 && e.Discount <= 1) {
			err = bad(e.Discount, "a number from 0 to 1")
		}
		return err
	case keyVisitors:
		err := s.number(&e.Visitors)
		if err == nil && !(e.Visitors >= 0) {
			err = bad(e.Visitors, "a number of at least 0")
		}
		return err
	default:
		return p.numbers(k, &e.outcome)
	}
}

// keep takes a decision into the log.
func (p *parser) keep(e *entry) *field.Error {
	l := p.log
	if e.has&(1<<keyPolicy) == 0 {
		e.author.Policy = ""
	}
	if e.has&(1<<keyRevision) == 0 {
		e.author.Revision = ""
	}
	p.before = e.author
	for _, k := range [...]int{keyVisitors, keyUnits, keyPrices} {
		if e.has&(1<<k) != 0 {
			return field.New(keys[k], "in a decision", "in an outcome")
		}
	}
	if e.aside || !p.options.wants(e.author.Policy) {
		if p.drop(); e.aside {
			p.asides++
		} else {
			p.others, p.other = p.others+1, e.author.Policy
		}
		p.passed.add(e.id)
		return nil
	}
	for _, need := range needed {
		if e.has&(1<<need.key) == 0 {
			return field.New(keys[need.key], "nothing", need.expected)
		}
	}
	if e.has&(1<<keyUnit) == 0 { // it stands alone
		e.Unit, e.Step, e.Last = int32(len(p.units.ends)), 0, true
		p.units.add(nil)
	}
	mask := l.Masks[e.Mask]
	for len(l.Offers) < len(mask) {
		l.Offers, l.Seen = append(l.Offers, Offer{Price: math.NaN()}), append(l.Seen, false)
	}
	if err := l.made(int(e.Action), e.offer); err != nil {
		return err.(*field.Error)
	}
	if mask != nil && (int(e.Action) >= len(mask) || !mask[e.Action]) {
		return field.New("action", e.Action, "one of those allowed")
	}
	e.Policy = p.author(e.author)
	l.Decisions = append(room(l.Decisions), e.Decision)
	p.ids.add(e.id)
	return nil
}

// sum checks the checksum of a line. A log has them in all lines, or in none.
func (p *parser) sum(line []byte) *field.Error {
	at := len(line) - len(seal) - 10
	has := at >= 0 && string(line[at:at+len(seal)]) == seal
	if p.fresh {
		p.summed, p.fresh = has, false
	}
	if has != p.summed {
		return field.New("crc", map[bool]string{true: "a checksum", false: "nothing"}[has], "checksums in all lines of a file, or in none")
	}
	if !has {
		return nil
	}
	told := line[at+len(seal) : at+len(seal)+8]
	var sum [4]byte
	_, err := hex.Decode(sum[:], told)
	if is := crc32.Checksum(line[:at], castagnoli); err != nil || binary.BigEndian.Uint32(sum[:]) != is {
		return field.New("crc", string(told), fmt.Sprintf("%08x, the checksum of the line: it was changed or damaged", is))
	}
	return nil
}

// room makes room for one more, by doubling: append grows what is large by a quarter, and copies it four times as often.
func room[T any](all []T) []T {
	if len(all) == cap(all) {
		return slices.Grow(all, max(len(all), 64))
	}
	return all
}

func (p *parser) unit(name []byte) int32 {
	if int(p.last) >= len(p.units.ends) || len(name) == 0 || string(p.units.at(int(p.last))) != string(name) {
		p.last = p.units.put(name)
	}
	return p.last
}

func (p *parser) author(a Author) int32 {
	if all := p.log.Policies; int(p.by) < len(all) && all[p.by] == a {
		return p.by
	}
	i, ok := p.authors[a]
	if !ok {
		i = int32(len(p.log.Policies))
		p.log.Policies = append(p.log.Policies, a)
		p.authors[a] = i
	}
	p.by = i
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
		l.columns[f] = append(room(column), x)
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
	*mask = int32(len(p.log.Masks))
	p.log.Masks = append(p.log.Masks, set)
	p.masks[string(s.line[from:s.at])] = *mask
	return nil
}
