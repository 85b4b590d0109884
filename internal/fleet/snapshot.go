package fleet

import (
	"fmt"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
)

// snapshotFree refuses the name of a snapshot that exists, before anything is
// stopped for it.
func (s *Service) snapshotFree(i inventory.Instance, name string) error {
	if name == "" {
		return nil
	}
	there, err := s.Provider(i).HasSnapshot(name)
	if err != nil {
		return fmt.Errorf("look for snapshot %q: %w", name, err)
	}
	if there {
		return fault.New(fault.SnapshotExists, "DB snapshot %s already exists; choose another FinalDBSnapshotIdentifier", name)
	}
	return nil
}
