//go:build long

package train

import "testing"

// All 1,000 sessions of the published baseline.
func TestReplayReachesEveryPublishedSession(t *testing.T) { reachThePublished(t, 1000) }
