# The same image on a base made from Debian packages, for machines that reach no registry. Used by ci/image, which
# lays the context: package/ (what `cargo pgrx package` made) and docker-entrypoint.sh.
ARG BASE
FROM ${BASE}
ARG PG_MAJOR
ENV PG_MAJOR=$PG_MAJOR PGDATA=/var/lib/postgresql/data PATH=$PATH:/usr/lib/postgresql/$PG_MAJOR/bin LANG=C.UTF-8
COPY docker-entrypoint.sh /usr/local/bin/
COPY package/ /
EXPOSE 5432
# PostgreSQL's fast shutdown; SIGTERM would wait for clients.
STOPSIGNAL SIGINT
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
