//go:build long

package choice

const latentSeeds, latentStarts = uint64(5), 0
