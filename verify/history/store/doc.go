// Package store keeps nights in a database: an embedded SQLite file, or PostgreSQL for
// a team. What is taken in comes out again as it was; numbers that rules look at are
// columns, and texts that many results share are kept once.
package store
