package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/souk-sim/souk/policies/bundle"
	"github.com/souk-sim/souk/policies/serve"
	"github.com/souk-sim/souk/results/decisionlog"
	"github.com/souk-sim/souk/scenarios/field"
)

// serving are the flags of souk serve.
type serving struct {
	listen, keys, log, sync, certificate, key string
	challengers                               []string
	share, explore, fallback, change          float64
	shadow                                    bool
	every, grace                              time.Duration
}

func (a *app) serve() *cobra.Command {
	var f serving
	cmd := &cobra.Command{
		Use: "serve BUNDLE…", Short: "Answer what to charge, over HTTP, from policy bundles", Args: cobra.MinimumNArgs(1),
		Long: "BUNDLE is a bundle's folder or packed file, or NAME=BUNDLE; without a name it is called after its scenario. POST /v1/decide answers one\n" +
			"observation or many; /openapi.json tells all. SIGHUP loads the bundles anew, verified first. docs/production.md is the manual.",
		Example: "  souk serve results/runs/canned-tuna/RUN/policy --log decisions\n" +
			"  souk serve tuna=tuna.tar.gz --challenger tuna=new.tar.gz --share 0.1 --explore 0.05 --log decisions\n" +
			"  souk serve tuna.tar.gz --listen :8443 --keys keys.txt --tls-cert cert.pem --tls-key key.pem",
		RunE: func(cmd *cobra.Command, args []string) error { return a.service(cmd.Context(), args, &f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.listen, "listen", "127.0.0.1:8080", "address; one that others can reach needs --keys")
	flags.StringVar(&f.keys, "keys", "", "file of API keys, one a line, of which a request must bring one")
	flags.StringVar(&f.log, "log", "", "folder for the decision log; it must exist")
	flags.StringVar(&f.sync, "sync", "interval", "the disk has the log: always (before an answer), interval (each second), never (as it likes)")
	flags.StringVar(&f.certificate, "tls-cert", "", "certificate, PEM")
	flags.StringVar(&f.key, "tls-key", "", "its private key, PEM")
	flags.StringArrayVar(&f.challengers, "challenger", nil, "NAME=BUNDLE, tried beside the bundle of that name")
	flags.Float64Var(&f.share, "share", 0, "of the customers, whom challengers answer")
	flags.BoolVar(&f.shadow, "shadow", false, "challengers are asked and logged, and answer nobody")
	flags.Float64Var(&f.explore, "explore", 0, "the highest probability of exploring that a request may ask for")
	flags.Float64Var(&f.fallback, "fallback", 0, "price while a policy is stopped")
	flags.Float64Var(&f.change, "change", 0, "by how much of itself a product's price may move within --every")
	flags.DurationVar(&f.every, "every", 24*time.Hour, "see --change")
	flags.DurationVar(&f.grace, "grace", 10*time.Second, "for requests under way at the end")
	return cmd
}

// reachable says whether others than this machine can reach an address.
func reachable(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return true
	}
	ip := net.ParseIP(host)
	return host != "localhost" && (ip == nil || !ip.IsLoopback())
}

func (a *app) service(ctx context.Context, args []string, f *serving) error {
	o := serve.Options{}
	if f.keys != "" {
		text, err := os.ReadFile(f.keys)
		if err != nil {
			return badUsage("--keys", reason(err), "a file of keys, one a line")
		}
		o.Keys = strings.Fields(string(text))
	}
	if reachable(f.listen) && len(o.Keys) == 0 {
		return badUsage("--listen", f.listen+" without --keys", "a loopback address such as 127.0.0.1:8080, or --keys FILE: whoever reaches it could ask for prices and stop policies")
	}
	if (f.certificate == "") != (f.key == "") {
		return badUsage("--tls-cert", "one of --tls-cert and --tls-key", "both, or none")
	}
	challengers := map[string]string{}
	for _, c := range f.challengers {
		name, path, ok := strings.Cut(c, "=")
		if !ok {
			return badUsage("--challenger", c, "NAME=BUNDLE")
		}
		challengers[name] = path
	}
	for _, arg := range args {
		name, path, named := strings.Cut(arg, "=")
		if !named {
			path = arg
			b, err := load(path)
			if err != nil {
				return err
			}
			name = b.Manifest.Scenario
		}
		slot := serve.Slot{Name: name, Champion: loader(path), Explore: f.explore, Fallback: f.fallback, Change: f.change, Every: f.every}
		if other, ok := challengers[name]; ok {
			slot.Challenger, slot.Share, slot.Shadow = loader(other), f.share, f.shadow
			delete(challengers, name)
		}
		o.Slots = append(o.Slots, slot)
	}
	for name := range challengers {
		return badUsage("--challenger", name, "the name of a bundle that is served")
	}
	if f.log != "" {
		journal, err := decisionlog.OpenJournal(f.log, decisionlog.JournalOptions{Sync: decisionlog.Sync(f.sync)})
		if bad, ok := errors.AsType[*field.Error](err); ok {
			return usage{bad}
		} else if err != nil {
			return badUsage("--log", f.log+": "+reason(err), "a folder that exists and can be written to")
		}
		defer journal.Close()
		o.Log = journal.Append
	}
	s, err := serve.New(o)
	if err != nil {
		return err
	}
	return a.listen(ctx, s, f)
}

func loader(path string) serve.Loader {
	return func() (*bundle.Bundle, error) { return load(path) }
}

// listen serves until the context ends, and then lets requests under way come to their end.
func (a *app) listen(ctx context.Context, s *serve.Server, f *serving) error {
	listener, err := net.Listen("tcp", f.listen)
	if err != nil {
		return badUsage("--listen", err.Error(), "an address that is free")
	}
	h := &http.Server{Handler: s, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 1 << 14}
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
	for {
		select {
		case <-again:
			for _, name := range s.Names() {
				if err := s.Reload(name); err != nil {
					a.notice(err.Error())
				} else {
					a.notice(name + " loaded anew")
				}
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
