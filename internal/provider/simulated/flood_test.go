package simulated_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/provider"
	"github.com/dbtls/dbtls/internal/provider/simulated"
)

// openIn names the directory that this test binary opens instead of testing.
const openIn = "SIMULATED_TEST_OPEN"

func TestMain(m *testing.M) {
	if dir := os.Getenv(openIn); dir != "" {
		p, err := simulated.New(simulated.Options{Dir: dir, Engines: []engine.Engine{fakeEngine("fake", true)}})
		if err == nil {
			p.Close()
		}
		fmt.Printf("%s: %v\n", fault.CodeOf(err), err)
		return
	}
	os.Exit(m.Run())
}

func TestALimitOnOpenFilesThatIsTooLowIsNamed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for range 20 {
		r.inst.Also = append(r.inst.Also, loopback())
	}
	r.start()
	r.Close()
	open := func(limit int) string {
		cmd := exec.Command("sh", "-c", "ulimit -n "+strconv.Itoa(limit)+` && exec "$0"`, os.Args[0])
		cmd.Env = append(os.Environ(), openIn+"="+r.dir)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return string(out)
	}
	// Three quarters of the limit are for the instances, which need 21.
	if got := open(29); got != ": <nil>\n" {
		t.Errorf("with 29 files: %s", got)
	}
	want := "Unavailable: the simulated instances need 21 listening sockets and may have 15: this process may have 20 files open (RLIMIT_NOFILE)"
	if got := open(20); len(got) < len(want) || got[:len(want)] != want {
		t.Errorf("with 20 files: %s", got)
	}
}

// TestAFloodedInstanceTurnsClientsAwayAndLetsThemInAgain is also the slow
// client: these connections never send a byte.
func TestAFloodedInstanceTurnsClientsAwayAndLetsThemInAgain(t *testing.T) {
	t.Parallel()
	const most = 64
	r := newRig(t)
	r.start()
	neighbour := r.inst
	r.inst = r.another()
	r.start()
	var idle []net.Conn
	for range most {
		c, err := net.Dial("tcp", net.JoinHostPort(r.inst.Address, strconv.Itoa(r.inst.Port)))
		r.ok(err)
		t.Cleanup(func() { c.Close() })
		idle = append(idle, c)
	}
	if _, err := r.dialAt(r.inst.Address); err == nil {
		t.Errorf("client %d got in", most+1)
	}
	flooded := r.inst
	r.inst = neighbour
	r.wantServed("g1")
	r.inst = flooded
	r.ok(idle[0].Close())
	r.eventually("a client gets in after another left", func() bool {
		_, err := r.dialAt(r.inst.Address)
		return err == nil
	})
}

func TestAFaultInOneConversationEndsThatOne(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.start()
	other := r.dial()
	for line, says := range map[string]string{"panic": "on purpose", "broken": "broken on purpose"} {
		if r.dial().ask(line) != "" {
			t.Errorf("%s was answered", line)
		}
		r.eventually("it is in the log", func() bool { return r.log.has(says) })
	}
	if other.ask("param mood") != "calm" {
		t.Error("another session ended with it")
	}
	r.wantServed("g1")
}

func TestManyCallsAtOnceAboutOneInstance(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.start()
	end := make(chan error)
	const workers = 8
	for n := range workers {
		go func() {
			var err error
			for k := 0; k < 20 && err == nil; k++ {
				switch (n + k) % 5 {
				case 0:
					err = r.Power(r.ctx(), r.inst, k%2 == 0)
				case 1:
					_, err = r.Observe(r.ctx(), r.inst)
				case 2:
					_, err = r.Apply(r.ctx(), r.inst)
				case 3:
					err = r.Delete(r.ctx(), r.inst, "")
				case 4:
					err = r.Create(r.ctx(), r.inst, provider.Source{})
				}
				if code := fault.CodeOf(err); code == fault.InstanceNotFound || code == fault.InvalidInstanceState {
					err = nil // deleted, or created anew and without a certificate
				}
			}
			end <- err
		}()
	}
	for range workers {
		if err := <-end; err != nil {
			t.Error(err)
		}
	}
	r.ok(r.Delete(r.ctx(), r.inst, ""))
	r.wantClosed()
	r.start()
	r.wantServed("g1")
}
