#!/bin/sh
# Makes .env beside compose.yaml: the secrets that compose needs, new and random, readable by you alone.
# Usage: sh compose-env.sh [FILE]. In a file that is there already, missing secrets are added and nothing else changes.
set -eu
umask 077
file=${1:-$(dirname "$0")/.env}
# FILEMILL_POSTGRES_PASSWORD is the superuser's, as files made by version 0.1.0 have it; FILEMILL_S3_CAGE_SECRET is the sandbox's: files made by version 0.1.0 have it under this name.
secrets="FILEMILL_SECRET FILEMILL_POSTGRES_PASSWORD FILEMILL_POSTGRES_OWNER_PASSWORD FILEMILL_POSTGRES_APP_PASSWORD
FILEMILL_REDIS_PASSWORD FILEMILL_MINIO_PASSWORD FILEMILL_S3_SECRET FILEMILL_S3_CAGE_SECRET"

secret() {
    head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n'
}

missing() {
    for name in $secrets; do
        grep -q "^$name=" "$1" 2>/dev/null || echo "$name"
    done
}

# Written aside first: never a half file, never over what somebody else has written meanwhile.
new=$(mktemp "$file.XXXXXX")
trap 'rm -f "$new"' EXIT

if [ -e "$file" ]; then
    names=$(missing "$file")
    if [ -z "$names" ]; then
        echo "$file is there already, with every secret."
        exit 0
    fi
    cat "$file" > "$new"
    if [ -n "$(tail -c 1 "$file")" ]; then echo >> "$new"; fi
    for name in $names; do echo "$name=$(secret)" >> "$new"; done
    mv "$new" "$file"
    echo "$file was there already; added:" $names
    exit 0
fi

{
    echo "# Secrets of filemill, made $(date -u +%Y-%m-%d). Keep a copy in a safe place: without them the data cannot be opened."
    echo "COMPOSE_PROJECT_NAME=filemill"
    for name in $secrets; do echo "$name=$(secret)"; done
    cat <<END

# Under which address callers reach this machine; presigned URLs carry it.
FILEMILL_PUBLIC_URL=http://localhost:8000
# Where nginx is published. 0.0.0.0 lets others in: put TLS in front first.
FILEMILL_LISTEN=127.0.0.1
FILEMILL_PORT=8000
END
} > "$new"
ln "$new" "$file"
echo "$file is made."
