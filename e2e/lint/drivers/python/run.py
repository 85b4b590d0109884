"""Runs connections of Python drivers, one a line of standard input: the kind
and, in base64, the expression that connects. Answers a line for each: its
number, ok or no, tls or plain or nothing, the error."""

import asyncio
import base64
import ssl
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor

warnings.simplefilter("ignore")


def ask(connection, query):
    cursor = connection.cursor()
    cursor.execute(query)
    return cursor.fetchone()


POSTGRES = "select ssl from pg_stat_ssl where pid = pg_backend_pid()"
MYSQL = "show session status like 'Ssl_cipher'"
SQLSERVER = "select ENCRYPT_OPTION from SYS.DM_EXEC_CONNECTIONS where SESSION_ID = @@SPID"


def postgres(connection):
    return "tls" if str(ask(connection, POSTGRES)[0]).lower() in ("true", "t", "1") else "plain"


def mysql(connection):
    return "tls" if ask(connection, MYSQL)[1] else "plain"


def sqlserver(connection):
    return "tls" if str(ask(connection, SQLSERVER)[0]).upper() == "TRUE" else "plain"


def mongodb(client):
    client.admin.command("ping")
    return ""


def oracle(connection):
    return ""


async def asyncpg_session(text):
    import asyncpg

    connection = await eval(text, {"asyncpg": asyncpg, "ssl": ssl})
    try:
        return "tls" if await connection.fetchval(POSTGRES) else "plain"
    finally:
        await connection.close()


KINDS = {
    "asyncpg": ("asyncpg", None),
    "psycopg": ("psycopg", postgres),
    "psycopg2": ("psycopg2", postgres),
    "pymysql": ("pymysql", mysql),
    "mysqlclient": ("MySQLdb", mysql),
    "pymssql": ("pymssql", sqlserver),
    "pymongo": ("pymongo", mongodb),
    "oracledb": ("oracledb", oracle),
    "pyodbc-postgres": ("pyodbc", postgres),
    "pyodbc-mysql": ("pyodbc", mysql),
    "pyodbc-sqlserver": ("pyodbc", sqlserver),
}


ODBC = {"pyodbc-postgres": "odbc-postgresql", "pyodbc-mysql": "odbc-mariadb", "pyodbc-sqlserver": "tdsodbc"}


def connect(kind, text):
    if kind == "asyncpg":
        return asyncio.run(asyncio.wait_for(asyncpg_session(text), 15))
    module, session = KINDS[kind]
    names = {module: __import__(module), "ssl": ssl}
    try:
        connection = eval(text, names)
    except Exception as e:
        # A simulated Oracle is a listener: it knows no service, and says so.
        if kind == "oracledb" and "is not registered" in str(e):
            return ""
        raise
    try:
        return session(connection)
    finally:
        connection.close()


def version(kind):
    """The version of a kind's driver, nothing when it is not installed."""
    try:
        module = __import__(KINDS[kind][0])
    except ImportError:
        return ""
    if kind in ODBC:  # the version is that of the library that ODBC loads
        word = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", ODBC[kind]], capture_output=True, text=True).stdout
        return word.split(":")[-1].split("+")[0]
    word = str(getattr(module, "__version__", "") or getattr(module, "version", ""))
    return word.split()[0] if word else "0"


def answer(at, line):
    kind, text = line.split("\t")
    try:
        return (at, "ok", connect(kind, base64.b64decode(text).decode()), "")
    except Exception as e:
        return (at, "no", "", type(e).__name__ + ": " + " ".join(str(e).split()))


if sys.argv[1:] == ["versions"]:
    for kind in KINDS:
        print(kind, version(kind), sep="\t")
    sys.exit()

with ThreadPoolExecutor(8) as pool:
    lines = sys.stdin.read().splitlines()
    for result in pool.map(answer, range(len(lines)), lines):
        print(*result, sep="\t", flush=True)
