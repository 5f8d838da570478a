package main

import (
	"context"
	"fmt"
	"log"
	"maps"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/souk-sim/souk/policies/serve"
)

// listen serves until the context ends, and then lets requests under way come to their end. The limits of time let go of clients that send or read too
// slowly, so that they hold no connection for long.
func (a *app) listen(ctx context.Context, s *serve.Server, f *serving, watched map[string][]string) error {
	listener, err := net.Listen("tcp", f.listen)
	if err != nil {
		return badUsage("--listen", err.Error(), "an address that is free")
	}
	h := &http.Server{Handler: s, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 1 << 14, ErrorLog: log.New(a.stderr, "", 0)}
	again := make(chan os.Signal, 1)
	signal.Notify(again, syscall.SIGHUP)
	defer signal.Stop(again)
	ended := make(chan error, 1)
	go func() {
		if f.certificate != "" {
			ended <- h.ServeTLS(listener, f.certificate, f.key)
		} else {
			ended <- h.Serve(listener)
		}
	}()
	fmt.Fprintf(a.stderr, "serving %s on %s\n", strings.Join(s.Names(), ", "), listener.Addr())
	if a.json { // once, when it is open: whoever started it reads where
		if err := a.document("serve", map[string]any{"address": listener.Addr().String(), "policies": s.Names()}); err != nil {
			return err
		}
		if err := a.stdout.Flush(); err != nil {
			return err
		}
	}
	look, stop := ticks(f.watch)
	defer stop()
	stood := stamps(watched)
	for {
		select {
		case <-look:
			now := stamps(watched)
			for _, name := range s.Names() {
				if now[name] != stood[name] {
					a.reload(s, name)
				}
			}
			stood = now
		case <-again:
			for _, name := range s.Names() {
				a.reload(s, name)
			}
		case err := <-ended:
			return err
		case <-ctx.Done():
			rest, cancel := context.WithTimeout(context.WithoutCancel(ctx), f.grace)
			defer cancel()
			if err := h.Shutdown(rest); err != nil {
				return fmt.Errorf("requests were still under way after %v: %w", f.grace, err)
			}
			return nil
		}
	}
}

func (a *app) reload(s *serve.Server, name string) {
	if err := s.Reload(name); err != nil {
		a.notice(err.Error())
		return
	}
	a.notice(name + " loaded anew")
}

// telling says when a log can no longer be written, and when it can again.
func (a *app) telling(write func(lines []byte) error) func(lines []byte) error {
	var failing atomic.Bool
	return func(lines []byte) error {
		err := write(lines)
		if now := err != nil; failing.Load() != now && failing.CompareAndSwap(!now, now) {
			if now {
				a.notice("no decision is made, because the log cannot be written: " + err.Error())
			} else {
				a.notice("the log can be written again")
			}
		}
		return err
	}
}

// ticks comes every so often, and never for 0.
func ticks(every time.Duration) (<-chan time.Time, func()) {
	if every <= 0 {
		return nil, func() {}
	}
	t := time.NewTicker(every)
	return t.C, t.Stop
}

// stamps tell by size and time whether the bundles of a policy are others than before: of a folder its manifest, which is written last.
func stamps(watched map[string][]string) map[string]string {
	all := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(watched)) {
		for _, path := range watched[name] {
			info, err := os.Stat(path)
			if err == nil && info.IsDir() {
				info, err = os.Stat(filepath.Join(path, "manifest.json"))
			}
			if err != nil {
				all[name] += "none "
			} else {
				all[name] += fmt.Sprintf("%d %d ", info.Size(), info.ModTime().UnixNano())
			}
		}
	}
	return all
}
