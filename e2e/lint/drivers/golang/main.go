// Command golang runs connections of Go's drivers, one a line of standard
// input: the kind and, in base64, the connection string. It answers a line for
// each: its number, ok or no, tls or plain or nothing, the error. It is a module
// of its own, so that its drivers are none of the product's dependencies.
package main

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/base64"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "github.com/lib/pq"
	_ "github.com/microsoft/go-mssqldb"
	_ "github.com/sijms/go-ora/v2"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// modules are the drivers, by kind.
func modules() map[string]string {
	return map[string]string{
		"mongo": "go.mongodb.org/mongo-driver/v2", "mysql": "github.com/go-sql-driver/mysql", "oracle": "github.com/sijms/go-ora/v2",
		"pgx": "github.com/jackc/pgx/v5", "postgres": "github.com/lib/pq", "sqlserver": "github.com/microsoft/go-mssqldb",
	}
}

func versions() {
	info, _ := debug.ReadBuildInfo()
	for kind, path := range modules() {
		for _, m := range info.Deps {
			if m.Path == path {
				fmt.Printf("%s\t%s\n", kind, m.Version)
			}
		}
	}
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "versions" {
		versions()
		return
	}
	var running sync.WaitGroup
	turn := make(chan struct{}, 8)
	lines := bufio.NewScanner(os.Stdin)
	for at := 0; lines.Scan(); at++ {
		kind, text, _ := strings.Cut(lines.Text(), "\t")
		turn <- struct{}{}
		running.Go(func() {
			defer func() { <-turn }()
			session, err := try(kind, text)
			if err != nil {
				fmt.Printf("%d\tno\t\t%s\n", at, strings.Join(strings.Fields(err.Error()), " "))
				return
			}
			fmt.Printf("%d\tok\t%s\t\n", at, session)
		})
	}
	running.Wait()
}

func try(kind, encoded string) (string, error) {
	text, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	if kind == "mongo" {
		return "", ping(ctx, string(text))
	}
	return query(ctx, kind, string(text))
}

func query(ctx context.Context, driver, dsn string) (string, error) {
	db, err := sql.Open(driver, dsn)
	if err != nil {
		return "", err
	}
	defer db.Close()
	var name, value string
	switch driver {
	case "mysql":
		err = db.QueryRowContext(ctx, "show session status like 'Ssl_cipher'").Scan(&name, &value)
	case "sqlserver":
		err = db.QueryRowContext(ctx, "select ENCRYPT_OPTION from SYS.DM_EXEC_CONNECTIONS where SESSION_ID = @@SPID").Scan(&value)
	case "oracle":
		// A simulated Oracle is a listener: it knows no service, and says so.
		if err = db.PingContext(ctx); err != nil && strings.Contains(err.Error(), "12514") {
			err = nil
		}
		return "", err
	default:
		err = db.QueryRowContext(ctx, "select ssl::text from pg_stat_ssl where pid = pg_backend_pid()").Scan(&value)
	}
	if err != nil {
		return "", err
	}
	if value == "" || strings.EqualFold(value, "false") {
		return "plain", nil
	}
	return "tls", nil
}

func ping(ctx context.Context, uri string) error {
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		return err
	}
	defer client.Disconnect(context.WithoutCancel(ctx))
	return client.Ping(ctx, nil)
}
