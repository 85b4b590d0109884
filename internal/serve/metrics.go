package serve

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/dbtls/dbtls/internal/status"
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
	clockBad   = desc("clock_distrusted", "1 while the clock is not trusted and nothing is issued.")
)

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("dbtls_"+name, help, labels, nil)
}

// collector turns a status report into metrics.
type collector struct {
	report func(context.Context) (status.Report, error)
	log    *slog.Logger
}

func newMetrics(report func(context.Context) (status.Report, error), log *slog.Logger) http.Handler {
	reg := prometheus.NewRegistry()
	reg.MustRegister(collector{report, log}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return promhttp.HandlerFor(reg, promhttp.HandlerOpts{})
}

func (c collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{leafDays, caDays, stuckSince, rotating, instances, frozen, clockBad} {
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
}

func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
