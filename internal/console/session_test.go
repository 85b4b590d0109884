package console

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestALinkSignsInOnceAndSoon(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := NewSessions()
		token, ends, err := s.Link("ann")
		if err != nil || time.Until(ends) != linkLife || len(token) < 40 {
			t.Fatalf("%q until %s: %v", token, ends, err)
		}
		if user, ok := s.Redeem(token + "x"); ok {
			t.Errorf("another token is %q's", user)
		}
		if user, ok := s.Redeem(token); !ok || user != "ann" {
			t.Errorf("the token is %q's, %t", user, ok)
		}
		if _, ok := s.Redeem(token); ok {
			t.Error("the token is good twice")
		}
		token, _, _ = s.Link("ann")
		time.Sleep(linkLife)
		if _, ok := s.Redeem(token); ok {
			t.Error("the token is good after its end")
		}
	})
}

func TestLinksAndSessionsAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := NewSessions()
		for range mostLinks {
			if _, _, err := s.Link("ann"); err != nil {
				t.Fatal(err)
			}
		}
		if _, _, err := s.Link("ann"); err == nil {
			t.Error("there is no end to links")
		}
		for range mostOpen {
			if _, _, err := s.Begin("ann"); err != nil {
				t.Fatal(err)
			}
		}
		if _, _, err := s.Begin("ann"); err == nil {
			t.Error("there is no end to sessions")
		}
		time.Sleep(linkLife)
		if _, _, err := s.Link("ann"); err != nil {
			t.Errorf("links that are over take up room: %v", err)
		}
		time.Sleep(idleLife)
		if _, _, err := s.Begin("ann"); err != nil {
			t.Errorf("sessions that are over take up room: %v", err)
		}
	})
}

func TestASessionEndsWhenNobodyUsesItAndAtTheLatestAfterTwelveHours(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := NewSessions()
		_, idle, _ := s.Begin("ann")
		_, used, _ := s.Begin("bob")
		for range 13 {
			time.Sleep(idleLife - time.Minute)
			s.Find(used, true)
		}
		if _, ok := s.Find(idle, false); ok {
			t.Error("a session goes on that nobody uses")
		}
		if _, ok := s.Find(used, false); ok {
			t.Error("a session goes on after twelve hours")
		}
		_, looked, _ := s.Begin("cid")
		time.Sleep(idleLife - time.Minute)
		s.Find(looked, false) // a stream that only listens
		time.Sleep(2 * time.Minute)
		if _, ok := s.Find(looked, false); ok {
			t.Error("listening alone keeps a session open")
		}
		_, out, _ := s.Begin("dan")
		s.End(out)
		if _, ok := s.Find(out, false); ok {
			t.Error("a session goes on after the sign-out")
		}
	})
}

func TestASessionsTokenIsItsOwn(t *testing.T) {
	t.Parallel()
	s := NewSessions()
	a, _, _ := s.Begin("ann")
	b, _, _ := s.Begin("ann")
	if !a.Holds(a.Token) || a.Holds(b.Token) || a.Holds("") || (Session{}).Holds("") {
		t.Error("a token is taken that is not the session's")
	}
}
