package api_test

import (
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dbtls/dbtls/e2e/harness"
)

// forward passes connections on to another address until l is closed.
func forward(l net.Listener, to string) {
	for {
		in, err := l.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", to)
		if err != nil {
			in.Close()
			continue
		}
		go func() { io.Copy(out, in); out.Close() }()
		go func() { io.Copy(in, out); in.Close() }()
	}
}

// queryCopy starts a server by hand on a copy of a data directory, without
// anything of dbtls, and reads the table "kept".
func queryCopy(t *testing.T, data, engine, version string) string {
	t.Helper()
	run, err := os.MkdirTemp("/tmp", "dbtls-copy-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(run) })
	name := map[string]string{"postgres": "postgres", "mariadb": "mysql"}[engine]
	owner := ownerOf(t, name)
	// The snapshots' folder is the administrator's; a user of the copy moves it
	// to where the server's user can read it.
	copied := filepath.Join(run, "data")
	if out, err := exec.Command("cp", "-a", data, copied).CombinedOutput(); err != nil {
		t.Fatalf("copy the snapshot: %v: %s", err, out)
	}
	if err := os.Chown(run, int(owner.Uid), int(owner.Gid)); err != nil {
		t.Fatal(err)
	}
	server, query := byHand(engine, version, run, copied)
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(server[0], server[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: owner}
	cmd.Stdout, cmd.Stderr, cmd.Dir = log, log, run
	if err := cmd.Start(); err != nil {
		t.Fatalf("start a server on the copy: %v", err)
	}
	defer func() {
		cmd.Process.Signal(syscall.SIGQUIT)
		kill := time.AfterFunc(10*time.Second, func() { cmd.Process.Kill() })
		defer kill.Stop()
		cmd.Wait()
	}()
	var answer string
	harness.Poll(t, 30*time.Second, "the server on the copy answers", func() bool {
		out, err := exec.Command(query[0], query[1:]...).Output()
		answer = strings.TrimSpace(string(out))
		return err == nil
	})
	return answer
}

// byHand is a server's command line on a copied directory, and a client's that
// reads the row.
func byHand(engine, version, run, data string) (server, query []string) {
	if engine == "postgres" {
		hba := filepath.Join(run, "hba.conf")
		os.WriteFile(hba, []byte("local all all trust\n"), 0o644)
		os.WriteFile(filepath.Join(run, "postgresql.conf"), nil, 0o644)
		major, _, _ := strings.Cut(version, ".")
		return []string{filepath.Join("/usr/lib/postgresql", major, "bin/postgres"), "-D", data, "-c", "config_file=" + filepath.Join(run, "postgresql.conf"),
				"-c", "hba_file=" + hba, "-c", "listen_addresses=", "-c", "unix_socket_directories=" + run},
			[]string{"psql", "-XAtq", "-h", run, "-U", "admin1", "-d", "postgres", "-c", "select n from kept"}
	}
	socket := filepath.Join(run, "s")
	return []string{"/usr/sbin/mariadbd", "--no-defaults", "--datadir=" + data, "--socket=" + socket, "--skip-networking", "--skip-grant-tables",
			"--innodb-flush-method=fsync", "--pid-file=" + filepath.Join(run, "pid")},
		[]string{"mariadb", "--no-defaults", "--socket=" + socket, "--batch", "--skip-column-names", "--execute=select n from orders.kept"}
}

func ownerOf(t *testing.T, name string) *syscall.Credential {
	t.Helper()
	u, err := user.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}
