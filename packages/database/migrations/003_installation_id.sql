-- Which installation this is; null only in a database that is not whole.
create function base.installation_id() returns uuid language sql stable as $$ select id from base.installation $$;
