# Runs a PostgreSQL for as long as standard input is open, and leaves nothing of it.
# Says "ready" when it takes connections.  arguments: BIN DIR PORT USER PASSWORD
bin=$1 dir=$2 port=$3 user=$4 password=$5
trap '' INT HUP TERM # the one who holds standard input decides
trap 'rm -rf "$dir"' EXIT
set -e

# The server refuses to run as root.
as=
if [ "$(id -u)" = 0 ]; then
	owner=nobody
	! id -u postgres >/dev/null 2>&1 || owner=postgres
	as="runuser -u $owner --"
	chown "$owner" "$dir"
fi
cd "$dir"
(umask 077 && printf '%s\n' "$password" >password)
[ -z "$as" ] || chown "$owner" password
$as "$bin/initdb" --no-sync --no-instructions --pgdata="$dir/data" --username="$user" --pwfile="$dir/password" \
	--auth=scram-sha-256 --encoding=UTF8 --locale=C >"$dir/initdb.log" 2>&1 || { cat "$dir/initdb.log" >&2; exit 1; }
cat >>"$dir/data/postgresql.conf" <<EOF
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = '$dir'
max_connections = 200
shared_buffers = 16MB
fsync = off
synchronous_commit = off
full_page_writes = off
autovacuum = off
timezone = 'UTC'
EOF
$as "$bin/pg_ctl" --pgdata="$dir/data" --log="$dir/log" --wait --silent start </dev/null >&2 2>&1 || { cat "$dir/log" >&2; exit 1; }
echo ready
cat >/dev/null
$as "$bin/pg_ctl" --pgdata="$dir/data" --mode=immediate --wait --silent stop </dev/null >&2
