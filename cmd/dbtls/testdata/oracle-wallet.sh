#!/bin/bash
# The two Oracle procedures of "Using SSL With AWS Database Migration Service",
# as published, with dbtls in place of orapki. DBTLS is the program, and the
# current directory is where everything goes.
#
# What differs from the published text, and why:
# - names and the password are given as options where openssl would ask;
# - step 10 reads ewallet.p12 in the wallet's directory, where it is;
# - the last part says rootCA.pem for the file that step 4 called
#   self-rootCA.pem: it is copied;
# - the steps on the server (lsnrctl, sqlplus, editing *.ora) only print.
set -euo pipefail
orapki() { "$DBTLS" "$@"; }
password=Welcome12345

echo '# Using an existing certificate for Oracle SSL'
export ORACLE_HOME=$PWD/dbhome_1                                                # 1
export LD_LIBRARY_PATH=${LD_LIBRARY_PATH:-}:$ORACLE_HOME/lib                    # 2
mkdir -p "$ORACLE_HOME/ssl_wallet"                                              # 3
openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj '/CN=Lab RDS Root' \
	-keyout ca.key -out "$ORACLE_HOME/ssl_wallet/ca-cert.pem" 2>/dev/null       # 4
orapki wallet create -wallet $ORACLE_HOME/ssl_wallet -auto_login_only           # 5

orapki wallet add -wallet $ORACLE_HOME/ssl_wallet -trusted_cert –cert \
   $ORACLE_HOME/ssl_wallet/ca-cert.pem -auto_login_only

echo '# Using a self-signed certificate for Oracle SSL'
mkdir self                                                                      # 1
cd self                                                                         # 2
openssl genrsa -out self-rootCA.key 2048 2>/dev/null                            # 3
openssl req -x509 -new -nodes -key self-rootCA.key \
    -sha256 -days 1024 -out self-rootCA.pem -subj '/CN=self-signed root'        # 4
mkdir $ORACLE_HOME/self_signed_ssl_wallet                                       # 5
orapki wallet create -wallet $ORACLE_HOME/self_signed_ssl_wallet \
     -pwd $password -auto_login_local                                           # 6
orapki wallet add -wallet $ORACLE_HOME/self_signed_ssl_wallet \
     -trusted_cert -cert self-rootCA.pem -pwd $password                         # 7
orapki wallet display -wallet $ORACLE_HOME/self_signed_ssl_wallet               # 8
orapki wallet add -wallet $ORACLE_HOME/self_signed_ssl_wallet \
     -dn "CN=dms" -keysize 2048 -sign_alg "${SIGN:-sha256}" -pwd $password      # 9
openssl pkcs12 -in $ORACLE_HOME/self_signed_ssl_wallet/ewallet.p12 -nodes \
     -out nonoracle_wallet.pem -passin pass:$password 2>/dev/null               # 10
openssl req -new -key nonoracle_wallet.pem -out self-signed-oracle.csr \
     -subj '/CN=dms'                                                            # 11
openssl req -noout -text -in self-signed-oracle.csr  | grep -i signature        # 12
openssl x509 -req -in self-signed-oracle.csr -CA self-rootCA.pem \
     -CAkey self-rootCA.key -CAcreateserial \
     -out self-signed-oracle.crt -days 365 -sha256 2>/dev/null                  # 13, 14
orapki wallet add -wallet $ORACLE_HOME/self_signed_ssl_wallet -user_cert \
     -cert self-signed-oracle.crt -pwd $password                                # 15
orapki wallet display -wallet $ORACLE_HOME/self_signed_ssl_wallet
"$DBTLS" wallet config --wallet $ORACLE_HOME/self_signed_ssl_wallet \
     --host localhost.localdomain --sid ORCL                                    # 16 to 23
orapki wallet create -wallet ./ -auto_login_only                                # 24, 25
cp self-rootCA.pem rootCA.pem
orapki wallet add -wallet ./ -trusted_cert -cert rootCA.pem -auto_login_only    # 26
orapki wallet display -wallet ./                                                # 27
