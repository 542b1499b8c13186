\ir timing.sql

\set name download
:read
:computed
:stop

\set name stored
:read
:stored
:stop
