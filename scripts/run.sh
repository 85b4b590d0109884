#!/usr/bin/env bash
# The main job, once, before your eyes: two real databases and a simulated one
# get their certificates, all move to another CA, the real ones under an open
# session, and clients that trust only the old root or only the new one pass
# verify-full. Then the server goes on serving until Ctrl-C. Where no database
# server is installed, the simulated one does the job alone.
#
#   PORT=7443      port of the API
#   KEEP=1         leave databases and state behind when it ends
set -euo pipefail
cd "$(dirname "$0")/.."

port=${PORT:-7443}
dbtls=$PWD/bin/dbtls
begin=$SECONDS
old_ca=rds-ca-rsa2048-g1
new_ca=rds-ca-ecc384-g1
user=admin1

say() { printf '\n\033[1m[%3ds] %s\033[0m\n' $((SECONDS - begin)) "$*"; }
note() { printf '       %s\n' "$*"; }
die() { printf 'make run: %s\n' "$*" >&2; exit 1; }

# Engines run as users of their own, so the place must be one they can reach.
work=$(mktemp -d "${TMPDIR:-/var/tmp}/dbtls-run.XXXXXX")
chmod 711 "$work"
data=$work/d
password=$(openssl rand -hex 12)
server=

# The databases are processes of their own and outlive dbtls; a demonstration
# should not leave them behind unasked.
clean() {
	trap - EXIT INT TERM
	exec 7>&- 8>&- 2>/dev/null || true
	if [ -n "${KEEP:-}" ]; then
		printf '\nLeft as it is: %s\nServe it again: %s serve --data %s\n' "$work" "$dbtls" "$data"
		[ -z "$server" ] || kill "$server" 2>/dev/null || true
		return
	fi
	printf '\nRemoving the databases …\n'
	for name in ${created:-} ${played:-}; do
		rds delete-db-instance --db-instance-identifier "$name" --skip-final-snapshot >/dev/null 2>&1 || true
	done
	for name in ${created:-} ${played:-}; do
		for _ in $(seq 100); do rds describe-db-instances --db-instance-identifier "$name" >/dev/null 2>&1 || break; sleep 0.2; done
	done
	[ -z "$server" ] || { kill "$server" 2>/dev/null; wait "$server" 2>/dev/null; } || true
	rm -rf "$work"
}
trap clean EXIT
trap 'exit 0' INT TERM

# Every aws works when it is told the endpoint, old ones too.
rds() { aws --endpoint-url "$AWS_ENDPOINT_URL" --output text rds "$@"; }

# create NAME ENGINE CLASS makes an instance; what aws says of a failure is its
# output.
create() {
	rds create-db-instance --db-instance-identifier "$1" --engine "$2" --db-instance-class "$3" \
		--master-username $user --master-user-password "$password" --query DBInstance.DBInstanceStatus 2>&1
}

engines=
for e in postgres:psql mariadb:mariadb; do
	client=${e#*:} e=${e%:*}
	if ! command -v "$client" >/dev/null; then
		note "left out: $e, for its client $client is not installed"
	else
		engines="$engines $e"
	fi
done
command -v aws >/dev/null || die "the aws CLI is not installed; run: make deps"

say "Starting dbtls"
"$dbtls" serve --data "$data" --listen "127.0.0.1:$port" >"$work/ready" 2>"$work/dbtls.log" &
server=$!
for _ in $(seq 100); do
	grep -q '^ready' "$work/ready" && break
	kill -0 "$server" 2>/dev/null || { tail -n 3 "$work/dbtls.log" >&2; die "dbtls did not start (PORT=… chooses another port)"; }
	sleep 0.1
done
grep '^ready' "$work/ready" || die "dbtls is not ready after 10 seconds; its log: $work/dbtls.log"
eval "$("$dbtls" env --data "$data" 2>/dev/null)"
fetch() { curl -fsS --cacert "$AWS_CA_BUNDLE" "$AWS_ENDPOINT_URL/$1" -o "$work/$2"; }

say "Four certificate authorities"
rds describe-certificates --query 'Certificates[].[CertificateIdentifier,ValidTill,Thumbprint]' | sed 's/^/       /'
fetch global/global-bundle.pem global-bundle.pem
fetch "us-east-1/$old_ca.pem" old-root.pem
fetch "us-east-1/$new_ca.pem" new-root.pem

created=
say "Creating databases"
for e in $engines; do
	note "aws rds create-db-instance --db-instance-identifier my-$e --engine $e --db-instance-class db.local …"
	if why=$(create "my-$e" "$e" db.local); then
		created="$created my-$e"
	elif [[ $why == *"server is installed"* ]]; then
		note "left out: $e, for no server of it is installed (make deps, as root, installs one)"
	else
		die "$why"
	fi
done
played=sim-sqlserver
note "aws rds create-db-instance --db-instance-identifier $played --engine sqlserver-se --db-instance-class db.simulated …"
why=$(create $played sqlserver-se db.simulated) || die "$why"

declare -A host dbport
for name in $created $played; do
	for _ in $(seq 300); do
		status=$(rds describe-db-instances --db-instance-identifier "$name" --query 'DBInstances[0].DBInstanceStatus')
		[ "$status" = available ] && break
		[ "$status" = failed ] && { "$dbtls" status --data "$data"; die "$name failed"; }
		sleep 0.2
	done
	read -r "host[$name]" "dbport[$name]" < <(rds describe-db-instances --db-instance-identifier "$name" --query 'DBInstances[0].Endpoint.[Address,Port]')
	note "$name is $status at ${host[$name]}:${dbport[$name]}"
done

# client NAME ROOTS: a client in verify-full, statements from standard input.
client() {
	case $1 in
	my-postgres) PGPASSWORD=$password psql -XAtq "host=${host[$1]} port=${dbport[$1]} user=$user dbname=postgres sslmode=verify-full sslrootcert=$2" ;;
	my-mariadb) MYSQL_PWD=$password mariadb --no-defaults -N -n -h "${host[$1]}" -P "${dbport[$1]}" -u $user --ssl-ca="$2" --ssl-verify-server-cert ;;
	esac
}
declare -A whoami=([my-postgres]='select pg_backend_pid();' [my-mariadb]='select connection_id();')
declare -A proof=([my-postgres]='select version from pg_stat_ssl where pid = pg_backend_pid();' [my-mariadb]="select variable_value from information_schema.session_status where variable_name = 'Ssl_version';")
leaf() {
	local proto=mysql
	[ "$1" = my-postgres ] && proto=postgres
	openssl s_client -starttls $proto -connect "${host[$1]}:${dbport[$1]}" </dev/null 2>/dev/null | openssl x509 -noout -issuer -serial | sed 's/^/         /'
}

say "Connecting in verify-full, with the global bundle, and holding a session open in each"
declare -A session out
fd=7
for name in $created; do
	note "$name: $(client "$name" "$work/global-bundle.pem" <<<"${proof[$name]}")"
	mkfifo "$work/$name.in"
	client "$name" "$work/old-root.pem" <"$work/$name.in" >"$work/$name.out" 2>&1 &
	eval "exec $fd>'$work/$name.in'"
	session[$name]=$fd
	echo "${whoami[$name]}" >&$fd
	for _ in $(seq 50); do [ -s "$work/$name.out" ] && break; sleep 0.1; done
	out[$name]=$(head -n 1 "$work/$name.out")
	note "$name: session ${out[$name]} is open"
	leaf "$name"
	fd=$((fd + 1))
done

say "What each mode of a client of the simulated SQL Server would do, with only the old root"
probe() { "$dbtls" probe "sqlserver://${host[$played]}:${dbport[$played]}" --ca "$1"; }
probe "$work/old-root.pem" | sed 's/^/       /' || die "the probe of $played fails; the log is $work/dbtls.log"

say "Moving all to $new_ca"
for name in $created $played; do
	note "aws rds modify-db-instance --db-instance-identifier $name --ca-certificate-identifier $new_ca --apply-immediately"
	rds modify-db-instance --db-instance-identifier "$name" --ca-certificate-identifier $new_ca --apply-immediately --query DBInstance.DBInstanceStatus >/dev/null
done
for name in $created $played; do
	for _ in $(seq 150); do
		[ "$(rds describe-db-instances --db-instance-identifier "$name" --query 'DBInstances[0].[CACertificateIdentifier,DBInstanceStatus]')" = "$new_ca	available" ] && break
		sleep 0.2
	done
	[ "$name" = $played ] && continue
	note "$name serves now"
	leaf "$name"
done

say "What became of the sessions, and of clients that know one root only"
ok=yes
for name in $created; do
	echo "${whoami[$name]}" >&"${session[$name]}"
	for _ in $(seq 50); do [ "$(wc -l <"$work/$name.out")" -ge 2 ] && break; sleep 0.1; done
	now=$(sed -n 2p "$work/$name.out")
	if [ -n "$now" ] && [ "$now" = "${out[$name]}" ]; then note "$name: session ${out[$name]} lives on"; else note "$name: session LOST"; ok=no; fi
	for root in old new; do
		if seen=$(client "$name" "$work/$root-root.pem" <<<"${proof[$name]}" 2>&1); then
			note "$name: verify-full with only the $root root passes ($seen)"
		else
			note "$name: verify-full with only the $root root FAILS: $seen"
			ok=no
		fi
	done
done
for root in old new; do
	if probe "$work/$root-root.pem" >/dev/null; then
		note "$played: verify-full with only the $root root passes"
	else
		note "$played: verify-full with only the $root root FAILS"
		ok=no
	fi
done
[ $ok = yes ] || die "that is not as it should be; the log is $work/dbtls.log"

say "Done in $((SECONDS - begin)) s. The server goes on; Ctrl-C ends it and removes the databases."
cat <<EOF

Try next, in another shell:
  eval "\$($dbtls env --data $data)"
  aws rds describe-db-instances --output table
  aws rds describe-events --duration 60 --query 'Events[].Message'
  $dbtls status --data $data
  $dbtls console --data $data      # a link for your browser
  $dbtls sessions $played --data $data
  $dbtls rotate $played --to rds-ca-rsa4096-g1 --plan --data $data
  $dbtls rotate $played --to $old_ca --data $data
EOF
for name in $created; do
	[ "$name" = my-postgres ] && echo "  PGPASSWORD=$password psql 'host=${host[$name]} port=${dbport[$name]} user=$user dbname=postgres sslmode=verify-full sslrootcert=$work/global-bundle.pem'"
	[ "$name" = my-mariadb ] && echo "  MYSQL_PWD=$password mariadb -h ${host[$name]} -P ${dbport[$name]} -u $user --ssl-ca=$work/global-bundle.pem --ssl-verify-server-cert"
done
[ -z "${ONCE:-}" ] || exit 0
wait "$server"
