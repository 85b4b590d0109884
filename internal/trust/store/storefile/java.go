package storefile

import (
	"os"
	"path/filepath"

	"github.com/dbtls/dbtls/internal/fault"
)

// JavaPassword is the one that every Java installation's cacerts comes with.
const JavaPassword = "changeit"

// Cacerts finds the trust store of the Java installation at home: a JDK or
// JRE from version 9 on, or a JDK 8, which keeps a JRE inside.
func Cacerts(home string) (string, error) {
	for _, dir := range []string{"lib/security", "jre/lib/security"} {
		path := filepath.Join(home, dir, "cacerts")
		if st, err := os.Stat(path); err == nil && st.Mode().IsRegular() {
			return path, nil
		}
	}
	return "", fault.New(fault.InvalidParameter, "%q is no Java installation: it has neither lib/security/cacerts nor jre/lib/security/cacerts; give the directory that java -XshowSettings:properties prints as java.home", home)
}
