// Package console is the server's side of the web console: who is signed in,
// the files of the console, and word of changes. It decides nothing about
// databases: the console calls the same APIs as everybody, and internal/serve
// hands a request over once this package has said whose it is.
//
// A browser is not trusted to send what its user meant. Every call carries a
// token that other sites cannot read, names the site it comes from, and goes to
// a name that this server has; the cookie alone opens nothing.
package console
