package simulated_test

import (
	"crypto/tls"
	"net"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/provider"
)

// BenchmarkRotate is a whole rotation of one running instance, from the
// request to the handshake that proves it.
func BenchmarkRotate(b *testing.B) {
	for _, spec := range []pki.KeySpec{pki.RSA2048, pki.ECC384} {
		b.Run(string(spec), func(b *testing.B) {
			r := newRig(b)
			r.start()
			r.rotate(r.inst, "warm", spec) // the pool has its keys
			n := 0
			for b.Loop() {
				n++
				g := "g" + strconv.Itoa(n)
				r.rotate(r.inst, g, spec)
				r.ok(r.dial().Close())
				r.ok(r.Collect(r.ctx(), r.inst, []string{g}))
			}
		})
	}
}

// BenchmarkFleet is what an idle instance costs in memory, before and after
// its first client, and how long a restart of dbtls takes to open all.
func BenchmarkFleet(b *testing.B) {
	const size = 2000
	r := newRig(b)
	fleet := make([]provider.Instance, size)
	began := time.Now()
	for n := range fleet {
		r.inst = r.another()
		fleet[n] = r.inst
		r.ok(r.Create(r.ctx(), r.inst, provider.Source{}))
		r.rotate(r.inst, "g1", pki.RSA2048)
		r.ok(r.Power(r.ctx(), r.inst, true))
	}
	created := time.Since(began)
	r.Close()
	for b.Loop() {
		empty := inUse()
		began = time.Now()
		r.restart()
		b.ReportMetric(time.Since(began).Seconds()*1000/size, "ms/reopen")
		b.ReportMetric((inUse()-empty)/size, "B/instance")
		for _, i := range fleet {
			r.meet(i)
		}
		b.ReportMetric((inUse()-empty)/size, "B/instance-met")
		r.Close()
	}
	b.ReportMetric(created.Seconds()*1000/size, "ms/create")
}

// meet makes a handshake of which nothing is left, unlike dial.
func (r *rig) meet(i provider.Instance) {
	r.Helper()
	c, err := tls.Dial("tcp", net.JoinHostPort(i.Address, strconv.Itoa(i.Port)), &tls.Config{RootCAs: r.pool(), ServerName: i.Address})
	r.ok(err)
	r.ok(c.Close())
}

// inUse is the memory that the garbage collector cannot free.
func inUse() float64 {
	var m runtime.MemStats
	for range 3 { // finalizers run between two collections
		runtime.GC()
		time.Sleep(50 * time.Millisecond)
	}
	runtime.ReadMemStats(&m)
	return float64(m.HeapInuse + m.StackInuse)
}
