// Package data embeds the data files that bundled scenarios use; README.md says where each comes from and how it may be used.
package data

import (
	"embed"
	"io/fs"
)

//go:embed *.parquet README.md
var files embed.FS

// Files returns the embedded files, at the top of a read-only file system. A scenario's "bundled:tuna.parquet" is
// "tuna.parquet" here.
func Files() fs.FS { return files }
