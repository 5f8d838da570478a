//go:build !long

package workflow

// largeVisitors are the shoppers a day of the large market whose memory is watched.
const largeVisitors = 10_000
