#!/usr/bin/env bash
# Installs what dbtls runs and tests with, on Debian 12 or newer.
#
#   install-deps.sh [--for run|test]
#
#   --for run    the database servers, their command-line clients, aws, curl; Node
#                and npm, which build the web console
#   --for test   (default) that, and what the tests drive dbtls with; MySQL's
#                server and its mysql command are among it, under /opt/mysql-sid,
#                see mysql_from_sid
#
# Only what is missing is installed, nothing is ever removed, and no database
# server is started: PostgreSQL's package would otherwise make a cluster on
# port 5432 and start it, MariaDB's full server package one on port 3306.
# Without root, or without apt, it says what is missing and exits 0: what
# needs it will name it.
set -euo pipefail

say() { printf 'install-deps: %s\n' "$*"; }
die() {
	say "$*" >&2
	exit 1
}

purpose="test"
case $#:${1-} in
0:) ;;
2:--for) purpose=$2 ;;
*) die "usage: install-deps.sh [--for run|test]" ;;
esac
[[ $purpose == run || $purpose == test ]] || die "--for takes run or test, not \"$purpose\""

# Servers live in sbin, which an ordinary user's PATH often lacks.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

have() { command -v "$1" >/dev/null; }
have_file() { compgen -G "$1" >/dev/null; }
have_python() { have_file "/usr/lib/python3/dist-packages/$1/__init__.py" || have_file "/usr/lib/python3/dist-packages/$1.*.so"; }
have_postgres() { have_file '/usr/lib/postgresql/*/bin/postgres' || have_file '/usr/pgsql-*/bin/postgres' || have postgres; }

# missing prints the packages to install, one a line.
missing() {
	have_postgres || echo postgresql
	have psql || echo postgresql-client
	have mariadbd || echo mariadb-server-core # the full package starts a server
	have mariadb || echo mariadb-client
	have openssl || echo openssl
	have curl || echo curl
	have aws || echo awscli
	have_file /etc/ssl/certs/ca-certificates.crt || echo ca-certificates # Go fetches modules over HTTPS
	have node || echo nodejs
	have npm || echo npm # Debian's; nodejs from elsewhere brings its own
	[[ $purpose == test ]] || return 0

	# The web console is tested in a real browser, which draws text with the
	# fonts it finds.
	{ have chromium || have chromium-browser || have google-chrome; } || echo chromium
	have_file '/usr/share/fonts/truetype/*/*.ttf' || echo fonts-dejavu-core
	# The race detector is linked by the C compiler.
	have gcc || echo gcc
	have_file '/usr/include/stdlib.h' || echo libc6-dev
	# The tests run single-file Java sources, which takes the compiler too.
	{ have javac && have keytool; } || echo default-jdk-headless
	have_file /usr/share/java/postgresql.jar || echo libpostgresql-jdbc-java
	have_file /usr/share/java/mariadb-java-client.jar || echo libmariadb-java
	have_python psycopg || echo python3-psycopg
	have_python psycopg2 || echo python3-psycopg2
	have_python asyncpg || echo python3-asyncpg
	have_python pymysql || echo python3-pymysql
	have_python MySQLdb || echo python3-mysqldb
	have_python pymongo || echo python3-pymongo
	have_python pymssql || echo python3-pymssql
	have_python oracledb || echo python3-oracledb
	# Drivers of ODBC, whose rules the linter's test measures through Python.
	have_python pyodbc || echo python3-pyodbc
	have_file '/usr/lib/*/odbc/psqlodbcw.so' || echo odbc-postgresql
	have_file '/usr/lib/*/odbc/libmaodbc.so' || echo odbc-mariadb
	have_file '/usr/lib/*/odbc/libtdsodbc.so' || echo tdsodbc
	# Independent speakers of TDS and DRDA, beside the drivers in Go.
	have tsql || echo freetds-bin
	have_file /usr/share/java/derbynet.jar || echo libderby-java
	have_file /usr/share/java/derbyclient.jar || echo libderbyclient-java
	have_file /usr/share/java/derbytools.jar || echo derby-tools
}

# --no-remove: a package that would push out another one, such as Oracle's
# MySQL server, is an error and not a surprise.
apt_install() {
	DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends --no-remove "$@"
}

twice() {
	"$@" && return
	say "trying once more: $*"
	sleep 5
	"$@"
}

# with_no_cluster runs a command while PostgreSQL's packages are told to make
# no cluster. The setting is proven before it is relied on: an administrator's
# createcluster.conf may not read the drop-in folder.
with_no_cluster() {
	! have_file '/etc/postgresql/*/*/postgresql.conf' ||
		die "installing PostgreSQL would start the cluster of an earlier installation: /etc/postgresql has its configuration; remove it, or install the package postgresql by hand"
	have pg_conftool || twice apt_install postgresql-common
	trap clear_dropin EXIT
	mkdir -p "${dropin%/*}"
	echo 'create_main_cluster = false' >"$dropin"
	[[ $(pg_conftool /etc/postgresql-common/createcluster.conf show -bs create_main_cluster) == off ]] ||
		die "installing PostgreSQL would start a cluster on its default port: /etc/postgresql-common/createcluster.conf does not read createcluster.d; set create_main_cluster = false there, or install the package postgresql by hand"
	"$@"
	clear_dropin
	trap - EXIT
}

dropin=/etc/postgresql-common/createcluster.d/zz-dbtls-install.conf
clear_dropin() {
	rm -f "$dropin"
	rmdir --ignore-fail-on-non-empty "${dropin%/*}"
}

# Debian's full MariaDB server package makes this account; the core package
# does not, and dbtls runs the servers as it.
make_mysql_user() {
	getent group mysql >/dev/null || groupadd --system mysql
	getent passwd mysql >/dev/null || {
		say "making the system user mysql"
		useradd --system --gid mysql --no-create-home --home-dir /nonexistent \
			--shell /usr/sbin/nologin --comment "MariaDB Server" mysql
	}
}

# Debian 12 has no MySQL. Debian unstable has the server program alone, in
# mysql-server-core, and the mysql command in mysql-client-core. mysql_from_sid
# puts them and the libraries they need into a folder of its own and installs
# nothing: the machine's package lists, its packages and its MariaDB stay as they
# are. The programs' loader and library path are set to the folder, so that they
# run like any other; the rest they find from where they are themselves. A failure
# is said loudly and is none of the script's: the tests of MySQL then skip, saying
# so, unless DBTLS_REQUIRE_MYSQL is set.
mysql_home=/opt/mysql-sid

have_mysql_command() { have_file '/opt/mysql*/bin/mysql' || have_file '/usr/local/mysql/bin/mysql' || { have mysql && ! mysql --version | grep -q MariaDB; }; }
have_mysql() { have_mysql_command && have_mysqld; }
have_mysqld() { have_file '/opt/mysql*/bin/mysqld' || have_file '/usr/local/mysql/bin/mysqld' || { have mysqld && ! mysqld --version | grep -q MariaDB; }; }

mysql_from_sid() {
	! have_mysql || return 0
	local work failed=0
	work=$(mktemp -d)
	# In a subshell of its own, and in no condition: there set -e would not hold.
	set +e
	(set -e && fetch_mysql "$work") >"$work/log" 2>&1
	failed=$?
	set -e
	if ((failed == 0)); then
		say "MySQL is under $mysql_home: $("$mysql_home/bin/mysqld" --version)"
	else
		say "####################################################################" >&2
		say "NO MYSQL SERVER on this machine: its tests will SKIP. The reason:" >&2
		tail -n 5 "$work/log" >&2
		say "####################################################################" >&2
	fi
	rm -rf "$work"
}

# debian_mirror prints the address that this machine's own apt sources have
# for Debian itself.
debian_mirror() {
	# shellcheck disable=SC2016 # apt's format, not the shell's
	apt-get indextargets --format '$(CREATED_BY)|$(ORIGIN)|$(LABEL)|$(COMPONENT)|$(REPO_URI)' |
		awk -F'|' '$1 == "Packages" && $2 == "Debian" && $3 == "Debian" && $4 == "main" { print $5; exit }'
}

# fetch_mysql WORK downloads into WORK with lists, cache and status of its
# own: an empty status makes apt bring every library, whatever is installed.
fetch_mysql() {
	local work=$1 uri deb
	uri=$(debian_mirror)
	if [[ -z $uri ]]; then # a fresh machine has no lists
		twice apt-get update --quiet
		uri=$(debian_mirror)
	fi
	[[ -n $uri ]] || die "apt's sources, or its lists, name no mirror of Debian"
	mkdir -p "$work"/{lists,cache/archives}/partial "$work"/{parts,root,tools}
	: >"$work/status"
	echo "deb [signed-by=$(compgen -G '/usr/share/keyrings/debian-archive-keyring.[gp]*' | head -n 1)] $uri sid main" >"$work/sources.list"
	local sid=(apt-get --quiet --yes -o APT::Sandbox::User=root -o Acquire::Languages=none -o APT::Install-Recommends=false
		-o "Dir::Etc::SourceList=$work/sources.list" -o "Dir::Etc::SourceParts=$work/parts"
		-o "Dir::State::Lists=$work/lists" -o "Dir::State::Status=$work/status" -o "Dir::Cache=$work/cache")
	twice "${sid[@]}" update
	twice "${sid[@]}" --download-only install mysql-server-core mysql-client-core
	cd "$work/tools"
	twice apt-get --quiet -o APT::Sandbox::User=root download patchelf
	dpkg -x patchelf_*.deb .
	for deb in "$work"/cache/archives/*.deb; do
		dpkg -x "$deb" "$work/root"
	done
	place_mysql "$work/root/usr" "$work/tools/usr/bin/patchelf"
}

# place_mysql FROM PATCHELF builds the folder beside its place and moves it
# there as a whole. A program that does not run there is taken away again.
place_mysql() {
	local from=$1 patchelf=$2 new=$mysql_home.new loader
	rm -rf "$new"
	mkdir -p "$new"/{bin,lib,share}
	cp -a "$from/sbin/mysqld" "$from/bin/mysql" "$new/bin/"
	cp -a "$from/lib/mysql" "$new/lib/"
	cp -a "$from/share/mysql" "$new/share/"
	cp -a "$from"/lib/*-linux-gnu*/. "$new/lib/"
	loader=$("$patchelf" --print-interpreter "$new/bin/mysqld")
	"$patchelf" --force-rpath --set-rpath "$mysql_home/lib:$mysql_home/lib/mysql/private" \
		--set-interpreter "$mysql_home/lib/${loader##*/}" "$new/bin/mysqld" "$new/bin/mysql"
	rm -rf "$mysql_home"
	mv "$new" "$mysql_home"
	{ "$mysql_home/bin/mysqld" --version && "$mysql_home/bin/mysql" --version; } || {
		rm -rf "$mysql_home"
		die "the unpacked program does not run on this machine"
	}
}

mapfile -t packages < <(missing)
if ((${#packages[@]})); then
	if ! have apt-get; then
		say "not a Debian system; install by hand what these Debian packages hold: ${packages[*]}"
		exit 0
	fi
	if ((EUID != 0)); then
		say "not root; ask an administrator to run scripts/install-deps.sh --for $purpose, which installs: ${packages[*]}"
		exit 0
	fi
	say "installing: ${packages[*]}"
	twice apt-get update --quiet
	if [[ " ${packages[*]} " == *" postgresql "* ]]; then
		with_no_cluster twice apt_install "${packages[@]}"
	else
		twice apt_install "${packages[@]}"
	fi
	mapfile -t packages < <(missing)
	((${#packages[@]} == 0)) || die "installed, and still not found: ${packages[*]}"
fi
if ((EUID == 0)) && have mariadbd; then
	make_mysql_user
fi
if [[ $purpose == test ]] && ((EUID == 0)) && have apt-get; then
	mysql_from_sid
fi
say "everything for $purpose is here"
