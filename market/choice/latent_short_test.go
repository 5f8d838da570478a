//go:build !long

package choice

const latentSeeds, latentStarts = uint64(1), 10
