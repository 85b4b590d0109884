package db2

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/dbtls/dbtls/internal/engine"
)

// result is what a server said of itself in a login that it let in.
type result struct {
	class   string // "QDB2/LINUXX8664"
	release string // "SQL11059"
}

const (
	// The product identifier a client of this protocol level gives; the
	// letters are those of a driver.
	productID = "DNC10140"
	program   = "dbtls"
	// minDatabaseName is what shorter names are padded to.
	minDatabaseName = 18
	maxName         = 255
)

// signIn is the way in on the port that speaks TLS, or on a plain one.
func signIn(ctx context.Context, a engine.Account) (engine.Logged, error) {
	return a.Try(ctx, 1, func(ctx context.Context, t *engine.Attempt) (engine.Logged, error) {
		c, err := t.Secure(ctx, wire{})
		if err != nil {
			return engine.Logged{}, err
		}
		got, err := logIn(ctx, c, a.User, a.Password, a.Database)
		return engine.Logged{Version: got.release, Note: got.class}, err
	})
}

// logIn logs in with user and password over c and asks for the database. The
// password is sent as it is: TLS is what protects it. The session is of no use
// afterwards; the caller closes c. A refusal is engine.ErrLoginRefused or, with
// the result, engine.ErrNoDatabase; ctx bounds all of it.
func logIn(ctx context.Context, c net.Conn, user, password, database string) (_ result, err error) {
	names, err := encodeNames(user, password, database)
	if err != nil {
		return result{}, err
	}
	release := engine.Bound(ctx, c)
	defer func() {
		if late := release(); late != nil {
			err = errors.Join(late, err)
		}
	}()
	replies, err := ask(c, greeting(names))
	if err != nil {
		return result{}, fmt.Errorf("exchange attributes: %w", err)
	}
	about, security := fields(replies[cpEXCSATRD]), fields(replies[cpACCSECRD])
	found := result{class: name(about[cpSRVCLSNM]), release: name(about[cpSRVRLSLV])}
	if got := number(security[cpSECMEC]); got != userAndPassword {
		return found, fmt.Errorf("server takes no user name and password in security mechanism %d: it offers 0x%x", userAndPassword, security[cpSECMEC])
	}
	if replies, err = ask(c, credentials(names)); err != nil {
		return found, fmt.Errorf("log in: %w", err)
	}
	return found, judge(replies, database)
}

// names are the caller's texts as they are sent.
type names struct{ user, password, database []byte }

func encodeNames(user, password, database string) (n names, err error) {
	if user == "" || password == "" || database == "" {
		return n, errors.New("log in: user, password and database must be given")
	}
	padded := fmt.Sprintf("%-*s", minDatabaseName, database)
	for _, part := range []struct {
		name, text string
		to         *[]byte
	}{{"user", user, &n.user}, {"password", password, &n.password}, {"database", padded, &n.database}} {
		if *part.to, err = encode(part.text); err != nil {
			return n, fmt.Errorf("encode %s: %w", part.name, err)
		}
		if len(*part.to) > maxName {
			return n, fmt.Errorf("encode %s: it has %d characters, the limit is %d", part.name, len(*part.to), maxName)
		}
	}
	return n, nil
}

// text is a constant of this package in code page 500.
func text(s string) []byte {
	b, _ := encode(s) // every constant is ASCII
	return b
}

// greeting is EXCSAT and ACCSEC.
func greeting(n names) []byte {
	const agent, sqlAppl, database, tcp, sync = 0x1403, 0x2407, 0x240f, 0x1474, 0x1440
	var levels []byte
	for _, pair := range [][2]uint16{{agent, 7}, {sqlAppl, 7}, {tcp, 5}, {database, 7}, {sync, 7}} {
		levels = append(append(levels, short(pair[0])...), short(pair[1])...)
	}
	return chain([]dss{
		{dssRequest, 1, list(cpEXCSAT, object(cpEXTNAM, text(program)...), object(cpMGRLVLLS, levels...),
			object(cpSRVCLSNM, text("DNC")...), object(cpSRVNAM, text(program)...), object(cpSRVRLSLV, text(productID)...))},
		{dssRequest, 2, list(cpACCSEC, object(cpSECMEC, short(userAndPassword)...), object(cpRDBNAM, n.database...))},
	})
}

// credentials is SECCHK and ACCRDB, whose further fields say which SQL, which
// product and which representation of types this client has.
func credentials(n names) []byte {
	const accessManager, correlationToken, typeDefinition, typeOverrides = 0x210f, 0x2135, 0x002f, 0x0035
	const prdid, sqlAppl, single, double, mixed, utf8, utf16 = 0x112e, 0x2407, 0x119c, 0x119d, 0x119e, 1208, 1200
	token := append(text("DBTLS.LOGIN"), make([]byte, 8)...)
	return chain([]dss{
		{dssRequest, 1, list(cpSECCHK, object(cpSECMEC, short(userAndPassword)...), object(cpRDBNAM, n.database...),
			object(cpUSRID, n.user...), object(cpPASSWORD, n.password...))},
		{dssRequest, 2, list(cpACCRDB, object(accessManager, short(sqlAppl)...), object(correlationToken, token...),
			object(cpRDBNAM, n.database...), object(prdid, text(productID)...), object(typeDefinition, text("QTDSQLASC")...),
			list(typeOverrides, object(single, short(utf8)...), object(double, short(utf16)...), object(mixed, short(utf8)...)))},
	})
}

// ask sends requests and returns the bodies of the replies by code point.
func ask(c net.Conn, requests []byte) (map[uint16][]byte, error) {
	if _, err := c.Write(requests); err != nil {
		return nil, err
	}
	answers, err := readChain(c)
	if err != nil {
		return nil, err
	}
	m := map[uint16][]byte{}
	for _, a := range answers {
		if a.kind == dssReply || a.kind == dssObject {
			m[a.code] = a.body
		}
	}
	return m, nil
}

// judge tells from the replies to the credentials how the login ended.
func judge(replies map[uint16][]byte, database string) error {
	check, checked := replies[cpSECCHKRM]
	if code := number(fields(check)[cpSECCHKCD]); checked && code != 0 {
		return fmt.Errorf("%w: %s", engine.ErrLoginRefused, checkText(code))
	}
	has := func(code uint16) bool { _, ok := replies[code]; return ok }
	switch {
	case has(cpRDBATHRM):
		return fmt.Errorf("%w: the user may not use %q", engine.ErrNoDatabase, database)
	case !checked:
		return fmt.Errorf("server answers the login with %s", codes(replies))
	case has(cpACCRDBRM):
		return nil
	case has(cpRDBNFNRM):
		return fmt.Errorf("%w: %q", engine.ErrNoDatabase, database)
	}
	return fmt.Errorf("server takes the login and answers the request for the database with %s", codes(replies))
}

func codes(replies map[uint16][]byte) string {
	var all []string
	for code := range replies {
		all = append(all, fmt.Sprintf("0x%04x", code))
	}
	return strings.Join(all, ", ")
}

// The ends of a security check that this package speaks of (SECCHKCD).
const (
	checkPasswordInvalid = 0x0f
	checkPasswordMissing = 0x10
	checkUserMissing     = 0x12
)

func checkText(code int) string {
	switch code {
	case 0x0e:
		return "the password has expired"
	case checkPasswordInvalid:
		return "the password is wrong"
	case checkPasswordMissing:
		return "the password is missing"
	case checkUserMissing:
		return "the user name is missing"
	case 0x13:
		return "the user name is not known, or the password is wrong"
	case 0x14:
		return "the user is locked out"
	}
	return fmt.Sprintf("security check code 0x%02x", code)
}
