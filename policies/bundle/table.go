package bundle

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
)

// document is policy.json: all of a table but its numbers. Spec and Encoder are env.Spec and policies.Encoder as they
// marshal.
type document struct {
	Spec    json.RawMessage  `json:"spec"`
	Encoder policies.Encoder `json:"encoder"`
	Epsilon float64          `json:"epsilon"`
}

func isTable(p policies.Frozen) bool { _, ok := p.(*policies.Table); return ok }

func encodeTable(p policies.Frozen) (policy, numbers []byte, err error) {
	t := p.(*policies.Table)
	spec, err := json.Marshal(&t.Spec)
	if err != nil {
		return nil, nil, fmt.Errorf("policy.json: spec: %w", err)
	}
	policy, err = indented(&document{Spec: spec, Encoder: t.Encoder, Epsilon: t.Epsilon})
	return policy, encodeNumbers(t), err
}

// The head of table.bin: the magic number, then states, offers, and whether visits follow, as uint32; then the values
// as float64 and the visits as uint32, by state, then by offer. All little-endian.
const (
	magic = "SOUKTAB1"
	head  = len(magic) + 3*4
)

func encodeNumbers(t *policies.Table) []byte {
	le := binary.LittleEndian
	b := make([]byte, 0, head+8*len(t.Values)+4*len(t.Visits))
	b = append(b, magic...)
	b = le.AppendUint32(b, uint32(t.Encoder.States()))
	b = le.AppendUint32(b, uint32(len(t.Spec.Offers)))
	visited := uint32(0)
	if t.Visits != nil {
		visited = 1
	}
	b = le.AppendUint32(b, visited)
	for _, v := range t.Values {
		b = le.AppendUint64(b, math.Float64bits(v))
	}
	for _, n := range t.Visits {
		b = le.AppendUint32(b, n)
	}
	return b
}

// decodeTable puts a table together from policy.json and table.bin, neither of which it trusts.
func decodeTable(policy, numbers []byte) (policies.Frozen, error) {
	var d document
	if err := decode("policy.json", policy, &d); err != nil {
		return nil, err
	}
	var shell policies.Table // lends its Spec a type
	if err := decode("policy.json", d.Spec, &shell.Spec); err != nil {
		return nil, err
	}
	spec := &shell.Spec
	if err := d.Encoder.Validate(spec); err != nil {
		return nil, in("policy.json", err)
	}
	values, visits, err := decodeNumbers(numbers, d.Encoder.States(), len(spec.Offers))
	if err != nil {
		return nil, err
	}
	t, err := policies.NewTable(spec, d.Encoder, values, visits, d.Epsilon)
	return t, in("policy.json", err)
}

func decodeNumbers(b []byte, states, offers int) (values []float64, visits []uint32, err error) {
	const name = "table.bin"
	if len(b) < head || string(b[:len(magic)]) != magic {
		return nil, nil, bad(name, "magic", fmt.Sprintf("%q", b[:min(len(b), len(magic))]), fmt.Sprintf("%q and the rest of its head", magic))
	}
	le := binary.LittleEndian
	s, a, visited := le.Uint32(b[8:]), le.Uint32(b[12:]), le.Uint32(b[16:])
	if uint64(s) != uint64(states) || uint64(a) != uint64(offers) || visited > 1 {
		return nil, nil, bad(name, "head", fmt.Sprintf("%d states, %d offers, visits %d", s, a, visited),
			fmt.Sprintf("%d and %d as in policy.json, visits 0 or 1", states, offers))
	}
	n := states * offers
	size := head + n*8 + n*4*int(visited)
	if len(b) != size {
		return nil, nil, bad(name, "length", fmt.Sprintf("%d bytes", len(b)), fmt.Sprintf("%d", size))
	}
	values = make([]float64, n)
	for i := range values {
		values[i] = math.Float64frombits(le.Uint64(b[head+8*i:]))
	}
	if visited == 1 {
		visits = make([]uint32, n)
		for i := range visits {
			visits[i] = le.Uint32(b[head+8*n+4*i:])
		}
	}
	return values, visits, nil
}

// in says in which file a bad value stands.
func in(file string, err error) error {
	var bad *field.Error
	if errors.As(err, &bad) {
		bad.File = file
	}
	return err
}
