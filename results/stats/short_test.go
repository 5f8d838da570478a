//go:build !long

package stats

// How many tables are simulated to see what intervals cover, and the resamples of each.
const tables, resamples = 1000, 500
