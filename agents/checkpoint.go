package agents

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// part is what a learner keeps beside its table. archive names each of its numbers, in a fixed order, to an archive that writes them or reads them.
type part interface{ archive(a *archive) }

// archive is the rest of a checkpoint, behind the table: 8 bytes, little-endian, for each number.
type archive struct {
	bytes   []byte
	loading bool
	err     error
}

func (a *archive) bits(x uint64) uint64 {
	switch {
	case !a.loading:
		a.bytes = binary.LittleEndian.AppendUint64(a.bytes, x)
	case a.err != nil:
	case len(a.bytes) < 8:
		a.err = errors.New("checkpoint ends too early")
	default:
		x, a.bytes = binary.LittleEndian.Uint64(a.bytes), a.bytes[8:]
	}
	return x
}

func (a *archive) float(x *float64) { *x = math.Float64frombits(a.bits(math.Float64bits(*x))) }

func (a *archive) floats(x []float64) {
	for i := range x {
		a.float(&x[i])
	}
}

// index is a whole number from 0 to below n.
func (a *archive) index(x *int, n int) {
	now := a.bits(uint64(*x))
	if a.loading && a.err == nil && now >= uint64(n) {
		a.err = fmt.Errorf("checkpoint has %d, expected less than %d", now, n)
	}
	if a.err == nil {
		*x = int(now)
	}
}

// indices is a list of such numbers, at most limit long, in the room that x has.
func (a *archive) indices(x *[]int32, limit, n int) {
	length := len(*x)
	if a.index(&length, limit+1); a.err != nil {
		return
	}
	if a.loading {
		*x = append((*x)[:0], make([]int32, length)...)
	}
	for i := range *x {
		v := int((*x)[i])
		a.index(&v, n)
		(*x)[i] = int32(v)
	}
}

func (a *archive) counts(x []uint32) {
	for i := range x {
		x[i] = uint32(a.bits(uint64(x[i])))
	}
}

// MarshalBinary implements Agent.
func (t *table) MarshalBinary() ([]byte, error) {
	a := archive{bytes: t.marshal()}
	for _, p := range t.parts {
		p.archive(&a)
	}
	return a.bytes, nil
}

// UnmarshalBinary implements Agent. After an error the learner is of no use.
func (t *table) UnmarshalBinary(b []byte) error {
	rest, err := t.unmarshal(b)
	a := archive{bytes: rest, loading: true, err: err}
	for _, p := range t.parts {
		p.archive(&a)
	}
	if a.err == nil && len(a.bytes) > 0 {
		a.err = fmt.Errorf("checkpoint has %d bytes too many", len(a.bytes))
	}
	return a.err
}

// The checkpoint of a table, little-endian: "soukq2", the number of entries (uint64), per entry its value (float64),
// visits (uint32) and, when averaging, sum and since (float64); then, when averaging, begun of each state; then the scalars.
const magic = "soukq2"

// scalars are the numbers beside the entries.
func (t *table) scalars() [5]*float64 {
	return [5]*float64{&t.rate, &t.clock, &t.warm, &t.sumReward, &t.sumDiscount0}
}

func (t *table) marshal() []byte {
	le := binary.LittleEndian
	b := make([]byte, 0, len(magic)+8+28*len(t.values)+8*len(t.begun)+5*8)
	b = le.AppendUint64(append(b, magic...), uint64(len(t.values)))
	for i := range t.values {
		b = le.AppendUint64(b, math.Float64bits(t.values[i]))
		b = le.AppendUint32(b, t.visits[i])
		if t.sum != nil {
			b = le.AppendUint64(b, math.Float64bits(t.sum[i]))
			b = le.AppendUint64(b, math.Float64bits(t.since[i]))
		}
	}
	for _, weight := range t.begun {
		b = le.AppendUint64(b, math.Float64bits(weight))
	}
	for _, x := range t.scalars() {
		b = le.AppendUint64(b, math.Float64bits(*x))
	}
	return b
}

// unmarshal restores a table and returns what follows it.
func (t *table) unmarshal(b []byte) ([]byte, error) {
	le := binary.LittleEndian
	entry := 12
	if t.sum != nil {
		entry = 28
	}
	want := len(magic) + 8 + entry*len(t.values) + 8*len(t.begun) + 5*8
	if len(b) < want || string(b[:len(magic)]) != magic || le.Uint64(b[len(magic):]) != uint64(len(t.values)) {
		return nil, fmt.Errorf("checkpoint of %d bytes is not one of a table of %d entries, which begins with %q and has at least %d bytes",
			len(b), len(t.values), magic, want)
	}
	b = b[len(magic)+8:]
	for i := range t.values {
		t.values[i] = math.Float64frombits(le.Uint64(b))
		t.visits[i] = le.Uint32(b[8:])
		if t.sum != nil {
			t.sum[i] = math.Float64frombits(le.Uint64(b[12:]))
			t.since[i] = math.Float64frombits(le.Uint64(b[20:]))
		}
		b = b[entry:]
	}
	for s := range t.begun {
		t.begun[s] = math.Float64frombits(le.Uint64(b))
		b = b[8:]
	}
	for s := range t.best {
		t.best[s] = int32(highest(t.row(s)))
	}
	for _, x := range t.scalars() {
		*x = math.Float64frombits(le.Uint64(b))
		b = b[8:]
	}
	return b, nil
}
