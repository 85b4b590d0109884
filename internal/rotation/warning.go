package rotation

import (
	"fmt"
	"time"

	"github.com/dbtls/dbtls/internal/inventory"
)

// warnDays are the days before a leaf's end at which an instance that is not
// rotated automatically gets a warning event.
var warnDays = []int{90, 60, 30, 14, 7, 3, 1}

// Warning returns the warning that is in force for a leaf which nothing will
// renew by itself, the moment it came into force, and when the next one does.
// text is "" when there is nothing to say yet.
func Warning(i inventory.Instance, current CAFacts, now time.Time) (text string, since, next time.Time) {
	if current.AutoRotates || i.Leaf.NotAfter.IsZero() {
		return "", time.Time{}, time.Time{}
	}
	for _, d := range warnDays {
		at := i.Leaf.NotAfter.AddDate(0, 0, -d)
		if at.After(now) {
			next = at
			break
		}
		since = at
	}
	if since.IsZero() {
		return "", time.Time{}, next
	}
	return fmt.Sprintf("The server certificate of %s expires %s. %s does not rotate certificates automatically: move to another CA, such as: aws rds modify-db-instance --db-instance-identifier %s --ca-certificate-identifier rds-ca-rsa2048-g1 --apply-immediately",
		i.Name, i.Leaf.NotAfter.UTC().Format("2006-01-02 15:04 MST"), current.ID, i.Name), since, next
}
