//go:build !long

package market

// worlds is how many markets rapid draws; with -tags long they have more than ten million events.
const worlds = "60"
