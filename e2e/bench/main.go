// Command bench measures what one dbtls process reaches on this machine and
// prints it beside its goals and beside what the machine itself allows, both
// taken in the same run. It is a program, not a test: figures depend on the
// machine, and only the ratios travel.
package main

import (
	"context"
	"flag"
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

// parts are what is measured, in order.
var parts = []struct {
	name    string
	measure func(context.Context, *site) ([]row, error)
}{{"starts", starts}, {"requests", requests}, {"leaves", leaves}, {"fleet", fleet}}

func main() {
	only := flag.String("only", "", "measure this part alone: starts, requests, leaves or fleet")
	instances := flag.Int("instances", 10_000, "size of the simulated fleet")
	moved := flag.Int("moved", 1_000, "how many of them move to another CA")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *only, *instances, *moved); err != nil {
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

func run(ctx context.Context, only string, instances, moved int) error {
	w, err := newSite(ctx)
	if err != nil {
		return err
	}
	defer w.remove()
	w.instances, w.moved = instances, moved
	fmt.Printf("%d CPUs, %s; %d rounds, medians; client and server share the CPUs\n", runtime.NumCPU(), runtime.Version(), rounds)
	var table []row
	for _, part := range parts {
		if only != "" && only != part.name {
			continue
		}
		rows, err := part.measure(ctx, w)
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
