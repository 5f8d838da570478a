// Package souk names the release. Its version enters every run's identity, because a run is reproducible only
// together with the code that made it.
package souk

// Version is the release, as semantic versioning has it. It changes whenever a run's bytes may.
const Version = "0.4.1"
