package native

import "github.com/dbtls/dbtls/internal/auth"

// UserRequest is the body of a user to add.
type UserRequest struct {
	Name string `json:"name"`
	Role string `json:"role"`
}

// UserKey is a user with its key, in the one answer that shows the secret.
type UserKey struct {
	Name            string `json:"name"`
	Role            string `json:"role"`
	AccessKeyID     string `json:"access_key_id"`
	SecretAccessKey string `json:"secret_access_key"`
}

func shown(i auth.Issued) UserKey {
	return UserKey{Name: i.Name, Role: i.Role, AccessKeyID: i.AccessKeyID, SecretAccessKey: i.SecretAccessKey}
}

func getUsers(a *API, _ *call) (any, error) { return a.Users.List(), nil }

func postUser(a *API, c *call) (any, error) {
	var q UserRequest
	if err := c.decode(&q); err != nil {
		return nil, err
	}
	c.named = q.Name
	issued, err := a.Users.Add(c.r.Context(), c.record(), q.Name, q.Role)
	if err != nil {
		return nil, err
	}
	return shown(issued), nil
}

func rotateUserKey(a *API, c *call) (any, error) {
	issued, err := a.Users.RotateKey(c.r.Context(), c.record(), c.target())
	if err != nil {
		return nil, err
	}
	return shown(issued), nil
}

func deleteUser(a *API, c *call) (any, error) {
	return struct{}{}, a.Users.Remove(c.r.Context(), c.record(), c.target())
}
