//go:build !long

package experiment

// many is how often an experiment is repeated; -tags long repeats it ten times as often.
func many(n int) int { return n }
