package probe

import (
	"container/heap"
	"net"
	"strings"
	"time"
)

const (
	// maxHeld is how many questions wait for their host's turn at most.
	maxHeld = 1024
	// manyHosts is when those whose turn is over are forgotten.
	manyHosts = 4096
)

// pacer says when it is a question's turn: those of one host come no faster
// than the interval, in their order. It is no goroutine's but the feeder's.
type pacer struct {
	interval time.Duration
	free     map[string]time.Time // by host, when it may be asked again
	waiting  waiting
	count    int
}

func newPacer(perSecond float64) *pacer {
	p := &pacer{free: map[string]time.Time{}}
	if perSecond > 0 {
		p.interval = time.Duration(float64(time.Second) / perSecond)
	}
	return p
}

func (p *pacer) held() int { return len(p.waiting) }

// next is when the first of those held is due; there must be one.
func (p *pacer) next() time.Time { return p.waiting[0].at }

// hold gives q its turn.
func (p *pacer) hold(q Question, now time.Time) {
	at := now
	if p.interval > 0 {
		host := hostOf(q.Target.Address)
		if t := p.free[host]; t.After(now) {
			at = t
		}
		p.forget(now)
		p.free[host] = at.Add(p.interval)
	}
	p.count++
	heap.Push(&p.waiting, turn{at: at, order: p.count, question: q})
}

// first is the question whose turn it is, if it is somebody's.
func (p *pacer) first(now time.Time) (Question, bool) {
	if p.held() == 0 || p.next().After(now) {
		return Question{}, false
	}
	return p.waiting[0].question, true
}

// drop ends the wait of the first.
func (p *pacer) drop() { heap.Pop(&p.waiting) }

// forget drops the hosts that may be asked by now, once there are many: the
// list of hosts is as long as the list of targets otherwise.
func (p *pacer) forget(now time.Time) {
	if len(p.free) < manyHosts {
		return
	}
	for host, at := range p.free {
		if !at.After(now) {
			delete(p.free, host)
		}
	}
}

func hostOf(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

type turn struct {
	at       time.Time
	order    int // those due together keep the order of the list
	question Question
}

// waiting is a heap, the first turn on top.
type waiting []turn

func (w waiting) Len() int      { return len(w) }
func (w waiting) Swap(i, j int) { w[i], w[j] = w[j], w[i] }
func (w waiting) Less(i, j int) bool {
	if !w[i].at.Equal(w[j].at) {
		return w[i].at.Before(w[j].at)
	}
	return w[i].order < w[j].order
}
func (w *waiting) Push(v any) { *w = append(*w, v.(turn)) }
func (w *waiting) Pop() any {
	all := *w
	last := all[len(all)-1]
	all[len(all)-1] = turn{} // let go of what it refers to
	*w = all[:len(all)-1]
	return last
}
