package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/seed06459138/torchgo/internal/layout"
)

// lite is SQLite: one file, one writer at a time.
type lite struct{}

func (lite) open(path string, create bool) (*sql.DB, error) {
	if errNoLite != nil {
		return nil, errNoLite
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	mode := "rw"
	if create {
		mode = "rwc"
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return nil, err
		}
	} else if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNone
	}
	query := url.Values{"mode": {mode}, "_busy_timeout": {fmt.Sprint(patience.Milliseconds())}, "_cache_size": {"-65536"}}
	where := url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}
	db, err := sql.Open("sqlite3", where.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1) // others of this process wait their turn, rather than for a lock
	return db, nil
}

func (lite) rebind(query string) string { return query }

func (lite) words() *strings.Replacer {
	return strings.NewReplacer("{serial}", "INTEGER PRIMARY KEY", "{bytes}", "BLOB", "{clustered}", "WITHOUT ROWID")
}

func (lite) tables() string {
	return "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'torchgo_history'"
}

func (lite) begin() string { return "BEGIN IMMEDIATE" }

func (lite) read() string { return "BEGIN" }

func (lite) lock(context.Context, *sql.Conn) error { return nil }

func (lite) size() string {
	return "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
}

func (lite) shrink() string { return "VACUUM" }

// holders names the other processes that have the file open, as far as this one may
// see them. Where there is no /proc nobody can be named.
func (lite) holders(s *Store) string {
	own, err := os.Stat(s.where)
	if err != nil {
		return ""
	}
	var names []string
	files, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	for _, file := range files {
		pid := strings.Split(file, "/")[2]
		info, err := os.Stat(file)
		if err != nil || !os.SameFile(own, info) || pid == fmt.Sprint(os.Getpid()) {
			continue
		}
		command, _ := os.ReadFile("/proc/" + pid + "/cmdline")
		words := strings.Fields(strings.ReplaceAll(string(command), "\x00", " "))
		name := fmt.Sprintf("process %s (%s)", pid, layout.Shorten(strings.Join(words, " "), 60))
		if len(names) == 0 || names[len(names)-1] != name {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}
