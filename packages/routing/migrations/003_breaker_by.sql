-- The one workspace all of whose calls failed: the route is closed to it alone, until a call of another one fails as well. Null: to all.
alter table routing.breaker add column caused_by uuid;
