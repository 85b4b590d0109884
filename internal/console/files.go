package console

import (
	"embed"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

// dist is what make builds from console/. A program that was built without it
// says so.
//
//go:embed all:dist
var dist embed.FS

// policy lets a page load this server's own scripts, styles, fonts and answers,
// and nothing else. Drawn pictures are data: URLs of the design system's icons.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
	"base-uri 'self'; form-action 'self'; frame-ancestors 'none'"

// guarded adds what a browser should enforce.
func guarded(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
}

// serveFile answers a path below /console/: an asset, or the page, which shows
// what the path says.
func serveFile(w http.ResponseWriter, r *http.Request) {
	guarded(w)
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/console")
	if asset, ok := strings.CutPrefix(name, "/assets/"); ok {
		serveAsset(w, r, asset)
		return
	}
	page, err := dist.ReadFile("dist/index.html")
	if err != nil {
		http.Error(w, "This dbtls was built without its console. Build it with: make build", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	w.Write(page)
}

// serveAsset sends a file in the smallest form that the browser takes. Its name
// says what is in it, so it may be kept for ever.
func serveAsset(w http.ResponseWriter, r *http.Request, name string) {
	h := w.Header()
	kind := kindOf(name)
	if strings.Contains(name, "/") || kind == "" {
		http.NotFound(w, r)
		return
	}
	h.Set("Content-Type", kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	for _, form := range []struct{ encoding, suffix string }{{"br", ".br"}, {"gzip", ".gz"}, {"", ""}} {
		if form.encoding != "" && !accepts(r, form.encoding) {
			continue
		}
		body, err := fs.ReadFile(dist, "dist/assets/"+name+form.suffix)
		if err != nil {
			continue
		}
		if form.encoding != "" {
			h.Set("Content-Encoding", form.encoding)
		}
		w.Write(body)
		return
	}
	http.NotFound(w, r)
}

// kindOf is the type of an asset, whatever tables the machine has. The compressed
// forms have no address of their own.
func kindOf(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".woff":
		return "font/woff"
	case ".woff2":
		return "font/woff2"
	case ".svg":
		return "image/svg+xml"
	}
	return ""
}

// accepts reads Accept-Encoding as browsers write it; a weight of zero refuses.
func accepts(r *http.Request, encoding string) bool {
	for item := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(item), ";")
		if strings.EqualFold(strings.TrimSpace(name), encoding) {
			weight = strings.TrimPrefix(strings.TrimSpace(weight), "q=")
			return weight != "0" && weight != "0.0" && weight != "0.00" && weight != "0.000"
		}
	}
	return false
}
