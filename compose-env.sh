#!/bin/sh
# Makes .env beside compose.yaml: the secrets that compose needs, new and random, readable by you alone.
# Usage: sh compose-env.sh [FILE]. A file that is there is left as it is.
set -eu
umask 077
file=${1:-$(dirname "$0")/.env}

secret() {
    head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n'
}

if [ -e "$file" ]; then
    echo "$file is there already; remove it first if you mean to lose its secrets." >&2
    exit 1
fi

# Written aside and then linked, which fails where somebody else was faster: never a half, never over another.
new=$(mktemp "$file.XXXXXX")
trap 'rm -f "$new"' EXIT
cat > "$new" <<END
# Secrets of filemill, made $(date -u +%Y-%m-%d). Keep a copy in a safe place: without them the data cannot be opened.
COMPOSE_PROJECT_NAME=filemill
FILEMILL_SECRET=$(secret)
FILEMILL_POSTGRES_PASSWORD=$(secret)
FILEMILL_REDIS_PASSWORD=$(secret)
FILEMILL_MINIO_PASSWORD=$(secret)
FILEMILL_S3_SECRET=$(secret)
FILEMILL_S3_CAGE_SECRET=$(secret)

# Under which address callers reach this machine; presigned URLs carry it.
FILEMILL_PUBLIC_URL=http://localhost:8000
# Where nginx is published. 0.0.0.0 lets others in: put TLS in front first.
FILEMILL_LISTEN=127.0.0.1
FILEMILL_PORT=8000
END
ln "$new" "$file"
echo "$file is made."
