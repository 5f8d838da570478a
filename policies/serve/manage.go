package serve

import (
	"fmt"
	"net/http"

	"github.com/souk-sim/souk/policies/bundle"
	"github.com/souk-sim/souk/scenarios/field"
)

// info is what /v1/policies tells of a slot.
type info struct {
	Name       string           `json:"name"`
	Stopped    bool             `json:"stopped"`
	Fallback   float64          `json:"fallback_price,omitempty"`
	Explore    float64          `json:"explore_at_most,omitempty"`
	Unasked    float64          `json:"explore,omitempty"`
	Champion   bundle.Manifest  `json:"champion"`
	Challenger *bundle.Manifest `json:"challenger,omitempty"`
	Share      float64          `json:"challenger_share,omitempty"`
	Shadow     bool             `json:"shadow,omitempty"`
	Features   []string         `json:"features"` // of the observation that the champion looks at
}

func (s *Server) getPolicies(w http.ResponseWriter, _ *http.Request) int {
	all := make([]info, len(s.names))
	for k, name := range s.names {
		slot := s.slots[name]
		d := slot.deployed.Load()
		all[k] = info{Name: name, Stopped: slot.stopped.Load(), Fallback: slot.Fallback, Explore: slot.Explore, Unasked: slot.Unasked,
			Champion: d.champion.Manifest, Share: slot.Share, Shadow: slot.Shadow, Features: append([]string{}, d.champion.looked...)}
		if d.challenger != nil {
			all[k].Challenger = &d.challenger.Manifest
		}
	}
	return answer(w, http.StatusOK, map[string]any{"policies": all})
}

// stopping is the kill switch: a stopped slot answers with its fallback price, from now on and whatever else is configured.
func (s *Server) stopping(stop bool) handler {
	return func(w http.ResponseWriter, r *http.Request) int {
		slot, err := s.slot(r.PathValue("name"))
		if err != nil {
			return refuse(w, http.StatusNotFound, err)
		}
		if stop && slot.Fallback <= 0 {
			return refuse(w, http.StatusConflict, field.New("fallback", "none", "a price to fall back to, given when the service was started"))
		}
		slot.switching.Lock()
		defer slot.switching.Unlock()
		slot.stopped.Store(stop)
		if s.options.Switched != nil {
			if err := s.options.Switched(slot.Name, stop); err != nil {
				return refuse(w, http.StatusServiceUnavailable, fmt.Errorf("it is as you say, but will not be after a restart: %w", err))
			}
		}
		return answer(w, http.StatusOK, map[string]any{"name": slot.Name, "stopped": stop})
	}
}

func (s *Server) postReload(w http.ResponseWriter, r *http.Request) int {
	slot, err := s.slot(r.PathValue("name"))
	if err != nil {
		return refuse(w, http.StatusNotFound, err)
	}
	if err := s.Reload(slot.Name); err != nil {
		if s.options.Notice != nil { // who asked is told, and who watches the service, who may be another
			s.options.Notice(err.Error())
		}
		return refuse(w, http.StatusUnprocessableEntity, err)
	}
	return answer(w, http.StatusOK, map[string]any{"name": slot.Name, "revision": slot.deployed.Load().champion.Manifest.Revision})
}

// Reload loads and proves a slot's bundles anew and then puts them in place of the old ones, which stay where that fails. Requests under way
// are answered by what they began with. While there is a log the ladder must stay what it is, because an action means the same offer in all of a log.
func (s *Server) Reload(name string) error {
	slot, err := s.slot(name)
	if err != nil {
		return err
	}
	slot.switching.Lock()
	defer slot.switching.Unlock()
	d, err := s.load(&slot.Slot)
	if err == nil && s.options.Log != nil {
		err = sameLadder(slot.deployed.Load().champion, d.champion)
	}
	if err == nil {
		err = sameLimits(slot.deployed.Load().champion, d.champion)
	}
	if err != nil {
		s.metrics.reloads.WithLabelValues(name, "refused").Inc()
		return fmt.Errorf("policy %s stays as it was: %w", name, err)
	}
	s.metrics.reloads.WithLabelValues(name, "done").Inc()
	slot.deployed.Store(d)
	s.notice(slot, d)
	return nil
}
