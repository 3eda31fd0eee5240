package store

import (
	"context"
	"fmt"
	"strings"
)

// migrations bring a database from one version to the next; the first makes it. They are
// added to, never changed.
//
// A night is a run of a suite, or of a shard of it. Results and points lie in the order
// of nights, so that taking one in appends, and the rules read the last few nights in
// one go. Texts are JSON, each kept once: most say the same night after night.
var migrations = []string{`
CREATE TABLE texts (
	id {serial},
	digest {bytes} NOT NULL UNIQUE, -- SHA-256
	body TEXT NOT NULL
);
CREATE TABLE machines (
	id {serial},
	host TEXT NOT NULL,
	hardware TEXT NOT NULL, -- machines that share it compare
	libtorch TEXT NOT NULL,
	digest {bytes} NOT NULL UNIQUE, -- of body
	body TEXT NOT NULL -- JSON of all that is known
);
CREATE TABLE nights (
	seq {serial}, -- in which nights were taken in
	suite TEXT NOT NULL,
	id TEXT NOT NULL, -- which shards of one run share
	shard INTEGER NOT NULL, -- from 1, or 0 of a whole
	shards INTEGER NOT NULL,
	started TEXT NOT NULL, -- RFC 3339
	commit_id TEXT NOT NULL,
	machine BIGINT NOT NULL REFERENCES machines,
	others TEXT NOT NULL, -- JSON: further machines, by their id
	header TEXT NOT NULL, -- JSON of what has no column
	checks BIGINT NOT NULL REFERENCES texts, -- JSON: their names
	ending TEXT, -- JSON; null when it did not come to its end
	consistent INTEGER NOT NULL,
	inconsistent INTEGER NOT NULL,
	unstable INTEGER NOT NULL,
	unanswered INTEGER NOT NULL,
	missing INTEGER NOT NULL, -- checks without a result
	digest {bytes} NOT NULL, -- of the file
	UNIQUE (suite, id, shard, shards)
);
CREATE TABLE checks (
	id {serial},
	suite TEXT NOT NULL,
	name TEXT NOT NULL,
	since BIGINT NOT NULL, -- the first night that had it
	UNIQUE (suite, name)
);
CREATE TABLE legs (
	id {serial},
	check_id BIGINT NOT NULL REFERENCES checks,
	name TEXT NOT NULL,
	kind TEXT NOT NULL,
	device TEXT NOT NULL,
	libtorch TEXT NOT NULL,
	UNIQUE (check_id, name, kind, device, libtorch)
);
CREATE TABLE results (
	night BIGINT NOT NULL REFERENCES nights,
	check_id BIGINT NOT NULL REFERENCES checks,
	place INTEGER NOT NULL, -- in the order in which checks ended
	machine BIGINT NOT NULL REFERENCES machines,
	verdict TEXT NOT NULL,
	summary BIGINT NOT NULL REFERENCES texts,
	files BIGINT NOT NULL REFERENCES texts, -- JSON with their hashes
	uncovered BIGINT NOT NULL REFERENCES texts, -- JSON: names of tensors
	rest BIGINT NOT NULL REFERENCES texts, -- JSON of what has no column, findings most of all
	started BIGINT, -- nanoseconds since 1970
	seconds DOUBLE PRECISION,
	peak BIGINT NOT NULL, -- bytes
	PRIMARY KEY (night, check_id)
) {clustered};
CREATE TABLE points (
	night BIGINT NOT NULL REFERENCES nights,
	leg BIGINT NOT NULL REFERENCES legs,
	same SMALLINT, -- as the reference: 1 or 0; null when it cannot be told
	max_abs DOUBLE PRECISION, -- null is NaN
	max_rel DOUBLE PRECISION,
	share DOUBLE PRECISION,
	p50 DOUBLE PRECISION,
	peak BIGINT NOT NULL,
	PRIMARY KEY (night, leg)
) {clustered};
`}

// prepare brings the database to the version that this program knows.
func (s *Store) prepare(ctx context.Context, create bool) error {
	version, err := s.version(ctx)
	switch {
	case err != nil:
		return err
	case version == 0 && !create:
		return ErrNone
	case version > len(migrations):
		return &Error{Where: s.where, Msg: fmt.Sprintf("is of version %d of the schema, this program knows those up to %d", version, len(migrations)),
			Remedy: "use the verify that wrote it, or a later one"}
	case version == len(migrations):
		return nil
	}
	return s.write(ctx, func(t *session) error {
		version, err := t.version(ctx) // another process may have been first
		if err != nil {
			return err
		}
		for _, step := range migrations[min(version, len(migrations)):] {
			for _, statement := range strings.Split(s.dialect.words().Replace(step), ";\n") {
				if strings.TrimSpace(statement) == "" {
					continue
				}
				if err := t.exec(ctx, statement); err != nil {
					return err
				}
			}
		}
		if err := t.exec(ctx, "CREATE TABLE IF NOT EXISTS torchgo_history (version INTEGER NOT NULL)"); err != nil {
			return err
		}
		if err := t.exec(ctx, "DELETE FROM torchgo_history"); err != nil {
			return err
		}
		return t.exec(ctx, "INSERT INTO torchgo_history (version) VALUES (?)", len(migrations))
	})
}

// version reads which migrations a database has had; 0 is an empty one.
func (s *Store) version(ctx context.Context) (version int, err error) {
	err = s.read(ctx, func(t *session) error {
		version, err = t.version(ctx)
		return err
	})
	return version, err
}

func (t *session) version(ctx context.Context) (version int, err error) {
	var tables int
	if err := t.row(ctx, t.s.dialect.tables()).Scan(&tables); err != nil || tables == 0 {
		return 0, err
	}
	return version, t.row(ctx, "SELECT version FROM torchgo_history").Scan(&version)
}
