// Package walletcli is what the command "dbtls wallet" needs besides the
// wallet codec: orapki's spelling of options, passwords from a prompt, a file
// or the environment, certificates out of PEM and DER files, the self-signed
// set-up as a whole, and the Oracle Net files that name a wallet.
//
// It knows no byte of a wallet (package wallet does) and it parses no command
// line itself (cmd/dbtls does).
package walletcli

import (
	"strings"
)

// Option says of an option's name, in dbtls's spelling, whether the command
// has it and whether a value follows it.
type Option func(name string) (known, takesValue bool)

// Spell turns orapki's spelling of a command's arguments (-wallet DIR
// -trusted_cert –cert FILE) into dbtls's (--wallet DIR --trusted-cert --cert
// FILE), which it leaves as it is. Any dash counts, since published procedures
// contain typographical ones. A value is never touched, whatever it looks like.
func Spell(args []string, option Option) []string {
	var out []string
	for i := 0; i < len(args); i++ {
		name, value, hasValue, ok := split(args[i])
		if !ok {
			out = append(out, args[i])
			continue
		}
		if name = spellName(name); name == "" {
			out = append(out, args[i])
			continue
		}
		if hasValue {
			out = append(out, "--"+name+"="+value)
			continue
		}
		out = append(out, "--"+name)
		if known, takes := option(name); known && takes && i+1 < len(args) {
			i++
			out = append(out, args[i])
		}
	}
	return out
}

// dashes are what editors and web pages make of "-": hyphens, dashes, the
// minus sign, and their small and full-width forms.
const dashes = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"

// split takes an option apart; ok is false for what is none. "-h" stays.
func split(arg string) (name, value string, hasValue, ok bool) {
	name = strings.TrimLeft(arg, dashes)
	if name == arg || name == "" || arg == "-h" {
		return "", "", false, false
	}
	name, value, hasValue = strings.Cut(name, "=")
	return name, value, hasValue, true
}

// spellName maps orapki's names that differ in more than the underscore.
func spellName(name string) string {
	switch name = strings.TrimLeft(strings.ReplaceAll(name, "_", "-"), dashes); name {
	case "pwd", "oldpwd":
		return "password"
	case "newpwd":
		return "new-password"
	case "keysize":
		return "key-size"
	case "eccurve":
		return "curve"
	case "addext-san":
		return "san"
	}
	return name
}
