// Package tensorboard writes event files for TensorBoard: scalars, histograms and hyper-parameters.
//
// A file is a sequence of TFRecords (length, masked CRC-32C of the length, data, masked CRC-32C of the data, all little-endian), each an Event message
// of tensorflow/core/util/event.proto; hyper-parameters are HParamsPluginData of tensorboard/plugins/hparams/plugin_data.proto. The wall time of an
// event is its step, so that the same run leaves the same bytes.
package tensorboard

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/souk-sim/souk/scenarios/field"
)

// FileName is what a file of events must be called, in a folder for each run: TensorBoard looks for "tfevents".
const FileName = "events.out.tfevents.0.souk"

// Writer writes one event file. It is not safe for concurrent use.
type Writer struct {
	to    io.Writer
	begun bool
}

// NewWriter returns a writer to w. Every event is written at once.
func NewWriter(w io.Writer) *Writer { return &Writer{to: w} }

// Scalar adds a point to the curve called tag. A value that is not finite is refused.
func (w *Writer) Scalar(tag string, step int64, value float64) error {
	if value-value != 0 {
		return field.New(tag, value, "a finite number")
	}
	v := text(nil, 1, tag)
	v = protowire.AppendTag(v, 2, protowire.Fixed32Type)
	return w.summary(step, protowire.AppendFixed32(v, math.Float32bits(float32(value))))
}

// buckets is how many a histogram has, of equal width between the least and the greatest value.
const buckets = 30

// Histogram adds the distribution of values, at least one and all finite, to those called tag.
func (w *Writer) Histogram(tag string, step int64, values []float64) error {
	if len(values) == 0 {
		return field.New(tag, "no value", "at least one")
	}
	least, most, sum, squares := values[0], values[0], 0.0, 0.0
	for _, v := range values {
		if v-v != 0 {
			return field.New(tag, v, "a finite number")
		}
		least, most, sum, squares = min(least, v), max(most, v), sum+v, squares+float64(v*v)
	}
	limits, counts := []float64{most}, []float64{float64(len(values))}
	if width := (most - least) / buckets; width > 0 {
		limits, counts = make([]float64, buckets), make([]float64, buckets)
		for k := range limits {
			limits[k] = least + float64(width*float64(k+1))
		}
		limits[buckets-1] = most
		for _, v := range values {
			counts[min(int((v-least)/width), buckets-1)]++
		}
	}
	var h []byte
	for i, x := range []float64{least, most, float64(len(values)), sum, squares} {
		h = double(h, protowire.Number(i+1), x)
	}
	h = doubles(doubles(h, 6, limits), 7, counts)
	return w.summary(step, message(text(nil, 1, tag), 5, h))
}

// HParams says under which hyper-parameters the file's run was made. Values are string, bool or float64. Runs of one group differ in their seed alone.
func (w *Writer) HParams(group string, values map[string]any) error {
	var start []byte
	for _, name := range slices.Sorted(maps.Keys(values)) {
		var value []byte // a google.protobuf.Value
		switch v := values[name].(type) {
		case float64:
			value = double(nil, 2, v)
		case string:
			value = text(nil, 3, v)
		case bool:
			value = protowire.AppendVarint(protowire.AppendTag(nil, 4, protowire.VarintType), protowire.EncodeBool(v))
		default:
			return field.New(name, fmt.Sprintf("%T", v), "a string, a bool or a float64")
		}
		start = message(start, 1, message(text(nil, 1, name), 2, value))
	}
	start = text(start, 4, group)
	if err := w.plugin("_hparams_/session_start_info", message(nil, 3, start)); err != nil {
		return err
	}
	const success = 1
	end := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), success)
	return w.plugin("_hparams_/session_end_info", message(nil, 4, end))
}

// plugin adds what the plug-in of hyper-parameters keeps: its data beside a tensor that says nothing, a float of shape [1].
func (w *Writer) plugin(tag string, content []byte) error {
	data := protowire.AppendBytes(protowire.AppendTag(text(nil, 1, "hparams"), 2, protowire.BytesType), content)
	const float = 1
	tensor := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), float)
	size := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), 1)
	tensor = message(tensor, 2, message(nil, 2, size))
	tensor = message(tensor, 5, make([]byte, 4))
	v := message(text(nil, 1, tag), 9, message(nil, 1, data))
	return w.summary(0, message(v, 8, tensor))
}

// summary writes an event with one value of a Summary.
func (w *Writer) summary(step int64, value []byte) error {
	if !w.begun {
		if err := w.record(text(double(nil, 1, 0), 3, "brain.Event:2")); err != nil {
			return err
		}
		w.begun = true
	}
	e := double(nil, 1, float64(step))
	e = protowire.AppendVarint(protowire.AppendTag(e, 2, protowire.VarintType), uint64(step))
	return w.record(message(e, 5, message(nil, 1, value)))
}

// record writes a TFRecord.
func (w *Writer) record(data []byte) error {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(data)))
	b = binary.LittleEndian.AppendUint32(b, masked(b))
	b = append(b, data...)
	_, err := w.to.Write(binary.LittleEndian.AppendUint32(b, masked(data)))
	return err
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// masked is the CRC-32C as TFRecords store it: turned and shifted, because a checksum of data with checksums in them would be weak.
func masked(data []byte) uint32 {
	sum := crc32.Checksum(data, castagnoli)
	return (sum>>15 | sum<<17) + 0xa282ead8
}

func text(b []byte, number protowire.Number, s string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, number, protowire.BytesType), s)
}

func message(b []byte, number protowire.Number, inner []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, number, protowire.BytesType), inner)
}

func double(b []byte, number protowire.Number, x float64) []byte {
	return protowire.AppendFixed64(protowire.AppendTag(b, number, protowire.Fixed64Type), math.Float64bits(x))
}

// doubles are repeated and packed.
func doubles(b []byte, number protowire.Number, all []float64) []byte {
	var packed []byte
	for _, x := range all {
		packed = protowire.AppendFixed64(packed, math.Float64bits(x))
	}
	return message(b, number, packed)
}
