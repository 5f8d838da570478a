//go:build long

package market

// worlds have some twelve million events; 27 seconds of one core.
const worlds = "2000"
