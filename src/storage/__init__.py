"""PostgreSQL and the local spool: the only room that speaks SQL."""
