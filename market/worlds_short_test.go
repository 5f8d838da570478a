//go:build !long

package market

// worlds is how many markets rapid draws: 6·10⁵ events; with -tags long more than 10⁷.
const worlds = "60"
