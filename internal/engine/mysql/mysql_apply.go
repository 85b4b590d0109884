package mysql

import (
	"context"
	"errors"
	"fmt"
)

// tlsSettings are the two parameters that a reload of TLS takes along, as the
// server writes them; no cipher is its own list.
type tlsSettings struct{ versions, cipher string }

// applyMySQL puts the dynamic parameters in force: the settings of TLS first,
// so that TLS is not forced in a form that is about to change.
func applyMySQL(ctx context.Context, a *admin, values map[string]string) error {
	want := tlsSettings{values[paramTLS], cipherList(values[paramCipher])}
	if err := applyTLS(ctx, a, want); err != nil {
		return err
	}
	forced, err := a.forced(ctx)
	if err != nil || forced == values[paramForced] {
		return err
	}
	if err := a.exec(ctx, "SET GLOBAL "+paramForced+" = "+values[paramForced]); err != nil {
		return fmt.Errorf("set %s: %w", paramForced, err)
	}
	return a.mustBeForced(ctx, values[paramForced])
}

// applyTLS goes by what is in force, which the status says: the variables
// have what the next reload would take. A reload that fails leaves the server
// as it was, and so does this: the next certificate must not fail with it.
func applyTLS(ctx context.Context, a *admin, want tlsSettings) error {
	before, err := a.tlsInForce(ctx)
	if err != nil || before == want {
		return err
	}
	err = a.setTLS(ctx, want)
	if err == nil {
		err = reloadTLS(ctx, a)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("set %s and %s: %w", paramTLS, paramCipher, err), a.setTLS(ctx, before))
	}
	after, err := a.tlsInForce(ctx)
	if err == nil && after != want {
		err = fmt.Errorf("set %s and %s: the server goes on with %q instead of %q", paramTLS, paramCipher, after, want)
	}
	return err
}

func (a *admin) tlsInForce(ctx context.Context) (t tlsSettings, err error) {
	if t.versions, err = a.status(ctx, "Current_tls_version"); err != nil {
		return t, err
	}
	t.cipher, err = a.status(ctx, "Current_tls_cipher")
	return t, err
}

func (a *admin) setTLS(ctx context.Context, t tlsSettings) error {
	cipher := "DEFAULT" // an empty list would fit nothing
	if t.cipher != "" {
		cipher = sqlText(t.cipher)
	}
	return a.exec(ctx, "SET GLOBAL "+paramTLS+" = "+sqlText(t.versions)+", "+paramCipher+" = "+cipher)
}
