package bundle

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
)

// kind is a kind of policy: how it is called, and how it becomes policy.json and a file of numbers, and is made of them again.
type kind struct {
	name, numbers string // in the manifest; the file's name
	is            func(p policies.Frozen) bool
	encode        func(p policies.Frozen) (policy, numbers []byte, err error)
	decode        func(policy, numbers []byte) (policies.Frozen, error) // trusts neither
}

// kinds are all kinds. A new one is one line here.
func kinds() []kind {
	return []kind{
		{"table", "table.bin", isTable, encodeTable, decodeTable},
		function[policies.Linear]("linear"),
		function[policies.Gaussian]("gaussian"),
		function[policies.Network]("network"),
	}
}

// files are the names of a kind's files beside the manifest, in the manifest's order.
func (k *kind) files() [4]string {
	return [...]string{"card.md", "golden.json", "policy.json", k.numbers}
}

func kindOf(p policies.Frozen) (*kind, error) {
	for _, k := range kinds() {
		if k.is(p) {
			return &k, nil
		}
	}
	return nil, field.New("policy", fmt.Sprintf("%T", p), "a kind of docs/formats/bundle.md")
}

// function is the kind of policies of type T, which marshal to JSON, all but their weights.
func function[T any, P interface {
	*T
	policies.Function
}](name string) kind {
	return kind{name, "weights.bin",
		func(p policies.Frozen) bool { _, ok := p.(P); return ok },
		func(p policies.Frozen) (policy, numbers []byte, err error) {
			policy, err = indented(p)
			return policy, encodeWeights(p.(P).Numbers()), err
		},
		func(policy, numbers []byte) (policies.Frozen, error) {
			p := P(new(T))
			if err := decode("policy.json", policy, p); err != nil {
				return nil, err
			}
			weights, err := decodeWeights(numbers)
			if err != nil {
				return nil, err
			}
			return p, in("policy.json", p.Restore(weights))
		},
	}
}

// weights.bin is the magic number, the number of weights as uint64 and the weights as float64, all little-endian.
const weightsMagic = "SOUKWTS1"

func encodeWeights(weights []float64) []byte {
	le := binary.LittleEndian
	b := le.AppendUint64(append(make([]byte, 0, 16+8*len(weights)), weightsMagic...), uint64(len(weights)))
	for _, w := range weights {
		b = le.AppendUint64(b, math.Float64bits(w))
	}
	return b
}

func decodeWeights(b []byte) ([]float64, error) {
	const name, head = "weights.bin", len(weightsMagic) + 8
	if len(b) < head || string(b[:len(weightsMagic)]) != weightsMagic {
		return nil, bad(name, "magic", fmt.Sprintf("%q", b[:min(len(b), len(weightsMagic))]), fmt.Sprintf("%q and the rest of its head", weightsMagic))
	}
	le := binary.LittleEndian
	n := le.Uint64(b[len(weightsMagic):])
	if n != uint64(len(b)-head)/8 || (len(b)-head)%8 != 0 {
		return nil, bad(name, "length", fmt.Sprintf("%d bytes for %d weights", len(b), n), fmt.Sprintf("%d and 8 for each", head))
	}
	weights := make([]float64, n)
	for i := range weights {
		if weights[i] = math.Float64frombits(le.Uint64(b[head+8*i:])); math.IsNaN(weights[i]) || math.IsInf(weights[i], 0) {
			return nil, bad(name, fmt.Sprintf("weights[%d]", i), weights[i], "a finite number")
		}
	}
	return weights, nil
}
