package store

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// server is a PostgreSQL of the tests' own, on a Unix socket in a folder of its own.
type server struct {
	folder    string
	process   *exec.Cmd
	databases int
	err       error
}

var (
	theServer server
	startOnce sync.Once
)

func TestMain(m *testing.M) {
	code := m.Run()
	theServer.stop()
	os.Exit(code)
}

// newDatabase gives the URL of an empty database.
func newDatabase(t *testing.T) string {
	bin := programs()
	if bin == "" {
		t.Skip("no PostgreSQL here: apt-get install postgresql")
	}
	startOnce.Do(func() { theServer.err = theServer.start(bin) })
	require.NoError(t, theServer.err)
	db, err := sql.Open("postgres", theServer.url("postgres"))
	require.NoError(t, err)
	defer db.Close()
	theServer.databases++
	name := fmt.Sprint("test", theServer.databases)
	_, err = db.Exec("CREATE DATABASE " + name)
	require.NoError(t, err)
	return theServer.url(name)
}

// programs finds the folder of initdb and postgres, which Debian keeps off the path.
func programs() string {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path)
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return ""
	}
	return filepath.Dir(found[len(found)-1])
}

func (s *server) url(database string) string {
	return "postgres:///" + database + "?user=tester&sslmode=disable&host=" + url.QueryEscape(s.folder)
}

// start makes a server, as another user when the tests run as root: it refuses root.
func (s *server) start(bin string) (err error) {
	if s.folder, err = os.MkdirTemp("", "pg"); err != nil {
		return err
	}
	attributes := &syscall.SysProcAttr{}
	if os.Getuid() == 0 {
		owner, err := user.Lookup("postgres")
		if err != nil {
			owner, err = user.Lookup("nobody")
		}
		if err != nil {
			return err
		}
		uid, _ := strconv.Atoi(owner.Uid)
		gid, _ := strconv.Atoi(owner.Gid)
		if err := os.Chown(s.folder, uid, gid); err != nil {
			return err
		}
		attributes.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	data := filepath.Join(s.folder, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "--pgdata", data, "--username", "tester", "--auth", "trust", "--no-sync", "--encoding", "UTF8", "--locale", "C")
	initdb.SysProcAttr, initdb.Dir = attributes, s.folder
	if text, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, text)
	}
	s.process = exec.Command(filepath.Join(bin, "postgres"), "-D", data, "-k", s.folder, "-c", "listen_addresses=", "-F")
	s.process.SysProcAttr, s.process.Dir = attributes, s.folder
	var log strings.Builder
	s.process.Stdout, s.process.Stderr = &log, &log
	if err := s.process.Start(); err != nil {
		return err
	}
	db, err := sql.Open("postgres", s.url("postgres"))
	if err != nil {
		return err
	}
	defer db.Close()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if err = db.Ping(); err == nil {
			return nil
		}
	}
	return errors.Join(err, errors.New(log.String()))
}

// stop ends the server at once; its files are not needed again.
func (s *server) stop() {
	if s.process != nil {
		_ = s.process.Process.Signal(syscall.SIGQUIT)
		_ = s.process.Wait()
	}
	if s.folder != "" {
		_ = os.RemoveAll(s.folder)
	}
}
