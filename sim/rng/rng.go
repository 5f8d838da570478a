// Package rng gives named, counter-addressed random streams: the same (master seed, replication, name, ids) is the
// same sequence of numbers, wherever and in whatever order it is asked for. That is what makes common random numbers
// possible: two policies meet the very same shoppers because a shopper's numbers are addressed by who the shopper is.
package rng

import (
	"encoding/binary"
	"math/bits"

	"github.com/souk-sim/souk/sim/portable"
	"golang.org/x/exp/rand" //lint:ignore SA1019 pinned in go.mod: its PCG state marshals to 16 bytes, which checkpoints store
)

// Streams is the root of all streams of one replication under one master seed.
type Streams struct{ key uint64 }

// New returns the streams of a replication (an episode, a path) under a master seed.
func New(seed, replication uint64) Streams {
	return Streams{key: mix(mix(seed+golden) ^ mix(^replication))}
}

// Family is a named set of streams; resolve it once, outside the loop.
type Family struct{ key, high uint64 }

// Family returns the streams called name (hashed by FNV-1a, then mixed with the root).
func (s Streams) Family(name string) Family {
	h := uint64(14695981039346656037)
	for i := 0; i < len(name); i++ {
		h = (h ^ uint64(name[i])) * 1099511628211
	}
	key := mix(s.key ^ mix(h))
	return Family{key, mix(key + golden)}
}

// At returns the stream addressed by ids within the family. It does not allocate.
func (f Family) At(ids ...uint64) Stream {
	lo, hi := f.key, f.high
	for _, id := range ids {
		lo = mix(lo ^ (id + golden))
		hi = mix(hi + lo)
	}
	var state [16]byte
	binary.BigEndian.PutUint64(state[:8], hi)
	binary.BigEndian.PutUint64(state[8:], lo)
	var s Stream
	// A 16-byte state is always accepted.
	_ = s.pcg.UnmarshalBinary(state[:])
	return s
}

// Stream is one sequence: a PCG generator of 16 bytes (O'Neill 2014). It is a value; copying it copies its position.
// *Stream implements math/rand/v2.Source, so gonum's samplers accept it.
type Stream struct{ pcg rand.PCGSource }

// Uint64 returns the next 64 uniform bits.
func (s *Stream) Uint64() uint64 { return s.pcg.Uint64() }

// Float64 returns a uniform number in [0, 1) with 53 random bits.
func (s *Stream) Float64() float64 { return float64(s.pcg.Uint64()>>11) * 0x1p-53 }

// Open returns a uniform number in (0, 1): the midpoint of one of 2^52 cells, fit for inverse transforms.
func (s *Stream) Open() float64 { return (float64(s.pcg.Uint64()>>12) + 0.5) * 0x1p-52 }

// Normal returns a standard normal number by inverse transform: exactly one draw.
func (s *Stream) Normal() float64 { return portable.NormalQuantile(s.Open()) }

// Exponential returns an exponential number of mean 1 by inverse transform: exactly one draw.
func (s *Stream) Exponential() float64 { return -portable.Log(s.Open()) }

// Intn returns a uniform integer in [0, n), n > 0, from exactly one draw, in which it is monotone. No value's
// probability is off by more than 2^-64.
func (s *Stream) Intn(n int) int {
	high, _ := bits.Mul64(s.Uint64(), uint64(n))
	return int(high)
}

// MarshalBinary gives the 16 bytes of the stream's position, for checkpoints.
func (s *Stream) MarshalBinary() ([]byte, error) { return s.pcg.MarshalBinary() }

// UnmarshalBinary restores a position.
func (s *Stream) UnmarshalBinary(b []byte) error { return s.pcg.UnmarshalBinary(b) }

const golden = 0x9e3779b97f4a7c15

// mix is the SplitMix64 finaliser (Steele, Lea & Flood 2014).
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
