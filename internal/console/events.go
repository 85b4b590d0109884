package console

import (
	"io"
	"net/http"
	"time"
)

const (
	eventPause = time.Second      // between two words of change
	heartbeat  = 15 * time.Second // so that what is between notices neither
)

// events tells a page that the state has changed, as server-sent events (HTML
// standard, 9.2), until its session ends. What changed it asks for itself.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	if err := SameSite(r, s.Hosts()); err != nil {
		refuse(w, http.StatusForbidden, err)
		return
	}
	if _, _, err := s.session(r, false); err != nil {
		refuse(w, http.StatusUnauthorized, err)
		return
	}
	guarded(w)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	out := http.NewResponseController(w)
	say := func(text string) bool {
		// The server's own deadlines are for answers that end.
		_ = out.SetWriteDeadline(time.Now().Add(heartbeat))
		if _, err := io.WriteString(w, text); err != nil {
			return false
		}
		return out.Flush() == nil
	}
	_ = out.SetReadDeadline(time.Time{})
	changed := s.Changed()
	for say(": here\n\n") {
		if !s.wait(r, changed) {
			continue
		}
		if _, _, err := s.session(r, false); err != nil || r.Context().Err() != nil || s.over() {
			return
		}
		changed = s.Changed() // before the page asks, so that nothing is missed
		if !say("event: change\ndata: {}\n\n") {
			return
		}
		if !pause(r, eventPause) {
			return
		}
	}
}

// wait reports whether something changed before the next heartbeat.
func (s *Server) wait(r *http.Request, changed <-chan struct{}) bool {
	timer := time.NewTimer(heartbeat / 2)
	defer timer.Stop()
	select {
	case <-changed:
		return true
	case <-timer.C:
		if _, _, err := s.session(r, false); err != nil {
			return true // which ends it
		}
		return false
	case <-s.closed:
		return true
	case <-r.Context().Done():
		return true
	}
}

func pause(r *http.Request, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// over reports whether the server is shutting down.
func (s *Server) over() bool {
	select {
	case <-s.closed:
		return true
	default:
		return false
	}
}
