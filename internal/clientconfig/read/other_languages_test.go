package read

import "testing"

func TestOtherLanguages(t *testing.T) {
	t.Parallel()
	checkPrograms(t, nil, []program{
		{about: "Go: sql.Open names lib/pq, whose default is require", path: "main.go", text: "package main\n\nimport _ \"github.com/lib/pq\"\n\nvar db, _ = sql.Open(\"postgres\", \"host=db user=u password=pw\")\n",
			driver: "lib-pq", encrypts: "always", verifies: "nothing", line: 5},
		{about: "Go: pgx with a URI", path: "main.go", text: "import \"github.com/jackc/pgx/v5\"\nvar c, _ = pgx.Connect(ctx, \"postgres://u:pw@db/x?sslmode=verify-full\")",
			driver: "pgx", encrypts: "always", verifies: "chain and name"},
		{about: "Go: the MySQL driver's DSN", path: "main.go", text: "db, err := sql.Open(\"mysql\", \"u:pw@tcp(db:3306)/x?tls=skip-verify\")", driver: "go-sql-driver-mysql", encrypts: "always", verifies: "nothing"},
		{about: "Go: a DSN from a variable is unknown", path: "main.go", text: "db, err := sql.Open(\"mysql\", dsn)", driver: "go-sql-driver-mysql", encrypts: "unknown", verifies: "unknown"},
		{about: "Go: a Config", path: "main.go", text: "c := mysql.Config{User: \"u\", Passwd: \"pw\", Net: \"tcp\", Addr: \"db:3306\", TLSConfig: \"true\"}", driver: "go-sql-driver-mysql", encrypts: "always", verifies: "chain and name"},
		{about: "PHP: PDO with a CA", path: "db.php", text: "<?php\n$p = new PDO('mysql:host=db;dbname=x', 'u', 'pw', [PDO::MYSQL_ATTR_SSL_CA => '/r.pem']);",
			driver: "php-mysql", encrypts: "always", verifies: "chain and name", trust: "/r.pem", line: 2},
		{about: "PHP: PDO that does not verify", path: "db.php", text: "<?php new PDO('mysql:host=db', 'u', 'pw', array(PDO::MYSQL_ATTR_SSL_CA => '/r.pem', PDO::MYSQL_ATTR_SSL_VERIFY_SERVER_CERT => false));",
			driver: "php-mysql", encrypts: "always", verifies: "nothing"},
		{about: "PHP: PDO without options", path: "db.php", text: "<?php new PDO('mysql:host=db', 'u', 'pw');", driver: "php-mysql", encrypts: "never", verifies: "nothing"},
		{about: "PHP: PDO with options from a variable is unknown", path: "db.php", text: "<?php new PDO('mysql:host=db', 'u', 'pw', $options);", driver: "php-mysql", encrypts: "unknown", verifies: "unknown"},
		{about: "PHP: PDO for PostgreSQL", path: "db.php", text: "<?php new PDO('pgsql:host=db;sslmode=verify-full;sslrootcert=/r.pem');", driver: "php-pgsql", encrypts: "always", verifies: "chain and name", trust: "/r.pem"},
		{about: "PHP: pg_connect", path: "db.php", text: "<?php pg_connect(\"host=db password=pw sslmode=require\");", driver: "php-pgsql", encrypts: "always", verifies: "nothing"},
		{about: "PHP: ssl_set", path: "db.php", text: "<?php mysqli_ssl_set($db, NULL, NULL, \"/r.pem\", NULL, NULL);", driver: "php-mysql", encrypts: "always", verifies: "chain and name", trust: "/r.pem"},
		{about: "Ruby: pg", path: "db.rb", text: "PG.connect(host: 'db', password: 'pw', sslmode: 'verify-ca', sslrootcert: '/r.pem')", driver: "ruby-pg", encrypts: "always", verifies: "chain", trust: "/r.pem"},
		{about: "Ruby: mysql2 with a symbol", path: "db.rb", text: "Mysql2::Client.new(host: \"db\", ssl_mode: :verify_identity, sslca: '/r.pem')", driver: "mysql2-ruby", encrypts: "always", verifies: "chain and name", trust: "/r.pem"},
		{about: "Rails: PostgreSQL, merging an anchor", path: "config/database.yml", text: "default: &default\n  adapter: postgresql\n  sslmode: verify-full\n\nproduction:\n  <<: *default\n  host: db\n  password: pw\n  sslrootcert: /r.pem\n",
			driver: "ruby-pg", encrypts: "always", verifies: "chain and name", trust: "/r.pem", line: 5},
		{about: "Rails: MySQL", path: "config/database.yml", text: "production:\n  adapter: mysql2\n  host: db\n  ssl_mode: verify_identity\n  sslca: /r.pem\n", driver: "mysql2-ruby", encrypts: "always", verifies: "chain and name", trust: "/r.pem"},
		{about: "Rust: sqlx never verifies for require", path: "main.rs", text: "use sqlx::postgres::PgPoolOptions;\nlet p = \"postgres://u:pw@db/x?sslmode=require&sslrootcert=/r.pem\";", driver: "sqlx-postgres", encrypts: "always", verifies: "nothing"},
		{about: ".NET: Npgsql in appsettings", path: "appsettings.json", text: "{\"ConnectionStrings\": {\"Db\": \"Host=db;Username=u;Password=pw;SSL Mode=VerifyFull;Root Certificate=/r.pem\"}}", driver: "npgsql", encrypts: "always", verifies: "chain and name", trust: "/r.pem"},
		{about: "a pipeline with a command", path: ".github/workflows/ci.yml", text: "steps:\n  - run: psql \"host=db sslmode=verify-full sslrootcert=/r.pem\" -c 'select 1'\n", driver: "libpq", encrypts: "always", verifies: "chain and name", trust: "/r.pem", line: 2},
		{about: "Docker's ENV", path: "Dockerfile", text: "FROM x\nENV PGSSLMODE=verify-ca PGSSLROOTCERT=/r.pem\n", driver: "libpq", encrypts: "always", verifies: "chain", trust: "/r.pem", line: 2},
		{about: "compose's environment", path: "docker-compose.yml", text: "services:\n  app:\n    environment:\n      - PGHOST=db\n      - PGSSLMODE=disable\n", driver: "libpq", encrypts: "never", verifies: "nothing", line: 4},
		{about: "a cluster's manifest", path: "deploy.yaml", text: "env:\n- name: PGSSLMODE\n  value: \"verify-full\"\n- name: PGSSLROOTCERT\n  value: /r.pem\n", driver: "libpq", encrypts: "always", verifies: "chain and name", trust: "/r.pem"},
		{about: "a URL in .env", path: ".env", text: "DATABASE_URL=postgres://u:${PW}@db/x?sslmode=require\n", driver: "libpq", encrypts: "always", verifies: "nothing", line: 1},
		{about: "a service file", path: "/home/u/.pg_service.conf", text: "# mine\n[prod]\nhost=db\npassword=pw\nsslmode=verify-full\nsslrootcert=/r.pem\n", driver: "libpq", encrypts: "always", verifies: "chain and name", trust: "/r.pem", line: 2},
		{about: "a command line over several lines", path: "dump.sh", text: "#!/bin/sh\nmysqldump -h db -uu -ppw \\\n  --ssl-mode=VERIFY_IDENTITY --ssl-ca=/r.pem x | gzip\n", driver: "mysql-cli", encrypts: "always", verifies: "chain and name", trust: "/r.pem", line: 2},
		{about: "a container's command", path: "Dockerfile", text: "CMD [\"mariadb\", \"-hdb\", \"--skip-ssl\"]\n", driver: "mariadb-cli", encrypts: "never", verifies: "nothing"},
		{about: "a check of the local server is no client", path: "docker-compose.yml", text: "test: [\"CMD\", \"mysqladmin\", \"ping\", \"-h\", \"localhost\"]\n"},
		{about: "installing a client is not running it", path: "setup.sh", text: "apt-get install -y mysql psql\n"},
	})
}
