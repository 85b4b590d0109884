// Command bench measures what one dbtls process reaches on this machine and
// prints it beside its goals and beside what the machine itself allows, both
// taken in the same run. It is a program, not a test: figures depend on the
// machine, and only the ratios travel.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"text/tabwriter"
	"time"
)

const (
	rounds  = 3 // of everything, interleaved; the median counts
	clients = 8
	slice   = 2 * time.Second // of one load in one round
	listed  = 100
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// row is one line of the table.
type row struct {
	what   string
	figure string
	goal   string // "" when none was set
	beside string // the same work without dbtls, or nothing
	met    bool
}

func run(ctx context.Context) error {
	w, err := newSite(ctx)
	if err != nil {
		return err
	}
	defer w.remove()
	fmt.Printf("%d CPUs, %s; %d rounds, medians; client and server share the CPUs\n", runtime.NumCPU(), runtime.Version(), rounds)
	var table []row
	for _, part := range []func(context.Context, *site) ([]row, error){starts, requests, leaves} {
		rows, err := part(ctx, w)
		if err != nil {
			return err
		}
		table = append(table, rows...)
	}
	show(table)
	return nil
}

func show(table []row) {
	t := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "\nWHAT\tFIGURE\tGOAL\t\tBESIDE IT")
	for _, r := range table {
		met := ""
		if r.goal != "" {
			if met = "MISSED"; r.met {
				met = "met"
			}
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", r.what, r.figure, r.goal, met, r.beside)
	}
	t.Flush()
	fmt.Println("\nA peer with the same API is not measured here: moto, the usual one, comes from a package index that this\n" +
		"program does not use. Beside the figures stand what the machine does without dbtls: plain parse-check-sign\n" +
		"loops, openssl's bare signatures, and synchronous appends to a file.")
}

func median[T int | float64 | time.Duration](all []T) T {
	s := slices.Sorted(slices.Values(all))
	return s[len(s)/2]
}

// perSecond prints a rate.
func perSecond(v float64) string {
	if v < 100 {
		return fmt.Sprintf("%.1f/s", v)
	}
	return fmt.Sprintf("%.0f/s", v)
}
