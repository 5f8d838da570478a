//go:build long

package market

const worlds = "1600"
