//go:build long

package market

const worlds = "8000"
