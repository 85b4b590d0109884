package read

import "testing"

func TestPythonPrograms(t *testing.T) {
	t.Parallel()
	checkPrograms(t, nil, []program{
		{about: "psycopg2 with keywords", path: "app.py", text: "import psycopg2\nc = psycopg2.connect(host='db', user='u', password='pw',\n    sslmode='verify-full', sslrootcert='/etc/rds.pem')\n",
			driver: "psycopg2", encrypts: "always", verifies: "chain and name", trust: "/etc/rds.pem", line: 2},
		{about: "psycopg2 with a string of keywords", path: "app.py", text: "psycopg2.connect(\"host=db password=pw sslmode=require sslrootcert=/r.pem\")",
			driver: "psycopg2", encrypts: "always", verifies: "chain", trust: "/r.pem"},
		{about: "psycopg2 with a variable is unknown, not the default", path: "app.py", text: "import psycopg2\npsycopg2.connect(os.environ['DSN'])\n",
			driver: "psycopg2", encrypts: "unknown", verifies: "unknown"},
		{about: "a mode from a variable is unknown", path: "app.py", text: "psycopg2.connect(host='db', sslmode=MODE)",
			driver: "psycopg2", encrypts: "unknown", verifies: "unknown"},
		{about: "a mode without any is prefer", path: "app.py", text: "psycopg2.connect(host='db')",
			driver: "psycopg2", encrypts: "maybe", verifies: "nothing"},
		{about: "psycopg 3 with a URI", path: "app.py", text: "import psycopg\npsycopg.connect('postgresql://u:pw@db/app?sslmode=require')",
			driver: "psycopg", encrypts: "always", verifies: "nothing"},
		{about: "PyMySQL: a dictionary with ca verifies chain and name, and can fall back", path: "app.py", text: "pymysql.connect(host='db', ssl={'ca': '/rds.pem'})",
			driver: "pymysql", encrypts: "unknown", verifies: "chain and name", trust: "/rds.pem"},
		{about: "PyMySQL: check_hostname False leaves the name out", path: "app.py", text: "pymysql.connect(host='db', ssl={'ca': '/rds.pem', 'check_hostname': False})",
			driver: "pymysql", encrypts: "unknown", verifies: "chain", trust: "/rds.pem"},
		{about: "PyMySQL: unpacked settings are unknown", path: "app.py", text: "pymysql.connect(**settings)", driver: "pymysql", encrypts: "unknown", verifies: "unknown"},
		{about: "PyMySQL: a context is unknown", path: "app.py", text: "pymysql.connect(host='db', ssl=ctx)", driver: "pymysql", encrypts: "unknown", verifies: "unknown"},
		{about: "Connector/Python verifies with ssl_verify_cert", path: "app.py", text: "import mysql.connector\nmysql.connector.connect(host='db', ssl_ca='/rds.pem', ssl_verify_cert=True)",
			driver: "mysql-connector-python", encrypts: "always", verifies: "chain", trust: "/rds.pem"},
		{about: "asyncpg with ssl=True takes the system's roots", path: "app.py", text: "await asyncpg.connect('postgres://u:pw@db/x', ssl=True)",
			driver: "asyncpg", encrypts: "always", verifies: "chain and name"},
		{about: "asyncpg with a context", path: "app.py", text: "await asyncpg.create_pool(host='db', ssl=ssl_context)",
			driver: "asyncpg", encrypts: "always", verifies: "unknown"},
		{about: "SQLAlchemy hands connect_args on", path: "app.py", text: "e = create_engine('postgresql+psycopg2://u:pw@db/x', connect_args={'sslmode': 'verify-ca', 'sslrootcert': '/r.pem'})",
			driver: "psycopg2", encrypts: "always", verifies: "chain", trust: "/r.pem"},
		{about: "SQLAlchemy's ssl_ca makes PyMySQL verify", path: "app.py", text: "create_engine(\"mysql+pymysql://u:pw@db/x?ssl_ca=/r.pem\")",
			driver: "pymysql", encrypts: "unknown", verifies: "chain and name", trust: "/r.pem"},
		{about: "Django's OPTIONS", path: "settings.py", text: "DATABASES = {\n 'default': {\n  'ENGINE': 'django.db.backends.postgresql',\n  'HOST': 'db', 'PASSWORD': 'pw',\n  'OPTIONS': {'sslmode': 'verify-full', 'sslrootcert': '/r.pem'},\n }\n}\n",
			driver: "psycopg2", encrypts: "always", verifies: "chain and name", trust: "/r.pem", line: 1},
		{about: "Django with MySQL", path: "settings.py", text: "DATABASES = {'default': {'ENGINE': 'django.db.backends.mysql', 'HOST': 'db', 'OPTIONS': {'ssl_mode': 'VERIFY_IDENTITY', 'ssl': {'ca': '/r.pem'}}}}",
			driver: "mysqlclient", encrypts: "always", verifies: "chain and name", trust: "/r.pem"},
		{about: "PyMongo's keywords", path: "app.py", text: "from pymongo import MongoClient\nc = MongoClient('mongodb://u:pw@db/', tls=True, tlsCAFile='/r.pem')",
			driver: "pymongo", encrypts: "always", verifies: "chain and name", trust: "/r.pem"},
		{about: "PyMongo that allows anything", path: "app.py", text: "MongoClient('mongodb://u:pw@db/', tls=True, tlsAllowInvalidCertificates=True)",
			driver: "pymongo", encrypts: "always", verifies: "nothing"},
		{about: "a comment is no client", path: "app.py", text: "# psycopg2.connect(host='db')\n# see postgres://u:pw@db/x\n"},
	})
}
