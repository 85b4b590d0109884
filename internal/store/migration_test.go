package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/store"
)

func endpointRow(arn, name, certificate string) inventory.Endpoint {
	return inventory.Endpoint{ARN: arn, Region: "us-east-1", Name: name, Certificate: certificate}
}

func TestMigrationNamesAreOnesOwnWhateverTheirCase(t *testing.T) {
	t.Parallel()
	s, _ := fresh(t)
	write(t, s, func(tx *store.Tx) error { return tx.InsertEndpoint(endpointRow("arn:a", "Orders", "")) })
	write(t, s, func(tx *store.Tx) error { return tx.InsertEndpoint(endpointRow("arn:b", "stock", "arn:cert")) })
	for sentence, f := range map[string]func(tx *store.Tx) error{
		"the name in another case": func(tx *store.Tx) error { return tx.InsertEndpoint(endpointRow("arn:c", "ORDERS", "")) },
		"the ARN":                  func(tx *store.Tx) error { return tx.InsertEndpoint(endpointRow("arn:a", "new", "")) },
		"another's name":           func(tx *store.Tx) error { return tx.UpdateEndpoint(endpointRow("arn:b", "orders", "")) },
	} {
		if err := s.Write(t.Context(), f); !errors.Is(err, store.ErrNameTaken) {
			t.Errorf("%s: %v", sentence, err)
		}
	}
	if err := s.Write(t.Context(), func(tx *store.Tx) error { return tx.UpdateEndpoint(endpointRow("arn:z", "z", "")) }); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("one that is not there is updated: %v", err)
	}
	read := s.Read(t.Context())
	if e, err := read.EndpointByName("us-east-1", "oRDERS"); err != nil || e.ARN != "arn:a" {
		t.Errorf("%+v %v", e, err)
	}
	if users, err := read.EndpointsWith("arn:cert"); err != nil || len(users) != 1 || users[0].Name != "stock" {
		t.Errorf("%+v %v", users, err)
	}
	if users, err := read.EndpointsWith(""); err != nil || len(users) != 0 {
		t.Errorf("endpoints without a certificate use one: %+v %v", users, err)
	}
	write(t, s, func(tx *store.Tx) error { return tx.UpdateEndpoint(endpointRow("arn:b", "STOCK", "")) })
	if users, err := read.EndpointsWith("arn:cert"); err != nil || len(users) != 0 {
		t.Errorf("%+v %v", users, err)
	}
}

func TestAnEndpointTakesItsTestsWithItAndAnInstanceItsOwn(t *testing.T) {
	t.Parallel()
	s, _ := fresh(t)
	at := time.Now()
	connection := func(endpoint, instance string, status inventory.ConnectionStatus, begun time.Time) inventory.Connection {
		return inventory.Connection{Region: "us-east-1", Endpoint: endpoint, Instance: instance, Status: status, BegunAt: begun}
	}
	write(t, s, func(tx *store.Tx) error {
		return errors.Join(
			tx.PutConnection(connection("e1", "i1", inventory.ConnectionTesting, at.Add(time.Second))),
			tx.PutConnection(connection("e1", "i2", inventory.ConnectionTesting, at)),
			tx.PutConnection(connection("e2", "i1", inventory.ConnectionFailed, at)),
			tx.PutConnection(connection("e3", "i1", inventory.ConnectionTesting, at)),
			tx.PutConnection(connection("e3", "i1", inventory.ConnectionSuccessful, at)),
			tx.PutSchemaList(inventory.SchemaList{Endpoint: "e1", Instance: "i1", Status: inventory.RefreshRunning}),
			tx.PutSchemaList(inventory.SchemaList{Endpoint: "e2", Instance: "i1", Status: inventory.RefreshSuccessful, Schemas: []string{"a"}}),
		)
	})
	open, err := s.Read(t.Context()).OpenConnections()
	if err != nil || len(open) != 2 || open[0] != (store.OpenConnection{Endpoint: "e1", Instance: "i2"}) {
		t.Errorf("open are %v %v", open, err)
	}
	write(t, s, func(tx *store.Tx) error { return tx.DeleteReplicationInstance("i1") })
	all, err := s.Read(t.Context()).Connections("us-east-1")
	if err != nil || len(all) != 1 || all[0].Instance != "i2" {
		t.Errorf("%v %v", all, err)
	}
	refreshes, err := s.Read(t.Context()).OpenSchemaLists()
	if err != nil || len(refreshes) != 0 {
		t.Errorf("%v %v", refreshes, err)
	}
	if l, err := s.Read(t.Context()).SchemaList("e2"); err != nil || len(l.Schemas) != 1 {
		t.Errorf("what was listed is gone: %v %v", l, err)
	}
	write(t, s, func(tx *store.Tx) error { return tx.DeleteEndpoint("e1") })
	if all, err := s.Read(t.Context()).Connections("us-east-1"); err != nil || len(all) != 0 {
		t.Errorf("%v %v", all, err)
	}
}

func TestAStateFromBeforeMigrationEndpointsGetsTheirTables(t *testing.T) {
	t.Parallel()
	s, path := fresh(t)
	write(t, s, func(tx *store.Tx) error { return tx.SetMeta("k", []byte("v")) })
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	// What schema 2 has, and no more.
	db := raw(t, path)
	for _, query := range []string{"dms_certificates", "dms_endpoints", "dms_instances", "dms_connections", "dms_schemas", "dms_events", "forcing", "force_notices"} {
		if _, err := db.Exec("DROP TABLE " + query); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Exec("PRAGMA user_version = 2"); err != nil {
		t.Fatal(err)
	}
	again := open(t, path)
	write(t, again, func(tx *store.Tx) error { return tx.InsertEndpoint(endpointRow("arn:a", "orders", "")) })
	write(t, again, func(tx *store.Tx) error { return tx.InsertForceNotice(store.ForceNotice{ResourceID: "db-1"}) }) // of the step after
	if v, err := again.Read(t.Context()).Meta("k"); err != nil || string(v) != "v" {
		t.Errorf("what was there is %q, %v", v, err)
	}
}
