package export

import (
	"encoding/binary"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Element types of tensors, as TensorProto.DataType numbers them.
type element uint64

const (
	float32s element = 1
	int64s   element = 7
	bools    element = 9
	float64s element = 11
)

// Versions of the format: opset 17 came with ONNX 1.12, whose models have version 8.
const (
	irVersion = 8
	opset     = 17
)

// graph builds an ONNX model (onnx.proto of the ONNX project): operators in the order of their use, each with one output. A name stands for
// a tensor. No operator has a name of its own.
type graph struct {
	nodes, initializers, inputs, outputs []byte
	made                                 int
}

// Wire helpers: a field of bytes, and one of an integer.
func bytesField(to []byte, number protowire.Number, data []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(to, number, protowire.BytesType), data)
}

func textField(to []byte, number protowire.Number, text string) []byte {
	return bytesField(to, number, []byte(text))
}

func intField(to []byte, number protowire.Number, value uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(to, number, protowire.VarintType), value)
}

// attribute is a whole number, or several.
type attribute struct {
	name  string
	value int64
}

// op adds an operator and names its output.
func (g *graph) op(kind string, inputs []string, attributes ...attribute) string {
	g.made++
	out := fmt.Sprintf("%s_%d", kind, g.made)
	g.add(kind, inputs, out, attributes...)
	return out
}

// add adds an operator whose output has a name.
func (g *graph) add(kind string, inputs []string, output string, attributes ...attribute) {
	var node []byte
	for _, in := range inputs {
		node = textField(node, 1, in)
	}
	node = textField(node, 2, output)
	node = textField(node, 4, kind)
	for _, a := range attributes {
		const typeInt = 2
		node = bytesField(node, 5, intField(intField(textField(nil, 1, a.name), 3, uint64(a.value)), 20, typeInt))
	}
	g.nodes = bytesField(g.nodes, 1, node)
}

// constant adds a tensor of the given shape and names it.
func (g *graph) constant(kind element, raw []byte, shape ...int) string {
	g.made++
	name := fmt.Sprintf("constant_%d", g.made)
	var t []byte
	for _, n := range shape {
		t = intField(t, 1, uint64(n))
	}
	t = bytesField(textField(intField(t, 2, uint64(kind)), 8, name), 9, raw)
	g.initializers = bytesField(g.initializers, 5, t)
	return name
}

// doubles, singles and wholes are constants; without a shape they are one number.
func (g *graph) doubles(values []float64, shape ...int) string {
	raw := make([]byte, 0, 8*len(values))
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint64(raw, math.Float64bits(v))
	}
	return g.constant(float64s, raw, shape...)
}

func (g *graph) singles(values []float64, shape ...int) string {
	raw := make([]byte, 0, 4*len(values))
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(float32(v)))
	}
	return g.constant(float32s, raw, shape...)
}

func (g *graph) wholes(values []int64, shape ...int) string {
	raw := make([]byte, 0, 8*len(values))
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(v))
	}
	return g.constant(int64s, raw, shape...)
}

// truths is a constant of booleans.
func (g *graph) truths(values []bool, shape ...int) string {
	raw := make([]byte, len(values))
	for i, v := range values {
		if v {
			raw[i] = 1
		}
	}
	return g.constant(bools, raw, shape...)
}

func (g *graph) double(v float64) string { return g.doubles([]float64{v}) }
func (g *graph) whole(v int64) string    { return g.wholes([]int64{v}) }

// value describes an input or output, of n rows; columns 0 is a vector.
func value(name string, kind element, columns int) []byte {
	shape := bytesField(nil, 1, textField(nil, 2, "n"))
	if columns > 0 {
		shape = bytesField(shape, 1, intField(nil, 1, uint64(columns)))
	}
	tensor := bytesField(intField(nil, 1, uint64(kind)), 2, shape)
	return bytesField(textField(nil, 1, name), 2, bytesField(nil, 1, tensor))
}

func (g *graph) input(name string, kind element, columns int) {
	g.inputs = bytesField(g.inputs, 11, value(name, kind, columns))
}

// output gives a tensor its outward name.
func (g *graph) output(from, name string, kind element, columns int) {
	g.add("Identity", []string{from}, name)
	g.outputs = bytesField(g.outputs, 12, value(name, kind, columns))
}

// property is an entry of a model's metadata.
type property struct{ key, value string }

// model is the finished file.
func (g *graph) model(producer, version, doc string, properties []property) []byte {
	body := append([]byte{}, g.nodes...)
	body = textField(body, 2, "policy")
	body = append(body, g.initializers...)
	body = append(append(body, g.inputs...), g.outputs...)
	m := intField(nil, 1, irVersion)
	m = textField(textField(m, 2, producer), 3, version)
	m = textField(m, 6, doc)
	m = bytesField(m, 7, body)
	m = bytesField(m, 8, intField(textField(nil, 1, ""), 2, opset))
	for _, p := range properties {
		m = bytesField(m, 14, textField(textField(nil, 1, p.key), 2, p.value))
	}
	return m
}
