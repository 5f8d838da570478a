package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/bundle"
	"github.com/souk-sim/souk/scenarios/field"
)

func (a *app) policyVerify() *cobra.Command {
	var trusted string
	cmd := &cobra.Command{
		Use: "verify BUNDLE", Short: "Whether a bundle is whole, decides as when it was written, and keeps its limits", Args: takes("BUNDLE"),
		Long: "Checks sizes and hashes, the revision, every golden decision, the signature, and that no observation makes the policy offer what its limits\n" +
			"forbid. BUNDLE is a folder or a packed .tar.gz. With --key the bundle must be signed by that key; exit 4 where it is not.",
		Example: "  souk policy verify results/runs/canned-tuna/RUN/policy\n  souk policy verify tuna.tar.gz --key shop.pub",
		RunE: func(_ *cobra.Command, args []string) error {
			b, err := load(args[0])
			if err != nil {
				return err
			}
			proof, err := bundle.Prove(b.Policy)
			if err != nil {
				return unmet{err}
			}
			if trusted != "" {
				key, err := publicKey(trusted, "--key")
				if err != nil {
					return err
				}
				if !key.Equal(b.Signer) {
					return unmet{&field.Error{File: args[0], Key: "signature", Found: "that of " + signedBy(b.Signer), Expected: "one of the key in " + trusted}}
				}
			}
			if a.json {
				return a.document("verified", map[string]any{"revision": b.Manifest.Revision, "files": len(b.Manifest.Files), "signed_by": base64.StdEncoding.EncodeToString(b.Signer), "proof": proof})
			}
			how := "drawn"
			if proof.Exhaustive {
				how = "one for each way in which state and limits can fall together, so that there is no other case"
			}
			return a.table(func(t *tabwriter.Writer) {
				fmt.Fprintf(t, "revision\t%s\nfiles\t%d, sizes and SHA-256 as in the manifest\ndecisions\tall golden ones come out as written\n", b.Manifest.Revision, len(b.Manifest.Files))
				fmt.Fprintf(t, "limits\t%s; kept at %d observations, %s\nsigned by\t%s\n", limitsText(b.Policy.About()), proof.Observations, how, signedBy(b.Signer))
			})
		},
	}
	cmd.Flags().StringVar(&trusted, "key", "", "public key, PEM (openssl pkey -in shop.key -pubout), by which the bundle must be signed")
	return cmd
}

// limitsText says in a few words what limits there are.
func limitsText(frame *policies.Frame) string {
	var all []string
	for _, l := range frame.Spec.Limits {
		all = append(all, l.Words()...)
	}
	low, high := policies.Ladder(&frame.Spec)
	return strings.Join(append(all, fmt.Sprintf("prices from %g to %g", low, high)), ", ")
}

func signedBy(key ed25519.PublicKey) string {
	if key == nil {
		return "nobody"
	}
	return base64.StdEncoding.EncodeToString(key)
}

func (a *app) policySign() *cobra.Command {
	var key string
	cmd := &cobra.Command{
		Use: "sign BUNDLE --key FILE", Short: "Sign a bundle's manifest with an ed25519 key", Args: takes("BUNDLE"),
		Long: "Writes manifest.sig into the bundle's folder. The key is a PKCS #8 PEM file, as openssl makes it:\n\n" +
			"  openssl genpkey -algorithm ed25519 -out shop.key\n  openssl pkey -in shop.key -pubout -out shop.pub",
		Example: "  souk policy sign results/runs/canned-tuna/RUN/policy --key shop.key",
		RunE: func(_ *cobra.Command, args []string) error {
			if key == "" {
				return badUsage("--key", "nothing", "a private ed25519 key: openssl genpkey -algorithm ed25519 -out shop.key")
			}
			private, err := privateKey(key)
			if err != nil {
				return err
			}
			if info, err := os.Stat(args[0]); err != nil || !info.IsDir() {
				return &field.Error{File: args[0], Found: "no folder", Expected: "the folder of a bundle: sign it first and pack it then"}
			}
			line, err := bundle.Sign(os.DirFS(args[0]), private)
			if err != nil {
				return err
			}
			if err := a.write(filepath.Join(args[0], "manifest.sig"), "BUNDLE", 0o644, bytesTo(line)); err != nil {
				return err
			}
			public := signedBy(private.Public().(ed25519.PublicKey))
			if a.json {
				return a.document("signed", map[string]string{"signed_by": public})
			}
			_, err = fmt.Fprintf(a.stdout, "signed by %s\n", public)
			return err
		},
	}
	cmd.Flags().StringVar(&key, "key", "", "private key, PEM")
	return cmd
}

func (a *app) policyPack() *cobra.Command {
	return &cobra.Command{
		Use: "pack BUNDLE FILE.tar.gz", Short: "Pack a bundle into one file, its signature included", Args: takes("BUNDLE", "FILE.tar.gz"),
		Long:    "The packed file is taken by every command that takes a BUNDLE, and tar xzf makes the folder of it again.",
		Example: "  souk policy pack results/runs/canned-tuna/RUN/policy tuna.tar.gz",
		RunE: func(_ *cobra.Command, args []string) error {
			if !isPacked(args[1]) {
				return badUsage("FILE.tar.gz", strconv.Quote(args[1]), "a name that ends in .tar.gz or .tgz, by which commands know a packed bundle")
			}
			b, err := load(args[0])
			if err != nil {
				return err
			}
			folder, err := opened(args[0])
			if err != nil {
				return err
			}
			var packed bytes.Buffer
			if err := bundle.Pack(folder, &packed); err != nil {
				return err
			}
			if err := a.write(args[1], "FILE.tar.gz", 0o644, bytesTo(packed.Bytes())); err != nil {
				return err
			}
			if a.json {
				return a.document("packed", map[string]any{"file": args[1], "bytes": packed.Len(), "revision": b.Manifest.Revision})
			}
			_, err = fmt.Fprintf(a.stdout, "%s: %d bytes, revision %s\n", args[1], packed.Len(), b.Manifest.Revision)
			return err
		},
	}
}

// The types of PEM blocks that openssl writes keys as.
const (
	publicPEM  = "PUBLIC KEY"
	privatePEM = "PRIVATE KEY"
)

// publicKey and privateKey read keys as openssl writes them.
func publicKey(path, flag string) (ed25519.PublicKey, error) {
	parsed, err := pemFile(path, flag, publicPEM, "the public key: openssl pkey -in shop.key -pubout -out shop.pub", x509.ParsePKIXPublicKey)
	if key, ok := parsed.(ed25519.PublicKey); ok {
		return key, nil
	} else if err == nil {
		err = badUsage(flag, path, "an ed25519 public key")
	}
	return nil, err
}

func privateKey(path string) (ed25519.PrivateKey, error) {
	parsed, err := pemFile(path, "--key", privatePEM, "the private key: openssl genpkey -algorithm ed25519 -out shop.key", x509.ParsePKCS8PrivateKey)
	if key, ok := parsed.(ed25519.PrivateKey); ok {
		return key, nil
	} else if err == nil {
		err = badUsage("--key", path, "an ed25519 private key")
	}
	return nil, err
}

// pemFile reads the key in a file that begins with a block of the kind wanted.
func pemFile(path, flag, kind, expected string, parse func([]byte) (any, error)) (any, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, badUsage(flag, reason(err), "a PEM file: openssl genpkey -algorithm ed25519 -out shop.key; openssl pkey -in shop.key -pubout -out shop.pub")
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, badUsage(flag, path+", which is no PEM", "a PEM file as openssl writes it")
	}
	if block.Type != kind {
		return nil, badUsage(flag, fmt.Sprintf("%s, a %s", path, strings.ToLower(block.Type)), expected)
	}
	parsed, err := parse(block.Bytes)
	if err != nil {
		return nil, badUsage(flag, path+": "+err.Error(), "an ed25519 key")
	}
	return parsed, nil
}
