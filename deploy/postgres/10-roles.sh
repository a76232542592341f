#!/bin/sh
# Two roles and the database, on the first start of the database container. On a server of your own, run the same SQL.
set -eu
psql -v ON_ERROR_STOP=1 -v owner="$OWNER_PASSWORD" -v app="$APP_PASSWORD" -U postgres <<'SQL'
CREATE ROLE regulars_owner LOGIN PASSWORD :'owner';
CREATE ROLE regulars_app LOGIN PASSWORD :'app';
CREATE DATABASE regulars OWNER regulars_owner;
SQL
