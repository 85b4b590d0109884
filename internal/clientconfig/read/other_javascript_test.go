package read

import "testing"

func TestNodePrograms(t *testing.T) {
	t.Parallel()
	version := map[string]Hint{"node-postgres": {Version: "8.11.0"}, "mysql2-node": {Version: "3.9.0"}}
	checkPrograms(t, version, []program{
		{about: "pg: rejectUnauthorized false", path: "db.js", text: "const { Pool } = require('pg')\nconst p = new Pool({ host: 'db', ssl: { rejectUnauthorized: false } })\n",
			driver: "node-postgres", encrypts: "always", verifies: "nothing", line: 2},
		{about: "pg: an object with a ca verifies chain and name", path: "db.ts", text: "import { Client } from 'pg';\nnew Client({ host: \"db\", ssl: { ca: fs.readFileSync('/r.pem').toString() } });",
			driver: "node-postgres", encrypts: "always", verifies: "chain and name", trust: "/r.pem"},
		{about: "pg: sslmode in the URL replaces the ssl object", path: "db.js", text: "import pg from 'pg';\nnew pg.Pool({ connectionString: 'postgres://u:pw@db/x?sslmode=require', ssl: { rejectUnauthorized: false } })",
			driver: "node-postgres", encrypts: "always", verifies: "chain and name"},
		{about: "pg: require is libpq's when asked", path: "db.js", text: "require('pg'); const u = 'postgres://u:pw@db/x?uselibpqcompat=true&sslmode=require'",
			driver: "node-postgres", encrypts: "always", verifies: "nothing"},
		{about: "pg: ssl from a variable by shorthand is unknown", path: "db.js", text: "require('pg'); new Client({ host: 'db', ssl })", driver: "node-postgres", encrypts: "unknown", verifies: "unknown"},
		{about: "pg: settings taken over from elsewhere are unknown", path: "db.js", text: "require('pg'); new Client({ ...settings, host: 'db' })", driver: "node-postgres", encrypts: "unknown", verifies: "unknown"},
		{about: "pg: no ssl never encrypts", path: "db.js", text: "require('pg'); new Client({ host: 'db' })", driver: "node-postgres", encrypts: "never", verifies: "nothing"},
		{about: "mysql2: the profile of Amazon", path: "db.js", text: "const mysql = require('mysql2/promise');\nmysql.createPool({ host: 'db', ssl: 'Amazon RDS' })",
			driver: "mysql2-node", encrypts: "always", verifies: "chain"},
		{about: "mysql2: a ca without verifyIdentity leaves the name out", path: "db.js", text: "const mysql = require('mysql2');\nmysql.createConnection({ host: 'db', ssl: { ca: fs.readFileSync('/r.pem') } })",
			driver: "mysql2-node", encrypts: "always", verifies: "chain", trust: "/r.pem"},
		{about: "mysql2: verifyIdentity", path: "db.mjs", text: "import mysql from 'mysql2';\nmysql.createConnection({ host: 'db', ssl: { verifyIdentity: true, ca: fs.readFileSync('/r.pem') } })",
			driver: "mysql2-node", encrypts: "always", verifies: "chain and name", trust: "/r.pem"},
		{about: "mysql never verifies the name", path: "db.js", text: "var mysql = require('mysql');\nmysql.createConnection({ host: 'db', ssl: { ca: fs.readFileSync('/r.pem') } })",
			driver: "mysql-node", encrypts: "always", verifies: "chain", trust: "/r.pem"},
		{about: "Postgres.js: require verifies nothing", path: "db.js", text: "import postgres from 'postgres'\nconst sql = postgres('postgres://u:pw@db/x?sslmode=require')",
			driver: "postgres-js", encrypts: "always", verifies: "nothing"},
		{about: "Postgres.js: ssl true verifies", path: "db.js", text: "import postgres from 'postgres'\nconst sql = postgres({ host: 'db', ssl: true })",
			driver: "postgres-js", encrypts: "always", verifies: "chain and name"},
		{about: "MongoDB with a CA", path: "db.js", text: "const { MongoClient } = require('mongodb');\nnew MongoClient('mongodb://u:pw@db/x', { tls: true, tlsCAFile: '/r.pem' })",
			driver: "mongodb-node", encrypts: "always", verifies: "chain and name", trust: "/r.pem"},
		{about: "a Pool of something else is no client", path: "db.js", text: "const p = new WorkerPool({ host: 'db' })"},
	})
}
