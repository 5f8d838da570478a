//go:build long

package market

const worlds = "2000"
