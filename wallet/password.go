package wallet

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// CheckPassword applies orapki's rule for new passwords: at least 8
// characters, letters together with digits or special characters. A wallet
// under a password that breaks it opens, but orapki cannot change it later.
func CheckPassword(password string) error {
	const rule = "a wallet password has at least 8 characters, letters together with digits or special characters"
	switch {
	case !utf8.ValidString(password) || strings.ContainsFunc(password, unicode.IsControl):
		return fail(ErrInvalid, "%s, and no control characters", rule)
	case utf8.RuneCountInString(password) < 8:
		return fail(ErrInvalid, "%s; this one is shorter", rule)
	case !strings.ContainsFunc(password, unicode.IsLetter):
		return fail(ErrInvalid, "%s; this one has no letter", rule)
	case !strings.ContainsFunc(password, func(r rune) bool { return !unicode.IsLetter(r) }):
		return fail(ErrInvalid, "%s; this one has letters only", rule)
	}
	return nil
}
