#!/usr/bin/env bash
# Makes an authority and two certificates for development into FOLDER: ca.pem, server.pem and
# server-key.pem (the nodes), client.pem and client-key.pem (the daemons). What is there stays.
#   make-dev-certs.sh FOLDER [HOST …]   HOST: names and addresses of the nodes besides localhost
set -euo pipefail
umask 077
folder=$1
shift
mkdir -p "$folder"
cd "$folder"
[[ -e ca.pem && -e server.pem && -e client.pem ]] && exit 0

names="DNS:localhost,IP:127.0.0.1,IP:::1"
for host in "$@"; do
    if [[ $host =~ ^[0-9.]+$|: ]]; then names+=",IP:$host"; else names+=",DNS:$host"; fi
done
days=365

new_key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1"; }

new_key ca-key.pem
openssl req -x509 -new -key ca-key.pem -sha256 -days "$days" -subj "/CN=Baton development CA" \
    -addext "keyUsage=critical,keyCertSign,cRLSign" -out ca.pem

# issue NAME COMMON_NAME EXTENSIONS
issue() {
    new_key "$1-key.pem"
    openssl req -new -key "$1-key.pem" -subj "/CN=$2" -out "$1.csr"
    openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca-key.pem -CAcreateserial -sha256 \
        -days "$days" -out "$1.pem" -extfile <(printf '%s\n' "$3") 2>/dev/null
    rm "$1.csr"
}
issue server nats "subjectAltName=$names
extendedKeyUsage=serverAuth,clientAuth"
issue client batond "extendedKeyUsage=clientAuth"
