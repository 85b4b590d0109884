package status

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// Write prints a report for people: the headline first, then a row per
// instance, then what needs attention.
func (r Report) Write(w io.Writer) error {
	var b strings.Builder
	b.WriteString(r.headline() + "\n")
	if len(r.Instances) > 0 {
		b.WriteString("\n")
		t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "INSTANCE\tENGINE\tSTATUS\tENDPOINT\tCA\tDAYS\tROTATION")
		for _, i := range r.Instances {
			fmt.Fprintf(t, "%s\t%s %s\t%s\t%s\t%s\t%s\t%s\n", i.Name, i.Engine, i.Version, i.Status, i.Endpoint, i.ca(), i.days(), i.rotation())
		}
		t.Flush()
	}
	for _, line := range r.attention() {
		b.WriteString("\n" + line + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r Report) headline() string {
	server := "dbtls is not running"
	if r.Serving {
		server = "dbtls is serving"
	}
	if r.WorstDays == nil {
		return server + "; no certificate is in service."
	}
	if *r.WorstDays < 0 {
		return fmt.Sprintf("%s; a certificate EXPIRED %.1f days ago.", server, -*r.WorstDays)
	}
	return fmt.Sprintf("%s; without it every certificate in service stays valid for %.1f days.", server, *r.WorstDays)
}

func (i Instance) ca() string {
	s := i.CA
	if s == "" {
		s = "-"
	}
	if i.Bridge != "" {
		s += " (covers " + i.Bridge + " until " + i.Until.UTC().Format("2006-01-02") + ")"
	}
	return s
}

func (i Instance) days() string {
	if i.Serial == "" {
		return "-"
	}
	return fmt.Sprintf("%.1f", i.Days)
}

func (i Instance) rotation() string {
	switch {
	case i.Rotation == nil && i.Pending != "" && i.Now:
		return "to " + i.Pending + " as soon as it may"
	case i.Rotation == nil && i.Pending != "":
		return "to " + i.Pending + " in its window"
	case i.Rotation == nil:
		return "-"
	case i.Rotation.Stuck != "":
		return "STUCK " + i.Rotation.Stuck
	}
	return i.Rotation.Step + " (" + i.Rotation.Reason + ")"
}

// attention is what somebody should look at, with the way out.
func (r Report) attention() []string {
	var lines []string
	if r.Frozen != "" {
		lines = append(lines, "Rotations are frozen: "+r.Frozen+". Let them go on with: dbtls unfreeze")
	}
	if r.Clock != "" {
		lines = append(lines, "The clock is not trusted: "+r.Clock)
	}
	for _, i := range r.Instances {
		if i.Rotation != nil && i.Rotation.Stuck != "" {
			lines = append(lines, i.stuck())
		}
		for _, d := range i.Drift {
			lines = append(lines, i.Name+": "+d)
		}
		if i.Detail != "" {
			lines = append(lines, i.Name+" is "+i.Status+": "+i.Detail)
		}
	}
	for _, ca := range r.CAs {
		if ca.Days < 90 {
			lines = append(lines, fmt.Sprintf("%s (%s) ends %s, in %.1f days.", ca.ID, ca.Scope, ca.NotAfter.UTC().Format(time.RFC3339), ca.Days))
		}
	}
	return lines
}

func (i Instance) stuck() string {
	rot := i.Rotation
	s := fmt.Sprintf("%s is STUCK since %s (%s, try %d, next %s): %s", i.Name, rot.Since.UTC().Format(time.RFC3339),
		rot.Stuck, rot.Tries, rot.Next.UTC().Format(time.RFC3339), rot.Detail)
	switch {
	case rot.Back != "" && rot.Proven:
		s += ". The last good certificate is served, but its way back is not complete: " + rot.Back
	case rot.Back != "":
		s += ". The last good certificate is not proven to be back: " + rot.Back
	case rot.Proven:
		s += ". The last good certificate is served."
	}
	return s
}
