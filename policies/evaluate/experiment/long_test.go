//go:build long

package experiment

// many is how often an experiment is repeated.
func many(n int) int { return 10 * n }
