// Command dbtls is the TLS side of a managed database service: certificate
// authorities, server certificates and their rotation for a fleet of
// databases, behind the RDS API. This package only reads command lines and
// prints; the work is in internal/.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/dbtls/dbtls/internal/fault"
)

// version is set by the linker: -X main.version=….
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run executes one command line and returns the exit code: 0 done, 1 failed,
// 2 wrong usage; a plan also has 3, for what is not known.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	fmt.Fprintln(stderr, "dbtls:", message(err))
	if isUsage(err) {
		return 2
	}
	if told, ok := errors.AsType[exitError](err); ok {
		return told.code
	}
	return 1
}

// exitError is an answer that a pipeline tells apart by its exit code; the
// command has printed the answer itself.
type exitError struct {
	code int
	text string
}

func (e exitError) Error() string { return e.text }

// message prefers what was meant for people.
func message(err error) string {
	if fault.CodeOf(err) == fault.Internal {
		return err.Error()
	}
	return fault.Public(err)
}

// usageError is a command line that cannot be understood.
type usageError struct{ error }

func isUsage(err error) bool {
	_, ok := err.(usageError)
	return ok
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "dbtls",
		Short: "The TLS side of a managed database service",
		Long: `dbtls runs certificate authorities, gives every database a server certificate,
and rotates certificates and CAs without dropping a session. The aws CLI and
SDKs drive it: it speaks the RDS API.`,
		Example: `  dbtls serve --data /var/lib/dbtls
  eval "$(dbtls env --data /var/lib/dbtls)"
  aws rds create-db-instance --db-instance-identifier shop --engine postgres \
    --db-instance-class db.local --master-username admin1 --master-user-password "$PW"`,
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w; see: %s --help", err, c.CommandPath())}
	})
	root.AddCommand(serveCommand(), envCommand(), statusCommand(), rotateCommand(), freezeCommand(), unfreezeCommand(),
		clockCommand(), auditCommand(), userCommand(), backupCommand(), restoreCommand(), truststoreCommand(), walletCommand(), guideCommand(), probeCommand(), clientsCommand(), forceTLSCommand(), sessionsCommand(), consoleCommand())
	root.CompletionOptions.HiddenDefaultCmd = true
	return root
}

// noArgs refuses words that a command does not take.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Errorf("unknown command or argument %q; see: %s --help", args[0], c.CommandPath())}
	}
	return nil
}

// oneArg wants exactly one, called what.
func oneArg(what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usageError{fmt.Errorf("give one %s; see: %s --help", what, c.CommandPath())}
		}
		return nil
	}
}
