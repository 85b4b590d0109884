// Package wallet reads and writes Oracle wallets without orapki: ewallet.p12
// (a PKCS #12 file under the user's password) and cwallet.sso (auto-login: the
// same content behind a header that carries its own password).
//
//	w := wallet.New()
//	_, err := w.AddTrusted(rootDER, "rds-root")
//	…
//	sso, err := w.SSO(wallet.Format{Login: wallet.AutoLoginOnly}, wallet.Machine{}, nil)
//
// A [Wallet] is the content, held in memory: trusted certificates, identities
// (key, certificate request, user certificate), and whatever else the file
// held, kept as it was. [ParseP12], [ParseSSO], [Wallet.P12] and [Wallet.SSO]
// are pure: bytes in, bytes out. [Read], [Create] and [Update] work on a wallet
// directory, whose files appear whole or not at all.
//
// Readers verify the MAC before they believe anything else and bound size and
// work. Read: AES-256 and 3DES bodies, every PBES2 with AES-CBC, MACs with
// SHA-1 and SHA-2, PKCS #12 files of other programs (shrouded keys, several
// safes) as long as they are DER; auto-login headers of version 6 with AES or
// (11g) DES. Not read: RC2 bodies, PBMAC1, the 10g header (version 5), and the
// local wallets that release 23 makes (header version 7), which no public
// reader opens.
//
// It is no general PKCS #12 library and no keystore of TDE or of WebLogic; it
// verifies no connection, and knows nothing of sqlnet.ora.
//
// The format is not published by Oracle. What is known of it comes from RFC
// 7292 and RFC 8018, from public readers, and from wallets that orapki of
// releases 19 and 23 wrote; testdata has some of them.
package wallet
