package auth

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/store"
)

// The faults about users that programs tell apart.
const (
	UserNotFound fault.Code = "UserNotFound"
	UserExists   fault.Code = "UserExists"
)

// Info is what may be shown of a user.
type Info struct {
	Name        string    `json:"name"`
	Role        string    `json:"role"`
	AccessKeyID string    `json:"access_key_id"`
	KeyMade     time.Time `json:"key_made"`
}

// List shows all users, by name.
func (u *Users) List() []Info {
	u.mu.RLock()
	defer u.mu.RUnlock()
	all := make([]Info, 0, len(u.byKey))
	for id, e := range u.byKey {
		all = append(all, Info{Name: e.user.Name, Role: e.user.Role, AccessKeyID: id, KeyMade: e.made})
	}
	slices.SortFunc(all, func(a, b Info) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Issued is a user with a new key: the one time that the secret is shown.
type Issued struct {
	User
	Key
}

// nameForm is IAM's.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html
var nameForm = regexp.MustCompile(`^[A-Za-z0-9+=,.@_-]{1,64}$`)

func checkName(name string) error {
	switch {
	case !nameForm.MatchString(name) || strings.Trim(name, ".") == "":
		return fault.New(fault.InvalidParameter, "the user name %q is not 1 to 64 letters, digits and characters of +=,.@_- (dots alone are no name)", name)
	case strings.EqualFold(name, "dbtls"):
		return fault.New(fault.InvalidParameter, "the user name %q stands for the server itself in the audit log; choose another", name)
	}
	return nil
}

// Add makes a user and returns its key. The secret is never shown again. by
// has At, Actor and RequestID; so it is for every change.
func (u *Users) Add(ctx context.Context, by store.AuditRecord, name, role string) (Issued, error) {
	if err := checkName(name); err != nil {
		return Issued{}, err
	}
	if rank(role) < 0 {
		return Issued{}, fault.New(fault.InvalidParameter, "the role %q is not known; the roles are: %s", role, strings.Join(Roles(), ", "))
	}
	u.change.Lock()
	defer u.change.Unlock()
	if e, ok := u.byName(name); ok {
		return Issued{}, fault.New(UserExists, "there is a user %q with role %s already; names are the same in any case. For another role remove it and add it again, for another key: dbtls user rotate-key %s", e.user.Name, e.user.Role, e.user.Name)
	}
	made := entry{User{name, role}, newKey(), by.At}
	if err := u.insert(ctx, by, made); err != nil {
		return Issued{}, fmt.Errorf("add user %q: %w", name, err)
	}
	return Issued{made.user, made.key}, nil
}

// insert keeps a new entry; the caller holds change.
func (u *Users) insert(ctx context.Context, by store.AuditRecord, e entry) error {
	by.Action, by.Target, by.Detail = "AddUser", e.user.Name, fmt.Sprintf("role %s, access key %s", e.user.Role, e.key.AccessKeyID)
	err := u.store.Write(ctx, func(tx *store.Tx) error {
		return errors.Join(tx.InsertUser(u.row(e)), tx.Audit(by))
	})
	if err == nil {
		u.replace("", e)
	}
	return err
}

// replace changes what is known in memory: a key id that ends, "" for none,
// and an entry that begins.
func (u *Users) replace(ended string, begins entry) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.byKey, ended)
	if id := begins.key.AccessKeyID; id != "" {
		u.byKey[id] = begins
	}
}

// known finds a user that is to be changed.
func (u *Users) known(name string) (entry, error) {
	e, ok := u.byName(name)
	if !ok {
		return e, fault.New(UserNotFound, "there is no user %q; dbtls user list shows all", name)
	}
	return e, nil
}

// RotateKey gives a user another key; the one before ends at once.
func (u *Users) RotateKey(ctx context.Context, by store.AuditRecord, name string) (Issued, error) {
	u.change.Lock()
	defer u.change.Unlock()
	old, err := u.known(name)
	if err != nil {
		return Issued{}, err
	}
	made := entry{old.user, newKey(), by.At}
	by.Action, by.Target = "RotateUserKey", old.user.Name
	by.Detail = fmt.Sprintf("access key %s replaces %s", made.key.AccessKeyID, old.key.AccessKeyID)
	err = u.store.Write(ctx, func(tx *store.Tx) error {
		err := errors.Join(tx.DeleteUser(old.key.AccessKeyID), tx.InsertUser(u.row(made)), tx.Audit(by))
		if err != nil {
			return err
		}
		return u.keep(made) // last: what cannot be kept is not committed
	})
	if err != nil {
		return Issued{}, fmt.Errorf("rotate key of user %q: %w", old.user.Name, errors.Join(err, u.keep(old)))
	}
	u.replace(old.key.AccessKeyID, made)
	return Issued{made.user, made.key}, nil
}

func (u *Users) keep(e entry) error {
	if u.Keep == nil || e.user.Name != BuiltIn {
		return nil
	}
	return u.Keep(e.key)
}

// Remove ends a user and its key. The built-in one stays, so that there always
// is an administrator.
func (u *Users) Remove(ctx context.Context, by store.AuditRecord, name string) error {
	u.change.Lock()
	defer u.change.Unlock()
	old, err := u.known(name)
	if err != nil {
		return err
	}
	if old.user.Name == BuiltIn {
		return fault.New(fault.InvalidParameter, "the user %q cannot be removed: it is the administrator that there always is, and commands on the server's machine call with its key. To end its key: dbtls user rotate-key %s", BuiltIn, BuiltIn)
	}
	by.Action, by.Target = "RemoveUser", old.user.Name
	by.Detail = fmt.Sprintf("role %s, access key %s", old.user.Role, old.key.AccessKeyID)
	err = u.store.Write(ctx, func(tx *store.Tx) error {
		return errors.Join(tx.DeleteUser(old.key.AccessKeyID), tx.Audit(by))
	})
	if err != nil {
		return fmt.Errorf("remove user %q: %w", old.user.Name, err)
	}
	u.replace(old.key.AccessKeyID, entry{})
	return nil
}
