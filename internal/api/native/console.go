package native

import "time"

// ConsoleLink is a link that signs its user in at the console, once.
type ConsoleLink struct {
	URL  string    `json:"url"`
	Ends time.Time `json:"ends"`
}

// postConsoleLink makes a link for whoever asks. Its token is in the fragment,
// which browsers send to nobody.
func postConsoleLink(a *API, c *call) (any, error) {
	token, ends, err := a.Console.Sessions.Link(c.caller.User)
	if err != nil {
		return nil, err
	}
	return ConsoleLink{URL: a.Console.About.Endpoint + "/console/#token=" + token, Ends: ends}, nil
}
