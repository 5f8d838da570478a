// Command souk simulates markets, learns to price in them, and exports what it learned. souk help tells the commands.
//
// Exit codes: 0 done, 1 failed, 2 usage, 3 invalid scenario or data, 4 a gate was not met, 130 interrupted (a run that
// can be resumed is saved).
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
