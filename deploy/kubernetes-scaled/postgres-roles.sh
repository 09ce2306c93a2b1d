#!/bin/sh
# The image runs this once, when the data folder is empty. psql reads the passwords from the environment:
# no process list shows them.
psql --set ON_ERROR_STOP=1 --username postgres <<'SQL'
\getenv theseus THESEUS_PASSWORD
\getenv temporal TEMPORAL_PASSWORD
CREATE ROLE theseus LOGIN PASSWORD :'theseus';
CREATE DATABASE theseus OWNER theseus;
CREATE ROLE temporal LOGIN PASSWORD :'temporal';
CREATE DATABASE temporal OWNER temporal;
CREATE DATABASE temporal_visibility OWNER temporal;
REVOKE CONNECT ON DATABASE theseus, temporal, temporal_visibility FROM PUBLIC;
SQL
