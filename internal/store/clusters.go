package store

import (
	"errors"
	"fmt"

	"github.com/dbtls/dbtls/internal/inventory"
)

// InsertCluster adds a cluster; ErrNameTaken when the name is in use.
func (t *Tx) InsertCluster(c inventory.Cluster) error {
	if _, err := t.ClusterByName(c.Region, c.Name); err == nil {
		return ErrNameTaken
	} else if !errors.Is(err, ErrNotFound) {
		return err
	}
	return t.putCluster(`INSERT INTO clusters (region, name, address, reader_address, doc, resource_id) VALUES (?,?,?,?,?,?)`, c)
}

// UpdateCluster replaces a cluster.
func (t *Tx) UpdateCluster(c inventory.Cluster) error {
	return t.putCluster(`UPDATE clusters SET region=?, name=?, address=?, reader_address=?, doc=? WHERE resource_id=?`, c)
}

func (t *Tx) putCluster(query string, c inventory.Cluster) error {
	doc, err := encode(c)
	if err != nil {
		return err
	}
	n, err := t.exec(query, c.Region, c.Name, c.Address, c.ReaderAddress, doc, c.ResourceID)
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("write cluster %q: %w", c.Name, err)
	}
	return nil
}

// DeleteCluster forgets a cluster.
func (t *Tx) DeleteCluster(resourceID string) error {
	_, err := t.exec(`DELETE FROM clusters WHERE resource_id=?`, resourceID)
	return err
}

// Cluster reads by resource id.
func (t *Tx) Cluster(resourceID string) (inventory.Cluster, error) {
	return document(t, decode[inventory.Cluster], `SELECT doc FROM clusters WHERE resource_id=?`, resourceID)
}

// ClusterByName reads by region and name (lower case).
func (t *Tx) ClusterByName(region, name string) (inventory.Cluster, error) {
	return document(t, decode[inventory.Cluster], `SELECT doc FROM clusters WHERE region=? AND name=?`, region, name)
}

// Clusters lists a region's by name; every region's for "".
func (t *Tx) Clusters(region string) ([]inventory.Cluster, error) {
	return documents(t, decode[inventory.Cluster], `SELECT doc FROM clusters WHERE ?1='' OR region=?1 ORDER BY region, name`, region)
}
