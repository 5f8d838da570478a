package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/souk-sim/souk/policies/bundle"
	"github.com/souk-sim/souk/policies/serve"
	"github.com/souk-sim/souk/results/decisionlog"
	"github.com/souk-sim/souk/scenarios/field"
)

// serving are the flags of souk serve.
type serving struct {
	listen, keys, log, sync, certificate, key, trust, salt, state string
	challengers, fallbacks                                        []string
	share, explore, unasked, change                               float64
	shadow                                                        bool
	synced                                                        bool // --sync was given
	every, grace, watch                                           time.Duration
}

func (a *app) serve() *cobra.Command {
	var f serving
	cmd := &cobra.Command{
		Use: "serve BUNDLE…", Short: "Answer what to charge, over HTTP, from policy bundles", Args: takes("BUNDLE…"),
		Long: "BUNDLE is a bundle's folder or packed file, or NAME=BUNDLE; without a name it is called after its scenario. POST /v1/decide answers one\n" +
			"observation or many; /openapi.json tells all. SIGHUP loads the bundles anew, verified first. docs/production.md is the manual.",
		Example: "  souk serve results/runs/canned-tuna/RUN/policy --log decisions\n" +
			"  souk serve tuna=tuna.tar.gz --challenger tuna=new.tar.gz --share 0.1 --explore 0.05 --log decisions\n" +
			"  souk serve tuna.tar.gz --listen :8443 --keys keys.txt --tls-cert cert.pem --tls-key key.pem",
		RunE: func(cmd *cobra.Command, args []string) error {
			f.synced = cmd.Flags().Changed("sync")
			return a.service(cmd.Context(), args, &f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.listen, "listen", "127.0.0.1:8080", "address; one that others can reach needs --keys")
	flags.StringVar(&f.keys, "keys", "", "file of API keys, one a line, of which a request must bring one")
	flags.StringVar(&f.log, "log", "", "folder for the decision log; it must exist")
	flags.StringVar(&f.sync, "sync", "interval", "the disk has the log: always (before an answer), interval (each second), never (as it likes)")
	flags.StringVar(&f.certificate, "tls-cert", "", "certificate, PEM")
	flags.StringVar(&f.key, "tls-key", "", "its private key, PEM")
	flags.StringArrayVar(&f.challengers, "challenger", nil, "NAME=BUNDLE, tried beside the bundle of that name")
	flags.Float64Var(&f.share, "share", 0, "share of the customers whom challengers answer, 0 to 1: 0.1 is one customer in ten")
	flags.BoolVar(&f.shadow, "shadow", false, "challengers are asked and logged, and answer nobody")
	flags.Float64Var(&f.explore, "explore", 0, "highest probability, 0 to 1, of any allowed offer in place of the policy's that a request may ask for")
	flags.Float64Var(&f.unasked, "explore-unasked", 0, "that probability where a request does not say; at most --explore")
	flags.StringArrayVar(&f.fallbacks, "fallback", nil, "PRICE, or NAME=PRICE, while a policy is stopped; without one it cannot be")
	flags.StringVar(&f.state, "state", "", "folder that exists, in which is kept what is stopped: it is so after a restart, too")
	flags.StringVar(&f.trust, "trust", "", "public key, PEM, by which every bundle must be signed, at each reload again")
	flags.StringVar(&f.salt, "salt", "", "file with the secret that hashes customers and ids; without it a restart splits and draws anew")
	flags.DurationVar(&f.watch, "watch", 0, "look so often whether a bundle's file is another, and load it; 0: at SIGHUP and on request")
	flags.Float64Var(&f.change, "change", 0, "most that a product's price may rise or fall within --every, as a share of it: 0.1 is ten percent; 0: no such limit")
	flags.DurationVar(&f.every, "every", 24*time.Hour, "time within which a price may move by --change, such as 24h or 30m")
	flags.DurationVar(&f.grace, "grace", 10*time.Second, "time that requests under way have at the end, such as 10s")
	return cmd
}

func (a *app) service(ctx context.Context, args []string, f *serving) error {
	if err := f.check(); err != nil {
		return err
	}
	o := serve.Options{Local: f.keys == "", Notice: a.notice}
	trusted, err := f.secrets(&o)
	if err != nil {
		return err
	}
	watched, err := f.slots(args, trusted, &o)
	if err != nil {
		return err
	}
	if f.state != "" {
		if o.Switched, err = f.stops(o.Slots); err != nil {
			return err
		}
	}
	var journal *decisionlog.Journal
	if f.log != "" {
		o.Log = a.telling(func(lines []byte) error { return journal.Append(lines) })
		o.Fits = func(policy string, ladder []decisionlog.Offer) error { return decisionlog.Fits(f.log, policy, ladder) }
	}
	s, err := serve.New(o)
	if err != nil {
		return err
	}
	for _, slot := range o.Slots {
		if slot.Stopped {
			a.notice(fmt.Sprintf("%s is stopped (%s): its fallback price %g answers", slot.Name, f.stoppedFile(slot.Name), slot.Fallback))
		}
	}
	if f.log != "" {
		if journal, err = a.journal(s, f); err != nil {
			return err
		}
		defer func() {
			if err := journal.Close(); err != nil {
				a.notice(err.Error())
			}
		}()
	}
	if !serve.Loopback(f.listen) && f.certificate == "" {
		a.notice("without --tls-cert keys and prices can be read on the way, unless something in front of the service encrypts them")
	}
	return a.listen(ctx, s, f, watched)
}

// diskLimit is how long a request waits for the disk, within the time in which it must be answered.
const diskLimit = 5 * time.Second

// journal opens the log of a service.
func (a *app) journal(s *serve.Server, f *serving) (*decisionlog.Journal, error) {
	journal, err := decisionlog.OpenJournal(f.log, decisionlog.JournalOptions{Sync: decisionlog.Sync(f.sync), Limit: diskLimit, Pack: true, Failed: func(err error) {
		a.notice(err.Error())
		if errors.Is(err, decisionlog.ErrDoubt) {
			s.Doubt()
		}
	}})
	if bad, ok := errors.AsType[*field.Error](err); ok {
		return nil, usage{bad}
	} else if err != nil {
		return nil, badUsage("--log", f.log+": "+reason(err), "a folder that exists and can be written to")
	}
	return journal, nil
}

// check holds flags against each other.
func (f *serving) check() error {
	switch {
	case !serve.Loopback(f.listen) && f.keys == "":
		return badUsage("--listen", f.listen+" without --keys", "a loopback address such as 127.0.0.1:8080, or --keys FILE: whoever reaches it could ask for prices and stop policies")
	case (f.certificate == "") != (f.key == ""):
		return badUsage("--tls-cert", "one of --tls-cert and --tls-key", "both, or none")
	case f.unasked > f.explore:
		return badUsage("--explore-unasked", fmt.Sprint(f.unasked), fmt.Sprintf("at most %g, which --explore says", f.explore))
	case f.watch < 0:
		return badUsage("--watch", f.watch.String(), "a time of at least 0")
	case !slices.Contains([]decisionlog.Sync{decisionlog.SyncAlways, decisionlog.SyncInterval, decisionlog.SyncNever}, decisionlog.Sync(f.sync)):
		return badUsage("--sync", f.sync, "always, interval or never")
	case f.synced && f.log == "":
		return badUsage("--sync", f.sync+" without --log", "--log FOLDER: there is nothing to sync")
	}
	return nil
}

// secrets reads the files of keys.
func (f *serving) secrets(o *serve.Options) (trusted ed25519.PublicKey, err error) {
	if f.keys != "" {
		text, err := secretFile("--keys", f.keys)
		if err != nil {
			return nil, err
		}
		o.Keys = strings.Fields(string(text))
		for _, key := range o.Keys {
			if len(key) < 16 {
				return nil, badUsage("--keys", "a key that could be guessed", "keys of at least 16 characters: openssl rand -hex 24")
			}
		}
	}
	if f.salt != "" {
		if o.Salt, err = secretFile("--salt", f.salt); err != nil {
			return nil, err
		}
	}
	if f.trust != "" {
		return publicKey(f.trust, "--trust")
	}
	return nil, nil
}

// secretFile reads a file of at least 16 bytes.
func secretFile(flag, path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, badUsage(flag, path+": "+reason(err), "a file: openssl rand -hex 24")
	}
	if text = bytes.TrimSpace(text); len(text) < 16 {
		return nil, badUsage(flag, fmt.Sprintf("%d bytes in %s", len(text), path), "at least 16: openssl rand -hex 24")
	}
	return text, nil
}

// slots are what the arguments name, and the paths of their bundles.
func (f *serving) slots(args []string, trusted ed25519.PublicKey, o *serve.Options) (watched map[string][]string, err error) {
	watched = map[string][]string{}
	for _, arg := range args {
		name, path, named := strings.Cut(arg, "=")
		if !named {
			path = arg
			b, err := load(path)
			if err != nil {
				return nil, err
			}
			name = b.Manifest.Scenario
		}
		o.Slots = append(o.Slots, serve.Slot{Name: name, Champion: loader(path, trusted), Explore: f.explore, Unasked: f.unasked, Change: f.change, Every: f.every})
		watched[name] = append(watched[name], path)
	}
	challengers, err := byPolicy("--challenger", "BUNDLE", f.challengers, o.Slots)
	if err != nil {
		return nil, err
	}
	fallbacks, err := byPolicy("--fallback", "PRICE", f.fallbacks, o.Slots)
	if err != nil {
		return nil, err
	}
	for i := range o.Slots {
		slot := &o.Slots[i]
		if path, ok := challengers[slot.Name]; ok {
			slot.Challenger, slot.Share, slot.Shadow = loader(path, trusted), f.share, f.shadow
			watched[slot.Name] = append(watched[slot.Name], path)
		}
		if price, ok := fallbacks[slot.Name]; ok {
			if slot.Fallback, err = strconv.ParseFloat(price, 64); err != nil || !(slot.Fallback > 0) {
				return nil, badUsage("--fallback", price, "a price above 0, or NAME=PRICE")
			}
		}
	}
	switch asked := f.share != 0 || f.shadow; {
	case len(challengers) == 0 && asked:
		return nil, badUsage("--share", "no challenger", "--challenger NAME=BUNDLE")
	case len(challengers) > 0 && !asked:
		return nil, badUsage("--challenger", "neither --share nor --shadow", "--share 0.1 for a tenth of the customers, or --shadow to ask it and answer nobody: it would never be asked")
	}
	return watched, nil
}

// byPolicy reads flags of the form NAME=VALUE; where there is one policy its name may be left out.
func byPolicy(flag, value string, all []string, slots []serve.Slot) (map[string]string, error) {
	by := map[string]string{}
	for _, text := range all {
		name, x, ok := strings.Cut(text, "=")
		if !ok && len(slots) == 1 {
			name, x = slots[0].Name, text
		} else if !ok {
			return nil, badUsage(flag, text, "NAME="+value)
		}
		if _, twice := by[name]; twice || !slices.ContainsFunc(slots, func(s serve.Slot) bool { return s.Name == name }) {
			return nil, badUsage(flag, name, "the name of a bundle that is served, once")
		}
		by[name] = x
	}
	return by, nil
}

// stoppedFile is there while a policy is stopped.
func (f *serving) stoppedFile(name string) string {
	return filepath.Join(f.state, url.PathEscape(name)+".stopped")
}

// stops reads which policies were stopped, and returns what keeps it: for each a file NAME.stopped.
func (f *serving) stops(slots []serve.Slot) (switched func(name string, stopped bool) error, err error) {
	if info, err := os.Stat(f.state); err != nil || !info.IsDir() {
		return nil, badUsage("--state", f.state, "a folder that exists")
	}
	for i := range slots {
		slots[i].Stopped = exists(f.stoppedFile(slots[i].Name))
	}
	return func(name string, stopped bool) error {
		if stopped {
			return os.WriteFile(f.stoppedFile(name), nil, 0o600)
		}
		if err := os.Remove(f.stoppedFile(name)); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}, nil
}

// loader reads a bundle anew; where a key is trusted, one that is signed by another is refused.
func loader(path string, trusted ed25519.PublicKey) serve.Loader {
	return func() (*bundle.Bundle, error) {
		b, err := load(path)
		if err == nil && trusted != nil && !trusted.Equal(b.Signer) {
			return nil, &field.Error{File: path, Key: "signature", Found: "that of " + signedBy(b.Signer), Expected: "one of the key that is trusted"}
		}
		return b, err
	}
}
