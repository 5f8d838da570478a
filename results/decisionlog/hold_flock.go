//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package decisionlog

import (
	"os"
	"syscall"
)

// hold takes a segment for this process by flock(2), until its file is closed or the process ends; false: another has it.
func hold(f *os.File) bool { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil }
