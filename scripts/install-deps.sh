#!/usr/bin/env bash
# Installs what dbtls runs and tests with, on Debian 12 or newer.
#
#   install-deps.sh [--for run|test]
#
#   --for run    the database servers, their command-line clients, aws, curl
#   --for test   (default) that, and what the tests drive dbtls with
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
	[[ $purpose == test ]] || return 0

	# The race detector is linked by the C compiler.
	have gcc || echo gcc
	have_file '/usr/include/stdlib.h' || echo libc6-dev
	# The tests run single-file Java sources, which takes the compiler too.
	{ have javac && have keytool; } || echo default-jdk-headless
	have_file /usr/share/java/postgresql.jar || echo libpostgresql-jdbc-java
	have_file /usr/share/java/mariadb-java-client.jar || echo libmariadb-java
	have_file '/usr/lib/python3/dist-packages/psycopg/__init__.py' || echo python3-psycopg
	have_file '/usr/lib/python3/dist-packages/pymysql/__init__.py' || echo python3-pymysql
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
say "everything for $purpose is here"
