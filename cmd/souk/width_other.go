//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd || solaris)

package main

import "os"

// columns is how many a terminal is taken to have.
func columns(*os.File) int { return 80 }
