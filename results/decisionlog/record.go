// Package decisionlog is the log of what a policy decided and what came of it: JSON Lines, one decision a line, appended and never changed, or a Parquet table.
// It is what `souk simulate --decisions` writes, what a pricing service appends to, and what off-policy evaluation and refitting read. The
// format is docs/formats/decisions.md.
package decisionlog

import (
	"bufio"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/souk-sim/souk/scenarios/field"
)

// Version is the version of the records that Append writes.
const Version = 1

// Offer is what was put on the shelf.
type Offer struct {
	Price     float64 `json:"price"`
	Promotion string  `json:"promotion,omitempty"`
}

// Record is one decision.
type Record struct {
	ID          string    // names the decision; outcomes that come later are joined by it
	Time        float64   // of the log's own clock, which must not run backwards within a unit
	Policy      string    // that decided
	Revision    string    // of its bundle
	Unit        string    // whose decisions hang together: an episode, a customer, a product
	Step        int64     // of the decision within its unit, counted from 0; −1: not told, and readers count by time
	Last        bool      // no decision of the unit follows
	Features    []string  // of the observation
	Observation []float64 // in the same order; NaN is missing
	Action      int       // index of the offer in the ladder; −1 for a price that is not on it, of a Fallback
	Offer       Offer
	Allowed     []bool  // by action; nil: every offer of the ladder
	Propensity  float64 // probability with which the policy made this offer at this observation
	Explore     float64 // probability with which it was asked to explore, where a limit on change may have moved the propensity; NaN: it is not told
	Reward      float64 // until the next decision of the unit, or its end; NaN where it is not known yet
	Discount    float64 // what a reward after the next decision is worth in terms of this one's
	Product     string  // that was priced; "" where the policy prices one
	Customer    string  // for whom alone the offer was, hashed; "" for all who come
	Fallback    bool    // the price was not the policy's, as while it is stopped: readers leave the decision out and say how many there were
	Shadow      Shadow
}

// Shadow is what another policy would have offered, which was asked beside the one that decided and answered nobody; without a policy none was.
type Shadow struct {
	Policy, Revision string
	Action           int
	Offer            Offer
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// seal precedes the checksum, the last key of a line: 8 hexadecimal digits of the CRC-32C of all before this.
const seal = `,"crc":"`

// Append appends a record's line, with its end and its checksum. What a reader would refuse in the line is refused: a number that is not finite, where it does
// not stand for one that is missing, or is out of its range, and a line that is too long.
func Append(line []byte, r *Record) ([]byte, error) {
	for _, number := range [...]struct {
		key string
		x   float64
	}{{"time", r.Time}, {"price", r.Offer.Price}, {"propensity", r.Propensity}, {"discount", r.Discount}} {
		if math.IsNaN(number.x) || math.IsInf(number.x, 0) {
			return line, field.New(number.key, number.x, "a finite number")
		}
	}
	if len(r.Features) != len(r.Observation) || len(r.Features) > mostFeatures {
		return line, field.New("observation", len(r.Observation), fmt.Sprintf("%d numbers, at most %d", len(r.Features), mostFeatures))
	}
	if !(r.Propensity > 0 && r.Propensity <= 1) {
		return line, field.New("propensity", r.Propensity, "a probability, above 0 and at most 1")
	}
	if r.Explore < 0 || r.Explore > 1 {
		return line, field.New("explore", r.Explore, "a probability, 0 to 1")
	}
	if !(r.Discount >= 0 && r.Discount <= 1) {
		return line, field.New("discount", r.Discount, "a number from 0 to 1")
	}
	if r.Action >= mostActions || len(r.Allowed) > mostActions || r.Action < 0 && !r.Fallback {
		return line, field.New("action", r.Action, fmt.Sprintf("an action, 0 to %d", mostActions-1))
	}
	if r.Allowed != nil && !r.Fallback && (r.Action >= len(r.Allowed) || !r.Allowed[r.Action]) {
		return line, field.New("action", r.Action, "one of those allowed")
	}
	if math.IsInf(r.Shadow.Offer.Price, 0) {
		return line, field.New("shadow_price", r.Shadow.Offer.Price, "a finite number")
	}
	if r.Action < 0 && !r.Fallback {
		return line, field.New("action", r.Action, "the offer's index in the ladder")
	}
	start := len(line)
	line = strconv.AppendInt(append(line, `{"version":`...), Version, 10)
	line = text(append(line, `,"id":`...), r.ID)
	if r.Fallback {
		line = append(line, `,"fallback":true`...)
	}
	line = number(append(line, `,"time":`...), r.Time)
	line = text(append(line, `,"policy":`...), r.Policy)
	line = text(append(line, `,"revision":`...), r.Revision)
	line = text(append(line, `,"unit":`...), r.Unit)
	if r.Step >= 0 {
		line = strconv.AppendInt(append(line, `,"step":`...), r.Step, 10)
	}
	line = strconv.AppendBool(append(line, `,"last":`...), r.Last)
	line = append(line, `,"observation":{`...)
	for i, name := range r.Features {
		if i > 0 {
			line = append(line, ',')
		}
		if math.IsInf(r.Observation[i], 0) {
			return line[:start], field.New("observation."+name, r.Observation[i], "a finite number")
		}
		line = number(append(text(line, name), ':'), r.Observation[i])
	}
	line = append(line, '}')
	if r.Action >= 0 {
		line = strconv.AppendInt(append(line, `,"action":`...), int64(r.Action), 10)
	}
	line = number(append(line, `,"price":`...), r.Offer.Price)
	if r.Offer.Promotion != "" {
		line = text(append(line, `,"promotion":`...), r.Offer.Promotion)
	}
	if r.Allowed != nil {
		line = append(line, `,"allowed":[`...)
		comma := false
		for a, ok := range r.Allowed {
			if !ok {
				continue
			}
			if comma {
				line = append(line, ',')
			}
			line, comma = strconv.AppendInt(line, int64(a), 10), true
		}
		line = append(line, ']')
	}
	line = number(append(line, `,"propensity":`...), r.Propensity)
	if !math.IsNaN(r.Explore) {
		line = number(append(line, `,"explore":`...), r.Explore)
	}
	if math.IsInf(r.Reward, 0) {
		return line[:start], field.New("reward", r.Reward, "a finite number")
	}
	line = number(append(line, `,"reward":`...), r.Reward)
	line = number(append(line, `,"discount":`...), r.Discount)
	for _, x := range [...]struct{ key, text string }{{`,"product":`, r.Product}, {`,"customer":`, r.Customer}, {`,"shadow_policy":`, r.Shadow.Policy}} {
		if x.text != "" {
			line = text(append(line, x.key...), x.text)
		}
	}
	if r.Shadow.Policy != "" {
		line = text(append(line, `,"shadow_revision":`...), r.Shadow.Revision)
		line = strconv.AppendInt(append(line, `,"shadow_action":`...), int64(r.Shadow.Action), 10)
		line = number(append(line, `,"shadow_price":`...), r.Shadow.Offer.Price)
		if r.Shadow.Offer.Promotion != "" {
			line = text(append(line, `,"shadow_promotion":`...), r.Shadow.Offer.Promotion)
		}
	}
	return sealed(line, start)
}

// sealed ends the line that begins at start with its checksum, and refuses one that is longer than readers take.
func sealed(line []byte, start int) ([]byte, error) {
	sum := crc32.Checksum(line[start:], castagnoli)
	line = fmt.Appendf(line, "%s%08x\"}\n", seal, sum)
	if n := len(line) - start; n > longest {
		return line[:start], field.New("line", fmt.Sprintf("%d bytes", n), fmt.Sprintf("at most %d: fewer or shorter names", longest))
	}
	return line, nil
}

// number writes a number, null for one that is missing.
func number(line []byte, x float64) []byte {
	if math.IsNaN(x) {
		return append(line, "null"...)
	}
	return strconv.AppendFloat(line, x, 'g', -1, 64)
}

// text writes a string as JSON has it.
func text[T string | []byte](line []byte, s T) []byte {
	line = append(line, '"')
	if plain(s) {
		return append(append(line, s...), '"')
	}
	for _, c := range string(s) {
		switch {
		case c == '"' || c == '\\':
			line = append(line, '\\', byte(c))
		case c < 0x20 || c == 0x7f:
			line = fmt.Appendf(line, `\u%04x`, c)
		default:
			line = utf8.AppendRune(line, c) // what is no UTF-8 becomes U+FFFD
		}
	}
	return append(line, '"')
}

// plain says whether a string is written as it is, as nearly all are.
func plain[T string | []byte](s T) bool {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c >= 0x7f || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// Writer writes records and what came of them to a file or a pipe.
type Writer struct {
	to   *bufio.Writer
	line []byte
}

// NewWriter returns a writer that buffers; Flush hands on what is buffered.
func NewWriter(w io.Writer) *Writer { return &Writer{to: bufio.NewWriterSize(w, 1<<16)} }

// Write writes a record, which it does not keep.
func (w *Writer) Write(r *Record) (err error) {
	if w.line, err = Append(w.line[:0], r); err != nil {
		return err
	}
	_, err = w.to.Write(w.line)
	return err
}

// Tell writes what came of a decision, which it does not keep.
func (w *Writer) Tell(o *Outcome) (err error) {
	if w.line, err = AppendOutcome(w.line[:0], o); err != nil {
		return err
	}
	_, err = w.to.Write(w.line)
	return err
}

// Flush writes what is buffered.
func (w *Writer) Flush() error { return w.to.Flush() }
