package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed06459138/torchgo/verify/history"
	"github.com/seed06459138/torchgo/verify/night"
)

// impatient makes locks be waited for only shortly.
func impatient(t *testing.T) {
	old := patience
	patience = 200 * time.Millisecond
	t.Cleanup(func() { patience = old })
}

// filled makes a SQLite file with nights.
func filled(t *testing.T, nights int) string {
	path := filepath.Join(t.TempDir(), "history.db")
	s, err := Create(t.Context(), path)
	require.NoError(t, err)
	for i := range nights {
		checks := make([]string, 50)
		for j := range checks {
			checks[j] = fmt.Sprint("check", j)
		}
		take(t, s, nightOf(i+1, checks...))
	}
	require.NoError(t, s.Close())
	return path
}

func TestNotADatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	text := []byte("this is a file of something else, and stays what it is, although it is long enough for a page of a database")
	require.NoError(t, os.WriteFile(path, text, 0o644))
	_, err := Create(t.Context(), path)
	assert.ErrorIs(t, err, ErrDamaged)
	assert.ErrorContains(t, err, "verify history export --db "+path)
	same, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, text, same)
}

// A damaged file gives up what can be read, and says what cannot.
func TestDamagedDatabaseIsExported(t *testing.T) {
	path := filled(t, 20)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	r := rand.New(rand.NewPCG(1, 2))
	failed, saved := 0, 0
	for range 30 {
		damaged := append([]byte(nil), data...)
		page := 1 + r.IntN(len(damaged)/4096-1) // not the first, which says what is where
		for i := range 4096 {
			damaged[page*4096+i] = byte(r.IntN(256))
		}
		require.NoError(t, os.WriteFile(path, damaged, 0o644))
		s, err := Open(t.Context(), path)
		if err != nil {
			assert.ErrorIs(t, err, ErrDamaged)
			failed++
			continue
		}
		for n, err := range s.Export(t.Context(), "", "") {
			var known *Error
			switch {
			case err == nil:
				saved++
				assert.NotNil(t, n)
			case errors.As(err, &known):
				failed++
			default:
				t.Error(err)
			}
		}
		require.NoError(t, s.Close())
	}
	assert.NotZero(t, failed)
	assert.Greater(t, saved, 100)
}

// Rows that lead nowhere are damage too, whoever made them.
func TestRowsThatLeadNowhere(t *testing.T) {
	for name, damage := range map[string]string{
		"machines": "DELETE FROM machines", "checks": "DELETE FROM checks", "points": "DELETE FROM points", "results": "DELETE FROM results WHERE night = 1",
		"legs": "DELETE FROM legs", "a text that is no JSON": "UPDATE texts SET body = '{'", "another kind of text": "UPDATE texts SET body = '1'",
		"a machine that is no JSON": "UPDATE machines SET body = 'x'", "others": "UPDATE nights SET others = '[99]'", "a header that is no JSON": "UPDATE nights SET header = 'x', ending = '{'",
		"night of a result": "UPDATE results SET machine = 99",
	} {
		t.Run(name, func(t *testing.T) {
			s, err := Open(t.Context(), filled(t, 2))
			require.NoError(t, err)
			defer s.Close()
			_, err = s.db.Exec(damage)
			require.NoError(t, err)
			var failed []error
			try := func(err error) {
				if err != nil {
					failed = append(failed, err)
				}
			}
			_, err = s.Nights(t.Context(), "")
			try(err)
			past, err := s.Past(t.Context(), "", "")
			if try(err); err == nil {
				history.Judge(past)
			}
			_, err = s.Course(t.Context(), "zoo", "check1")
			try(err)
			for n, err := range s.Export(t.Context(), "", "") {
				if try(err); err == nil {
					assert.Len(t, n.Results, 50) // nothing is lost in silence
				}
			}
			assert.NotEmpty(t, failed)
			for _, err := range failed {
				var known *Error
				assert.ErrorAs(t, err, &known)
			}
		})
	}
}

func TestLockedDatabase(t *testing.T) {
	impatient(t)
	onEach(t, func(t *testing.T, s *Store) {
		holding, done := make(chan bool), make(chan bool)
		where := s.Where()
		other, err := Open(t.Context(), where)
		require.NoError(t, err)
		defer other.Close()
		go func() {
			_ = other.write(t.Context(), func(*session) error {
				close(holding)
				<-done
				return nil
			})
			close(done)
		}()
		<-holding
		began := time.Now()
		_, err = s.Take(t.Context(), nightOf(1, "a"))
		assert.ErrorIs(t, err, ErrLocked)
		assert.ErrorContains(t, err, "night n1 was not taken in")
		assert.ErrorContains(t, err, "try again")
		assert.GreaterOrEqual(t, time.Since(began), patience)
		if _, server := s.dialect.(postgres); server {
			assert.ErrorContains(t, err, "the database is locked by verify history of tester on the server itself")
		}
		done <- true
		<-done
		take(t, s, nightOf(1, "a"))
	})
}

// The other process that holds a file is named.
func TestWhoHoldsAFile(t *testing.T) {
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		t.Skip("no /proc here")
	}
	path := filled(t, 1)
	holder := exec.Command("sleep", "60")
	file, err := os.Open(path)
	require.NoError(t, err)
	holder.ExtraFiles = []*os.File{file}
	require.NoError(t, holder.Start())
	require.NoError(t, file.Close())
	defer func() { _, _ = holder.Process.Kill(), holder.Wait() }()
	s := &Store{where: path}
	assert.Equal(t, fmt.Sprintf("process %d (sleep 60)", holder.Process.Pid), lite{}.holders(s))
}

func TestFullDisk(t *testing.T) {
	s, err := Open(t.Context(), filled(t, 1))
	require.NoError(t, err)
	defer s.Close()
	var pages int
	require.NoError(t, s.db.QueryRow("PRAGMA page_count").Scan(&pages))
	var most int
	require.NoError(t, s.db.QueryRow(fmt.Sprintf("PRAGMA max_page_count = %d", pages)).Scan(&most))
	checks := make([]string, 500)
	for i := range checks {
		checks[i] = fmt.Sprint("other", i)
	}
	_, err = s.Take(t.Context(), nightOf(2, checks...))
	assert.ErrorIs(t, err, ErrFull)
	assert.ErrorContains(t, err, "make room and import again")
	assert.Len(t, exported(t, s), 1) // and is not half of it
}

func TestNewerSchema(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		_, err := s.db.Exec("UPDATE torchgo_history SET version = 99")
		require.NoError(t, err)
		_, err = Open(t.Context(), s.Where())
		assert.ErrorContains(t, err, "version 99 of the schema")
		assert.ErrorContains(t, err, "use the verify that wrote it")
	})
}

// Steps are applied to old databases, wholly or not at all.
func TestMigration(t *testing.T) {
	old := migrations
	t.Cleanup(func() { migrations = old })
	for name, where := range backends {
		t.Run(name, func(t *testing.T) {
			migrations = old
			path := where(t)
			s, err := Create(t.Context(), path)
			require.NoError(t, err)
			take(t, s, nightOf(1, "a"))
			require.NoError(t, s.Close())

			migrations = append(old[:len(old):len(old)], "ALTER TABLE nights ADD COLUMN mood TEXT;\nSELECT no_such_thing;\n")
			_, err = Open(t.Context(), path)
			require.Error(t, err)
			migrations[len(old)] = "ALTER TABLE nights ADD COLUMN mood TEXT;\nCREATE TABLE more (x INTEGER);\n"
			for range 2 {
				s, err = Open(t.Context(), path)
				require.NoError(t, err)
				equalNights(t, nightOf(1, "a"), exported(t, s)[0])
				_, err = s.db.Exec("SELECT mood FROM nights, more")
				require.NoError(t, err)
				require.NoError(t, s.Close())
			}
		})
	}
}

// Several that take in at once wait for one another.
func TestManyWriters(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		var all sync.WaitGroup
		outcomes := make(chan Outcome, 12)
		for i := range 12 {
			all.Go(func() {
				other, err := Open(t.Context(), s.Where())
				if !assert.NoError(t, err) {
					return
				}
				defer other.Close()
				outcome, err := other.Take(t.Context(), nightOf(1+i/2, "a", "b"))
				assert.NoError(t, err)
				outcomes <- outcome
			})
		}
		all.Wait()
		close(outcomes)
		count := make(map[Outcome]int)
		for o := range outcomes {
			count[o]++
		}
		assert.Equal(t, map[Outcome]int{Added: 6, Known: 6}, count)
		assert.Len(t, exported(t, s), 6)
	})
}

func TestPrune(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		other := nightOf(1, "z")
		other.Suite = "other"
		shard := nightOf(4, "a")
		shard.Shard = night.Shard{Index: 2, Count: 2}
		last := nightOf(4, "b")
		last.Shard = night.Shard{Index: 1, Count: 2}
		take(t, s, nightOf(1, "a", "gone"), nightOf(2, "a"), nightOf(3, "a"), last, shard, other)
		taken, err := s.Prune(t.Context(), 2)
		require.NoError(t, err)
		assert.Equal(t, 2, taken)
		all := exported(t, s)
		require.Len(t, all, 4)
		for i, want := range []*night.Night{nightOf(3, "a"), last, shard, other} {
			equalNights(t, want, all[i])
		}
		_, err = s.Course(t.Context(), "zoo", "gone")
		assert.ErrorContains(t, err, `suite zoo has no check "gone"`)
		taken, err = s.Prune(t.Context(), 2)
		require.NoError(t, err)
		assert.Zero(t, taken)
		size, err := s.Size(t.Context())
		require.NoError(t, err)
		assert.Positive(t, size)
	})
}

func TestPasswordIsNotTold(t *testing.T) {
	for _, where := range []string{
		"postgres://me:secret@/db?host=/nowhere", "postgres:///db?host=/nowhere&password=secret", "postgres://me:secret@host:bad port/db", "postgres://me:secret@[::1",
	} {
		_, err := Open(t.Context(), where)
		require.Error(t, err)
		assert.NotContains(t, err.Error(), "secret")
	}
}
