//go:build long

package twins

// worlds of perfect twins, splits of each data set, and every nth of its customers.
const worlds, splits, nth = 1000, 5, 1
