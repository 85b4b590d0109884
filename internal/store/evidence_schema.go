package store

// evidenceMigrations bring an evidence file from version n to n+1, as migrations
// do for the state. A released entry never changes.
var evidenceMigrations = []string{`
-- clients: how many rows of clients a database has; folded: when one was counted
-- in a row of others for the last time.
CREATE TABLE databases (
	id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, clients INTEGER NOT NULL DEFAULT 0,
	folded INTEGER, followed INTEGER NOT NULL DEFAULT 0);

-- One row for each evidence.Key; key is its digest, which makes a short index.
-- first and last in Unix milliseconds.
CREATE TABLE clients (
	id INTEGER PRIMARY KEY, database INTEGER NOT NULL, key BLOB NOT NULL,
	kind TEXT NOT NULL, how TEXT NOT NULL, user TEXT NOT NULL, source TEXT NOT NULL, application TEXT NOT NULL,
	name TEXT NOT NULL, tls TEXT NOT NULL, version TEXT NOT NULL, cipher TEXT NOT NULL, why TEXT NOT NULL,
	own INTEGER NOT NULL, internal INTEGER NOT NULL,
	first INTEGER NOT NULL, last INTEGER NOT NULL, count INTEGER NOT NULL);
CREATE UNIQUE INDEX clients_key ON clients (database, key);
CREATE INDEX clients_last ON clients (database, last);

-- The same by day of UTC.
CREATE TABLE client_days (
	client INTEGER NOT NULL, day INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, count INTEGER NOT NULL,
	PRIMARY KEY (client, day)) WITHOUT ROWID;

CREATE TABLE spans (
	database INTEGER NOT NULL, how TEXT NOT NULL, begun INTEGER NOT NULL, upto INTEGER NOT NULL, ended TEXT NOT NULL,
	PRIMARY KEY (database, how, begun)) WITHOUT ROWID;

-- Where each source goes on, and what of it is known besides.
CREATE TABLE marks (
	database INTEGER NOT NULL, name TEXT NOT NULL, value BLOB NOT NULL,
	PRIMARY KEY (database, name)) WITHOUT ROWID;

-- What an event has told already.
CREATE TABLE told (
	database INTEGER NOT NULL, what TEXT NOT NULL, at INTEGER NOT NULL,
	PRIMARY KEY (database, what)) WITHOUT ROWID;
`, `
-- What hosts of clients told of themselves: the latest of each, by each user.
CREATE TABLE reports (
	id INTEGER PRIMARY KEY, host TEXT NOT NULL, application TEXT NOT NULL, reporter TEXT NOT NULL, at INTEGER NOT NULL, doc TEXT NOT NULL);
CREATE UNIQUE INDEX reports_host ON reports (host, application, reporter);
CREATE INDEX reports_at ON reports (at);
`}
