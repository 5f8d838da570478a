package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/souk-sim/souk"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/export"
)

// formats are what a policy is exported to, by the ending of the file's name.
var formats = []struct {
	name  string
	write func(p policies.Frozen, w io.Writer) error
}{
	{"onnx", func(p policies.Frozen, w io.Writer) error {
		model, err := export.ONNX(p, souk.Version)
		if err == nil {
			_, err = w.Write(model)
		}
		return err
	}},
	{"sql", export.SQL},
	{"csv", export.CSV},
	{"parquet", export.Parquet},
}

func (a *app) policyExport() *cobra.Command {
	var format string
	var names []string
	for _, f := range formats {
		names = append(names, f.name)
	}
	cmd := &cobra.Command{
		Use: "export BUNDLE FILE", Short: "Write a policy as ONNX, SQL, CSV or Parquet", Args: takes("BUNDLE", "FILE"),
		Long: "The ending of FILE says the format: onnx for all kinds of policies; sql, csv and parquet for tables. Each decides as the policy does without\n" +
			"exploration; docs/formats/export.md says what goes in and what comes out.",
		Example: "  souk policy export results/runs/canned-tuna/RUN/policy tuna.onnx\n  souk policy export tuna.tar.gz tuna.sql",
		RunE: func(_ *cobra.Command, args []string) error {
			b, err := load(args[0])
			if err != nil {
				return err
			}
			ending := format
			if ending == "" {
				ending = strings.TrimPrefix(filepath.Ext(args[1]), ".")
			}
			for _, f := range formats {
				if f.name != ending {
					continue
				}
				a.reads(args[0])
				if err := a.write(args[1], "FILE", 0o644, func(w io.Writer) error { return f.write(b.Policy, w) }); err != nil {
					return err
				}
				if a.json {
					return a.document("exported", map[string]string{"file": args[1], "format": f.name, "revision": b.Manifest.Revision})
				}
				_, err := fmt.Fprintf(a.stdout, "%s: %s, revision %.12s…\n", args[1], f.name, b.Manifest.Revision)
				return err
			}
			return badUsage("FILE", args[1], "a name that ends in one of ."+strings.Join(names, ", .")+", or --format")
		},
	}
	cmd.Flags().StringVar(&format, "format", "", strings.Join(names, ", ")+"; left out: the ending of FILE")
	return cmd
}
