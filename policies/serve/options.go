// Package serve is the pricing service: bundles behind HTTP and JSON, with a log of what was decided. It can do no harm that its
// limits do not allow: prices are offers of a verified bundle's ladder that the bundle's limits allow, or a fallback price that was asked for.
// docs/production.md is its manual, /openapi.json its contract.
package serve

import (
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"github.com/souk-sim/souk/policies/bundle"
	"github.com/souk-sim/souk/results/decisionlog"
	"github.com/souk-sim/souk/scenarios/field"
)

// Loader reads a bundle anew; Load has verified what it returns.
type Loader func() (*bundle.Bundle, error)

// Slot is a policy by name: the bundle that answers, and one that is tried beside it.
type Slot struct {
	Name       string
	Champion   Loader
	Challenger Loader  // nil for none
	Share      float64 // of customers whom the challenger answers, by a hash of who they are
	Shadow     bool    // the challenger is asked and logged, and answers nobody
	Explore    float64 // the highest probability of exploring that a request may ask for
	Unasked    float64 // the probability of exploring where a request does not say
	Fallback   float64 // the price while the slot is stopped; 0: none, and it cannot be stopped
	Stopped    bool    // from the beginning
	Change     float64 // by how much of itself a product's price may move within Every; 0: as the bundle says
	Every      time.Duration
}

// Options are what a service is made of.
type Options struct {
	Slots []Slot
	Keys  []string // one of which a request must bring; none: any request is answered
	// Log takes whole lines of a decision log and returns when they are safe; nil: nothing is logged.
	Log func(lines []byte) error
	// Fits says whether the log can take decisions of a policy with this ladder, by action; nil: any.
	Fits func(policy string, ladder []decisionlog.Offer) error
	// Switched is told when a slot was stopped or started, so that it can be so again after a restart; nil for nobody.
	Switched func(name string, stopped bool) error
	// Notice is told what somebody should look at; nil for nobody.
	Notice func(text string)
	// Local refuses requests under a name that is not this machine's own (Loopback). A service that asks for no key needs it: a page of somebody else, whose name its
	// server has pointed here, is to the browser of one origin with the service (DNS rebinding).
	Local bool
	// Salt keys the hashes of customers in the log, the split between champion and challenger, and what is drawn of decisions with an id. Whoever has it can tell who is
	// meant. nil: one drawn at random, so that assignments and draws hold until the service ends.
	Salt       []byte
	Now        func() time.Time
	Body       int64 // most bytes of a request; 0: 1 MiB
	Batch      int   // most observations in one; 0: 1,000
	Remembered int   // answers kept for requests that come again; 0: 65,536
}

// check fills in what was left out.
func (o *Options) check() error {
	if len(o.Slots) == 0 {
		return field.New("bundles", "none", "at least one")
	}
	seen := map[string]bool{}
	for i := range o.Slots {
		s := &o.Slots[i]
		key := "policy " + s.Name
		switch {
		case !plain(s.Name):
			return field.New("policy", fmt.Sprintf("%q", s.Name), "a name of letters, digits, -, _ and ., the first no dot: it stands in paths, files and the log")
		case seen[s.Name]:
			return field.New("policy", fmt.Sprintf("%q twice", s.Name), "a name of its own for each bundle")
		case s.Champion == nil:
			return field.New(key, "no bundle", "one")
		case !(s.Share >= 0 && s.Share <= 1) || s.Share > 0 && s.Challenger == nil:
			return field.New(key+", share", s.Share, "0 to 1, and a challenger")
		case !(s.Explore >= 0 && s.Explore <= 1):
			return field.New(key+", explore", s.Explore, "0 to 1")
		case !(s.Unasked >= 0 && s.Unasked <= s.Explore):
			return field.New(key+", explore where a request does not say", s.Unasked, fmt.Sprintf("0 to %g, the most that a request may ask for", s.Explore))
		case s.Stopped && s.Fallback <= 0:
			return field.New(key+", fallback", "none", "a price, because the policy is stopped")
		case !(s.Fallback >= 0):
			return field.New(key+", fallback", s.Fallback, "a price")
		case !(s.Change >= 0) || s.Change > 0 && s.Every <= 0:
			return field.New(key+", change", s.Change, "a share of the price and the time within which it may move so far")
		}
		seen[s.Name] = true
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Body <= 0 {
		o.Body = 1 << 20
	}
	if o.Batch <= 0 {
		o.Batch = 1000
	}
	if o.Remembered <= 0 {
		o.Remembered = 1 << 16
	}
	if len(o.Salt) == 0 {
		o.Salt = make([]byte, 32)
		if _, err := rand.Read(o.Salt); err != nil {
			return err
		}
	}
	return nil
}

// plain says whether a name is the same wherever it stands: in a path, as a file and beside a slash in the log.
func plain(name string) bool {
	return name != "" && name[0] != '.' && len(name) <= longestName && !strings.ContainsFunc(name, func(c rune) bool {
		return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("-_.", c))
	})
}
