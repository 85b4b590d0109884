package migration

import (
	"strings"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
)

const (
	maxIdentifier = 255
	maxRep        = 63
	maxResourceID = 31
)

// checkIdentifier applies AWS's rule for identifiers.
func checkIdentifier(param, s string, most int) error {
	ok := len(s) >= 1 && len(s) <= most && letter(s[0]) && !strings.HasSuffix(s, "-") && !strings.Contains(s, "--")
	for i := 0; ok && i < len(s); i++ {
		ok = letter(s[i]) || s[i] == '-' || s[i] >= '0' && s[i] <= '9'
	}
	if !ok {
		return fault.New(fault.InvalidParameter, "The parameter %s %q is not a valid identifier: 1 to %d ASCII letters, digits and hyphens, a letter first, no hyphen at the end and no two in a row", param, shorten(s), most)
	}
	return nil
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// newARN makes the ARN of a new resource; id is the caller's ResourceIdentifier,
// "" for a random one.
func (s *Service) newARN(kind inventory.MigrationKind, region, id string) (string, error) {
	if id == "" {
		return inventory.MigrationARN(kind, region, s.Account, inventory.NewMigrationID(kind)), nil
	}
	if err := checkIdentifier("ResourceIdentifier", id, maxResourceID); err != nil {
		return "", err
	}
	return inventory.MigrationARN(kind, region, s.Account, id), nil
}

// checkARN refuses what cannot be the ARN of such a resource here.
func (s *Service) checkARN(kind inventory.MigrationKind, region, arn string) error {
	if strings.HasPrefix(arn, inventory.MigrationARN(kind, region, s.Account, "")) {
		return nil
	}
	if kind == inventory.KindCertificate {
		return s.foreignCertificate(region, arn)
	}
	return fault.New(fault.InvalidParameter, "%q is not the ARN of a migration resource of account %s in %s; such a one begins with %s",
		shorten(arn), s.Account, region, inventory.MigrationARN(kind, region, s.Account, ""))
}

// foreignCertificate says what is wrong with a certificate's ARN: people bring
// those of other services, which look as good.
func (s *Service) foreignCertificate(region, arn string) error {
	want := inventory.MigrationARN(inventory.KindCertificate, region, s.Account, "")
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 || parts[0] != "arn" {
		return fault.New(fault.InvalidParameter, "Invalid certificate ARN %q; the ARN of an imported certificate begins with %s", shorten(arn), want)
	}
	switch service := parts[2]; {
	case service != "dms":
		return fault.New(fault.InvalidParameter, "Invalid certificate ARN %q: it is of the service %q, and DMS wants a certificate of its own import: aws dms import-certificate --certificate-identifier NAME --certificate-pem file://ca.pem", shorten(arn), shorten(service))
	case parts[3] != region:
		return fault.New(fault.InvalidParameter, "Invalid certificate ARN %q: it is of region %q; import the certificate in %s too", shorten(arn), parts[3], region)
	case parts[4] != s.Account:
		return fault.New(fault.InvalidParameter, "Invalid certificate ARN %q: it is of account %q; this is %s", shorten(arn), parts[4], s.Account)
	}
	return fault.New(fault.InvalidParameter, "Invalid certificate ARN %q: it does not name a certificate; such a one begins with %s", shorten(arn), want)
}

// Tag limits of AWS.
const (
	maxTags     = 50
	maxTagKey   = 128
	maxTagValue = 256
)

func checkTags(tags []inventory.Tag) error {
	if len(tags) > maxTags {
		return fault.New(fault.InvalidParameter, "%d tags are given; a resource has %d at most", len(tags), maxTags)
	}
	seen := map[string]bool{}
	for _, t := range tags {
		switch {
		case t.Key == "":
			return fault.New(fault.InvalidParameter, "A tag has no key")
		case len([]rune(t.Key)) > maxTagKey || len([]rune(t.Value)) > maxTagValue:
			return fault.New(fault.InvalidParameter, "The tag %q is too long: keys have %d characters at most, values %d", shorten(t.Key), maxTagKey, maxTagValue)
		case strings.HasPrefix(strings.ToLower(t.Key), "aws:"):
			return fault.New(fault.InvalidParameter, "The tag key %q begins with aws:, which is reserved", t.Key)
		case seen[t.Key]:
			return fault.New(fault.InvalidParameter, "The tag %q is given twice", t.Key)
		}
		seen[t.Key] = true
	}
	return nil
}
