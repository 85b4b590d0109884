package serve

import (
	"context"
	"log/slog"
	"math"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/dbtls/dbtls/internal/evidence"
	"github.com/dbtls/dbtls/internal/status"
	"github.com/dbtls/dbtls/internal/watch"
)

// What /metrics says, beside the Go runtime's own figures. All of it is read
// from the state when it is asked for.
var (
	leafDays   = desc("certificate_days", "Days until the served server certificate expires.", "instance", "region", "engine", "ca")
	caDays     = desc("ca_days", "Days until a certificate authority ends.", "ca", "scope")
	stuckSince = desc("rotation_stuck_seconds", "For how long a rotation has been STUCK.", "instance", "region", "reason")
	rotating   = desc("rotations", "Rotations under way, by whether they are STUCK.", "stuck")
	instances  = desc("instances", "Instances by status.", "status")
	frozen     = desc("rotations_frozen", "1 while rotations are frozen.")
	logins     = desc("logins_total", "Logins of clients seen since dbtls started, by whether they were encrypted (plain, encrypted, unknown).", "instance", "region", "tls")
	unwatched  = desc("logins_unwatched_seconds", "For how long logins may have been missed: the time since which not every one is known; +Inf when nothing tells of every one.", "instance", "region")
	clockBad   = desc("clock_distrusted", "1 while the clock is not trusted and nothing is issued.")
)

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("dbtls_"+name, help, labels, nil)
}

// collector turns a status report into metrics.
type collector struct {
	report  func(context.Context) (status.Report, error)
	clients func() []watch.Figures
	log     *slog.Logger
}

func newMetrics(report func(context.Context) (status.Report, error), clients func() []watch.Figures, log *slog.Logger) http.Handler {
	reg := prometheus.NewRegistry()
	reg.MustRegister(collector{report, clients, log}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return promhttp.HandlerFor(reg, promhttp.HandlerOpts{})
}

func (c collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{leafDays, caDays, stuckSince, rotating, instances, frozen, clockBad, logins, unwatched} {
		ch <- d
	}
}

func (c collector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	r, err := c.report(ctx)
	if err != nil {
		c.log.Error("collect metrics", "error", err)
		ch <- prometheus.NewInvalidMetric(leafDays, err)
		return
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	byStatus, byStuck := map[string]float64{}, map[bool]float64{false: 0, true: 0}
	for _, i := range r.Instances {
		byStatus[i.Status]++
		if i.Serial != "" {
			gauge(leafDays, i.Days, i.Name, i.Region, i.Engine, i.CA)
		}
		if i.Rotation != nil {
			byStuck[i.Rotation.Stuck != ""]++
			if i.Rotation.Stuck != "" {
				gauge(stuckSince, r.At.Sub(i.Rotation.Since).Seconds(), i.Name, i.Region, i.Rotation.Stuck)
			}
		}
	}
	for s, n := range byStatus {
		gauge(instances, n, s)
	}
	gauge(rotating, byStuck[false], "no")
	gauge(rotating, byStuck[true], "yes")
	for _, ca := range r.CAs {
		gauge(caDays, ca.Days, ca.ID, ca.Scope)
	}
	gauge(frozen, oneIf(r.Frozen != ""))
	gauge(clockBad, oneIf(r.Clock != ""))
	c.collectClients(ch, r.At)
}

// collectClients says how many clients were seen, and since when not all are.
func (c collector) collectClients(ch chan<- prometheus.Metric, now time.Time) {
	for _, f := range c.clients() {
		for state, n := range map[evidence.TLS]int64{evidence.Plain: f.Plain, evidence.Encrypted: f.Encrypted, evidence.Unknown: f.Unknown} {
			ch <- prometheus.MustNewConstMetric(logins, prometheus.CounterValue, float64(n), f.Instance, f.Region, string(state))
		}
		since := math.Inf(1)
		if !f.Upto.IsZero() {
			since = max(now.Sub(f.Upto).Seconds(), 0)
		}
		ch <- prometheus.MustNewConstMetric(unwatched, prometheus.GaugeValue, since, f.Instance, f.Region)
	}
}

func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
